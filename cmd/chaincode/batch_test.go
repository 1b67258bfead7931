package main

import (
	"encoding/json"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// application returns two calls of m: a deposit, and its n-th valid application, for a
// resource with a title, which uses the deposit.
func (w *world) application(t testing.TB, m, body *ledgertest.Member, n uint64, title string) (deposit, submit string) {
	t.Helper()
	a := w.Application(m, body, n)
	a.Resource.Title = title
	return w.Call(t, m, ledger.FnDeposit, ledger.DepositArgs{SHA256: a.Deposit, Bytes: 4096}), w.Call(t, m, ledger.FnAppSubmit, a)
}

// TestImport puts what an import sends into one transaction, from a client that
// checks nothing: each call has its own outcome, and of two equal titles one
// is registered.
func TestImport(t *testing.T) {
	w := newWorld(t)
	m, body := w.Admitted(t, w.node, ledger.RoleHolder), w.Admitted(t, w.node, ledger.RoleRegistryBody)
	var calls []string
	for n, title := range []string{"公交车辆到离站信息", "公交线路", "公交车辆到离站信息"} {
		deposit, submit := w.application(t, m, body, uint64(n), title)
		calls = append(calls, deposit, submit)
	}
	calls = append(calls, calls[1], "no call") // a repeated call, and an invalid one
	answers, tx, err := w.transact(calls...)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		switch i {
		case 5:
			ledgertest.Refused(t, a.Error, ledger.Conflict, ledger.ReasonDuplicate)
		case 6:
			if a.Error != nil || !a.Repeated || a.Record.I != 1 {
				t.Errorf("the same call again: %+v", a)
			}
		case 7:
			ledgertest.Refused(t, a.Error, ledger.InvalidCode, ledger.ReasonJWS)
		default:
			if a.Error != nil || a.Repeated || a.Record.I != uint32(i) {
				t.Errorf("call %d: %+v", i, a)
			}
		}
	}
	b, err := w.block(tx.at.Block)
	if err != nil || len(b.Calls) != 5 {
		t.Fatalf("the block holds %d calls, want 5 (%v)", len(b.Calls), err)
	}
	for _, c := range b.Calls {
		r, err := w.Recorded(t.Context(), c.Event.Party, c.Event.Call)
		if err != nil || r.Position != c.Position || r.JWS != c.JWS || r.JWS != calls[c.Position.I] {
			t.Errorf("call %d: recorded at %+v (%v)", c.Position.I, r.Position, err)
		}
		checkProof(t, w.node, r)
	}
	deposit, submit := w.application(t, m, body, 3, "公交车辆到离站信息")
	w.withdraw(t, m, ledgertest.Parse(t, calls[1]), []string{deposit, submit})
}

// withdraw gives a title up and takes it again, in one transaction: its key is
// deleted and written, and the state has what came last.
func (w *world) withdraw(t *testing.T, m *ledgertest.Member, first ledger.Signed, again []string) {
	t.Helper()
	var args ledger.AppSubmitArgs
	if err := json.Unmarshal(first.Call.Args, &args); err != nil {
		t.Fatal(err)
	}
	drop := w.Call(t, m, ledger.FnAppWithdraw, ledger.AppStepArgs{Application: args.Application, Answers: first.Payload})
	key := ledger.TitleKey(m.ID, ledger.FoldTitle(args.Resource.Title))
	if _, ok := w.state[key]; !ok {
		t.Fatalf("the title is not stored under %s", key)
	}
	answers, tx, err := w.transact(append([]string{drop}, again...)...)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		if a.Error != nil {
			t.Errorf("call %d: %v", i, a.Error)
		}
	}
	if tx.endorsed.Writes[key] == nil || string(w.state[key].value) != string(tx.endorsed.Writes[key]) {
		t.Errorf("the title is stored as %s", w.state[key].value)
	}
	b, err := w.block(tx.at.Block)
	if err != nil {
		t.Fatal(err)
	}
	var written [][]byte
	for _, c := range b.Calls {
		stored := answers[c.Position.I].Record.Writes
		if ledger.HashWrites(c.Writes) != stored {
			t.Errorf("the writes of call %d are not those that were hashed", c.Position.I)
		}
		for _, write := range c.Writes {
			if write.Key == key {
				written = append(written, write.Value)
			}
		}
	}
	if len(written) != 2 || written[0] != nil || written[1] == nil {
		t.Errorf("the title's key was written %q, want a deletion and a value", written)
	}
	second := ledgertest.Parse(t, again[1])
	if err := json.Unmarshal(second.Call.Args, &args); err != nil {
		t.Fatal(err)
	}
	drop = w.Call(t, m, ledger.FnAppWithdraw, ledger.AppStepArgs{Application: args.Application, Answers: second.Payload})
	ledgertest.Must(t, w.node, drop)
	if e, ok := w.state[key]; ok {
		t.Errorf("the old title is still stored: %s", e.value)
	}
}

// TestFullTransaction has as many calls as may be, and then a conflict between
// two of them in flight.
func TestFullTransaction(t *testing.T) {
	w := newWorld(t)
	m := w.Admitted(t, w.node, ledger.RoleHolder)
	calls := w.deposits(t, m, ledger.MaxBatch)
	late, err := w.endorse(0, w.now(), ledger.TxSubmit, w.deposits(t, m, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	answers, tx, err := w.transact(calls...)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		if a.Error != nil {
			t.Fatalf("call %d: %v", i, a.Error)
		}
	}
	if b, err := w.block(tx.at.Block); err != nil || len(b.Calls) != ledger.MaxBatch {
		t.Errorf("the block holds %d calls (%v)", len(b.Calls), err)
	}
	behind := &transaction{args: calls[:1], endorsed: late}
	if w.order(behind); behind.valid {
		t.Error("a transaction whose reads had changed was valid")
	}
	if b, err := w.block(behind.at.Block); err != nil || len(b.Calls) != 0 {
		t.Errorf("an invalid transaction gave %d calls (%v)", len(b.Calls), err)
	}
}

// TestFaultsOfABatch: the answer to a transaction of several calls has only the
// first faults of each refused call. The answer to a single call has all.
func TestFaultsOfABatch(t *testing.T) {
	w := newWorld(t)
	body := w.Admitted(t, w.node, ledger.RoleRegistryBody)
	bad := func() string {
		a := ledger.AppReturnArgs{AppStepArgs: ledger.AppStepArgs{Application: "x"}}
		for range 10 {
			a.Defects = append(a.Defects, ledger.Defect{Field: "<", Rule: ">"})
		}
		return w.Call(t, body, ledger.FnAppReturn, a)
	}
	for calls, want := range map[int]int{1: 22, 2: maxFaults} {
		var list []string
		for range calls {
			list = append(list, bad())
		}
		answers, _, err := w.transact(list...)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range answers {
			if a.Error == nil || len(a.Error.All()) != want {
				t.Errorf("%d calls: refused for %v, want %d faults", calls, a.Error, want)
			}
		}
	}
}
