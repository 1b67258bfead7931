package audit

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	intlog "github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// receiptLog is the receipt log of a node that the ledger has admitted.
type receiptLog struct {
	origin    string
	readError error // why it could not be read
	size      int64 // size in its checkpoint

	hashes   []tlog.Hash
	starts   []*start // by revision
	order    []*start // by index
	anchored intlog.Spine
	judged   int

	checkpoint []byte
	signedAs   string // name of the log in its checkpoint: origin, or a log that continues it
	verified   bool   // the checkpoint is signed with the key that the ledger has
	doubtful   []lostAnchor
}

// start is a start receipt with its end, if it has ended.
type start struct {
	ledger.Receipt
	end   *ledger.Receipt
	index int64
}

// Node is a node as described in its admission.
type Node struct {
	Origin string
	URL    string // its address; "" if the admission has no address
}

// errNotGiven says that Config does not say how to read a log.
var errNotGiven = errors.New("it was not given to the audit")

// admitted reads the receipt log that a call has added to the ledger. It trusts the
// size of the log only after it has opened the checkpoint with the key from the
// admission.
func (a *auditor) admitted(ctx context.Context, key string) error {
	record, ok, err := read[ledger.LogRecord](a.state, ledger.Ref(key))
	known := slices.ContainsFunc(a.logs, func(l *receiptLog) bool { return l.origin == record.Origin })
	if err != nil || !ok || known || record.Begun != nil { // beginLog handles what has begun
		return err
	}
	owner, _, err := read[ledger.Party](a.state, ledger.RefTo(ledger.KindParty, record.Owner))
	if err != nil {
		return err
	}
	l := &receiptLog{origin: record.Origin, readError: errNotGiven}
	a.logs = append(a.logs, l)
	if a.config.Receipts == nil {
		return nil
	}
	log, err := a.config.Receipts(ctx, Node{Origin: owner.Origin, URL: owner.URL})
	if err == nil && log != nil {
		err = a.readReceipts(ctx, l, log, record.Key)
	} else if err == nil {
		return nil
	}
	if l.readError = err; err != nil {
		l.hashes, l.starts, l.order = nil, nil, nil
	}
	return ctx.Err()
}

// readReceipts reads a complete receipt log and verifies it with the key. The error
// says why the log could not be read; faults in the log are findings.
func (a *auditor) readReceipts(ctx context.Context, l *receiptLog, log Log, key string) error {
	msg, err := log.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	l.checkpoint, l.signedAs = msg, checkpoint.Origin(msg)
	size, root, err := l.open(key)
	if err != nil {
		a.report.find(evidence.CheckProof, l.origin, err)
		return err
	}
	l.size = size
	open := map[ledger.ID]*start{}
	seen := map[ledger.ID]bool{}
	faults := 0
	got, err := scan(ctx, log, size, []int64{size}, evidence.ParseReceipt, func(i int64, r ledger.Receipt, hash tlog.Hash, err error) error {
		l.hashes = append(l.hashes, hash)
		if err == nil {
			err = l.add(i, r, open, seen)
		}
		if err != nil {
			a.report.find(evidence.CheckReceipt, receiptAt(l.origin, i), err)
			faults++
		}
		if faults > MaxFindings {
			return errTooManyInvalid
		}
		return nil
	})
	if err != nil {
		return err
	}
	if got[size] != root {
		a.report.find(evidence.CheckProof, l.origin, errors.New("its receipts do not match its checkpoint"))
	}
	l.starts = slices.Clone(l.order)
	slices.SortStableFunc(l.starts, func(x, y *start) int { return cmp.Compare(x.Revision.Block, y.Revision.Block) })
	return nil
}

// open opens the checkpoint of the log with the key that is on the ledger. The content
// of a checkpoint of a log that continues this one is not verified yet: its key follows
// from a later call.
func (l *receiptLog) open(key string) (size int64, root tlog.Hash, err error) {
	if l.signedAs != l.origin && ledger.Continues(l.signedAs, l.origin) {
		return checkpoint.Unverified(l.checkpoint)
	}
	l.verified = true
	return openReceipts(l.checkpoint, key)
}

// openReceipts opens the checkpoint of a receipt log with the key that is on the
// ledger.
func openReceipts(msg []byte, key string) (size int64, root tlog.Hash, err error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return 0, root, fmt.Errorf("key of the log: %w", err)
	}
	return intlog.ParseCheckpoint(msg, v)
}

// add adds the next receipt. Only start and end receipts are checked against the
// ledger.
func (l *receiptLog) add(i int64, r ledger.Receipt, open map[ledger.ID]*start, seen map[ledger.ID]bool) error {
	switch r.Kind {
	case ledger.ReceiptStart:
		if r.Revision == nil || seen[r.ID] {
			return errors.New("a start receipt without policy revision, or a repeated one")
		}
		s := &start{Receipt: r, index: i}
		seen[r.ID], open[r.ID] = true, s
		l.order = append(l.order, s)
	case ledger.ReceiptEnd:
		s := open[r.Start]
		if s == nil {
			return fmt.Errorf("the end of %s, which has not started or has already ended", r.Start)
		}
		delete(open, r.Start)
		s.end = &r
		return evidence.Continues(s.Receipt, r)
	}
	return nil
}

// judge checks the start receipts that were decided on the state after an entry.
// Their time must lie between the times of the calls around that state.
func (a *auditor) judge(block uint64, last, next ledger.Millis) {
	for _, l := range a.logs {
		for l.judged < len(l.starts) && l.starts[l.judged].Revision.Block <= block {
			s := l.starts[l.judged]
			l.judged++
			if s.Time+ledger.Skew < last || next > 0 && s.Time > next+evidence.Drift {
				a.report.find(evidence.CheckReceipt, receiptAt(l.origin, s.index), fmt.Errorf("its time is not between the calls around its revision %d", s.Revision.Block))
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

// anchor compares a recorded anchor with the receipt log. It also checks the
// revision and the time of the receipts that this anchor is the first to cover.
func (a *auditor) anchor(at string, p evidence.Placed, s ledger.Signed) error {
	var args ledger.AnchorArgs
	if err := ledger.DecodeStrict(s.Call.Args, &args); err != nil {
		return err
	}
	i := slices.IndexFunc(a.logs, func(l *receiptLog) bool { return l.origin == args.Log && l.readError == nil })
	if i < 0 {
		return nil
	}
	l := a.logs[i]
	err := a.compareAnchor(l, args, p)
	if err != nil && l.signedAs != l.origin { // the log begins again later
		l.doubtful = append(l.doubtful, lostAnchor{at, args.Size, err})
		return nil
	}
	return err
}

// compareAnchor compares an anchor with the receipts of its log.
func (a *auditor) compareAnchor(l *receiptLog, args ledger.AnchorArgs, p evidence.Placed) error {
	if args.Size > l.size {
		return fmt.Errorf("it covers %d receipts, but the log %s has %d", args.Size, l.origin, l.size)
	}
	if args.Size < l.anchored.Size() {
		return fmt.Errorf("it covers %d receipts of %s, fewer than the previous anchor", args.Size, l.origin)
	}
	for l.anchored.Size() < args.Size {
		l.anchored.Add(l.hashes[l.anchored.Size()])
	}
	root := l.anchored.Root()
	differs := hex.EncodeToString(root[:]) != string(args.Root)
	for ; len(l.order) > 0 && l.order[0].index < args.Size && (!differs || l.signedAs == l.origin); l.order = l.order[1:] {
		if r := l.order[0]; r.Revision.Block >= p.Position.Block || r.Time > p.Time+ledger.Skew {
			a.report.find(evidence.CheckReceipt, receiptAt(l.origin, r.index), fmt.Errorf("decided after its anchor (entry %d), or younger", p.Position.Block))
		}
	}
	if differs {
		return fmt.Errorf("its root differs from that of the first %d receipts of %s", args.Size, l.origin)
	}
	return nil
}

// endReceipts adds each receipt log to the report.
func (a *auditor) endReceipts() error {
	for _, l := range a.logs {
		for _, p := range l.doubtful {
			a.report.find(CheckAnchor, p.at, p.err)
		}
		if l.readError == nil && (!l.verified || l.signedAs != l.origin) {
			a.report.find(evidence.CheckProof, l.origin, fmt.Errorf("its receipts are signed as the log %q", l.signedAs))
		}
		r := LogReport{Origin: l.origin, Read: l.readError == nil, Size: l.size, Anchored: l.anchored.Size(), Judged: l.judged, Newer: len(l.starts) - l.judged}
		if l.readError != nil {
			anchor, _, err := read[ledger.Anchor](a.state, ledger.RefTo(ledger.KindAnchor, l.origin))
			if err != nil {
				return err
			}
			r.Why, r.Err, r.Anchored = legible(l.readError), l.readError, anchor.Size
		}
		a.report.Logs = append(a.report.Logs, r)
	}
	return nil
}

// legible returns the text of an error, which may come from a node, in a form that
// is safe to show in a terminal.
func legible(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, err.Error())
}
