package contract_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// TestPlaceIsStored compares the stored record of a call with the result: both have
// the index in the transaction, and a repeated call returns it.
func TestPlaceIsStored(t *testing.T) {
	w := newWorld(t)
	v := w.verified(w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("a"), Bytes: 1}))
	r := apply(t, contract.Env{Time: w.now, Rules: contract.Rules, I: 7}, w.state, v)
	expect(t, r.Err, refusal{})
	var stored ledger.CallRecord
	own := ledger.CallKey(v.Call.Party, v.Call.ID)
	for _, write := range r.Writes {
		w.state[write.Key] = write.Value
		if write.Key == own {
			if err := json.Unmarshal(write.Value, &stored); err != nil {
				t.Fatal(err)
			}
		}
	}
	if stored.I != 7 {
		t.Errorf("stored at index %d, want 7", stored.I)
	}
	if diff := cmp.Diff(r.Record, stored); diff != "" {
		t.Errorf("the result differs from the stored record (-result +stored):\n%s", diff)
	}
	again := apply(t, contract.Env{Time: w.now, Rules: contract.Rules, I: 1}, w.state, v)
	if diff := cmp.Diff(r.Record, again.Record); diff != "" || !again.Repeated {
		t.Errorf("the same call again (-first +again):\n%s", diff)
	}
}
