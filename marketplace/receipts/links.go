package receipts

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// Words of links that begin at a receipt.
const (
	RelOrder   = "order"   // start → order
	RelLicense = "license" // start → license
	RelContent = "content" // start → content
	RelSubject = "subject" // start → product or resource
	RelStart   = "start"   // end → start
	RelFile    = "file"    // ingest → file
)

// maxLinks bounds what one reference may bring, newest first: more than any walk
// goes on with.
const maxLinks = 10_000

const linkColumns = "SELECT leaf, kind, order_id, license, content, subject, sha256, start FROM receipt WHERE "

// Links are the links of receipts that begin or end at ref; a receipt is named
// by its leaf hash. An end rests on its start; a start on order, license,
// content and product or resource; an ingest on the file that was brought.
// Denials and reads rest on nothing. Newest first, from at most 10,000
// receipts. It reads the index; nothing is copied for it.
func (s *Store) Links(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	id := ref.ID()
	switch ref.Kind() {
	case ledger.KindReceipt:
		return s.receiptLinks(ctx, ref)
	case ledger.KindOrder:
		return s.linksTo(ctx, ref, "order_id = ? AND +kind = 'start'", id)
	case ledger.KindLicense:
		return s.linksTo(ctx, ref, "license = ? AND +kind = 'start'", id)
	case ledger.KindContent:
		return s.linksTo(ctx, ref, "content = ? AND +kind = 'start'", id)
	case ledger.KindProduct, ledger.KindResource:
		return s.linksTo(ctx, ref, "subject = ? AND +kind = 'start'", string(ref))
	case ledger.KindFile:
		return s.linksTo(ctx, ref, "sha256 = ? AND +kind = 'ingest'", id)
	}
	return nil, nil
}

// receiptLinks are those of one receipt, both ways.
func (s *Store) receiptLinks(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	leaf := leafBytes(ledger.Digest(ref.ID()))
	links, err := s.links(ctx, linkColumns+"leaf = ?", leaf)
	if err != nil || leaf == nil {
		return nil, err
	}
	ends, err := s.linksTo(ctx, ref, "start = (SELECT id FROM receipt WHERE leaf = ? AND kind = 'start')", leaf)
	return append(links, ends...), err
}

// linksTo are those links of receipts chosen by where that end at ref.
func (s *Store) linksTo(ctx context.Context, ref ledger.Ref, where string, arg any) ([]ledger.Link, error) {
	all, err := s.links(ctx, linkColumns+where+" ORDER BY seq DESC LIMIT ?", arg, maxLinks)
	var to []ledger.Link
	for _, l := range all {
		if l.To == ref {
			to = append(to, l)
		}
	}
	return to, err
}

// row is a receipt as its index knows it.
type row struct {
	leaf                                         []byte
	kind                                         ledger.ReceiptKind
	order, license, content, subject, sha, start string
}

func (s *Store) links(ctx context.Context, query string, args ...any) ([]ledger.Link, error) {
	rows, err := s.db.R.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("links of receipts: %w", err)
	}
	defer rows.Close()
	var found []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.leaf, &r.kind, text(&r.order), text(&r.license), text(&r.content), text(&r.subject),
			text(&r.sha), text(&r.start)); err != nil {
			return nil, fmt.Errorf("links of receipts: %w", err)
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("links of receipts: %w", err)
	}
	var links []ledger.Link
	for _, r := range found {
		if links, err = s.linksOf(ctx, r, links); err != nil {
			return nil, err
		}
	}
	return links, nil
}

// linksOf appends the links that begin at r.
func (s *Store) linksOf(ctx context.Context, r row, links []ledger.Link) ([]ledger.Link, error) {
	from := ledger.RefTo(ledger.KindReceipt, hex.EncodeToString(r.leaf))
	add := func(rel string, to ledger.Ref) { links = append(links, ledger.Link{From: from, Rel: rel, To: to}) }
	switch r.kind {
	case ledger.ReceiptStart:
		if r.order != "" {
			add(RelOrder, ledger.RefTo(ledger.KindOrder, r.order))
		}
		if r.license != "" {
			add(RelLicense, ledger.RefTo(ledger.KindLicense, r.license))
		}
		if r.content != "" {
			add(RelContent, ledger.RefTo(ledger.KindContent, r.content))
		}
		if r.subject != "" {
			add(RelSubject, ledger.Ref(r.subject))
		}
	case ledger.ReceiptEnd:
		start, err := s.ByID(ctx, ledger.ID(r.start))
		if err != nil {
			return nil, err
		}
		add(RelStart, ledger.RefTo(ledger.KindReceipt, start.Leaf))
	case ledger.ReceiptIngest:
		add(RelFile, ledger.RefTo(ledger.KindFile, r.sha))
	case ledger.ReceiptDenial, ledger.ReceiptRead:
	}
	return links, nil
}

// LinksOf are the links that begin at a receipt that is no end: those of Links.
func LinksOf(from ledger.Ref, r ledger.Receipt) []ledger.Link {
	var links []ledger.Link
	add := func(rel string, to ledger.Ref) { links = append(links, ledger.Link{From: from, Rel: rel, To: to}) }
	switch r.Kind {
	case ledger.ReceiptStart:
		if r.Order != "" {
			add(RelOrder, ledger.RefTo(ledger.KindOrder, r.Order))
		}
		if r.License != "" {
			add(RelLicense, ledger.RefTo(ledger.KindLicense, r.License))
		}
		if r.Content != "" {
			add(RelContent, ledger.RefTo(ledger.KindContent, r.Content))
		}
		if r.Subject != "" {
			add(RelSubject, r.Subject)
		}
	case ledger.ReceiptIngest:
		add(RelFile, ledger.RefTo(ledger.KindFile, r.SHA256))
	case ledger.ReceiptEnd, ledger.ReceiptDenial, ledger.ReceiptRead:
	}
	return links
}

// text scans a column where NULL is empty.
func text(s *string) any { return (*nullable)(s) }

type nullable string

// Scan implements sql.Scanner.
func (n *nullable) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*n = ""
	case string:
		*n = nullable(v)
	default:
		return fmt.Errorf("column is a %T, not text", v)
	}
	return nil
}
