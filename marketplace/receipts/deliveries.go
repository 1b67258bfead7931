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

// Delivered sums up the deliveries of one content to one party under one order or
// license. A file that was fetched in sixteen ranges is one Delivered.
type Delivered struct {
	Stored   // a start receipt: the newest, or the requested one
	Count    int64
	Bytes    int64                    // sent
	First    ledger.Millis            // time of the first start
	Last     ledger.Millis            // time of the newest start
	Newest   int64                    // index of the newest start in the log
	Outcomes []ledger.DeliveryOutcome // distinct outcomes of the deliveries that have ended
	Running  bool                     // whether a delivery has not ended
}

// DeliveryQuery selects the deliveries and supplies that name one of the given orders,
// contents, subjects or licenses, and the ingest receipts of the given files.
type DeliveryQuery struct {
	Orders       []ledger.ID
	OnlyContents []ledger.ID // restricts the deliveries under Orders to these contents; nil: all
	Contents     []ledger.ID
	Subjects     []ledger.Ref
	Licenses     []ledger.ID
	Files        []ledger.Digest
	Limit        int // how many receipts to examine in total, newest first; each value gets an equal share
}

// values returns the number of values in the query.
func (q DeliveryQuery) values() int {
	return len(q.Orders)*max(len(q.OnlyContents), 1) + len(q.Contents) + len(q.Subjects) + len(q.Licenses) + len(q.Files)
}

// value returns the value of the query that selects r.
func (q DeliveryQuery) value(r ledger.Receipt) string {
	switch {
	case slices.Contains(q.Orders, r.Order) && len(q.OnlyContents) > 0:
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

// deliveredColumns are the columns of a Delivered: g is the group, r its newest start.
const deliveredColumns = "r.seq, r.leaf, e.data, g.count, g.bytes, g.first, g.last, g.newest, g.outcomes, g.running"

// sums groups start receipts; its parameter is the query that selects them.
const sums = "SELECT max(s.seq) AS newest, count(*) AS count, coalesce(sum(x.data ->> '$.bytes'), 0) AS bytes, min(s.time) AS first, max(s.time) AS last, " +
	"coalesce(group_concat(DISTINCT x.data ->> '$.outcome'), '') AS outcomes, max(n.seq IS NULL AND s.kind = 'start') AS running " +
	"FROM (%s) s LEFT JOIN receipt n ON n.start = s.id LEFT JOIN entry x ON x.seq = n.seq " +
	"GROUP BY s.kind, s.party, s.order_id, s.license, s.content, s.subject, s.sha256"

// Bounds of one query: the number of values, and the least number of receipts examined
// for each value.
const (
	maxParts   = 200
	leastShare = 20
)

const startColumns = "SELECT seq, id, kind, time, party, order_id, license, content, subject, CASE kind WHEN 'ingest' THEN sha256 END AS sha256 FROM receipt WHERE "

// share returns how many receipts to examine for each value.
func (q DeliveryQuery) share() int { return max(q.Limit/max(q.values(), 1), leastShare) }

// starts returns the query of the receipts to examine, or "" if q has no values. cut
// reports whether some values were left out. Each part of the query reads as many rows
// of one index as it returns, however many receipts the log has.
func (q DeliveryQuery) starts() (query string, args []any, cut bool) {
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
		for _, content := range q.OnlyContents {
			part("order_id = ? AND content = ? AND kind = 'start'", id, content)
		}
		if len(q.OnlyContents) == 0 {
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

// Deliveries returns the deliveries that q selects, newest first, with one query. cut
// reports whether older receipts were left out. The log of receipts has no codec, so a
// row's data is the entry itself.
func (s *Store) Deliveries(ctx context.Context, q DeliveryQuery) (list []Delivered, cut bool, err error) {
	starts, args, cut := q.starts()
	if starts == "" {
		return nil, cut, nil
	}
	if err := s.settle(ctx); err != nil {
		return nil, false, err
	}
	list, err = s.delivered(ctx, starts, args)
	examined := map[string]int64{}
	for _, d := range list {
		examined[q.value(d.Receipt)] += d.Count
		cut = cut || examined[q.value(d.Receipt)] > int64(q.share())
	}
	return list, cut, err
}

// DeliveryOf returns the delivery to which a start or end receipt belongs. It includes
// all other deliveries of the same content to the same party under the same order or
// license, among the newest limit receipts. For a receipt of another kind it returns
// that receipt only. It returns NotFound when there is no such receipt.
func (s *Store) DeliveryOf(ctx context.Context, leaf ledger.Digest, limit int) (Delivered, error) {
	if err := s.settle(ctx); err != nil {
		return Delivered{}, err
	}
	start, err := s.startReceipt(ctx, leaf)
	if err != nil {
		return Delivered{}, err
	}
	r := start.Receipt
	single := Delivered{Stored: start, Count: max(r.Count, 1), First: r.Time, Last: r.Time, Newest: start.Index}
	if r.Kind != ledger.ReceiptStart {
		return single, nil
	}
	list, err := s.delivered(ctx, sameDelivery(r), []any{r.Order, r.License, r.Content, r.Party, limit})
	if err != nil || len(list) == 0 {
		return single, err
	}
	list[0].Stored = start
	return list[0], nil
}

// sameDelivery returns the query of the start receipts that have r's party and content
// and its order or, without an order, its license. Its parameters are order, license,
// content, party and how many.
func sameDelivery(r ledger.Receipt) string {
	where := "order_id = ?1 AND content = ?3 AND kind = 'start' AND +license IS nullif(?2, '')"
	if r.Order == "" {
		where = "license = ?2 AND content = ?3 AND kind = 'start' AND order_id IS NULL"
	}
	return startColumns + where + " AND +party = ?4 ORDER BY seq DESC LIMIT ?5"
}

// startReceipt returns the receipt with a leaf hash; for an end receipt, its start
// receipt.
func (s *Store) startReceipt(ctx context.Context, leaf ledger.Digest) (k Stored, err error) {
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
	query := "SELECT " + deliveredColumns + " FROM (" + fmt.Sprintf(sums, starts) + ") g " + //nolint:gosec // only the constant parts above
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
