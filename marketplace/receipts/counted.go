package receipts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// badScope finds an order or license whose use is not the sum of its objects' counters;
// see counter.uses.
const badScope = `SELECT scope FROM (
	SELECT scope, sum(CASE WHEN size = 0 OR starts = 0 THEN starts WHEN bytes = 0 THEN 1 ELSE (bytes - 1) / size + 1 END) AS uses, sum(bytes) AS bytes
	FROM counter GROUP BY scope) AS counted FULL JOIN used USING (scope)
	WHERE counted.uses IS NOT used.uses OR counted.bytes IS NOT used.bytes LIMIT 1`

// badOrder finds an order whose start receipts are more or fewer than its counters say.
const badOrder = `SELECT scope FROM (
	SELECT scope, sum(starts) AS starts FROM counter WHERE scope LIKE 'order/%' GROUP BY scope) AS counted
	FULL JOIN (SELECT 'order/' || order_id AS scope, count(*) AS starts FROM receipt WHERE kind = 'start' AND order_id IS NOT NULL GROUP BY order_id) AS stored USING (scope)
	WHERE counted.starts IS NOT stored.starts LIMIT 1`

// endless finds a delivery that has no end and is not running.
const endless = `SELECT id FROM receipt AS r WHERE kind = 'start'
	AND NOT EXISTS (SELECT 1 FROM receipt AS e WHERE e.start = r.id) AND NOT EXISTS (SELECT 1 FROM running WHERE running.start = r.id) LIMIT 1`

// checkUse refuses counters of which a part was lost: a limit would count from there
// again. The time is proportional to the number of objects that were ever delivered.
func (s *Store) checkUse(ctx context.Context) error {
	return s.refuseRow(ctx, badScope, "the use of %s is not what its counters say")
}

// checkStarts compares the counters and the running deliveries with the receipts. The time
// is proportional to the number of receipts.
func (s *Store) checkStarts(ctx context.Context) error {
	if err := s.refuseRow(ctx, badOrder, "the counters of %s do not match its receipts"); err != nil {
		return err
	}
	return s.refuseRow(ctx, endless, "delivery %s has no end and does not run")
}

// refuseRow returns a sentence for the operator if a query finds a row, with its value.
func (s *Store) refuseRow(ctx context.Context, query, sentence string) error {
	var found string
	err := s.db.R.QueryRowContext(ctx, query).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("compare counters: %w", err)
	}
	return damaged(fmt.Errorf(sentence, found))
}
