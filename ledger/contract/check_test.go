package contract_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// TestCheck asks about calls that nobody could sign; what it says of all others,
// the recorder compares.
func TestCheck(t *testing.T) {
	w := newWorld(t)
	env := contract.Env{Time: w.now, Rules: contract.Rules}
	deposit, err := json.Marshal(ledger.DepositArgs{SHA256: mHash("a"), Bytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		state memory
		who   string
		fn    ledger.Function
		args  string
		want  refusal
	}{
		{"good", w.state, "holder", ledger.FnDeposit, string(deposit), refusal{}},
		{"by nobody", w.state, "nobody", ledger.FnDeposit, string(deposit), refusal{ledger.Forbidden, ledger.ReasonPartyUnknown, "party"}},
		{"by a buyer", w.state, "buyer", ledger.FnDeposit, string(deposit), refusal{ledger.Forbidden, ledger.ReasonRole, "function"}},
		{"no JSON", w.state, "holder", ledger.FnDeposit, "{", refusal{ledger.InvalidCode, ledger.ReasonJSON, "args"}},
		{"no arguments", w.state, "holder", ledger.FnDeposit, "{}", refusal{ledger.InvalidCode, ledger.ReasonField, "args.sha256"}},
		{"no function", w.state, "holder", "transfer", "{}", refusal{ledger.InvalidCode, ledger.ReasonFunction, "function"}},
		{"before the genesis", memory{}, "holder", ledger.FnDeposit, string(deposit), refusal{ledger.Conflict, ledger.ReasonGenesis, "function"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := fingerprint(c.state)
			expect(t, check(env, c.state, wID(c.who), c.fn, []byte(c.args)), c.want)
			if fingerprint(c.state) != before {
				t.Error("it wrote")
			}
		})
	}
}

// TestFindKey: a key is on the ledger, or among the arguments of the genesis.
func TestFindKey(t *testing.T) {
	w, b := newWorld(t), newBeginning(t)
	find := func(state memory, jws string) error {
		s, err := contract.Parse(jws)
		if err != nil {
			t.Fatal(err)
		}
		_, err = contract.FindKey(state, s)
		return err
	}
	deposit := w.depositCalls("holder", 1)[0]
	expect(t, find(w.state, deposit), refusal{})
	expect(t, find(memory{}, deposit), refusal{ledger.Forbidden, ledger.ReasonKey, "header.kid"})
	genesis := func(args any) string {
		jws, err := ledger.SignCall(b.by, b.call, args)
		if err != nil {
			t.Fatal(err)
		}
		return jws
	}
	expect(t, find(memory{}, genesis(b.args)), refusal{})
	expect(t, find(memory{}, genesis(map[string]string{"more": "than"})), refusal{ledger.InvalidCode, ledger.ReasonField, "args.more"})
}

// TestCallOfAnotherKind makes calls that are refused before their act is looked at.
func TestCallOfAnotherKind(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		edit func(*ledger.Call)
		want refusal
	}{
		"as it should be":  {func(*ledger.Call) {}, refusal{}},
		"another ledger's": {func(c *ledger.Call) { c.Ledger = wID("other") }, refusal{ledger.Forbidden, ledger.ReasonLedger, "ledger"}},
		"no function":      {func(c *ledger.Call) { c.Function = "transfer" }, refusal{ledger.InvalidCode, ledger.ReasonFunction, "function"}},
		"another party's":  {func(c *ledger.Call) { c.Party = wID("holder2") }, refusal{ledger.Forbidden, ledger.ReasonKey, "header.kid"}},
		"from the last moment that a clock may be ahead": {func(c *ledger.Call) { c.Time += ledger.Skew }, refusal{}},
		"from the future":    {func(c *ledger.Call) { c.Time += ledger.Skew + 1 }, refusal{ledger.InvalidCode, ledger.ReasonTime, "time"}},
		"in its last moment": {func(c *ledger.Call) { c.Time, c.Expires = w.now-1000, w.now+1 }, refusal{}},
		"expired":            {func(c *ledger.Call) { c.Time, c.Expires = w.now-1000, w.now }, refusal{ledger.InvalidCode, ledger.ReasonExpired, "expires"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := w.fork(t)
			f.n++
			call := ledger.Call{
				Ledger: wID("ledger"), ID: wID("call" + strconv.Itoa(f.n)), Party: wID("holder"), Function: ledger.FnDeposit,
				Time: f.now, Expires: f.now + 3_600_000,
			}
			c.edit(&call)
			jws, err := ledger.SignCall(f.key("holder"), call, ledger.DepositArgs{SHA256: mHash(name), Bytes: 1})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, f.submit(jws)[0].Err, c.want)
		})
	}
}
