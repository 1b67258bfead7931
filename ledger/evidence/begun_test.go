package evidence_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// beginning is the call that begins the ledger log again, where someone holds a
// checkpoint of so many entries more.
func (w *world) beginning(lost int64) (args ledger.LogBeginArgs, secret string) {
	w.t.Helper()
	next := w.cast.log(w.t, ledger.NextLog(w.origin))
	size := int64(len(w.log.entries))
	return ledger.LogBeginArgs{
		Origin: ledger.NextLog(w.origin), Key: next.public,
		Old:  ledger.LogHead{Origin: w.origin, Size: size, Root: digests([]tlog.Hash{w.log.root(w.t, size)})[0]},
		Held: w.signed(w.skey, w.origin, size+lost, tlog.Hash{1}),
	}, next.secret
}

// restart begins the ledger log again after a restore that has lost so many entries.
func (w *world) restart(lost int64) {
	w.t.Helper()
	args, secret := w.beginning(lost)
	w.must("authority", ledger.FnLogBegin, args)
	w.skey, w.origin = secret, args.Origin
}

// TestALogThatGoesOn: a bundle under a checkpoint of a log that began after a restore
// verifies with the trust file of the beginning, and says where the log goes on. So it
// does after another restore.
func TestALogThatGoesOn(t *testing.T) {
	w := begin(t)
	w.register("bus")
	early, _ := w.build(ref(ledger.KindEntry, "bus"))
	at := int64(len(w.log.entries))
	w.restart(20)
	w.register("river")
	for _, about := range []string{"bus", "river"} {
		b, r := w.build(ref(ledger.KindEntry, about))
		if _, err := w.verify(encode(t, b)); err != nil {
			t.Errorf("%s: %v", about, err)
		}
		want := []ledger.Restored{{Log: w.origin, Old: ledger.LedgerLog(node), Size: at, Lost: 20, Time: r.Restored[0].Time}}
		if !slices.Equal(r.Restored, want) {
			t.Errorf("%s: %+v, want %+v", about, r.Restored, want)
		}
	}
	if _, err := w.verify(encode(t, early)); err != nil {
		t.Errorf("the bundle of before: %v", err)
	}
	again := int64(len(w.log.entries))
	w.restart(3)
	b, r := w.build(ref(ledger.KindEntry, "river"))
	if len(r.Restored) != 2 || r.Restored[1].Size != again {
		t.Errorf("restored twice: %+v", r.Restored)
	}
	if _, err := w.verify(encode(t, b)); err != nil {
		t.Errorf("restored twice: %v", err)
	}
	named := w.trust()
	named.Logs = append(named.Logs, w.cast.log(t, w.origin).public)
	if _, err := w.verifyBy(named, b); err != nil {
		t.Errorf("with a trust file that names the log: %v", err)
	}
	if a := w.audited(); !a.Whole() || !slices.Equal(a.Restored, r.Restored) {
		t.Errorf("the audit: %v, %+v", a.Findings, a.Restored)
	}
}

// TestALogThatGoesOnWrongly: the log that begins must go on from exactly what is before
// it, and the checkpoint must be its own, with the key that the call names.
func TestALogThatGoesOnWrongly(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*ledger.LogBeginArgs)
		signed func(w *world, next string) (secret, origin string)
		hidden bool // a bundle does not show it
	}{
		"another root":  {spoil: func(a *ledger.LogBeginArgs) { a.Old.Root = sum("fork") }},
		"fewer entries": {spoil: func(a *ledger.LogBeginArgs) { a.Old.Size-- }},
		"another key":   {signed: func(w *world, next string) (string, string) { return newCast().log(w.t, next).secret, next }},
		"the old name":  {signed: func(w *world, _ string) (string, string) { return w.skey, w.origin }, hidden: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.register("bus")
			args, secret := w.beginning(20)
			if c.spoil != nil {
				c.spoil(&args)
			}
			origin := args.Origin
			if c.signed != nil {
				secret, origin = c.signed(w, args.Origin)
			}
			w.must("authority", ledger.FnLogBegin, args)
			w.skey, w.origin = secret, origin
			b, err := evidence.Lenient(t.Context(), w, ref(ledger.KindEntry, "bus"), w.trust(), checkers())
			if err == nil {
				_, err = w.verify(encode(t, b))
			}
			if f := evidence.AsFailure(err); (f == nil || f.Check != evidence.CheckProof) != c.hidden {
				t.Errorf("verify: %v", err)
			}
			if r, err := w.auditedBy(nil); err == nil && r.Whole() {
				t.Error("the audit finds nothing")
			}
		})
	}
}

// auditedBy audits the ledger log after an earlier audit has signed trees of it.
func (w *world) auditedBy(signed map[string]ledger.TreeHead) (audit.Report, error) {
	w.t.Helper()
	msg, _ := w.checkpoint()
	return audit.Run(w.t.Context(), audit.Config{
		Trust: w.trust(), Algorithms: ledger.Standard(), Ledger: logged{w.log, msg},
		Signed: func(origin string) (int64, ledger.Digest) { return signed[origin].Size, signed[origin].Root },
	})
}

// TestWhatAnAuditorSigned of a log that was restored: what is before the copy must be the
// same, and what is lost must be owned up to.
func TestWhatAnAuditorSigned(t *testing.T) {
	w := begin(t)
	at := int64(len(w.log.entries))
	before := digests([]tlog.Hash{w.log.root(t, at-2)})[0]
	w.restart(20)
	held := digests([]tlog.Hash{{1}})[0]
	for name, c := range map[string]struct {
		signed ledger.TreeHead
		whole  bool
		lost   int64
	}{
		"before the copy":          {ledger.TreeHead{Size: at - 2, Root: before}, true, 0},
		"before the copy, another": {ledger.TreeHead{Size: at - 2, Root: sum("fork")}, false, 0},
		"after the copy":           {ledger.TreeHead{Size: at + 5, Root: sum("lost")}, true, 5},
		"what is held":             {ledger.TreeHead{Size: at + 20, Root: held}, true, 20},
		"another of that size":     {ledger.TreeHead{Size: at + 20, Root: sum("fork")}, false, 0},
		"more than is held":        {ledger.TreeHead{Size: at + 21, Root: sum("lost")}, false, 0},
	} {
		r, err := w.auditedBy(map[string]ledger.TreeHead{ledger.LedgerLog(node): c.signed})
		if err != nil || r.Whole() != c.whole || r.Lost != c.lost {
			t.Errorf("%s: %v, %v, %d lost", name, err, r.Findings, r.Lost)
		}
	}
}

// TestLostCalls: with a trust file that says where a log ended, a bundle of later calls
// is known as lost, and one of earlier calls is not.
func TestLostCalls(t *testing.T) {
	w := begin(t)
	w.register("bus")
	size := int64(len(w.log.entries))
	w.register("river")
	trust := w.trust()
	trust.Ended = []evidence.Ended{{Log: ledger.LedgerLog(node), Size: size}}
	kept, _ := w.build(ref(ledger.KindEntry, "bus"))
	lost, _ := w.build(ref(ledger.KindEntry, "river"))
	if _, err := w.verifyBy(trust, kept); err != nil {
		t.Errorf("of before the copy: %v", err)
	}
	if _, err := w.verifyBy(trust, lost); evidence.AsFailure(err) == nil || evidence.AsFailure(err).Check != evidence.CheckLost {
		t.Errorf("of after the copy: %v", err)
	}
	list, err := lost.List()
	if err != nil || len(list) != len(lost.Calls) || list[0].Function != ledger.FnGenesis || list[len(list)-1].Seq < uint64(size) {
		t.Errorf("%v, the calls: %+v", err, list)
	}
}

// restartReceipts begins the receipt log of the first node again, after a restore of
// so many receipts.
func (w *world) restartReceipts(to int64) {
	w.t.Helper()
	old := ledger.ReceiptLog(node)
	l := w.receipts[old]
	w.must("authority", ledger.FnLogBegin, ledger.LogBeginArgs{
		Origin: ledger.NextLog(old), Key: w.cast.log(w.t, ledger.NextLog(old)).public,
		Old: ledger.LogHead{Origin: old, Size: to, Root: digests([]tlog.Hash{l.root(w.t, to)})[0]},
	})
}

// TestReceiptsThatGoOn: the receipts of a node were restored from a copy that is older
// than their last anchor. An audit accepts the anchors of the lost part, the bundle of an
// order proves its delivery in the log that goes on, and a log that goes on without a
// call is found.
func TestReceiptsThatGoOn(t *testing.T) {
	w := begin(t)
	story(w)
	w.anchor("node", node)
	old := ledger.ReceiptLog(node)
	l := w.receipts[old]
	kept := tree{slices.Clone(l.entries), slices.Clone(l.hashes)}
	size := int64(len(l.entries))
	w.deliver("O", "data")
	w.anchor("node", node) // of the part that is lost
	w.receipts[old] = &kept
	name := ledger.NextLog(old)
	msg := func() string {
		n := int64(len(kept.entries))
		return w.signed(w.cast.log(t, name).secret, name, n, kept.root(t, n))
	}
	ask := func() audit.Report {
		cp, _ := w.checkpoint()
		r, err := audit.Run(context.Background(), audit.Config{
			Trust: w.trust(), Algorithms: ledger.Standard(), Ledger: logged{w.log, cp}, Receipts: given(logged{kept, msg()}),
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := ask(); r.Whole() {
		t.Error("a log that goes on without a call is not found")
	}
	w.restartReceipts(size)
	w.deliver("O", "data")
	w.deliver("O", "data")
	n := int64(len(kept.entries))
	p, err := tlog.ProveTree(n, size, &kept)
	if err != nil {
		t.Fatal(err)
	}
	w.must("node", ledger.FnAnchor, ledger.AnchorArgs{Log: name, Size: n, Root: digests([]tlog.Hash{kept.root(t, n)})[0], Proof: digests(p)})
	r := ask()
	if !r.Whole() || r.Logs[0].Origin != name || r.Logs[0].Anchored != n || len(r.Restored) != 1 {
		t.Errorf("the audit: %v, %+v, %+v", r.Findings, r.Logs[0], r.Restored)
	}
	w.receipts[name], w.anchored[name] = &kept, n
	delete(w.receipts, old)
	b, report := w.build(theOrder)
	if _, err := w.verify(encode(t, b)); err != nil || len(report.Receipts) == 0 || report.Receipts[0].Log != name {
		t.Errorf("the bundle: %v, %+v", err, report.Receipts)
	}
	if len(report.Restored) != 1 || !strings.HasSuffix(report.Restored[0].Log, "/log/receipts/2") {
		t.Errorf("restored: %+v", report.Restored)
	}
}
