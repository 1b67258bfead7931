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

// fewRows is how many rows of the state are compared before the ledger is open; more
// are compared while it works.
const fewRows = 5000

// lookAtState compares the state with the last entry: at once where it is small, else
// beside the work, until run ends. What is found stops the ledger (Err). The error is
// that of a store that can't be read.
func (l *Ledger) lookAtState(ctx, run context.Context) error {
	var rows int64
	if err := l.db.R.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM record").Scan(&rows); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	if l.cfg.sets >= 0 {
		l.known = newKnown(rows, cmp.Or(l.cfg.sets, mostSets))
	}
	if rows > cmp.Or(l.cfg.few, fewRows) {
		go func() {
			defer close(l.look)
			if err := l.compareState(run); err != nil && run.Err() == nil {
				l.halt(err)
			}
		}()
		return nil
	}
	defer close(l.look)
	err := l.compareState(ctx)
	if l.watch(err) != nil && l.Err() == nil {
		return err
	}
	return nil
}

// StateCompared is closed once the state has been compared with the last entry that
// was there when the ledger was opened; Err then says whether they agree.
func (l *Ledger) StateCompared() <-chan struct{} { return l.look }

// compareState sums up the state as one moment has it, and compares it with what the
// last entry of that moment says. Where they differ, nothing more is recorded, and
// the error names a row.
func (l *Ledger) compareState(ctx context.Context) error {
	sum, seq, rows, err := l.sumState(ctx)
	if err != nil {
		return err
	}
	if seq < 0 {
		if sum != (ledger.StateSum{}) {
			return damaged("it holds records, but no entry")
		}
		return nil
	}
	if _, err := l.await(ctx, seq); err != nil {
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
		l.found(rows)
		return nil
	}
	other := damaged("the records are not those that entry %d signs", seq)
	l.halt(other)
	l.writing.Lock() // what was being committed is, and nothing follows
	defer l.writing.Unlock()
	if err := l.compareRecords(ctx); err != nil {
		l.name(err)
		return err
	}
	return other
}

// halt stops the ledger for a reason.
func (l *Ledger) halt(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
}

// name puts the row at fault in place of the reason for which the ledger was stopped.
func (l *Ledger) name(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
}

// stateRow is a row on its way into the sum.
type stateRow struct {
	key string
	row
}

// sumState sums up all rows as one moment has them, on all processors, and returns
// the number of the last entry of that moment, -1 where there is none, and as many of
// the rows as can be known.
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
	most := l.known.size() / len(parts)
	var adding sync.WaitGroup
	for i := range parts {
		adding.Go(func() {
			for list := range lists {
				for _, r := range list {
					parts[i].Add(r.key, r.value)
					if len(rows[i]) < most {
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

// sendState sends all rows, many at once.
func sendState(ctx context.Context, tx *sql.Tx, lists chan<- []stateRow) error {
	const most = 256
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
		if list = append(list, r); len(list) == most {
			lists <- list
			list = nil
		}
	}
	lists <- list
	return rows.Err()
}
