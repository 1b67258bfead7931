package evidence_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// logged is a log of a world as an audit reads it.
type logged struct {
	tree
	checkpoint string
}

func (l logged) Checkpoint(context.Context) ([]byte, error) { return []byte(l.checkpoint), nil }

func (l logged) Entries(_ context.Context, from int64, n int) ([][]byte, error) {
	return l.entries[from:][:n], nil
}

// given gives an audit the receipt log of the first node.
func given(log audit.Log) func(context.Context, audit.Node) (audit.Log, error) {
	return func(_ context.Context, n audit.Node) (audit.Log, error) {
		if n.Origin != node {
			return nil, nil
		}
		return log, nil
	}
}

// logKey makes the key of a receipt log and returns its public form.
func (w *world) logKey(origin string) string {
	w.t.Helper()
	keys := w.cast.log(w.t, ledger.ReceiptLog(origin))
	w.logKeys[ledger.ReceiptLog(origin)] = keys.secret
	return keys.public
}

// audited audits the world, with the receipt log of the first node.
func (w *world) audited() audit.Report {
	w.t.Helper()
	msg, _ := w.checkpoint()
	c := audit.Config{Trust: w.trust(), Algorithms: ledger.Standard(), Ledger: logged{w.log, msg}}
	origin := ledger.ReceiptLog(node)
	if l := w.receipts[origin]; l != nil {
		size := int64(len(l.entries))
		c.Receipts = given(logged{*l, w.signed(w.logKeys[origin], origin, size, l.root(w.t, size))})
	}
	r, err := audit.Run(w.t.Context(), c)
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	return r
}

// checkAudit holds an audit of a history to find a dishonest ledger and nothing else.
// What a bundle alone leaves out, or says otherwise, it does not look at.
func (h history) checkAudit(t *testing.T, w *world) {
	t.Helper()
	if len(h.hide) > 0 {
		return
	}
	honest := (h.want == "" || h.edit != nil) && !h.found
	if r := w.audited(); r.Whole() != honest {
		t.Errorf("audit finds %v", r.Findings)
	}
}

// TestAuditFindsWhatReplayCannot: an entry forged on the state of before, which a
// bundle without the call between can't show, is found where the log is read whole.
func TestAuditFindsWhatReplayCannot(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world)
		want evidence.Check
	}{
		"a cancellation ignored": {hiddenCancellation, evidence.CheckRefused},
		"a rotation ignored":     {hiddenRotation, evidence.CheckRefused},
		"a suspension ignored":   {hiddenSuspension, evidence.CheckRefused},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			c.do(w)
			r := w.audited()
			if len(r.Findings) == 0 || r.Findings[0].Check != c.want {
				t.Errorf("audit finds %v, want %s first", r.Findings, c.want)
			}
		})
	}
}

// TestAuditOfAStory audits an honest ledger, and the same ledger after each change
// that an operator with all its keys can make.
func TestAuditOfAStory(t *testing.T) {
	w := begin(t)
	story(w)
	if r := w.audited(); !r.Whole() || r.Replayed != int64(len(w.log.entries)) || r.Logs[0].Judged == 0 {
		t.Fatalf("an honest ledger: %+v", r)
	}
	for name, c := range map[string]struct {
		do   func(w *world)
		want evidence.Check
		at   string
	}{
		"false reads": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.Reads = sum("nothing") })
		}, evidence.CheckReads, "entry 5"},
		"false writes": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.Writes = sum("nothing") })
		}, evidence.CheckWrites, "entry 5"},
		"false event": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.Event = sum("nothing") })
		}, evidence.CheckEvent, "entry 5"},
		"false state": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.State = sum("nothing") })
		}, audit.CheckState, "entry 5"},
		"the state of before": {func(w *world) {
			var before ledger.LogEntry
			if err := ledger.DecodeStrict(w.log.entries[4], &before); err != nil {
				w.t.Fatal(err)
			}
			w.relogged(5, func(e *ledger.LogEntry) { e.State = before.State })
		}, audit.CheckState, "entry 5"},
		"time that falls": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.Time -= 2000 })
		}, evidence.CheckOrder, "entry 5"},
		"unknown rules": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.Rules = 9 })
		}, evidence.CheckRules, "entry 5"},
		"another place": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) { e.Seq = 6 })
		}, evidence.CheckForm, "entry 5"},
		"a signature of nothing": {func(w *world) {
			w.relogged(5, func(e *ledger.LogEntry) {
				parts := strings.Split(e.Call, ".")
				e.Call = parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))
			})
		}, evidence.CheckSignature, "entry 5"},
		"a call left out": {func(w *world) {
			w.log.entries = append(w.log.entries[:5:5], w.log.entries[6:]...)
			w.rehash()
		}, evidence.CheckForm, "entry 5"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			story(w)
			c.do(w)
			for _, f := range w.audited().Findings {
				if f.Check == c.want && f.At == c.at {
					return
				}
			}
			t.Errorf("audit finds %v, want %s at %s", w.audited().Findings, c.want, c.at)
		})
	}
}

// endless is a receipt log whose checkpoint says more than anyone could read.
type endless struct {
	checkpoint string
	asked      *atomic.Int64
}

func (e endless) Checkpoint(context.Context) ([]byte, error) { return []byte(e.checkpoint), nil }

func (e endless) Entries(context.Context, int64, int) ([][]byte, error) {
	e.asked.Add(1)
	return nil, errors.New("read on")
}

// TestAuditOfAReceiptLogByAStranger: no receipt is read before the checkpoint was
// opened with the key that the ledger has of the log.
func TestAuditOfAReceiptLogByAStranger(t *testing.T) {
	w := begin(t)
	msg, _ := w.checkpoint()
	origin := ledger.ReceiptLog(node)
	stranger, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	for name, checkpoint := range map[string]string{
		"nothing": "", "no name": "a\x1b[2J\n0\nAA==\n", "no signature": origin + "\n1000000000000\nAA==\n\n",
		"another's key":              w.signed(stranger, origin, 1<<50, tlog.Hash{}),
		"another log's":              w.signed(w.skey, ledger.LedgerLog(node), 1<<50, tlog.Hash{}),
		"its own, of an unknown log": w.signed(w.logKeys[origin], ledger.ReceiptLog("else.example"), 1<<50, tlog.Hash{}),
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			r, err := audit.Run(t.Context(), audit.Config{
				Trust: w.trust(), Algorithms: ledger.Standard(), Ledger: logged{w.log, msg}, Receipts: given(endless{checkpoint, &asked}),
			})
			if err != nil || asked.Load() > 0 {
				t.Fatalf("%d bundles of entries were asked for, %v", asked.Load(), err)
			}
			if len(r.Findings) != 1 || r.Findings[0].Check != evidence.CheckProof || r.Logs[0].Read || r.Logs[0].Why == "" || strings.Contains(r.Logs[0].Why, "\x1b") {
				t.Errorf("found %+v, logs %+v", r.Findings, r.Logs)
			}
		})
	}
}

// TestAuditOfInvalidReceipts: a node that signs for more than it has is not read
// for ever.
func TestAuditOfInvalidReceipts(t *testing.T) {
	w := begin(t)
	msg, _ := w.checkpoint()
	origin := ledger.ReceiptLog(node)
	var asked atomic.Int64
	r, err := audit.Run(t.Context(), audit.Config{
		Trust: w.trust(), Algorithms: ledger.Standard(), Ledger: logged{w.log, msg},
		Receipts: given(babble{endless{w.signed(w.logKeys[origin], origin, 1<<50, tlog.Hash{}), &asked}}),
	})
	if err != nil || asked.Load() > 100 || r.Whole() || r.Logs[0].Read {
		t.Errorf("%d bundles were asked for, %v, %+v", asked.Load(), err, r.Logs)
	}
}

// TestAuditOfALogOfNothing: nor is a ledger log, whose key the trust file names.
func TestAuditOfALogOfNothing(t *testing.T) {
	w := begin(t)
	var asked atomic.Int64
	r, err := audit.Run(t.Context(), audit.Config{
		Trust: w.trust(), Algorithms: ledger.Standard(),
		Ledger: babble{endless{w.signed(w.skey, ledger.LedgerLog(node), 1<<50, tlog.Hash{}), &asked}},
	})
	if err != nil || asked.Load() > 100 || r.Whole() || r.Replayed != 0 {
		t.Errorf("%d bundles were asked for, %v, %+v", asked.Load(), err, r)
	}
}

// babble returns invalid entries.
type babble struct{ endless }

func (b babble) Entries(_ context.Context, _ int64, n int) ([][]byte, error) {
	b.asked.Add(1)
	return slices.Repeat([][]byte{[]byte("{}")}, n), nil
}

// TestAuditOfSeveralNodes: the receipts of each node that can be read are judged, and
// the others are named with the reason.
func TestAuditOfSeveralNodes(t *testing.T) {
	w := two(t)
	msg, _ := w.checkpoint()
	run := func(readable ...string) audit.Report {
		r, err := audit.Run(t.Context(), audit.Config{
			Trust: w.trust(), Algorithms: ledger.Standard(), Ledger: logged{w.log, msg},
			Receipts: func(_ context.Context, n audit.Node) (audit.Log, error) {
				if !slices.Contains(readable, n.Origin) {
					return nil, errors.New("nobody answers")
				}
				origin := ledger.ReceiptLog(n.Origin)
				l := w.receipts[origin]
				size := int64(len(l.entries))
				return logged{*l, w.signed(w.logKeys[origin], origin, size, l.root(t, size))}, nil
			},
		})
		if err != nil || !r.Whole() || len(r.Logs) != 2 {
			t.Fatalf("%v, %+v", err, r)
		}
		return r
	}
	all := run(node, second)
	if all.Unread() != 0 || all.Logs[0].Judged == 0 || all.Logs[1].Judged == 0 {
		t.Errorf("both: %+v", all.Logs)
	}
	one := run(node)
	if l := one.Logs[1]; one.Unread() != 1 || l.Read || l.Why != "nobody answers" || l.Anchored != all.Logs[1].Anchored || one.Logs[0].Judged != all.Logs[0].Judged {
		t.Errorf("one: %+v", one.Logs)
	}
}

// relogged changes an entry of the log, which gets new hashes and a new checkpoint.
func (w *world) relogged(seq int, change func(e *ledger.LogEntry)) {
	w.t.Helper()
	var e ledger.LogEntry
	if err := json.Unmarshal(w.log.entries[seq], &e); err != nil {
		w.t.Fatal(err)
	}
	change(&e)
	w.log.entries[seq] = encode(w.t, e)
	w.rehash()
}

// rehash builds the log's tree again.
func (w *world) rehash() {
	w.t.Helper()
	entries := w.log.entries
	w.log = tree{}
	for _, e := range entries {
		w.log.append(w.t, e)
	}
}
