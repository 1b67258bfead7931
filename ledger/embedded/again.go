package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Head returns the tree of a ledger that no process uses. Nothing is signed.
func Head(ctx context.Context, cfg Config) (ledger.TreeHead, error) {
	l, err := openFile(ctx, cfg)
	if err != nil {
		return ledger.TreeHead{}, err
	}
	h, err := l.TreeAt(ctx, l.Size())
	return h, errors.Join(err, l.db.Close())
}

// BeginAgain records calls in a ledger that was restored from a copy and that no
// process uses, and signs its log with the key next from then on. The first call is
// the log.begin that names this log, with exactly the entries that the copy has, and
// the new key. If next is nil, only receipt logs begin again. Calls and new checkpoint
// are one transaction: after an error, nothing has changed.
func BeginAgain(ctx context.Context, cfg Config, next *tlog.Key, calls ...string) error {
	l, err := openFile(ctx, cfg)
	if err != nil {
		return err
	}
	err = l.beginAgain(ctx, next, calls)
	if err != nil {
		err = fmt.Errorf("begin the log again: %w", err)
	}
	return errors.Join(err, l.db.Close())
}

func (l *Ledger) beginAgain(ctx context.Context, next *tlog.Key, compact []string) error {
	if err := l.compareState(ctx); err != nil {
		return err
	}
	calls := make([]contract.Verified, len(compact))
	for i, c := range compact {
		var err error
		if calls[i], err = l.verify(ctx, c); err != nil {
			return err
		}
	}
	if err := l.checkBegin(ctx, next, calls); err != nil {
		return err
	}
	return sqldb.InTx(ctx, l.db.W, func(tx *sql.Tx) error {
		b := l.begin(ctx, tx)
		answers := make([]answer, len(calls))
		if err := b.record(calls, contract.Batch(l.env(l.cfg.Now()), l.cfg.Algorithms, b, calls), answers); err != nil {
			return err
		}
		for _, a := range answers {
			if a.err != nil {
				return a.err
			}
		}
		if len(b.entries) == 0 { // all were recorded before
			return nil
		}
		if err := b.flush(); err != nil {
			return err
		}
		pending, err := l.log.Append(ctx, tx, b.entries)
		if err != nil || next == nil {
			return err
		}
		return l.log.Succeed(ctx, tx, pending, next)
	})
}

// checkBegin checks that the first call begins this log again, with what it has.
func (l *Ledger) checkBegin(ctx context.Context, next *tlog.Key, calls []contract.Verified) error {
	if next == nil {
		return nil
	}
	if len(calls) == 0 || calls[0].Call.Function != ledger.FnLogBegin {
		return errors.New("the first call is not log.begin")
	}
	var a ledger.LogBeginArgs
	if err := ledger.DecodeStrict(calls[0].Call.Args, &a); err != nil {
		return fmt.Errorf("log.begin: %w", err)
	}
	root, err := l.log.RootAt(ctx, l.log.Size())
	if err != nil {
		return fmt.Errorf("root at %d: %w", l.log.Size(), err)
	}
	if want := (ledger.LogHead{Origin: l.log.Origin(), Size: l.log.Size(), Root: digest(root)}); a.Old != want {
		return fmt.Errorf("log.begin was signed for %d entries of the log %q with the root %s, but this is %q with %d entries and the root %s: "+
			"make the request again and have it signed", a.Old.Size, a.Old.Origin, a.Old.Root, want.Origin, want.Size, want.Root)
	}
	if a.Origin != next.Origin() || a.Key != next.VKey() {
		return fmt.Errorf("log.begin names another key than that of this folder for %q: make the request again and have it signed", next.Origin())
	}
	return nil
}

// beginsOwn reports whether a call begins a log of this ledger's node again, which
// BeginAgain alone may record.
func (l *Ledger) beginsOwn(c ledger.Call) bool {
	var a ledger.LogBeginArgs
	if c.Function != ledger.FnLogBegin || ledger.DecodeStrict(c.Args, &a) != nil {
		return false
	}
	own := ledger.NodeOfLedger(l.log.Origin())
	return own != "" && (ledger.NodeOfLedger(a.Old.Origin) == own || ledger.NodeOfReceipts(a.Old.Origin) == own)
}
