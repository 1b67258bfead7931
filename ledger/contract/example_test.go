package contract_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// exampleID is the application of the worked example: its code follows from it.
const exampleID ledger.ID = "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e"

// TestWorkedExample follows one registration from deposit to code, day by day.
func TestWorkedExample(t *testing.T) {
	w := newWorld(t)
	args := w.submitArgs("bus", "holder")
	args.Application, args.Resource.Title = exampleID, "公交车辆到离站信息"
	app := func() ledger.Application {
		return record[ledger.Application](w, ledger.RefTo(ledger.KindApplication, exampleID))
	}
	step := func() ledger.AppStepArgs {
		return ledger.AppStepArgs{Application: exampleID, Answers: app().Cite.Payload}
	}
	due := func(what string, p ledger.Period, want ledger.Date) {
		t.Helper()
		if p.Due != want || p.Provisional {
			t.Fatalf("%s: got %+v, want %s", what, p, want)
		}
	}

	w.on("2026-09-09")
	w.deposited("bus", "holder")
	w.must("holder", ledger.FnAppSubmit, args)
	due("accept", app().AcceptDue, "2026-09-14")

	w.on("2026-09-10")
	w.must("body", ledger.FnAppReturn, ledger.AppReturnArgs{AppStepArgs: step(), Defects: []ledger.Defect{{Field: "risk_assessment", Rule: "R9(1)"}}})

	w.on("2026-09-11")
	w.must("holder", ledger.FnAppResubmit, ledger.AppResubmitArgs{Answers: step().Answers, AppSubmitArgs: args})
	resubmitted := app().Cite.Payload
	due("accept again", app().AcceptDue, "2026-09-16")

	w.on("2026-09-14")
	w.must("body", ledger.FnAppAccept, step())
	due("exam", *app().ExamDue, "2026-10-16")

	w.on("2026-09-22")
	w.must("body", ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: step(), Checklist: []string{"complete", "consistent", "admissible"}})
	if got := app().Notice.From; got != "2026-09-23" {
		t.Fatalf("the notice is published on %s, want 2026-09-23", got)
	}
	due("notice", *app().Notice, "2026-10-14")
	notice := record[ledger.Notice](w, ledger.RefTo(ledger.KindNotice, exampleID))
	published := ledger.Notice{
		Application: exampleID, Serial: "GS-430300-20260923-5QZX48TR", Kind: "initial", Title: "公交车辆到离站信息", Summary: args.Resource.Description,
		Registrant: wID("holder"), From: "2026-09-23", Until: *app().Notice, Cite: app().Cite,
	}
	if diff := cmp.Diff(published, notice); diff != "" {
		t.Fatalf("notice (-want +got):\n%s", diff)
	}

	w.on("2026-10-09")
	w.must("operator", ledger.FnAppObject, ledger.AppObjectArgs{
		Application: exampleID, Objection: wID("o"), Answers: notice.Cite.Payload,
		Ground: "ownership", Evidence: []ledger.Digest{mHash("evidence")},
	})
	due("decide", app().Objections[0].Due, "2026-10-22")

	w.on("2026-10-13")
	w.must("body", ledger.FnAppDecide, ledger.AppDecideArgs{AppStepArgs: step(), Objection: wID("o"), Reason: ledger.Salt([16]byte{}, "无权属依据")})

	w.clock("2026-10-14", "23:59:59.999")
	w.refused(refusal{ledger.Conflict, ledger.ReasonEarly, "args.application"}, "body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step()})

	w.on("2026-10-15")
	coded := w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step(), RegistryCode: "4303001202610150000001"})
	e := record[ledger.Entry](w, ledger.RefTo(ledger.KindEntry, exampleID))
	want := ledger.Entry{
		ID: exampleID, SubjectType: "resource", Subject: args.Resource.ID, SubjectHash: resubmitted,
		Holder: wID("holder"), Region: "430300", RegistryCode: "4303001202610150000001",
		CadCode: "430300-1-20261015-5QZX48TR-S", ValidFrom: "2026-10-15", ValidUntil: "2029-10-14", Body: wID("body"),
		State: ledger.EntryActive, Suspensions: []ledger.Suspension{},
		Cite: ledger.Cite{Party: wID("body"), Call: coded.Call, Payload: coded.Payload},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Fatalf("entry (-want +got):\n%s", diff)
	}
	submitted := ledger.Submission{Resource: args.Resource, Deposit: args.Deposit, Materials: args.Materials, InternalReview: args.InternalReview}
	if diff := cmp.Diff(submitted, record[ledger.Submission](w, ledger.SubmissionRef(e.SubjectHash))); diff != "" {
		t.Fatalf("submission (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(published, record[ledger.Notice](w, ledger.RefTo(ledger.KindNotice, exampleID))); diff != "" {
		t.Fatalf("the notice is not kept as it was published (-want +got):\n%s", diff)
	}
	exampleRights(t, w, args.Resource.ID)
}

// exampleRights holds what coding leaves besides the entry: the right to hold
// and the ways that lead to it.
func exampleRights(t *testing.T, w *world, resource ledger.ID) {
	t.Helper()
	id := ledger.DeriveID("grant", string(exampleID))
	want := ledger.Grant{
		ID: id, Right: ledger.Hold, Nature: ledger.Registered, Party: wID("holder"), Scope: ledger.RefTo(ledger.KindResource, resource),
		From: "2026-10-15", Until: "2029-10-14", Basis: ledger.RefTo(ledger.KindEntry, exampleID),
	}
	if diff := cmp.Diff(want, record[ledger.Grant](w, ledger.RefTo(ledger.KindGrant, id))); diff != "" {
		t.Errorf("grant (-want +got):\n%s", diff)
	}
	for _, code := range []string{"430300-1-20261015-5QZX48TR-S", "4303001202610150000001"} {
		if got, _ := lookup[ledger.ID](w, ledger.CodeKey(code)); got != exampleID {
			t.Errorf("code %s leads to %q, want the entry", code, got)
		}
	}
	idx := record[ledger.ResourceIndex](w, ledger.RefTo(ledger.KindResource, resource))
	if diff := cmp.Diff(ledger.ResourceIndex{ID: resource, Holder: wID("holder"), Application: exampleID, Entry: exampleID}, idx); diff != "" {
		t.Errorf("index (-want +got):\n%s", diff)
	}
}
