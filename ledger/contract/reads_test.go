package contract_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// TestReadsOfADeposit lists every key that one call reads, with its value. The only
// call record among them is its own.
func TestReadsOfADeposit(t *testing.T) {
	w := newWorld(t)
	v := w.verified(w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("a"), Bytes: 1}))
	r := apply(t, contract.Env{Time: w.now, Rules: contract.Rules}, w.state, v)
	expect(t, r.Err, refusal{})
	absent := ledger.RecordKey(ledger.RefTo(ledger.KindDeposit, mHash("a")))
	want := []ledger.Line{{Key: absent, SHA256: ledger.NoValue}}
	for _, key := range []string{
		ledger.RecordKey(ledger.GenesisRef), string(ledger.KeyRef(v.JWS.Header.Kid)), ledger.RecordKey(ledger.RefTo(ledger.KindParty, v.Call.Party)),
	} {
		value, ok := w.state[key]
		if !ok {
			t.Fatalf("%s is not in the state", key)
		}
		want = append(want, ledger.LineOf(key, value))
	}
	if diff := cmp.Diff(want, r.Reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	if r.Record.Reads != ledger.HashLines(want) {
		t.Errorf("the record of the call has %s for the digest of its reads", r.Record.Reads)
	}
}

// TestReadsFollowTheState changes one value that a call reads, and takes one away:
// the digest is another each time.
func TestReadsFollowTheState(t *testing.T) {
	w := newWorld(t)
	v := w.verified(w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("a"), Bytes: 1}))
	env := contract.Env{Time: w.now, Rules: contract.Rules}
	first := apply(t, env, w.state, v)
	key := ledger.RecordKey(ledger.GenesisRef)
	w.state[key] = append([]byte(" "), w.state[key]...)
	again := apply(t, env, w.state, v)
	if first.Record.Writes != again.Record.Writes || first.Record.Reads == again.Record.Reads {
		t.Errorf("reads %s of one state, %s of another", first.Record.Reads, again.Record.Reads)
	}
}
