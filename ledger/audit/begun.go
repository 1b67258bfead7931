package audit

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	intlog "github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// maxBegun is how often a log may have begun again. The number is in the name of a log,
// which a node states.
const maxBegun = 1000

// openLog opens the checkpoint of the ledger log. If the trust file does not name its
// log, that is a log that began after a restore: then the content is not verified yet
// (known is false), since only the replay gives the key.
func (a *auditor) openLog(msg []byte) (signed evidence.Signed, known bool, err error) {
	name := checkpoint.Origin(msg)
	if a.config.Trust.Names(name) || ledger.NodeOfLedger(name) == "" {
		signed, err = evidence.OpenCheckpoint(string(msg), a.config.Trust)
		return signed, true, err
	}
	if signed.Size, signed.Root, err = checkpoint.Unverified(msg); err == nil && signed.Size < 1 {
		err = errors.New("the checkpoint of the ledger log is of no entries")
	}
	return signed, false, err
}

// verifyLog verifies the checkpoint of a log that began after a restore, with the key
// that the replayed call names.
func (a *auditor) verifyLog(msg []byte) error {
	name := checkpoint.Origin(msg)
	log, ok, err := read[ledger.LogRecord](a.state, ledger.RefTo(ledger.KindLog, name))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("the trust file does not name the log %s, and no call begins it", name)
	}
	_, err = evidence.OpenCheckpoint(string(msg), a.config.Trust.With(log.Key))
	return err
}

// earlier returns the names of the logs that a log may continue, the first one first,
// and its own name.
func earlier(name string) []string {
	node := ledger.NodeOfLedger(name)
	list := []string{}
	for log := ledger.LedgerLog(node); node != "" && len(list) < maxBegun; log = ledger.NextLog(log) {
		if list = append(list, log); log == name {
			return list
		}
	}
	return []string{name}
}

// signedBefore returns the trees of the ledger log that an earlier audit has signed, by
// the name that the log had.
func (a *auditor) signedBefore(name string) map[string]ledger.TreeHead {
	trees := map[string]ledger.TreeHead{}
	if a.config.Signed == nil {
		return trees
	}
	for _, log := range earlier(name) {
		if size, root := a.config.Signed(log); root != "" {
			trees[log] = ledger.TreeHead{Size: size, Root: root}
		}
	}
	return trees
}

// compareSigned compares the log with what earlier audits have signed. What they signed
// of a log that has ended may be lost, but then the call that begins the next log must
// name a tree that is at least as large.
func (a *auditor) compareSigned(size int64, roots map[int64]tlog.Hash, before map[string]ledger.TreeHead) {
	for log, tree := range before {
		end, held := size, (*ledger.TreeHead)(nil)
		for _, b := range a.begun {
			if b.Old.Origin == log {
				end, held = b.Old.Size, b.Held
			}
		}
		switch {
		case tree.Size <= end && digest(roots[tree.Size]) == tree.Root:
		case tree.Size > end && held != nil && (tree.Size < held.Size || tree == *held):
			a.report.Lost = max(a.report.Lost, tree.Size-end)
		default:
			a.report.find(evidence.CheckProof, log, fmt.Errorf("it does not continue the log of %d entries with the root %s that was signed before", tree.Size, tree.Root))
		}
	}
}

// beginLog checks a call that begins a log again after a restore.
func (a *auditor) beginLog(s ledger.Signed) error {
	var args ledger.LogBeginArgs
	if err := ledger.DecodeStrict(s.Call.Args, &args); err != nil {
		return err
	}
	log, ok, err := read[ledger.LogRecord](a.state, ledger.RefTo(ledger.KindLog, args.Origin))
	if err != nil || !ok || log.Begun == nil {
		return errors.Join(err, errors.New("there is no record of the log"))
	}
	a.report.Restored = append(a.report.Restored, log.Restored())
	if ledger.NodeOfLedger(args.Old.Origin) == "" {
		return a.beginReceipts(args)
	}
	a.begun = append(a.begun, *log.Begun)
	if size := a.tree.Size(); args.Old.Size != size || args.Old.Root != digest(a.tree.Root()) {
		return fmt.Errorf("the log goes on from another tree than that of the %d entries before", size)
	}
	return nil
}

// checkName finds a checkpoint of another log than the last that began.
func (a *auditor) checkName(name string) error {
	g, _, err := read[ledger.Genesis](a.state, ledger.GenesisRef)
	if err != nil {
		return err
	}
	want := ledger.LedgerLog(g.Origin)
	for range a.begun {
		want = ledger.NextLog(want)
	}
	if len(a.begun) > 0 && name != want {
		a.report.find(evidence.CheckProof, name, fmt.Errorf("since a restore the log goes on as %s, but the checkpoint is of %s", want, name))
	}
	return nil
}

// lostAnchor is an anchor that does not match the receipts, but may belong to the lost
// part of a restored log.
type lostAnchor struct {
	at   string
	size int64
	err  error
}

// beginReceipts checks that a receipt log goes on from the receipts that it has. Anchors
// of the old log beyond them belong to the lost part.
func (a *auditor) beginReceipts(args ledger.LogBeginArgs) error {
	for _, l := range a.logs {
		if l.origin != args.Old.Origin {
			continue
		}
		for _, p := range l.doubtful {
			if p.size <= args.Old.Size {
				a.report.find(CheckAnchor, p.at, p.err)
			}
		}
		l.origin, l.doubtful = args.Origin, nil
		if l.readError != nil {
			return nil //nolint:nilerr // it is reported with the log
		}
		if l.signedAs == args.Origin {
			if _, _, err := openReceipts(l.checkpoint, args.Key); err != nil {
				return err
			}
			l.verified = true
		}
		return l.restart(args.Old)
	}
	return nil
}

// restart goes back to the tree from which the log goes on.
func (l *receiptLog) restart(old ledger.LogHead) error {
	l.anchored = intlog.Spine{}
	if old.Size > l.size {
		return fmt.Errorf("it goes on from %d receipts, but the log %s has %d", old.Size, l.origin, l.size)
	}
	for _, h := range l.hashes[:old.Size] {
		l.anchored.Add(h)
	}
	if digest(l.anchored.Root()) != old.Root {
		return fmt.Errorf("its root differs from that of the first %d receipts of %s", old.Size, l.origin)
	}
	return nil
}
