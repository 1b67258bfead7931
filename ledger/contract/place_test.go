package contract_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// TestPlaceIsStored holds what is kept of a call to what the result says: the
// place is in both, and the same call later finds it there.
func TestPlaceIsStored(t *testing.T) {
	w := newWorld(t)
	v := w.verified(w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("a"), Bytes: 1}))
	r := apply(t, contract.Env{Time: w.now, Rules: contract.Rules, I: 7}, w.state, v)
	expect(t, r.Err, refusal{})
	var kept ledger.CallRecord
	own := ledger.CallKey(v.Call.Party, v.Call.ID)
	for _, write := range r.Writes {
		w.state[write.Key] = write.Value
		if write.Key == own {
			if err := json.Unmarshal(write.Value, &kept); err != nil {
				t.Fatal(err)
			}
		}
	}
	if kept.I != 7 {
		t.Errorf("kept at place %d, want 7", kept.I)
	}
	if diff := cmp.Diff(r.Record, kept); diff != "" {
		t.Errorf("the result is not what is kept (-result +kept):\n%s", diff)
	}
	again := apply(t, contract.Env{Time: w.now, Rules: contract.Rules, I: 1}, w.state, v)
	if diff := cmp.Diff(r.Record, again.Record); diff != "" || !again.Repeated {
		t.Errorf("the same call again (-first +again):\n%s", diff)
	}
}
