package contract_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

func TestEqualTitlesInOneBatch(t *testing.T) {
	w := newWorld(t)
	w.deposited("a", "holder")
	w.deposited("b", "holder")
	a, b := w.submitArgs("a", "holder"), w.submitArgs("b", "holder")
	b.Resource.Title = a.Resource.Title
	results := w.submit(w.sign("holder", ledger.FnAppSubmit, a), w.sign("holder", ledger.FnAppSubmit, b))
	expect(t, results[0].Err, refusal{})
	expect(t, results[1].Err, refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"})
	if len(results[1].Writes) != 0 || results[1].Event != nil {
		t.Fatal("the refused one has written")
	}
}

func TestRepeatedCall(t *testing.T) {
	w := newWorld(t)
	w.deposited("a", "holder")
	jws := w.sign("holder", ledger.FnAppSubmit, w.submitArgs("a", "holder"))
	first := w.submit(jws)[0]
	expect(t, first.Err, refusal{})
	w.on("2026-09-20") // past its expiry, and its deposit is used: the first result all the same
	again := w.submit(jws)[0]
	if again.Err != nil || !again.Repeated || again.Event != nil || len(again.Writes) != 0 {
		t.Fatalf("repeated: %+v", again)
	}
	if diff := cmp.Diff(first.Record, again.Record); diff != "" {
		t.Fatalf("result (-first +again):\n%s", diff)
	}
	other := w.submitArgs("a", "holder")
	other.Resource.RowCount++
	r := w.submit(w.signAs(w.verified(jws).Call.ID, "holder", ledger.FnAppSubmit, other))[0]
	expect(t, r.Err, refusal{ledger.Conflict, ledger.ReasonCallUsed, "id"})
}

// TestSameCallsSameWrites applies a whole registration twice from one state:
// byte for byte the same writes and events.
func TestSameCallsSameWrites(t *testing.T) {
	base := newDemo(t)
	rehearsal := base.fork(t)
	var calls []string
	note := func(who string, fn ledger.Function, args any) {
		jws := rehearsal.sign(who, fn, args)
		calls = append(calls, jws)
		expect(t, rehearsal.submit(jws)[0].Err, refusal{})
	}
	note("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("deposit a"), Bytes: 4096})
	note("holder", ledger.FnAppSubmit, rehearsal.submitArgs("a", "holder"))
	for _, event := range []string{"return", "resubmit", "accept", "pass", "object", "decide_rejected", "code"} {
		fn, who, args := rehearsal.callFor("a", "holder", event)
		note(who, fn, args)
	}
	run := func() []contract.Result { return base.fork(t).submit(calls...) }
	a, b := run(), run()
	for i := range a {
		if a[i].Err != nil {
			t.Fatalf("call %d: %v", i, a[i].Err)
		}
		if !bytes.Equal(a[i].Event, b[i].Event) {
			t.Errorf("events of call %d differ", i)
		}
		if diff := cmp.Diff(a[i].Writes, b[i].Writes); diff != "" {
			t.Errorf("writes of call %d (-a +b):\n%s", i, diff)
		}
	}
}

// TestCodeEvent holds the event of coding: what projections and traces live on.
func TestCodeEvent(t *testing.T) {
	w := newDemo(t)
	w.noticed("a", "holder")
	event := w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("a")})
	entry := ledger.RefTo(ledger.KindEntry, wID("a"))
	grant := ledger.RefTo(ledger.KindGrant, ledger.DeriveID("grant", string(wID("a"))))
	resource := ledger.RefTo(ledger.KindResource, wID("resource a"))
	application := ledger.RefTo(ledger.KindApplication, wID("a"))
	want := []ledger.Link{
		{From: entry, Rel: "coded_from", To: application},
		{From: entry, Rel: "registers", To: resource},
		{From: entry, Rel: "coded_by", To: ledger.RefTo(ledger.KindParty, wID("body"))},
		{From: grant, Rel: "basis", To: entry},
	}
	if diff := cmp.Diff(want, event.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	var refs []ledger.Ref
	for _, r := range event.Records {
		refs = append(refs, r.Ref)
	}
	if diff := cmp.Diff([]ledger.Ref{grant, resource, entry, application}, refs); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestSubmitEvent(t *testing.T) {
	w := newDemo(t)
	w.deposited("a", "holder")
	args := w.submitArgs("a", "holder")
	args.Resource.ItemsObject = mHash("items")
	event := w.must("holder", ledger.FnAppSubmit, without(t, args, "keywords", "items"))
	application, resource := ledger.RefTo(ledger.KindApplication, wID("a")), ledger.RefTo(ledger.KindResource, wID("resource a"))
	holder := ledger.RefTo(ledger.KindParty, wID("holder"))
	want := []ledger.Link{
		{From: application, Rel: "applicant", To: holder},
		{From: application, Rel: "subject", To: resource},
		{From: resource, Rel: "held_by", To: holder},
		{From: application, Rel: "rests_on", To: ledger.RefTo(ledger.KindDeposit, args.Deposit)},
	}
	if diff := cmp.Diff(want, event.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

// without is the arguments with members of the resource left out: the records
// must have them all the same, since an event holds no null.
func without(t *testing.T, args ledger.AppSubmitArgs, names ...string) map[string]any {
	t.Helper()
	b, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	resource, ok := m["resource"].(map[string]any)
	if !ok {
		t.Fatal("no resource")
	}
	for _, n := range names {
		delete(resource, n)
	}
	return m
}
