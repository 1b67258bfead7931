package evidence

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Ended says that a log goes on under another name since a restore from a copy with
// its first Size entries. The entries after them are lost.
type Ended struct {
	Log  string `json:"log"`
	Size int64  `json:"size"`
}

// commonOrigin returns the name of the log whose checkpoint the proofs share.
func commonOrigin(set ProofSet) string {
	var c TLogCommon
	if set.Kind != TLogKind || decodeCanonical(set.Common, &c) != nil {
		return ""
	}
	return checkpoint.Origin([]byte(c.Checkpoint))
}

// Names reports whether the trust file has a key of the log.
func (t Trust) Names(log string) bool {
	return slices.ContainsFunc(t.Logs, func(key string) bool { return strings.HasPrefix(key, log+"+") })
}

// With returns the trust file with one more key of a log.
func (t Trust) With(key string) Trust {
	t.Logs = append(slices.Clone(t.Logs), key)
	return t
}

// openedBy returns the trust with which to open the checkpoint of a bundle. If the
// trust file does not name its log, that is a log that a call of the bundle begins:
// its key is taken from there, and checked when the call has been replayed (checkLog).
func (b Bundle) openedBy(t Trust) Trust {
	name := commonOrigin(b.Proof)
	if name == "" || t.Names(name) {
		return t
	}
	for _, c := range b.Calls {
		var p TLogProof
		if decodeCanonical(c.Proof, &p) != nil {
			continue // reported when the call is checked
		}
		e, err := ParseEntry(p.Entry)
		if err != nil {
			continue
		}
		s, err := contract.Parse(e.JWS)
		if err != nil || s.Call.Function != ledger.FnLogBegin {
			continue
		}
		var a ledger.LogBeginArgs
		if ledger.DecodeStrict(s.Call.Args, &a) == nil && a.Origin == name {
			return t.With(a.Key)
		}
	}
	return t
}

// checkLog checks that a checkpoint of a log that the trust file does not name is of
// a log that the replayed calls have begun, with its key.
func (v *verification) checkLog() error {
	name := v.log
	if name == "" {
		return nil
	}
	log, ok, err := load[ledger.LogRecord](view{v, &v.roots}, ledger.RefTo(ledger.KindLog, name))
	if err != nil {
		return fail(CheckProof, "proof.common", err)
	}
	if !ok {
		if v.trust.Names(name) {
			return nil
		}
		return failf(CheckProof, "proof.common", "the log %s is not in the trust file, and no call in the bundle begins it", name)
	}
	if log.Next != "" {
		return failf(CheckProof, "proof.common", "since a restore the log %s goes on as %s", name, log.Next)
	}
	if !slices.Contains(v.opened.Logs, log.Key) {
		return failf(CheckProof, "proof.common", "the checkpoint of %s is signed by another key than the call that begins the log names", name)
	}
	return nil
}

// checkBegin checks a log.begin of the ledger log: the restored copy ends just before
// it, and the checkpoint is of the log that it begins, or of a later one.
func (v *verification) checkBegin(c *recorded, proof json.RawMessage) error {
	var a ledger.LogBeginArgs
	if err := ledger.DecodeStrict(c.signed.Call.Args, &a); err != nil {
		return fail(CheckForm, c.at, err)
	}
	if !v.logged || ledger.NodeOfLedger(a.Old.Origin) == "" {
		return nil
	}
	var p TLogProof
	if err := decodeCanonical(proof, &p); err != nil {
		return fail(CheckProof, c.at, err)
	}
	if a.Old.Size != int64(c.Position.Block) || a.Old.Root != rootBefore(p.Path, p.Size, a.Old.Size) {
		return failf(CheckProof, c.at, "the log goes on from another tree than that of the %d entries before", c.Position.Block)
	}
	if !ledger.Continues(v.log, a.Origin) {
		return failf(CheckProof, c.at, "the log goes on as %s, but the checkpoint is of %s", a.Origin, v.log)
	}
	return nil
}

// rootBefore returns the root of the tree of the entries before index, from the
// inclusion proof of index in a tree of size: its neighbors to the left are the
// complete subtrees of those entries (RFC 9162 §2.1.3.2).
func rootBefore(path []ledger.Digest, size, index int64) ledger.Digest {
	var root tlog.Hash
	some := false
	n, last := index, size-1
	for _, d := range path {
		if n&1 == 1 || n == last {
			if left := hash(d); some {
				root = tlog.NodeHash(left, root)
			} else {
				root, some = left, true
			}
			for n&1 == 0 && n != 0 {
				n, last = n>>1, last>>1
			}
		}
		n, last = n>>1, last>>1
	}
	if !some {
		return ledger.DigestOf(nil)
	}
	return ledger.Digest(hex.EncodeToString(root[:]))
}

// isLost reports whether, by the trust file, a restore has lost the call at a position
// of the log.
func (v *verification) isLost(at ledger.Position) bool {
	return slices.ContainsFunc(v.trust.Ended, func(e Ended) bool {
		return v.log != "" && e.Log == v.log && at.Block >= uint64(max(e.Size, 0))
	})
}

// errLost says that a call is no longer part of the ledger.
var errLost = errors.New("the log was restored from a copy without this call: the register does not have it, so send it again")

// trustLog returns the trust with which to open the checkpoint of a bundle that is
// being made, from the ledger's record of the log.
func (g *gathering) trustLog(set ProofSet, end ledger.Position) (Trust, error) {
	name := commonOrigin(set)
	if name == "" || g.trust.Names(name) {
		return g.trust, nil
	}
	log, ok, err := load[ledger.LogRecord](&pastState{g: g, before: end}, ledger.RefTo(ledger.KindLog, name))
	if err != nil || !ok {
		return g.trust, err
	}
	return g.trust.With(log.Key), nil
}

// Listed is a call of a bundle as the bundle states it.
type Listed struct {
	Log      string          `json:"log"` // of the checkpoint
	Seq      uint64          `json:"seq"` // number of the entry
	Time     ledger.Millis   `json:"time"`
	Function ledger.Function `json:"function"`
	Party    ledger.ID       `json:"party"`
	Call     ledger.ID       `json:"call"`
}

// List returns the calls of a bundle of kind tlog in their order. It proves nothing.
func (b Bundle) List() ([]Listed, error) {
	log := commonOrigin(b.Proof)
	if log == "" {
		return nil, failf(CheckProof, "proof.kind", "the ledger of this bundle is not a log")
	}
	list := make([]Listed, 0, len(b.Calls))
	for i, c := range b.Calls {
		at := fmt.Sprintf("calls[%d]", i)
		var p TLogProof
		if err := decodeCanonical(c.Proof, &p); err != nil {
			return nil, fail(CheckProof, at, err)
		}
		e, err := ParseEntry(p.Entry)
		if err != nil {
			return nil, fail(CheckProof, at, err)
		}
		s, err := contract.Parse(e.JWS)
		if err != nil {
			return nil, fail(CheckForm, at, err)
		}
		list = append(list, Listed{Log: log, Seq: e.Position.Block, Time: e.Time, Function: s.Call.Function, Party: s.Call.Party, Call: s.Call.ID})
	}
	return list, nil
}
