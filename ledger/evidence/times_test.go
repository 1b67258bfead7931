package evidence_test

import (
	"encoding/json"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

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

// TestTimeThatFalls moves each call of a bundle before the one that stands
// before it: a log stamps no such times. Clients' clocks may, where neither call
// has to do with the other; but never along a record.
func TestTimeThatFalls(t *testing.T) {
	w := begin(t)
	story(w)
	b, report := w.build(ref(ledger.KindOrder, "O"))
	verify := func(kind string, c claimed) error {
		b.Proof.Kind = kind
		_, err := evidence.Verify(encode(t, b), w.trust(), ledger.Standard(), map[string]evidence.Checker{kind: c})
		return err
	}
	if err := verify("claims", claimed{at: -1}); err != nil {
		t.Fatal(err)
	}
	apart, along := 0, 0
	for i := 1; i < len(report.Steps); i++ {
		before := claimed{at: i, time: report.Steps[i-1].Time - 1}
		fails(t, verify(evidence.TLogKind, before), evidence.CheckOrder)
		switch err := verify("claims", before); {
		case err == nil:
			apart++
		case evidence.AsFailure(err).Check == evidence.CheckOrder:
			along++
		}
	}
	if apart == 0 || along == 0 {
		t.Errorf("of %d calls %d may be of an earlier time, %d may not for the one they answer", len(report.Steps), apart, along)
	}
}

func fails(t *testing.T, err error, want evidence.Check) {
	t.Helper()
	if f := evidence.AsFailure(err); f == nil || f.Check != want {
		t.Errorf("got %v, want a failure of %s", err, want)
	}
}
