package contract_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/ledger"
)

// logKey signs the checkpoints of a log.
type logKey struct{ name, public, secret string }

// The logs of the node of every world, and those that continue them.
var (
	ledgerLog   = newLogKey("node.example/log/ledger")
	ledgerLog2  = newLogKey("node.example/log/ledger/2")
	ledgerLog3  = newLogKey("node.example/log/ledger/3")
	receiptLog  = newLogKey("node.example/log/receipts")
	receiptLog2 = newLogKey("node.example/log/receipts/2")
)

func newLogKey(name string) logKey {
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		panic(err)
	}
	return logKey{name, public, secret}
}

// holds is a checkpoint of the log that somebody holds.
func (k logKey) holds(t testing.TB, size int64, root ledger.Digest) string {
	t.Helper()
	s, err := note.NewSigner(k.secret)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(string(root))
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", k.name, size, base64.StdEncoding.EncodeToString(raw))}, s)
	if err != nil {
		t.Fatal(err)
	}
	return string(msg)
}

// again begins a log again after size entries.
func again(old, next logKey, size int64, held string) ledger.LogBeginArgs {
	return ledger.LogBeginArgs{
		Origin: next.name, Key: next.public, Old: ledger.LogHead{Origin: old.name, Size: size, Root: mHash("restored")}, Held: held,
	}
}

func TestLogBegin(t *testing.T) {
	w := newWorld(t)
	good := again(ledgerLog, ledgerLog2, 100, ledgerLog.holds(t, 120, mHash("held")))
	field := func(name string) refusal { return refusal{ledger.InvalidCode, ledger.ReasonField, "args." + name} }
	for name, c := range map[string]struct {
		spoil func(*ledger.LogBeginArgs)
		want  refusal
	}{
		"another name":          {func(a *ledger.LogBeginArgs) { a.Origin = ledgerLog3.name }, field("origin")},
		"the key of another":    {func(a *ledger.LogBeginArgs) { a.Key = ledgerLog3.public }, field("verifier_key")},
		"no key":                {func(a *ledger.LogBeginArgs) { a.Key = "key" }, field("verifier_key")},
		"no checkpoint":         {func(a *ledger.LogBeginArgs) { a.Held = "" }, field("held")},
		"no later checkpoint":   {func(a *ledger.LogBeginArgs) { a.Held = ledgerLog.holds(t, 100, mHash("held")) }, field("held")},
		"another log's":         {func(a *ledger.LogBeginArgs) { a.Held = receiptLog.holds(t, 120, mHash("held")) }, field("held")},
		"more than a signature": {func(a *ledger.LogBeginArgs) { a.Held += "— other.example AAAAAAAA\n" }, field("held")},
		"an unknown log": {func(a *ledger.LogBeginArgs) {
			*a = again(logKey{name: "x.example/log/ledger"}, newLogKey("x.example/log/ledger/2"), 100, a.Held)
		}, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.old.origin"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, a := w.fork(t), good
			c.spoil(&a)
			f.refused(c.want, "authority", ledger.FnLogBegin, a)
		})
	}
	e := w.must("authority", ledger.FnLogBegin, good)
	want := ledger.LogRecord{
		Origin: ledgerLog2.name, Owner: wID("authority"), Key: ledgerLog2.public,
		Begun: &ledger.LogBegun{
			Old: good.Old, Held: &ledger.TreeHead{Size: 120, Root: mHash("held")}, Time: w.now,
			Cite: ledger.Cite{Party: wID("authority"), Call: e.Call, Payload: e.Payload},
		},
	}
	got := record[ledger.LogRecord](w, ledger.RefTo(ledger.KindLog, ledgerLog2.name))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	if r := got.Restored(); r != (ledger.Restored{Log: ledgerLog2.name, Old: ledgerLog.name, Size: 100, Lost: 20, Time: w.now}) {
		t.Errorf("in short: %+v", r)
	}
	w.refused(refusal{ledger.Conflict, ledger.ReasonExists, "args.origin"}, "authority", ledger.FnLogBegin, good)
	w.must("authority", ledger.FnLogBegin, again(ledgerLog2, ledgerLog3, 110, ledgerLog2.holds(t, 115, mHash("held"))))
	if next := record[ledger.LogRecord](w, ledger.RefTo(ledger.KindLog, ledgerLog2.name)).Next; next != ledgerLog3.name {
		t.Errorf("the second log goes on as %q", next)
	}
}

// TestOnlyTheFirstAuthorityBeginsALog, or its recovery key.
func TestOnlyTheFirstAuthorityBeginsALog(t *testing.T) {
	w := newWorld(t)
	w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", w.newcomer(ledger.RoleDataAuthority))})
	args := again(ledgerLog, ledgerLog2, 100, ledgerLog.holds(t, 120, mHash("held")))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, ""}, "newcomer", ledger.FnLogBegin, args)
	expect(t, w.fork(t).callBy("recovery", "authority", ledger.FnLogBegin, args), refusal{})
	w.must("authority", ledger.FnLogBegin, args)
}

// TestReceiptLogBegins: a receipt log that is shorter than its last anchor goes on under
// another name, from the restored receipts; nothing is anchored under the old name.
func TestReceiptLogBegins(t *testing.T) {
	w := newWorld(t)
	var log tree
	log.grow(t, 5)
	restored := log.anchor(t, 0)
	var lost tree
	lost.grow(t, 9)
	w.must("node", ledger.FnAnchor, lost.anchor(t, 0))

	fork := again(receiptLog, receiptLog2, 9, "")
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonConsistency, "args.old.root"}, "authority", ledger.FnLogBegin, fork)
	args := again(receiptLog, receiptLog2, 5, "")
	args.Old.Root = restored.Root
	longer := args
	longer.Held = receiptLog.holds(t, 11, mHash("held"))
	f := w.fork(t)
	f.must("authority", ledger.FnLogBegin, longer)
	if held := record[ledger.LogRecord](f, ledger.RefTo(ledger.KindLog, receiptLog2.name)).Begun.Held; held == nil || held.Size != 11 {
		t.Errorf("of two trees that others hold, the larger is not recorded: %v", held)
	}
	w.must("authority", ledger.FnLogBegin, args)
	got := record[ledger.LogRecord](w, ledger.RefTo(ledger.KindLog, receiptLog2.name))
	if got.Owner != wID("node") || got.Begun == nil || got.Begun.Held == nil || got.Begun.Held.Size != 9 {
		t.Fatalf("the log: %+v", got)
	}
	w.refused(refusal{ledger.Conflict, ledger.ReasonLogEnded, "args.log"}, "node", ledger.FnAnchor, lost.anchor(t, 9))

	first := log.anchor(t, 0)
	first.Log = receiptLog2.name
	w.fork(t).must("node", ledger.FnAnchor, first)
	log.grow(t, 2)
	next := log.anchor(t, 5)
	next.Log = receiptLog2.name
	other := next
	other.Proof = []ledger.Digest{}
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonConsistency, "args.consistency_proof"}, "node", ledger.FnAnchor, other)
	w.must("node", ledger.FnAnchor, next)
}
