package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// channel is a world in the form of a Fabric channel at a peer: each call is the
// only transaction of a block, and reads its party's key.
type channel []audit.Block

func (c channel) Blocks(_ context.Context, next func(audit.Block) error) error {
	for i, b := range c {
		b.Number, b.Height = uint64(i), uint64(len(c))
		if err := next(b); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) channel() channel {
	w.t.Helper()
	var c channel
	written := map[string]ledger.Position{}
	for i, raw := range w.log.entries {
		p, err := evidence.ParseEntry(raw)
		if err != nil {
			w.t.Fatal(err)
		}
		p.State = ""
		t := audit.Transaction{Position: p.Position, Calls: []evidence.Placed{p}}
		for _, x := range w.writes[int64(i)] {
			read := audit.Read{Key: x.Key}
			if by, ok := written[x.Key]; ok {
				read.By = &by
			}
			t.Reads = append(t.Reads, read)
			t.Writes = append(t.Writes, x)
			if written[x.Key] = p.Position; x.Value == nil {
				delete(written, x.Key)
			}
		}
		c = append(c, audit.Block{Transactions: []audit.Transaction{t}})
	}
	return c
}

// auditChannel audits a channel, with the receipts of the first node.
func (w *world) auditChannel(c channel) audit.Report {
	w.t.Helper()
	trust := w.trust()
	trust.Logs = []string{}
	origin := ledger.ReceiptLog(node)
	l := w.receipts[origin]
	size := int64(len(l.entries))
	r, err := audit.Run(w.t.Context(), audit.Config{
		Trust: trust, Algorithms: ledger.Standard(), Chain: c,
		Receipts: given(logged{*l, w.signed(w.logKeys[origin], origin, size, l.root(w.t, size))}),
	})
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	return r
}

// TestAuditOfAChannel audits an honest channel, and the same channel after each
// change that its peers can make together, or that one peer can make, since it
// decides which transactions are valid.
func TestAuditOfAChannel(t *testing.T) {
	w := begin(t)
	story(w)
	good := w.channel()
	if r := w.auditChannel(good); !r.Whole() || r.Blocks != uint64(len(good)) || r.Replayed != int64(len(good)) || r.Logs[0].Judged == 0 {
		t.Fatalf("an honest channel: %+v", r)
	}
	last := len(good) - 1
	changed := slices.IndexFunc(good, func(b audit.Block) bool {
		return slices.ContainsFunc(b.Transactions[0].Reads, func(r audit.Read) bool { return r.By != nil })
	})
	again := good[changed].Transactions[0]
	for name, c := range map[string]struct {
		do   func(c channel)
		want evidence.Check
		at   string
	}{
		"a key that no call writes": {func(c channel) {
			x := &c[last].Transactions[0]
			x.Writes = append(slices.Clone(x.Writes), ledger.Write{Key: "party/new", Value: []byte("{}")})
		}, evidence.CheckWrites, fmt.Sprintf("transaction 0 of block %d", last)},
		"a transaction without calls": {func(c channel) {
			c[last].Transactions = append(slices.Clone(c[last].Transactions), audit.Transaction{
				Position: ledger.Position{Block: uint64(last), Tx: 1}, Writes: []ledger.Write{{Key: string(theOrder), Value: []byte("{}")}},
			})
		}, evidence.CheckWrites, fmt.Sprintf("transaction 1 of block %d", last)},
		"a key that is not written": {func(c channel) {
			x := &c[last].Transactions[0]
			x.Writes = x.Writes[1:]
		}, evidence.CheckWrites, fmt.Sprintf("transaction 0 of block %d", last)},
		"another value": {func(c channel) {
			x := &c[last].Transactions[0]
			x.Writes = slices.Clone(x.Writes)
			x.Writes[0].Value = []byte("{}")
		}, evidence.CheckWrites, fmt.Sprintf("transaction 0 of block %d", last)},
		"what was read had changed": {func(c channel) {
			x := &c[changed].Transactions[0]
			x.Reads = slices.Clone(x.Reads)
			i := slices.IndexFunc(x.Reads, func(r audit.Read) bool { return r.By != nil })
			x.Reads[i].By = &ledger.Position{}
			if *again.Reads[i].By == (ledger.Position{}) {
				x.Reads[i].By = &ledger.Position{Tx: 1}
			}
		}, audit.CheckValidity, ""},
		"what was read was not there": {func(c channel) {
			x := &c[0].Transactions[0]
			x.Reads = []audit.Read{{Key: "party/x", By: &ledger.Position{}}}
		}, audit.CheckValidity, "transaction 0 of block 0"},
		"a transaction left out": {func(c channel) {
			c[last].Transactions = []audit.Transaction{again}
			c[last].Transactions[0].Outcome = audit.Conflicted
			c[last].Transactions[0].Reads = nil
		}, audit.CheckValidity, ""},
		"endorsed by nobody": {func(c channel) {
			c[last].Transactions[0].Err = errors.New("endorsed by 1 organizations")
		}, evidence.CheckProof, fmt.Sprintf("transaction 0 of block %d", last)},
		"false reads":   {func(c channel) { c.call(last).Reads = sum("nothing") }, evidence.CheckReads, fmt.Sprintf("call 0 of transaction 0 of block %d", last)},
		"false writes":  {func(c channel) { c.call(last).Writes = sum("nothing") }, evidence.CheckWrites, fmt.Sprintf("call 0 of transaction 0 of block %d", last)},
		"false event":   {func(c channel) { c.call(last).Event = sum("nothing") }, evidence.CheckEvent, fmt.Sprintf("call 0 of transaction 0 of block %d", last)},
		"unknown rules": {func(c channel) { c.call(last).Rules = 9 }, evidence.CheckRules, fmt.Sprintf("call 0 of transaction 0 of block %d", last)},
		"no call":       {func(c channel) { c.call(last).JWS = "x" }, evidence.CheckForm, fmt.Sprintf("call 0 of transaction 0 of block %d", last)},
		"a call before what it rests on": {func(c channel) {
			i := slices.IndexFunc(c, func(b audit.Block) bool {
				s, err := ledger.ParseCall(b.Transactions[0].Calls[0].JWS)
				return err == nil && s.Call.Function == ledger.FnOrderAccept
			})
			c.call(i).Time -= 1500
		}, evidence.CheckOrder, ""},
		"a call twice": {func(c channel) {
			p := again.Calls[0]
			p.Position = ledger.Position{Block: uint64(last), I: 1}
			c[last].Transactions[0].Calls = append(slices.Clone(c[last].Transactions[0].Calls), p)
		}, evidence.CheckRefused, fmt.Sprintf("call 1 of transaction 0 of block %d", last)},
		"a call left out": {func(c channel) {
			c[20].Transactions = nil
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := w.channel()
			c.do(x)
			r := w.auditChannel(x)
			if r.Whole() {
				t.Fatal("nothing is found")
			}
			for _, f := range r.Findings {
				if c.want == "" || f.Check == c.want && (c.at == "" || f.At == c.at) {
					return
				}
			}
			t.Errorf("audit finds %v, want %s at %s", r.Findings, c.want, c.at)
		})
	}
}

// call is the call of a block.
func (c channel) call(block int) *evidence.Placed {
	x := &c[block].Transactions[0]
	x.Calls = slices.Clone(x.Calls)
	return &x.Calls[0]
}

// TestAuditOfInvalidTransactions: of the invalid transactions, those that
// conflicted with another one are checked, and those that the peer refuses for
// other reasons are only counted.
func TestAuditOfInvalidTransactions(t *testing.T) {
	w := begin(t)
	story(w)
	c := w.channel()
	last := len(c) - 1
	lost := c[last].Transactions[0]
	lost.Position.Tx, lost.Outcome = 1, audit.Conflicted // in the same block: all that it read was written just now
	refused := lost
	refused.Position.Tx, refused.Outcome = 2, audit.Refused
	gone := audit.Transaction{Position: ledger.Position{Block: uint64(last), Tx: 3}, Outcome: audit.Conflicted, Reads: []audit.Read{{Key: "party/x", By: &ledger.Position{}}}}
	c[last].Transactions = append(c[last].Transactions, lost, refused, gone)
	if r := w.auditChannel(c); !r.Whole() || r.Conflicts != 2 || r.Refused != 1 || r.Replayed != int64(len(c)) {
		t.Errorf("%+v", r)
	}
}

// TestAuditOfABatch: the calls of one transaction see each other's writes, and what it
// writes is what they write together.
func TestAuditOfABatch(t *testing.T) {
	w := begin(t)
	story(w)
	c := w.channel()
	for i := range c {
		c[i].Transactions[0].Reads = nil
	}
	a, b := &c[1].Transactions[0], c[2].Transactions[0]
	b.Calls[0].Position = ledger.Position{Block: 1, I: 1}
	a.Calls, a.Writes = append(a.Calls, b.Calls...), append(a.Writes, b.Writes...)
	c[2].Transactions = nil
	r := w.auditChannel(c)
	// The record of a call holds its place, which the world gave it as 0.
	if len(r.Findings) != 1 || r.Findings[0].Check != evidence.CheckWrites || r.Findings[0].At != "transaction 0 of block 1" || r.Replayed != int64(len(c)) {
		t.Errorf("%+v", r)
	}
	second, err := ledger.ParseCall(b.Calls[0].JWS)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(a.Writes, func(w ledger.Write) bool {
		return w.Key == ledger.CallKey(second.Call.Party, second.Call.ID)
	})
	a.Writes[i].Value = []byte(strings.Replace(string(a.Writes[i].Value), `"i":0`, `"i":1`, 1))
	if r := w.auditChannel(c); !r.Whole() {
		t.Errorf("an honest batch: %v", r.Findings)
	}
}
