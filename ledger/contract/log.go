package contract

import (
	"encoding/hex"
	"errors"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	"github.com/datacadastre/cadastre/ledger"
)

// anchor records the root of the caller's own receipt log. An RFC 9162 consistency
// proof shows that the log only grew since the last anchor.
func anchor(t *tx, a ledger.AnchorArgs) error {
	log, err := load[ledger.LogRecord](t, ledger.RefTo(ledger.KindLog, a.Log), "log")
	if err != nil {
		return err
	}
	if err := t.checkActor(log, "log"); err != nil {
		return err
	}
	if log.Next != "" {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonLogEnded).At("log")
	}
	ref := ledger.RefTo(ledger.KindAnchor, a.Log)
	last, ok, err := read[ledger.Anchor](t.state, ledger.RecordKey(ref))
	if err != nil {
		return err
	}
	if !ok && log.Begun != nil && log.Begun.Old.Size > 0 { // the log goes on from the restored one
		last, ok = ledger.Anchor{Size: log.Begun.Old.Size, Root: log.Begun.Old.Root}, true
	}
	if ok {
		if err := checkConsistent(last, a); err != nil {
			return err
		}
	} else if len(a.Proof) != 0 {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonConsistency).At("consistency_proof").By("RFC 9162 §2.1.4")
	}
	return t.putRecord(ref, ledger.Anchor{Log: a.Log, Size: a.Size, Root: a.Root, Time: t.now(), Cite: t.cite()})
}

func checkConsistent(last ledger.Anchor, a ledger.AnchorArgs) error {
	refused := ledger.Refuse(ledger.InvalidCode, ledger.ReasonConsistency).At("consistency_proof").By("RFC 9162 §2.1.4")
	if a.Size == last.Size {
		if a.Root != last.Root || len(a.Proof) != 0 {
			return refused
		}
		return nil
	}
	var proof tlog.TreeProof
	for _, d := range a.Proof {
		proof = append(proof, hash(d))
	}
	// CheckTree also refuses a smaller size.
	if err := tlog.CheckTree(proof, a.Size, hash(a.Root), last.Size, hash(last.Root)); err != nil {
		return refused
	}
	return nil
}

// beginLog begins a log again after a restore, under another name and key. The
// contract reads single keys, so it can't see how many entries the ledger has: that
// the old log is the one that is restored, and ends there, is checked by the ledger
// that stores it, by verifiers and by audits.
func beginLog(t *tx, a ledger.LogBeginArgs) error {
	if t.me() != t.genesis.Authority {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).With("function", string(t.act.Name))
	}
	if key, err := note.NewVerifier(a.Key); err != nil || key.Name() != a.Origin {
		return ledger.Invalid("verifier_key", "log_key")
	}
	old, err := t.oldLog(a.Old.Origin)
	if err != nil {
		return err
	}
	if err := t.absent(logRef(a.Origin), "origin"); err != nil { // another log continues the old one already
		return err
	}
	held, err := t.heldTree(a, old)
	if err != nil {
		return err
	}
	begun := ledger.LogBegun{Old: a.Old, Held: held, Time: t.now(), Cite: t.cite()}
	if old.Next = a.Origin; a.Old.Origin != ledger.LedgerLog(t.genesis.Origin) {
		if err := t.putRecord(logRef(old.Origin), old); err != nil {
			return err
		}
	}
	return t.putRecord(logRef(a.Origin), ledger.LogRecord{Origin: a.Origin, Owner: old.Owner, Key: a.Key, Begun: &begun})
}

func logRef(origin string) ledger.Ref { return ledger.RefTo(ledger.KindLog, origin) }

// oldLog loads the log that is begun again. The first ledger log has no record: its
// key is in the genesis.
func (t *tx) oldLog(origin string) (ledger.LogRecord, error) {
	if origin == ledger.LedgerLog(t.genesis.Origin) && t.genesis.LedgerKey != "" {
		return ledger.LogRecord{Origin: origin, Owner: t.genesis.Authority, Key: t.genesis.LedgerKey}, nil
	}
	return load[ledger.LogRecord](t, logRef(origin), "old.origin")
}

// heldTree returns the latest tree of the old log that someone other than its node
// holds: of the checkpoint in the arguments, or of the log's last anchor. It must be
// larger than the restored tree, else nothing is lost. It returns nil for a receipt
// log of which no such tree is known.
func (t *tx) heldTree(a ledger.LogBeginArgs, old ledger.LogRecord) (*ledger.TreeHead, error) {
	held, err := t.anchored(a.Old)
	if err != nil {
		return nil, err
	}
	if a.Held == "" {
		if held == nil && ledger.NodeOfReceipts(a.Old.Origin) == "" {
			return nil, ledger.Invalid("held", "required")
		}
		return held, nil
	}
	given, err := openHeld(a.Held, old.Key)
	if err != nil {
		return nil, ledger.Invalid("held", "checkpoint_of_log")
	}
	if given.Size <= a.Old.Size {
		return nil, ledger.Invalid("held", "later_checkpoint")
	}
	if held == nil || given.Size > held.Size {
		held = &given
	}
	return held, nil
}

// anchored returns the tree of the last anchor of a log if it is larger than the
// restored tree. An anchor of the same size must have the same root.
func (t *tx) anchored(old ledger.LogHead) (*ledger.TreeHead, error) {
	last, ok, err := read[ledger.Anchor](t.state, ledger.RecordKey(ledger.RefTo(ledger.KindAnchor, old.Origin)))
	if err != nil || !ok || last.Size < old.Size {
		return nil, err
	}
	if last.Size == old.Size {
		if last.Root != old.Root {
			return nil, ledger.Refuse(ledger.InvalidCode, ledger.ReasonConsistency).At("old.root")
		}
		return nil, nil //nolint:nilnil // nothing after the restored tree is anchored
	}
	return &ledger.TreeHead{Size: last.Size, Root: last.Root}, nil
}

// openHeld verifies a checkpoint with the key of its log.
func openHeld(msg, key string) (h ledger.TreeHead, err error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return h, err
	}
	size, root, err := checkpoint.Parse([]byte(msg), v)
	if err != nil {
		return h, err
	}
	if bare, err := checkpoint.Bare([]byte(msg), v); err != nil || string(bare) != msg {
		return h, errors.New("it has signatures of others")
	}
	return ledger.TreeHead{Size: size, Root: ledger.Digest(hex.EncodeToString(root[:]))}, nil
}

// hash decodes a digest that Validate has accepted.
func hash(d ledger.Digest) tlog.Hash {
	var h tlog.Hash
	if b, err := hex.DecodeString(string(d)); err == nil {
		copy(h[:], b)
	}
	return h
}
