package audit

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	intlog "github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// receiptLog is a receipt log that was read before the ledger was replayed.
type receiptLog struct {
	origin     string
	checkpoint []byte
	size       int64
	root       tlog.Hash

	hashes   []tlog.Hash
	starts   []*start // by revision
	order    []*start // by index
	anchored intlog.Spine
	judged   int
	newer    int
}

// start is a start receipt with its end, if it has ended.
type start struct {
	ledger.Receipt
	end   *ledger.Receipt
	index int64
}

// readReceipts reads a receipt log whole. Its checkpoint is checked once the ledger
// says which key is the log's.
func (a *auditor) readReceipts(ctx context.Context, log Log) (*receiptLog, error) {
	msg, err := log.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("checkpoint of the receipt log: %w", err)
	}
	l := &receiptLog{checkpoint: msg}
	if l.origin, l.size, err = unsigned(msg); err != nil {
		return nil, fmt.Errorf("checkpoint of the receipt log: %w", err)
	}
	open := map[ledger.ID]*start{}
	seen := map[ledger.ID]bool{}
	l.root, err = scan(ctx, log, l.size, l.size, evidence.ParseReceipt, func(i int64, r ledger.Receipt, hash tlog.Hash, err error) error {
		l.hashes = append(l.hashes, hash)
		if err == nil {
			err = l.add(i, r, open, seen)
		}
		if err != nil {
			a.report.find(evidence.CheckReceipt, receiptAt(l.origin, i), err)
		}
		return nil
	})
	l.starts = slices.Clone(l.order)
	slices.SortStableFunc(l.starts, func(x, y *start) int { return cmp.Compare(x.Revision.Block, y.Revision.Block) })
	return l, err
}

// add takes the next receipt. Only starts and ends rest on the ledger.
func (l *receiptLog) add(i int64, r ledger.Receipt, open map[ledger.ID]*start, seen map[ledger.ID]bool) error {
	switch r.Kind {
	case ledger.ReceiptStart:
		if r.Revision == nil || seen[r.ID] {
			return errors.New("a start without policy revision, or there twice")
		}
		s := &start{Receipt: r, index: i}
		seen[r.ID], open[r.ID] = true, s
		l.order = append(l.order, s)
	case ledger.ReceiptEnd:
		s := open[r.Start]
		if s == nil {
			return fmt.Errorf("the end of %s, which did not start or has ended", r.Start)
		}
		delete(open, r.Start)
		s.end = &r
		return evidence.Continues(s.Receipt, r)
	}
	return nil
}

// judge judges the starts that were decided on the state after an entry, the calls
// before and after which say when that was.
func (a *auditor) judge(block uint64, last, next ledger.Millis) {
	for _, l := range a.logs {
		for l.judged < len(l.starts) && l.starts[l.judged].Revision.Block <= block {
			s := l.starts[l.judged]
			l.judged++
			if s.Time+ledger.Skew < last || next > 0 && s.Time > next+evidence.Drift {
				a.report.find(evidence.CheckReceipt, receiptAt(l.origin, s.index), fmt.Errorf("its time does not lie between the calls around its revision %d", s.Revision.Block))
			}
			if err := a.rule.Start(a.state, l.origin, s.Receipt); err != nil {
				a.report.find(evidence.CheckDelivery, receiptAt(l.origin, s.index), err)
				continue
			}
			if s.end == nil {
				continue
			}
			if err := a.rule.Count(a.state, s.Receipt, *s.end); err != nil {
				a.report.find(evidence.CheckDelivery, receiptAt(l.origin, s.index), err)
			}
		}
	}
}

// anchor compares an anchor that was recorded with the receipt log, and the
// receipts that it covers first with its place and time.
func (a *auditor) anchor(p evidence.Placed, s ledger.Signed) error {
	var args ledger.AnchorArgs
	if err := ledger.DecodeStrict(s.Call.Args, &args); err != nil {
		return err
	}
	i := slices.IndexFunc(a.logs, func(l *receiptLog) bool { return l.origin == args.Log })
	if i < 0 {
		a.unread[args.Log] = true
		return nil
	}
	l := a.logs[i]
	if args.Size > l.size {
		return fmt.Errorf("it covers %d receipts, and the log %s has %d", args.Size, l.origin, l.size)
	}
	if args.Size < l.anchored.Size() {
		return fmt.Errorf("it covers %d receipts of %s, fewer than the one before it", args.Size, l.origin)
	}
	for l.anchored.Size() < args.Size {
		l.anchored.Add(l.hashes[l.anchored.Size()])
	}
	for ; len(l.order) > 0 && l.order[0].index < args.Size; l.order = l.order[1:] {
		if r := l.order[0]; r.Revision.Block >= p.Position.Block || r.Time > p.Time+ledger.Skew {
			a.report.find(evidence.CheckReceipt, receiptAt(l.origin, r.index), fmt.Errorf("decided after its anchor (entry %d), or younger", p.Position.Block))
		}
	}
	if root := l.anchored.Root(); hex.EncodeToString(root[:]) != string(args.Root) {
		return fmt.Errorf("it says another root than the first %d receipts of %s have", args.Size, l.origin)
	}
	return nil
}

// endReceipts checks what only the whole ledger says: the key of each log, and that
// no receipt was decided after the anchor that covers it.
func (a *auditor) endReceipts() error {
	for _, l := range a.logs {
		l.newer = len(l.starts) - l.judged
		record, ok, err := read[ledger.LogRecord](a.state, ledger.RefTo(ledger.KindLog, l.origin))
		if err != nil {
			return err
		}
		if !ok {
			a.report.find(evidence.CheckProof, l.origin, errors.New("the ledger has no such receipt log"))
			continue
		}
		v, err := note.NewVerifier(record.Key)
		if err != nil {
			a.report.find(evidence.CheckProof, l.origin, fmt.Errorf("key of the log: %w", err))
			continue
		}
		size, root, err := intlog.ParseCheckpoint(l.checkpoint, v)
		if err == nil && (size != l.size || root != l.root) {
			err = errors.New("its receipts are not those of its checkpoint")
		}
		if err != nil {
			a.report.find(evidence.CheckProof, l.origin, err)
		}
	}
	return nil
}
