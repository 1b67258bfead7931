package contract_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

func digest(h tlog.Hash) ledger.Digest { return ledger.Digest(hex.EncodeToString(h[:])) }

// tree is a receipt log, to be anchored.
type tree struct{ hashes []tlog.Hash }

func (r *tree) grow(t *testing.T, n int64) {
	t.Helper()
	for range n {
		h, err := tlog.StoredHashes(r.size(), []byte{byte(r.size())}, r)
		if err != nil {
			t.Fatal(err)
		}
		r.hashes = append(r.hashes, h...)
	}
}

func (r *tree) size() (n int64) {
	for tlog.StoredHashIndex(0, n) < int64(len(r.hashes)) {
		n++
	}
	return n
}

// ReadHashes implements tlog.HashReader.
func (r *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = r.hashes[x]
	}
	return out, nil
}

// anchor is the log as it is now, with the proof that it grew from a size.
func (r *tree) anchor(t *testing.T, from int64) ledger.AnchorArgs {
	t.Helper()
	root, err := tlog.TreeHash(r.size(), r)
	if err != nil {
		t.Fatal(err)
	}
	a := ledger.AnchorArgs{Log: "node.example/log/receipts", Size: r.size(), Root: digest(root), Proof: []ledger.Digest{}}
	if from > 0 && from < r.size() {
		proof, err := tlog.ProveTree(r.size(), from, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range proof {
			a.Proof = append(a.Proof, digest(h))
		}
	}
	return a
}

func TestAnchor(t *testing.T) {
	w := newWorld(t)
	var log tree
	bad := refusal{ledger.InvalidCode, ledger.ReasonConsistency, "args.consistency_proof"}
	log.grow(t, 5)
	first := log.anchor(t, 0)
	needless := first
	needless.Proof = []ledger.Digest{mHash("x")}
	w.refused(bad, "node", ledger.FnAnchor, needless)
	w.must("node", ledger.FnAnchor, first)
	w.must("node", ledger.FnAnchor, first) // nothing new: the same again
	log.grow(t, 8)
	second := log.anchor(t, 5)
	for name, spoil := range map[string]func(*ledger.AnchorArgs){
		"no proof":      func(a *ledger.AnchorArgs) { a.Proof = []ledger.Digest{} },
		"short proof":   func(a *ledger.AnchorArgs) { a.Proof = a.Proof[1:] },
		"other root":    func(a *ledger.AnchorArgs) { a.Root = mHash("fork") },
		"other size":    func(a *ledger.AnchorArgs) { a.Size = 32 }, // 14 would pass: a proof binds roots, not sizes
		"same size":     func(a *ledger.AnchorArgs) { a.Size, a.Proof = 5, []ledger.Digest{} },
		"smaller":       func(a *ledger.AnchorArgs) { a.Size = 4 },
		"another proof": func(a *ledger.AnchorArgs) { a.Proof = log.anchor(t, 6).Proof },
	} {
		t.Run(name, func(t *testing.T) {
			f, a := w.fork(t), second
			a.Proof = slices.Clone(a.Proof)
			spoil(&a)
			f.refused(bad, "node", ledger.FnAnchor, a)
		})
	}
	e := w.must("node", ledger.FnAnchor, second)
	want := ledger.Anchor{
		Log: second.Log, Size: 13, Root: second.Root, Time: w.now,
		Cite: ledger.Cite{Party: wID("node"), Call: e.Call, Payload: e.Payload},
	}
	if diff := cmp.Diff(want, record[ledger.Anchor](w, ledger.RefTo(ledger.KindAnchor, second.Log))); diff != "" {
		t.Errorf("the anchor (-want +got):\n%s", diff)
	}
}

func TestAnchorRefuses(t *testing.T) {
	w := newWorld(t)
	p := w.newcomer(ledger.RolePlatform)
	p.Origin, p.LogKey = "other.example", "key"
	w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", p)})
	var log tree
	log.grow(t, 3)
	a := log.anchor(t, 0)
	w.refused(refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.log"}, "newcomer", ledger.FnAnchor, a)
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "function"}, "authority", ledger.FnAnchor, a)
	a.Log = "nobody.example/log/receipts"
	w.refused(refusal{ledger.NotFound, ledger.ReasonUnknown, "args.log"}, "node", ledger.FnAnchor, a)
	a.Log, a.Size = "node.example/log/receipts", 0
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.size"}, "node", ledger.FnAnchor, a)
}
