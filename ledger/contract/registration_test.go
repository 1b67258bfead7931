package contract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func TestSubmitRefusals(t *testing.T) {
	base := newWorld(t)
	base.deposited("a", "holder")
	base.deposited("other", "holder2")
	base.submitted("taken", "holder")
	base.submitted("theirs", "holder2")
	invalid := func(field string) refusal { return refusal{ledger.InvalidCode, ledger.ReasonField, "args." + field} }
	refused := func(c ledger.Code, r ledger.Reason, field string) refusal { return refusal{c, r, "args." + field} }
	for _, c := range []struct {
		name string
		edit func(*world, *ledger.AppSubmitArgs)
		want refusal
	}{
		{"good", func(*world, *ledger.AppSubmitArgs) {}, refusal{}},
		{"by its county", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Spatial = "430302" }, refusal{}},
		{"another holder's title", func(w *world, a *ledger.AppSubmitArgs) { a.Resource.Title = tale.Resource("theirs", "holder2").Title }, refusal{}},
		{"assessed a year ago", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Quality.AssessedOn = "2025-09-01" }, refusal{}},

		{"application there", func(_ *world, a *ledger.AppSubmitArgs) { a.Application = wID("taken") }, refused(ledger.Conflict, ledger.ReasonExists, "application")},
		{"resource there", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.ID = wID("resource taken") }, refused(ledger.Conflict, ledger.ReasonExists, "resource.id")},
		{"another's resource", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.ID = wID("resource theirs") }, refused(ledger.Conflict, ledger.ReasonExists, "resource.id")},
		{"another's resource, withdrawn", func(w *world, a *ledger.AppSubmitArgs) {
			w.must("holder2", ledger.FnAppWithdraw, w.step("theirs"))
			a.Resource.ID = wID("resource theirs")
		}, refused(ledger.Conflict, ledger.ReasonExists, "resource.id")},
		{"for another", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Publisher = wID("holder2") }, refused(ledger.Forbidden, ledger.ReasonNotYours, "resource.publisher")},
		{"to nobody", func(_ *world, a *ledger.AppSubmitArgs) { a.Body = wID("nobody") }, refused(ledger.NotFound, ledger.ReasonUnknown, "body")},
		{"to no body", func(_ *world, a *ledger.AppSubmitArgs) { a.Body = wID("regulator") }, refused(ledger.Forbidden, ledger.ReasonRole, "body")},
		{"to a suspended body", func(w *world, _ *ledger.AppSubmitArgs) {
			p := record[ledger.Party](w, ledger.RefTo(ledger.KindParty, wID("body")))
			w.must("regulator", ledger.FnPartySuspend, ledger.TargetArgs{ID: p.ID, Answers: p.Cite.Payload, Ground: "order-1"})
		}, refused(ledger.Forbidden, ledger.ReasonPartySuspended, "body")},
		{"to another city's body", func(_ *world, a *ledger.AppSubmitArgs) { a.Body = wID("faraway") }, refused(ledger.Forbidden, ledger.ReasonJurisdiction, "resource.spatial")},
		{"of the province", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Spatial = "430000" }, refused(ledger.Forbidden, ledger.ReasonJurisdiction, "resource.spatial")},
		{"core data", func(_ *world, a *ledger.AppSubmitArgs) {
			a.Resource.Items[1].Level, a.Resource.Level = ledger.Core, ledger.Core
		}, refused(ledger.Forbidden, ledger.ReasonCoreData, "resource.level")},
		{"changed tomorrow", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Modified = noon("2026-09-02") }, invalid("resource.modified")},
		{"assessed tomorrow", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Quality.AssessedOn = "2026-09-02" }, invalid("resource.quality.assessed_on")},
		{"assessed more than a year ago", func(_ *world, a *ledger.AppSubmitArgs) { a.Resource.Quality.AssessedOn = "2025-08-31" }, invalid("resource.quality.assessed_on")},
		{"reviewed tomorrow", func(_ *world, a *ledger.AppSubmitArgs) { a.InternalReview.On = "2026-09-02" }, invalid("internal_review.on")},
		{"no deposit", func(_ *world, a *ledger.AppSubmitArgs) { a.Deposit = mHash("nothing") }, refused(ledger.NotFound, ledger.ReasonDeposit, "deposit_hash")},
		{"another's deposit", func(_ *world, a *ledger.AppSubmitArgs) { a.Deposit = mHash("deposit other") }, refused(ledger.Forbidden, ledger.ReasonDeposit, "deposit_hash")},
		{"another's deposit, applied for", func(_ *world, a *ledger.AppSubmitArgs) { a.Deposit = mHash("deposit theirs") }, refused(ledger.Conflict, ledger.ReasonDuplicate, "deposit_hash")},
		{"used deposit", func(_ *world, a *ledger.AppSubmitArgs) { a.Deposit = mHash("deposit taken") }, refused(ledger.Conflict, ledger.ReasonDuplicate, "deposit_hash")},
		{"used title", func(w *world, a *ledger.AppSubmitArgs) { a.Resource.Title = tale.Resource("taken", "holder").Title }, refused(ledger.Conflict, ledger.ReasonDuplicate, "resource.title")},
		{"used title, otherwise written", func(w *world, a *ledger.AppSubmitArgs) {
			a.Resource.Title = strings.ToUpper(strings.ReplaceAll(tale.Resource("taken", "holder").Title, "到离站", "(到・离站) "))
		}, refused(ledger.Conflict, ledger.ReasonDuplicate, "resource.title")},
		{"material missing", func(_ *world, a *ledger.AppSubmitArgs) { a.Materials = a.Materials[1:] }, refused(ledger.InvalidCode, ledger.ReasonIncomplete, "materials")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := base.fork(t)
			args := w.submitArgs("a", "holder")
			c.edit(w, &args)
			w.refused(c.want, "holder", ledger.FnAppSubmit, args)
		})
	}
}

// TestResubmitRefusals: what is handed in again is checked like the first time.
func TestResubmitRefusals(t *testing.T) {
	base := newWorld(t)
	base.submitted("taken", "holder")
	base.submitted("theirs", "holder2")
	base.submitted("a", "holder")
	base.must("body", ledger.FnAppReturn, base.returnArgs("a", "subject"))
	for _, c := range []struct {
		name string
		edit func(*world, *ledger.AppResubmitArgs)
		want refusal
	}{
		{"good", func(*world, *ledger.AppResubmitArgs) {}, refusal{}},
		{"for another", func(_ *world, a *ledger.AppResubmitArgs) { a.Resource.Publisher = wID("holder2") }, refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.resource.publisher"}},
		{"to nobody", func(_ *world, a *ledger.AppResubmitArgs) { a.Body = wID("nobody") }, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.body"}},
		{"to no body", func(_ *world, a *ledger.AppResubmitArgs) { a.Body = wID("regulator") }, refusal{ledger.Forbidden, ledger.ReasonRole, "args.body"}},
		{"to a suspended body", func(w *world, _ *ledger.AppResubmitArgs) {
			w.must("regulator", ledger.FnPartySuspend, w.partyTarget("body"))
		}, refusal{ledger.Forbidden, ledger.ReasonPartySuspended, "args.body"}},
		{"to another city's body", func(_ *world, a *ledger.AppResubmitArgs) { a.Body = wID("faraway") }, refusal{ledger.Forbidden, ledger.ReasonJurisdiction, "args.resource.spatial"}},
		{"core data", func(_ *world, a *ledger.AppResubmitArgs) {
			a.Resource.Items[1].Level, a.Resource.Level = ledger.Core, ledger.Core
		}, refusal{ledger.Forbidden, ledger.ReasonCoreData, "args.resource.level"}},
		{"no deposit", func(_ *world, a *ledger.AppResubmitArgs) { a.Deposit = mHash("nothing") }, refusal{ledger.NotFound, ledger.ReasonDeposit, "args.deposit_hash"}},
		{"used deposit", func(_ *world, a *ledger.AppResubmitArgs) { a.Deposit = mHash("deposit taken") }, refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.deposit_hash"}},
		{"used title", func(w *world, a *ledger.AppResubmitArgs) { a.Resource.Title = tale.Resource("taken", "holder").Title }, refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"}},
		{"material missing", func(_ *world, a *ledger.AppResubmitArgs) { a.Materials = a.Materials[1:] }, refusal{ledger.InvalidCode, ledger.ReasonIncomplete, "args.materials"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := base.fork(t)
			args := ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")}
			c.edit(w, &args)
			w.refused(c.want, "holder", ledger.FnAppResubmit, args)
		})
	}
}

func TestOnlyWhoseStepItIs(t *testing.T) {
	base := newWorld(t)
	base.submitted("a", "holder")
	notYours := refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.application"}
	role := refusal{ledger.Forbidden, ledger.ReasonRole, "function"}
	for _, c := range []struct {
		name, who string
		fn        ledger.Function
		args      func(*world) any
		want      refusal
	}{
		{"accept by another body", "body2", ledger.FnAppAccept, func(w *world) any { return w.step("a") }, notYours},
		{"return by another body", "body2", ledger.FnAppReturn, func(w *world) any { return w.returnArgs("a", "x") }, notYours},
		{"refuse by another body", "body2", ledger.FnAppRefuse, func(w *world) any { return w.refuseArgs("a") }, notYours},
		{"withdraw by another holder", "holder2", ledger.FnAppWithdraw, func(w *world) any { return w.step("a") }, notYours},
		{"withdraw by the body", "body", ledger.FnAppWithdraw, func(w *world) any { return w.step("a") }, role},
		{"accept by the holder", "holder", ledger.FnAppAccept, func(w *world) any { return w.step("a") }, role},
		{"submit by a buyer", "buyer", ledger.FnAppSubmit, func(w *world) any { return w.submitArgs("b", "buyer") }, role},
		{"deposit by a buyer", "buyer", ledger.FnDeposit, func(*world) any { return ledger.DepositArgs{SHA256: mHash("x")} }, role},
		{"stale", "body", ledger.FnAppAccept, func(w *world) any {
			return ledger.AppStepArgs{Application: wID("a"), Answers: mHash("x")}
		}, refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"}},
		{"unknown", "body", ledger.FnAppAccept, func(*world) any {
			return ledger.AppStepArgs{Application: wID("b"), Answers: mHash("x")}
		}, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.application"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := base.fork(t)
			w.refused(c.want, c.who, c.fn, c.args(w))
		})
	}
}

func TestDepositIsOnce(t *testing.T) {
	w := newWorld(t)
	w.deposited("a", "holder")
	exists := refusal{ledger.Conflict, ledger.ReasonExists, "args.sha256"}
	w.refused(exists, "holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("deposit a"), Bytes: 1})
	w.refused(exists, "holder2", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("deposit a"), Bytes: 1})
}

// TestFreedByEnd: what ended leaves title, deposit and resource to the next
// application of the same holder.
func TestFreedByEnd(t *testing.T) {
	base := newDemo(t)
	base.submitted("a", "holder")
	for _, way := range [][]string{
		{"withdraw"},
		{"refuse"},
		{"accept", "fail"},
		{"accept", "pass", "withdraw"},
		{"accept", "pass", "object", "decide_upheld"},
	} {
		t.Run(strings.Join(way, " "), func(t *testing.T) {
			w := base.fork(t)
			again := w.submitArgs("a", "holder")
			again.Application = wID("again")
			w.refused(refusal{ledger.Conflict, ledger.ReasonExists, "args.resource.id"}, "holder", ledger.FnAppSubmit, again)
			for _, event := range way {
				if err := w.act("a", "holder", event); err != nil {
					t.Fatalf("%s: %v", event, err)
				}
			}
			w.must("holder", ledger.FnAppSubmit, again)
			idx := record[ledger.ResourceIndex](w, ledger.RefTo(ledger.KindResource, again.Resource.ID))
			if idx.Application != wID("again") || idx.Entry != "" {
				t.Fatalf("the resource leads to %+v", idx)
			}
			d := record[ledger.Deposit](w, ledger.RefTo(ledger.KindDeposit, again.Deposit))
			if d.Application != wID("again") {
				t.Fatalf("the deposit is used by %q", d.Application)
			}
		})
	}
}

// TestSilenceEndsByTime: after 30 working days a returned application can't come
// back, and what it had is free; its late withdrawal takes nothing from the next.
func TestSilenceEndsByTime(t *testing.T) {
	w := newWorld(t)
	w.submitted("a", "holder")
	w.must("body", ledger.FnAppReturn, w.returnArgs("a", "subject"))
	last := w.app("a").ResubmitBy.Due
	if want := workdaysAfter("2026-09-01", 30); last != want {
		t.Fatalf("to be resubmitted by %s, want %s", last, want)
	}
	w.clock(last, "23:59:59.999")
	back := ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")}
	w.fork(t).must("holder", ledger.FnAppResubmit, back)
	next := w.submitArgs("a", "holder")
	next.Application, next.Resource.ID = wID("next"), wID("resource next")
	w.refused(refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"}, "holder", ledger.FnAppSubmit, next)

	w.clock(nextDay(last), "00:00:00")
	w.refused(refusal{ledger.Conflict, ledger.ReasonLate, "args.application"}, "holder", ledger.FnAppResubmit, back)
	w.must("holder", ledger.FnAppSubmit, next)
	w.must("holder", ledger.FnAppWithdraw, w.step("a"))
	third := w.submitArgs("third", "holder")
	third.Resource.Title = next.Resource.Title
	w.deposited("third", "holder")
	w.refused(refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"}, "holder", ledger.FnAppSubmit, third)
}

func TestResubmitMovesClaims(t *testing.T) {
	w := newWorld(t)
	w.submitted("a", "holder")
	w.deposited("new", "holder")
	w.must("body", ledger.FnAppReturn, w.returnArgs("a", "subject"))
	args := ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")}
	args.Resource.ID = wID("another")
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.resource.id"}, "holder", ledger.FnAppResubmit, args)
	args = ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")}
	args.Resource.Title, args.Deposit = "公交车辆轨迹", mHash("deposit new")
	event := w.must("holder", ledger.FnAppResubmit, args)

	old := w.submitArgs("a", "holder")
	old.Application, old.Resource.ID = wID("b"), wID("resource b")
	w.must("holder", ledger.FnAppSubmit, old)
	again := w.submitArgs("c", "holder")
	again.Resource.Title = "公交车辆 轨迹"
	w.deposited("c", "holder")
	w.refused(refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"}, "holder", ledger.FnAppSubmit, again)

	want := []ledger.Link{{From: ledger.RefTo(ledger.KindApplication, wID("a")), Rel: "rests_on", To: ledger.RefTo(ledger.KindDeposit, args.Deposit)}}
	if diff := cmp.Diff(want, event.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if a := w.app("a"); a.SubmitPayload != event.Payload || a.ResubmitBy != nil || a.Returns != 1 || len(a.Defects) != 1 {
		t.Errorf("after the resubmission: %+v", a)
	}
}

// TestASubmissionIsWrittenOnce: the content of submit is only in its own record, but for
// what the notice publishes, and no later call changes it.
func TestASubmissionIsWrittenOnce(t *testing.T) {
	w := newWorld(t)
	w.submitted("a", "holder")
	first := ledger.SubmissionRef(w.app("a").SubmitPayload)
	said := record[ledger.Submission](w, first)
	w.must("body", ledger.FnAppReturn, w.returnArgs("a", "subject"))
	args := ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")}
	args.Resource.Title = "公交车辆轨迹"
	again := w.must("holder", ledger.FnAppResubmit, args)
	second := ledger.SubmissionRef(again.Payload)
	if got := record[ledger.Submission](w, second).Resource.Title; got != args.Resource.Title {
		t.Errorf("resubmitted %q", got)
	}
	w.must("body", ledger.FnAppAccept, w.step("a"))
	w.must("body", ledger.FnAppPass, w.passArgs("a"))
	w.on("2026-10-30")
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("a")})
	if diff := cmp.Diff(said, record[ledger.Submission](w, first)); diff != "" {
		t.Errorf("the first submission was changed (-want +got):\n%s", diff)
	}
	if e := w.entry("a"); ledger.SubmissionRef(e.SubjectHash) != second {
		t.Errorf("the entry names %s, want %s", e.SubjectHash, second)
	}
	for key, value := range w.state {
		if ref := ledger.Ref(key); ref != second && ref.Kind() != ledger.KindNotice && strings.Contains(string(value), args.Resource.Title) {
			t.Errorf("%s repeats what was submitted: %s", key, value)
		}
	}
}
