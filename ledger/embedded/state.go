package embedded

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// fewRows is how many rows of the state are compared before the ledger is open. The
// rows of a larger state are compared in the background.
const fewRows = 5000

// startStateCheck compares the state with the last entry: at once if the state is
// small, otherwise in the background, until run ends. A difference stops the ledger
// (Err). The error that it returns is a failure of the store.
func (l *Ledger) startStateCheck(ctx, run context.Context) error {
	var rows int64
	if err := l.db.R.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM record").Scan(&rows); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	if l.cfg.maxSets >= 0 {
		l.known = newKnown(rows, cmp.Or(l.cfg.maxSets, defaultMaxSets))
	}
	if rows > cmp.Or(l.cfg.rowsAtOpen, fewRows) {
		go func() {
			defer close(l.stateChecked)
			if err := l.compareState(run); err != nil && run.Err() == nil {
				l.halt(err)
			}
		}()
		return nil
	}
	defer close(l.stateChecked)
	err := l.compareState(ctx)
	if l.stopIfDamaged(err) != nil && l.Err() == nil {
		return err
	}
	return nil
}

// StateCompared returns a channel that is closed when the state has been compared
// with the entry that was the last when the ledger was opened. Err then says
// whether they match.
func (l *Ledger) StateCompared() <-chan struct{} { return l.stateChecked }

// compareState computes the sum of the state at one moment and compares it with the
// last entry at that moment. If they differ, the ledger stops, and the error names
// a row.
func (l *Ledger) compareState(ctx context.Context) error {
	sum, seq, rows, err := l.sumState(ctx)
	if err != nil {
		return err
	}
	if seq < 0 {
		if sum != (ledger.StateSum{}) {
			return damaged("it contains records, but no entry")
		}
		return nil
	}
	if _, err := l.awaitSize(ctx, seq); err != nil {
		return err
	}
	data, _, err := l.log.Entry(ctx, seq)
	if err != nil {
		return fmt.Errorf("read entry %d: %w", seq, err)
	}
	var e ledger.LogEntry
	if err := json.Unmarshal(data, &e); err != nil {
		return damaged("entry %d can't be read: %w", seq, err)
	}
	if sum.Digest() == e.State {
		l.rememberFound(rows)
		return nil
	}
	other := damaged("the records do not match the sum in entry %d", seq)
	l.halt(other)
	l.writing.Lock() // wait for a running commit; no other commit follows
	defer l.writing.Unlock()
	if err := l.compareRecords(ctx); err != nil {
		l.nameRow(err)
		return err
	}
	return other
}

// halt stops the ledger and stores the reason.
func (l *Ledger) halt(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
}

// nameRow replaces the reason for the stop by an error that names the wrong row.
func (l *Ledger) nameRow(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
}

// stateRow is a row that is being added to the sum.
type stateRow struct {
	key string
	row
}

// sumState computes the sum of all rows at one moment, on all processors. It also
// returns the number of the last entry at that moment, or -1, and as many of the
// rows as can be known.
func (l *Ledger) sumState(ctx context.Context) (sum ledger.StateSum, seq int64, rows [][]place, err error) {
	tx, err := l.db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return sum, 0, nil, fmt.Errorf("begin to read the state: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), -1) FROM entry").Scan(&seq); err != nil {
		return sum, 0, nil, fmt.Errorf("read the last entry: %w", err)
	}
	lists := make(chan []stateRow, runtime.GOMAXPROCS(0))
	parts := make([]ledger.StateSum, runtime.GOMAXPROCS(0))
	rows = make([][]place, len(parts))
	perPart := l.known.size() / len(parts)
	var adding sync.WaitGroup
	for i := range parts {
		adding.Go(func() {
			for list := range lists {
				for _, r := range list {
					parts[i].Add(r.key, r.value)
					if len(rows[i]) < perPart {
						rows[i] = append(rows[i], l.known.place(r.key, r.row))
					}
				}
			}
		})
	}
	err = sendState(ctx, tx, lists)
	close(lists)
	adding.Wait()
	for i := range parts {
		sum.Merge(&parts[i])
	}
	return sum, seq, rows, err
}

// sendState sends all rows, in lists.
func sendState(ctx context.Context, tx *sql.Tx, lists chan<- []stateRow) error {
	const perList = 256
	rows, err := tx.QueryContext(ctx, "SELECT key, value, seq FROM record")
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	defer rows.Close()
	var list []stateRow
	for rows.Next() {
		var r stateRow
		if err := rows.Scan(&r.key, &r.value, &r.seq); err != nil {
			return fmt.Errorf("read the state: %w", err)
		}
		if list = append(list, r); len(list) == perList {
			lists <- list
			list = nil
		}
	}
	lists <- list
	return rows.Err()
}
