package evidence_test

import (
	"encoding/json"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// claims is a kind of proofs whose times are what clients claim.
const claims = "claims"

// claimed checks proofs as TLog does, but says that one call is of another time.
type claimed struct {
	at   int
	time ledger.Millis
}

func (c claimed) Open(trust evidence.Trust, common json.RawMessage) (evidence.CallChecker, error) {
	prove, err := evidence.TLog{}.Open(trust, common)
	n := -1
	return func(proof json.RawMessage) (evidence.Placed, error) {
		p, err := prove(proof)
		if n++; n == c.at {
			p.Time = c.time
		}
		return p, err
	}, err
}

// TestTimeThatFalls moves each call of a bundle before its predecessor. A log never
// has such times, and the records that a call wrote contain its time.
func TestTimeThatFalls(t *testing.T) {
	w := begin(t)
	story(w)
	b, report := w.build(theOrder)
	for kind, want := range map[string]evidence.Check{evidence.TLogKind: evidence.CheckOrder, claims: ""} {
		b.Proof.Kind = kind
		for i := 1; i < len(report.Steps); i++ {
			c := claimed{at: i, time: report.Steps[i-1].Time - 1}
			_, err := evidence.Verify(encode(t, b), w.trust(), ledger.Standard(), map[string]evidence.Checker{kind: c})
			if f := evidence.AsFailure(err); f == nil || want != "" && f.Check != want {
				t.Errorf("%s: %s at another time: %v", kind, report.Steps[i].Function, err)
			}
		}
	}
}

// TestTimesThatClientsClaim: their clocks may differ, where neither call has to do
// with the other; but no call is earlier than what it rests on.
func TestTimesThatClientsClaim(t *testing.T) {
	w := begin(t)
	w.register("bus")
	w.now -= 4000
	licensed(w)
	w.now += 4000
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	about := ref(ledger.KindProduct, "P")
	w.kind = claims
	checker := map[string]evidence.Checker{claims: claimed{at: -1}}
	if _, _, err := evidence.Build(t.Context(), w, about, w.trust(), ledger.Standard(), checker); err != nil {
		t.Errorf("an offer before what it has nothing to do with: %v", err)
	}
	w.kind = ""
	w.refuses(about, "order")

	w.kind = claims
	w.now -= 3000
	w.must("operator", ledger.FnProductChange, listing("P", "L", 2))
	b, err := evidence.Lenient(t.Context(), w, about, w.trust(), checker)
	if err != nil {
		t.Fatal(err)
	}
	_, err = evidence.Verify(encode(t, b), w.trust(), ledger.Standard(), checker)
	if got := outcome(err); got != "order" {
		t.Errorf("a change before the listing that it changes: %v", err)
	}
}

// TestTransactionsReplay: what a transaction of Fabric records, at a time raised to
// that of what it read and at a place in its batch, comes out again.
func TestTransactionsReplay(t *testing.T) {
	w := begin(t)
	jws := []string{
		w.sign("holder", "holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit bus"), Bytes: 1}),
		w.sign("holder", "holder", ledger.FnAppSubmit, submission("bus")),
		w.sign("holder", "holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("more"), Bytes: 1}),
	}
	env := contract.Env{Time: w.now - 240_000, Rules: contract.Rules} // a clock 4 minutes behind
	list, err := contract.Transaction(env, ledger.Standard(), w, jws)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range list {
		if r.Err != nil || r.Record.Time <= env.Time {
			t.Fatalf("call %d at %d: %v", i, r.Record.Time, r.Err)
		}
		s, err := contract.Parse(jws[i])
		if err != nil {
			t.Fatal(err)
		}
		again := contract.Apply(contract.Env{Time: r.Record.Time, Rules: r.Record.Rules, I: r.Record.I}, ledger.Standard(), w, contract.Verified{Signed: s})
		if again.Err != nil || again.Record != r.Record {
			t.Errorf("call %d: %+v again, %+v recorded, %v", i, again.Record, r.Record, again.Err)
		}
		for _, x := range again.Writes {
			w.state[x.Key] = x.Value
		}
	}
}
