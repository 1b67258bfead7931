package contract_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

func TestSecondReturnOnNewMatter(t *testing.T) {
	w := newWorld(t)
	w.submitted("a", "holder")
	w.must("body", ledger.FnAppReturn, w.returnArgs("a", "subject", "deposit"))
	w.must("holder", ledger.FnAppResubmit, ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")})
	w.refused(refusal{ledger.Conflict, ledger.ReasonSecond, "args.defects[1]"}, "body", ledger.FnAppReturn, w.returnArgs("a", "resource.title", "deposit"))
	note := ledger.Salt([16]byte{}, "再说一次")
	same := w.returnArgs("a", "deposit")
	same.Defects[0].Note = &note
	w.refused(refusal{ledger.Conflict, ledger.ReasonSecond, "args.defects[0]"}, "body", ledger.FnAppReturn, same)
	w.must("body", ledger.FnAppReturn, w.returnArgs("a", "resource.title"))
	if a := w.app("a"); a.Returns != 2 || len(a.Defects) != 3 {
		t.Fatalf("after two returns: %d with %d defects", a.Returns, len(a.Defects))
	}
}

func TestReturnsNameFiveHundredDefects(t *testing.T) {
	w := newDemo(t)
	w.submitted("a", "holder")
	var fields []string
	for i := range ledger.MaxList {
		fields = append(fields, "items["+strconv.Itoa(i)+"]")
	}
	w.must("body", ledger.FnAppReturn, w.returnArgs("a", fields...))
	w.must("holder", ledger.FnAppResubmit, ledger.AppResubmitArgs{Answers: w.step("a").Answers, AppSubmitArgs: w.submitArgs("a", "holder")})
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.defects"}, "body", ledger.FnAppReturn, w.returnArgs("a", "one more"))
}

func TestExaminationInTime(t *testing.T) {
	w := newWorld(t)
	w.accepted("a", "holder")
	w.on(w.app("a").ExamDue.Due)
	w.fork(t).must("body", ledger.FnAppPass, w.passArgs("a"))
	w.on(nextDay(w.app("a").ExamDue.Due))
	args := w.passArgs("a")
	w.refused(refusal{ledger.Conflict, ledger.ReasonLate, "args.late"}, "body", ledger.FnAppPass, args)
	late := ledger.Salt([16]byte{}, "材料核对用时较长")
	args.Late = &late
	w.must("body", ledger.FnAppPass, args)
}

// TestNoticeRunsLongerByALaterList: a list that comes later may lengthen a
// running period, never shorten it.
func TestNoticeRunsLongerByALaterList(t *testing.T) {
	w := newWorld(t)
	w.noticed("a", "holder") // passed on 09-01: 09-02 to 09-16
	if got := w.app("a").Notice.Due; got != "2026-09-16" {
		t.Fatalf("the notice ends on %s", got)
	}
	longer := list2026()
	longer.Off = append([]ledger.Date{"2026-09-16"}, longer.Off...)
	shorter := list2026()
	shorter.Work = append([]ledger.Date{"2026-09-12"}, shorter.Work...)
	w.on("2026-09-17")
	code := ledger.AppCodeArgs{AppStepArgs: w.step("a")}

	long := w.fork(t)
	long.must("authority", ledger.FnCalendarSet, longer)
	long.refused(refusal{ledger.Conflict, ledger.ReasonEarly, "args.application"}, "body", ledger.FnAppCode, code)
	long.must("operator", ledger.FnAppObject, long.objectArgs("a", "o"))

	short := w.fork(t)
	short.on("2026-09-16")
	short.must("authority", ledger.FnCalendarSet, shorter)
	short.refused(refusal{ledger.Conflict, ledger.ReasonEarly, "args.application"}, "body", ledger.FnAppCode, code)
	w.must("body", ledger.FnAppCode, code)
}

func TestObjections(t *testing.T) {
	w := newWorld(t)
	w.noticed("a", "holder")
	person := ledger.Salt([16]byte{5}, "李某")
	by := func(edit func(*ledger.AppObjectArgs)) ledger.AppObjectArgs {
		a := w.objectArgs("a", "o")
		edit(&a)
		return a
	}
	w.refused(refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.person"}, "operator", ledger.FnAppObject,
		by(func(a *ledger.AppObjectArgs) { a.Person = &person }))
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.person"}, "body", ledger.FnAppObject, by(func(*ledger.AppObjectArgs) {}))
	w.must("body", ledger.FnAppObject, by(func(a *ledger.AppObjectArgs) { a.Person = &person }))
	w.refused(refusal{ledger.Conflict, ledger.ReasonExists, "args.objection"}, "operator", ledger.FnAppObject, by(func(*ledger.AppObjectArgs) {}))
	other := w.objectArgs("a", "p")
	other.Answers = w.step("a").Answers // the objection before it
	w.refused(refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"}, "operator", ledger.FnAppObject, other)
	w.must("operator", ledger.FnAppObject, w.objectArgs("a", "p"))

	notice := w.app("a").Notice.Due
	w.clock(notice, "23:59:59.999")
	w.fork(t).must("operator", ledger.FnAppObject, w.objectArgs("a", "q"))
	w.clock(nextDay(notice), "00:00:00")
	w.refused(refusal{ledger.Conflict, ledger.ReasonLate, "args.application"}, "operator", ledger.FnAppObject, w.objectArgs("a", "q"))

	code := func() ledger.AppCodeArgs { return ledger.AppCodeArgs{AppStepArgs: w.step("a")} }
	w.refused(refusal{ledger.Conflict, ledger.ReasonOpen, "args.application"}, "body", ledger.FnAppCode, code())
	w.must("body", ledger.FnAppDecide, w.decideArgs("a", "o", false))
	if got := w.app("a").CodeDue.From; got != notice {
		t.Fatalf("the days for coding begin on %s while an objection is open, want %s", got, notice)
	}
	w.refused(refusal{ledger.Conflict, ledger.ReasonState, "args.objection"}, "body", ledger.FnAppDecide, w.decideArgs("a", "o", true))
	w.refused(refusal{ledger.NotFound, ledger.ReasonUnknown, "args.objection"}, "body", ledger.FnAppDecide, w.decideArgs("a", "x", true))
	w.refused(refusal{ledger.Conflict, ledger.ReasonOpen, "args.application"}, "body", ledger.FnAppCode, code())
	w.on("2026-11-30") // late: an alarm, but no refusal; the days for coding start again
	w.must("body", ledger.FnAppDecide, w.decideArgs("a", "p", false))
	if got := w.app("a").CodeDue; got.From != "2026-11-30" || got.Due != "2026-12-03" {
		t.Fatalf("to be coded %+v, want by 2026-12-03", got)
	}
	w.must("body", ledger.FnAppCode, code())
}

// TestCodingNeedsAnActiveHolder: a holder that is suspended gets no entry until the
// suspension is lifted.
func TestCodingNeedsAnActiveHolder(t *testing.T) {
	w := newDemo(t)
	w.noticed("a", "holder")
	code := ledger.AppCodeArgs{AppStepArgs: w.step("a")}
	w.must("regulator", ledger.FnPartySuspend, w.partyTarget("holder"))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonPartySuspended, "args.application"}, "body", ledger.FnAppCode, code)
	w.must("regulator", ledger.FnPartyResume, w.partyTarget("holder"))
	w.must("body", ledger.FnAppCode, code)
}

// TestEntryIsOfTheHoldersRegion: data that describe another place are registered, and
// numbered, where their holder is.
func TestEntryIsOfTheHoldersRegion(t *testing.T) {
	w := newDemo(t)
	w.deposited("a", "holder")
	args := w.submitArgs("a", "holder")
	args.Resource.Spatial = "430302" // a district
	w.must("holder", ledger.FnAppSubmit, args)
	w.must("body", ledger.FnAppAccept, w.step("a"))
	w.must("body", ledger.FnAppPass, w.passArgs("a"))
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("a")})
	if e := w.entry("a"); e.Region != "430300" || !strings.HasPrefix(string(e.CadCode), "430300-1-") {
		t.Fatalf("the entry is of %s with code %s, want those of the holder's region 430300", e.Region, e.CadCode)
	}
}

func TestAtMostFiftyObjections(t *testing.T) {
	w := newDemo(t)
	w.noticed("a", "holder")
	for i := range 50 {
		w.must("operator", ledger.FnAppObject, w.objectArgs("a", strings.Repeat("o", i+1)))
	}
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.objection"}, "operator", ledger.FnAppObject, w.objectArgs("a", "last"))
}

// TestDemoHasNoDays: with limits of 0 days the story runs in one moment, and
// objections are taken until the next step.
func TestDemoHasNoDays(t *testing.T) {
	w := newDemo(t)
	w.noticed("a", "holder")
	w.on("2026-12-31")
	w.must("operator", ledger.FnAppObject, w.objectArgs("a", "o"))
	w.refused(refusal{ledger.Conflict, ledger.ReasonOpen, "args.application"}, "body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("a")})
	w.must("body", ledger.FnAppDecide, w.decideArgs("a", "o", false))
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("a")})
	w.refused(refusal{ledger.Conflict, ledger.ReasonState, "args.application"}, "operator", ledger.FnAppObject, w.objectArgs("a", "p"))
}

func TestCodesAreOnce(t *testing.T) {
	w := newDemo(t)
	w.noticed("a", "holder")
	w.noticed("b", "holder")
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("a"), RegistryCode: "4303001202610150000001"})
	w.refused(refusal{ledger.Conflict, ledger.ReasonExists, "args.registry_code"}, "body", ledger.FnAppCode,
		ledger.AppCodeArgs{AppStepArgs: w.step("b"), RegistryCode: "4303001202610150000001"})
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.registry_code"}, "body", ledger.FnAppCode,
		ledger.AppCodeArgs{AppStepArgs: w.step("b"), RegistryCode: "430300-1-20261015-5QZX48TR-S"})
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step("b")})
}

func TestEntrySuspension(t *testing.T) {
	w := newDemo(t)
	w.coded("a", "holder")
	ref := refusal{ledger.Conflict, ledger.ReasonNoSuspense, "args.id"}
	w.refused(ref, "regulator", ledger.FnEntryResume, w.target("a"))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "function"}, "body", ledger.FnEntrySuspend, w.target("a"))
	w.must("regulator", ledger.FnEntrySuspend, w.target("a"))
	if e := w.entry("a"); e.Effective("2026-09-02") || len(e.Suspensions) != 1 || e.Suspensions[0].Ground != "order-7" {
		t.Fatalf("suspended: %+v", e.Suspensions)
	}
	w.refused(refusal{ledger.Conflict, ledger.ReasonSuspended, "args.id"}, "regulator", ledger.FnEntrySuspend, w.target("a"))
	stale := w.target("a")
	stale.Answers = mHash("x")
	w.refused(refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"}, "regulator", ledger.FnEntryResume, stale)
	w.must("regulator", ledger.FnEntryResume, w.target("a"))
	if e := w.entry("a"); !e.Effective("2026-09-02") {
		t.Fatalf("resumed: %+v", e)
	}
	last := w.entry("a").ValidUntil
	w.on(last)
	w.fork(t).must("regulator", ledger.FnEntrySuspend, w.target("a"))
	w.on(nextDay(last))
	w.refused(refusal{ledger.Conflict, ledger.ReasonLate, "args.id"}, "regulator", ledger.FnEntrySuspend, w.target("a"))
}

// TestTitleIsFreeWhenTheEntryEnds: until then it is not, suspended or not.
func TestTitleIsFreeWhenTheEntryEnds(t *testing.T) {
	w := newDemo(t)
	w.coded("a", "holder")
	w.must("regulator", ledger.FnEntrySuspend, w.target("a"))
	next := w.submitArgs("a", "holder")
	next.Application, next.Resource.ID, next.Resource.Quality.AssessedOn = wID("next"), wID("resource next"), "2029-08-01"
	w.on(w.entry("a").ValidUntil)
	w.refused(refusal{ledger.Conflict, ledger.ReasonDuplicate, "args.resource.title"}, "holder", ledger.FnAppSubmit, next)
	w.on(nextDay(w.entry("a").ValidUntil))
	w.must("holder", ledger.FnAppSubmit, next)
}
