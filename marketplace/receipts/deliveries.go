package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Delivered sums up the deliveries to one party of one content under one order or
// license: a file that was fetched in sixteen ranges is one Delivered.
type Delivered struct {
	Kept     // a start: the newest, or the one that was asked for
	Count    int64
	Bytes    int64                    // that were sent
	First    ledger.Millis            // time of the first start
	Last     ledger.Millis            // and of the newest
	Newest   int64                    // its place in the log
	Outcomes []ledger.DeliveryOutcome // of those that have ended, each once
	Running  bool                     // one of them has not
}

// Sought are the deliveries and supplies that name some orders, contents, subjects or
// licenses, and the ingests of files.
type Sought struct {
	Orders   []ledger.ID
	Of       []ledger.ID // contents: of the orders' deliveries only these; none: all
	Contents []ledger.ID
	Subjects []ledger.Ref
	Licenses []ledger.ID
	Files    []ledger.Digest
	Limit    int // receipts that are looked at, the newest first: of each of these its share
}

// values is how many things are sought by.
func (q Sought) values() int {
	return len(q.Orders)*max(len(q.Of), 1) + len(q.Contents) + len(q.Subjects) + len(q.Licenses) + len(q.Files)
}

// name is that of q's values which a receipt bears.
func (q Sought) name(r ledger.Receipt) string {
	switch {
	case slices.Contains(q.Orders, r.Order) && len(q.Of) > 0:
		return string(r.Order) + " " + string(r.Content)
	case slices.Contains(q.Orders, r.Order):
		return string(r.Order)
	case slices.Contains(q.Contents, r.Content):
		return string(r.Content)
	case slices.Contains(q.Subjects, r.Subject):
		return string(r.Subject)
	case slices.Contains(q.Licenses, r.License):
		return string(r.License)
	}
	return string(r.SHA256)
}

// columns of a Delivered; g are the sums, r is the start that stands for them.
const deliveredColumns = "r.seq, r.leaf, e.data, g.count, g.bytes, g.first, g.last, g.newest, g.outcomes, g.running"

// sums groups starts; its one parameter is the query of the starts.
const sums = "SELECT max(s.seq) AS newest, count(*) AS count, coalesce(sum(x.data ->> '$.bytes'), 0) AS bytes, min(s.time) AS first, max(s.time) AS last, " +
	"coalesce(group_concat(DISTINCT x.data ->> '$.outcome'), '') AS outcomes, max(n.seq IS NULL AND s.kind = 'start') AS running " +
	"FROM (%s) s LEFT JOIN receipt n ON n.start = s.id LEFT JOIN entry x ON x.seq = n.seq " +
	"GROUP BY s.kind, s.party, s.order_id, s.license, s.content, s.subject, s.sha256"

// Bounds of one query: values that are sought by, and receipts that are looked at of
// each at least.
const (
	maxParts   = 200
	leastShare = 20
)

const startColumns = "SELECT seq, id, kind, time, party, order_id, license, content, subject, CASE kind WHEN 'ingest' THEN sha256 END AS sha256 FROM receipt WHERE "

// share is how many receipts are looked at of each value.
func (q Sought) share() int { return max(q.Limit/max(q.values(), 1), leastShare) }

// starts returns the query of the receipts that are looked at, empty where nothing is
// sought, and whether values were left out of it. Each of its parts reads as many rows
// of one index as it returns, whatever else the log has.
func (q Sought) starts() (query string, args []any, cut bool) {
	var parts []string
	part := func(where string, values ...any) {
		if len(parts) == maxParts {
			cut = true
			return
		}
		parts = append(parts, "SELECT * FROM ("+startColumns+where+" ORDER BY seq DESC LIMIT ?)")
		args = append(append(args, values...), q.share()+1)
	}
	for _, id := range q.Orders {
		for _, content := range q.Of {
			part("order_id = ? AND content = ? AND kind = 'start'", id, content)
		}
		if len(q.Of) == 0 {
			part("order_id = ? AND +kind = 'start'", id)
		}
	}
	for _, id := range q.Contents {
		part("content = ? AND +kind = 'start'", id)
	}
	for _, ref := range q.Subjects {
		part("subject = ? AND +kind = 'start'", ref)
	}
	for _, id := range q.Licenses {
		part("license = ? AND +kind = 'start'", id)
	}
	for _, sum := range q.Files {
		part("sha256 = ? AND kind = 'ingest'", sum)
	}
	return strings.Join(parts, " UNION "), args, cut
}

// Deliveries returns what is sought, the newest first, in one query, and whether there
// are older receipts than were looked at. The log of receipts has no codec: a row's
// data is the entry.
func (s *Store) Deliveries(ctx context.Context, q Sought) (list []Delivered, cut bool, err error) {
	starts, args, cut := q.starts()
	if starts == "" {
		return nil, cut, nil
	}
	list, err = s.delivered(ctx, starts, args)
	looked := map[string]int64{}
	for _, d := range list {
		looked[q.name(d.Receipt)] += d.Count
		cut = cut || looked[q.name(d.Receipt)] > int64(q.share())
	}
	return list, cut, err
}

// DeliveryOf returns the delivery that a receipt begins or ends, with all others to
// the same party of the same content under the same order or license, of the newest
// looked at; for another receipt that alone. NotFound where there is no such receipt.
func (s *Store) DeliveryOf(ctx context.Context, leaf ledger.Digest, limit int) (Delivered, error) {
	asked, err := s.asked(ctx, leaf)
	if err != nil {
		return Delivered{}, err
	}
	r := asked.Receipt
	alone := Delivered{Kept: asked, Count: max(r.Count, 1), First: r.Time, Last: r.Time, Newest: asked.Index}
	if r.Kind != ledger.ReceiptStart {
		return alone, nil
	}
	list, err := s.delivered(ctx, alike(r), []any{r.Order, r.License, r.Content, r.Party, limit})
	if err != nil || len(list) == 0 {
		return alone, err
	}
	list[0].Kept = asked
	return list[0], nil
}

// alike returns the query of the starts of deliveries to a party of a content under an
// order or, without one, a license: its parameters are order, license, content, party
// and how many.
func alike(r ledger.Receipt) string {
	where := "order_id = ?1 AND content = ?3 AND kind = 'start' AND +license IS nullif(?2, '')"
	if r.Order == "" {
		where = "license = ?2 AND content = ?3 AND kind = 'start' AND order_id IS NULL"
	}
	return startColumns + where + " AND +party = ?4 ORDER BY seq DESC LIMIT ?5"
}

// asked returns the receipt with a leaf hash; of an end its start.
func (s *Store) asked(ctx context.Context, leaf ledger.Digest) (k Kept, err error) {
	var entry []byte
	err = s.db.R.QueryRowContext(ctx, "SELECT e.seq, e.data FROM receipt r CROSS JOIN entry e ON "+
		"e.seq = coalesce((SELECT seq FROM receipt o WHERE o.id = r.start), r.seq) WHERE r.leaf = ?", leafBytes(leaf)).Scan(&k.Index, &entry)
	if errors.Is(err, sql.ErrNoRows) {
		return k, unknown()
	}
	if err != nil {
		return k, fmt.Errorf("look up receipt: %w", err)
	}
	if k.Receipt, err = decode(entry); err != nil {
		return k, fmt.Errorf("read receipt %d: %w", k.Index, damaged(err))
	}
	k.Leaf = digest(leafOf(entry))
	return k, nil
}

func (s *Store) delivered(ctx context.Context, starts string, args []any) ([]Delivered, error) {
	query := "SELECT " + deliveredColumns + " FROM (" + fmt.Sprintf(sums, starts) + ") g " + //nolint:gosec // parts of our own alone
		"CROSS JOIN receipt r ON r.seq = g.newest CROSS JOIN entry e ON e.seq = g.newest ORDER BY g.newest DESC"
	rows, err := s.db.R.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("find deliveries: %w", err)
	}
	defer rows.Close()
	var list []Delivered
	for rows.Next() {
		var d Delivered
		var leaf, entry []byte
		var outcomes string
		if err := rows.Scan(&d.Index, &leaf, &entry, &d.Count, &d.Bytes, &d.First, &d.Last, &d.Newest, &outcomes, &d.Running); err != nil {
			return nil, fmt.Errorf("find deliveries: %w", err)
		}
		if d.Receipt, err = decode(entry); err != nil {
			return nil, fmt.Errorf("read receipt %d: %w", d.Index, damaged(err))
		}
		d.Leaf = digest(leafOf(entry))
		for o := range strings.SplitSeq(outcomes, ",") {
			if o != "" {
				d.Outcomes = append(d.Outcomes, ledger.DeliveryOutcome(o))
			}
		}
		list = append(list, d)
	}
	return list, rows.Err()
}
