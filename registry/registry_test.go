package registry_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/registry"
)

func TestCertificate(t *testing.T) {
	f := city(t)
	e := entry("公交车辆到离站信息", "市交通运输局", func(e *ledger.EntryDetail) { e.RegistryCode = "4303001234567890123456" })
	f.record(t, entryRecord(t, e))
	holder := registry.Named{ID: e.Holder, Name: "市交通运输局"}
	want := registry.Certificate{
		Entry: e.ID, SubjectType: "resource", Subject: e.Subject, SubjectHash: e.SubjectHash, Title: e.Resource.Title,
		Holder:       holder,
		Rights:       registry.Lines{Hold: registry.RightLine{Kind: registry.LineParty, Party: &holder, From: "2026-10-15", Until: "2029-10-15"}},
		RegistryCode: e.RegistryCode, CadCode: e.CadCode, IssuedOn: "2026-10-15", ValidUntil: "2029-10-15",
		Body: registry.Named{ID: e.Body, Name: "市数据登记中心"}, Status: registry.StatusActive, AsOf: "2026-10-20", Statement: registry.StatementFormal,
	}
	for _, code := range []string{string(e.CadCode), e.RegistryCode} {
		got, err := f.Certificate(t.Context(), code)
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if got.Coding.Party != id("caller") {
			t.Errorf("coded by %+v", got.Coding)
		}
		want.Coding = got.Coding
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", code, diff)
		}
	}
	f.today = "2029-10-16"
	if got, err := f.Certificate(t.Context(), e.RegistryCode); err != nil || got.Status != registry.StatusExpired {
		t.Errorf("the day after: %s, %v", got.Status, err)
	}
	for _, code := range []string{"", "4303", "430300-1-20261015-5QZX48TR-S"} {
		if _, err := f.Certificate(t.Context(), code); !errors.Is(err, ledger.NotFound) {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestParties(t *testing.T) {
	f := open(t, "2026-10-20")
	f.record(t, partyRecord(t, "市交通运输局", ledger.RoleHolder), partyRecord(t, "市数据登记中心", ledger.RoleRegistryBody, ledger.RoleAssessor))
	f.record(t, keyRecords(t, "市交通运输局")...)
	f.record(t, readmodeltest.Record(ledger.KeyRef("recovery"), ledger.KeyRecord{Kid: "recovery", Party: id("市交通运输局"), Recovery: true}))
	p, k, err := f.PartyByKid(t.Context(), "old-市交通运输局")
	if err != nil || p.Name != "市交通运输局" || k.Until != 9 {
		t.Errorf("by key: %s, %+v, %v", p.Name, k, err)
	}
	for _, kid := range []ledger.KeyID{"none", "recovery"} {
		if _, _, err := f.PartyByKid(t.Context(), kid); !errors.Is(err, ledger.NotFound) {
			t.Errorf("key %s: %v", kid, err)
		}
	}
	keys, err := f.Keys(t.Context(), id("市交通运输局"))
	if err != nil || len(keys) != 2 || keys[0].Kid != "kid-市交通运输局" || keys[1].Kid != "old-市交通运输局" {
		t.Errorf("its keys: %+v, %v", keys, err)
	}
	if p, err := f.PartyByName(t.Context(), "市数据登记中心"); err != nil || p.ID != id("市数据登记中心") {
		t.Errorf("by name: %s, %v", p.ID, err)
	}
	if _, err := f.PartyByName(t.Context(), "市"); !errors.Is(err, ledger.NotFound) {
		t.Errorf("part of a name: %v", err)
	}
	twin := ledger.Party{ID: id("twin"), Name: "市交通运输局", Region: "440300", Roles: []ledger.Role{ledger.RoleHolder}}
	f.record(t, readmodeltest.Record(ledger.RefTo(ledger.KindParty, twin.ID), twin))
	if _, err := f.PartyByName(t.Context(), "市交通运输局"); !errors.Is(err, ledger.Conflict) {
		t.Errorf("two of a name: %v", err)
	}
	for _, c := range []struct {
		filter registry.PartyFilter
		want   int
	}{
		{registry.PartyFilter{}, 3},
		{registry.PartyFilter{Role: ledger.RoleHolder}, 2},
		{registry.PartyFilter{Role: ledger.RoleAssessor}, 1},
		{registry.PartyFilter{Region: "430000"}, 2},
		{registry.PartyFilter{Text: "登记"}, 1},
		{registry.PartyFilter{Text: "%"}, 0},
	} {
		if got, next, err := f.Parties(t.Context(), c.filter); err != nil || len(got) != c.want || next != "" {
			t.Errorf("%+v: %d, %q, %v", c.filter, len(got), next, err)
		}
	}
	first, next, err := f.Parties(t.Context(), registry.PartyFilter{Limit: 2})
	if err != nil || len(first) != 2 || next == "" {
		t.Fatalf("first page: %d, %q, %v", len(first), next, err)
	}
	rest, next, err := f.Parties(t.Context(), registry.PartyFilter{Limit: 2, Cursor: next})
	if err != nil || len(rest) != 1 || next != "" || rest[0].Name != "市交通运输局" || rest[0].ID == twin.ID {
		t.Errorf("second page: %+v, %q, %v", rest, next, err)
	}
}

func TestApplications(t *testing.T) {
	f := open(t, "2026-10-20")
	for i := range 5 {
		state := ledger.AppSubmitted
		if i%2 == 0 {
			state = ledger.AppAccepted
		}
		f.record(t, applicationRecord(t, application(fmt.Sprint(i), state)))
	}
	f.record(t, applicationRecord(t, application("1", ledger.AppWithdrawn)))
	var got []string
	q := registry.Filter{Readers: readmodel.Scope{Party: id("市交通运输局")}, Limit: 2}
	for {
		found, next, err := f.Applications(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range found {
			got = append(got, a.Resource.Title+" "+string(a.State))
		}
		if q.Cursor = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"4 accepted", "3 submitted", "2 accepted", "1 withdrawn", "0 accepted"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if found, _, err := f.Applications(t.Context(), registry.Filter{Readers: readmodel.Everything(), State: ledger.AppAccepted}); err != nil || len(found) != 3 {
		t.Errorf("accepted: %d, %v", len(found), err)
	}
	if found, _, err := f.Applications(t.Context(), registry.Filter{Readers: readmodel.Scope{Party: id("another")}}); err != nil || len(found) != 0 {
		t.Errorf("another's: %d, %v", len(found), err)
	}
	if _, err := f.Application(t.Context(), id("none")); !errors.Is(err, ledger.NotFound) {
		t.Errorf("unknown: %v", err)
	}
}

// noticeRecord is the notice of an application that is published on the first day of its
// period.
func noticeRecord(t testing.TB, a ledger.ApplicationDetail) ledger.Record {
	return readmodeltest.Record(ledger.RefTo(ledger.KindNotice, a.ID), ledger.Notice{
		Application: a.ID, Serial: "GS-430300-20260923-5QZX48TR", Kind: a.Kind, Title: a.Resource.Title, Summary: a.Resource.Description,
		Registrant: a.Applicant, From: a.Notice.From, Until: *a.Notice, Cite: ledger.Cite{Payload: ledger.DigestOf([]byte("pass"))},
	})
}

// TestNotices follows the worked example: passed on 09-22, the notice runs from 09-23 to
// 10-14, 24:00. It stays when the application has ended.
func TestNotices(t *testing.T) {
	f := open(t, "2026-10-14")
	a := application("公交车辆到离站信息", ledger.AppNoticed)
	a.Notice = &ledger.Period{From: "2026-09-23", Days: 10, Due: "2026-10-09", Provisional: true} // counted before the list
	f.record(t, autumn(t), partyRecord(t, "市交通运输局", ledger.RoleHolder), applicationRecord(t, a), noticeRecord(t, a),
		applicationRecord(t, application("未公示", ledger.AppAccepted)))
	want := registry.Notice{
		Application: a.ID, Serial: "GS-430300-20260923-5QZX48TR", Answers: ledger.DigestOf([]byte("pass")), Registrant: "市交通运输局", Kind: "initial",
		Name: "公交车辆到离站信息", Summary: "公交车辆到离站信息的摘要", From: "2026-09-23", Until: "2026-10-14",
	}
	for _, c := range []struct {
		today  ledger.Date
		state  ledger.ApplicationState
		status registry.NoticeStatus
	}{
		{"2026-09-22", ledger.AppNoticed, registry.NoticePending},
		{"2026-09-23", ledger.AppNoticed, registry.NoticeRunning},
		{"2026-10-14", ledger.AppNoticed, registry.NoticeRunning},
		{"2026-10-15", ledger.AppNoticed, registry.NoticeOver},
		{"2026-10-15", ledger.AppCoded, registry.NoticeEnded},
		{"2026-10-01", ledger.AppWithdrawn, registry.NoticeEnded},
	} {
		f.today, a.State = c.today, c.state
		f.record(t, applicationRecord(t, a))
		want.Status = c.status
		for _, status := range []registry.NoticeStatus{"", c.status} {
			got, next, err := f.Notices(t.Context(), status, readmodel.Page{})
			if diff := cmp.Diff([]registry.Notice{want}, got); err != nil || next != "" || diff != "" {
				t.Errorf("%+v: %q, %v: -want +got\n%s", c, next, err, diff)
			}
		}
		got, err := f.Notice(t.Context(), a.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%+v: %v: -want +got\n%s", c, err, diff)
		}
		for _, other := range []registry.NoticeStatus{registry.NoticePending, registry.NoticeRunning, registry.NoticeOver, registry.NoticeEnded} {
			if list, _, err := f.Notices(t.Context(), other, readmodel.Page{}); err != nil || (len(list) == 1) != (other == c.status) {
				t.Errorf("%+v, asked for %s: %+v, %v", c, other, list, err)
			}
		}
	}
	if _, err := f.Notice(t.Context(), id("none")); !errors.Is(err, ledger.NotFound) {
		t.Errorf("no notice: %v", err)
	}
}

// TestPagesOfNotices: a notice of 0 days, on a demonstration ledger, runs until the
// application ends.
func TestPagesOfNotices(t *testing.T) {
	f := open(t, "2026-10-14")
	f.record(t, autumn(t), partyRecord(t, "市交通运输局", ledger.RoleHolder))
	var oldest ledger.ID
	for i := range registry.DefaultPage + 4 {
		b := application(fmt.Sprint(i), ledger.AppNoticed)
		b.Notice = &ledger.Period{From: "2026-09-23", Due: "2026-09-23"}
		f.record(t, applicationRecord(t, b), noticeRecord(t, b))
		if i == 0 {
			oldest = b.ID
		}
	}
	first, next, err := f.Notices(t.Context(), registry.NoticeRunning, readmodel.Page{})
	if err != nil || len(first) != registry.DefaultPage || next == "" {
		t.Fatalf("first page: %d, %q, %v", len(first), next, err)
	}
	rest, next, err := f.Notices(t.Context(), registry.NoticeRunning, readmodel.Page{Cursor: next})
	if err != nil || len(rest) != 4 || next != "" || rest[3].Application != oldest {
		t.Errorf("second page: %d, %q, %v", len(rest), next, err)
	}
}

func TestOverdue(t *testing.T) {
	f := open(t, "2026-10-22")
	period := func(from ledger.Date, days int) ledger.Period {
		return ledger.Period{From: from, Days: days, Due: from}
	}
	at := func(p ledger.Period) *ledger.Period { return &p }
	submitted := application("受理", ledger.AppSubmitted)
	submitted.AcceptDue = period("2026-10-16", 3) // to 10-21
	returned := application("补正", ledger.AppReturned)
	returned.ResubmitBy = at(ledger.Period{From: "2026-10-20", Days: 1, Due: "2026-10-30"}) // stored later: stays
	examined := application("审核", ledger.AppAccepted)
	examined.ExamDue = at(period("2026-09-14", 20)) // to 10-16 in the example
	objected := application("异议", ledger.AppNoticed)
	objected.Notice = at(period("2026-09-23", 10))
	objected.Objections = []ledger.Objection{{ID: id("decided"), Decided: true, Due: period("2026-09-24", 1)}, {ID: id("open"), Due: period("2026-09-30", 10)}}
	coding := application("赋码", ledger.AppNoticed)
	coding.Notice = at(period("2026-09-23", 10)) // to 10-14, coding to 10-19
	demo := application("演示", ledger.AppSubmitted)
	demo.AcceptDue = period("2026-01-01", 0)
	f.record(t, autumn(t), readmodeltest.Record(ledger.GenesisRef, ledger.Genesis{Limits: ledger.StatutoryLimits()}))
	for _, a := range []ledger.ApplicationDetail{submitted, returned, examined, objected, coding, demo} {
		f.record(t, applicationRecord(t, a))
	}
	got, err := f.Overdue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alarm := func(a ledger.ApplicationDetail, step registry.Step, objection ledger.ID, due ledger.Date, days int) registry.Alarm {
		return registry.Alarm{Application: a.ID, Applicant: a.Applicant, Body: a.Body, Title: a.Resource.Title, Step: step, Objection: objection, Due: due, Days: days}
	}
	want := []registry.Alarm{
		alarm(submitted, registry.StepAccept, "", "2026-10-21", 1),
		alarm(examined, registry.StepExamine, "", "2026-10-16", 4),
		alarm(objected, registry.StepDecide, id("open"), "2026-10-20", 2),
		alarm(coding, registry.StepCode, "", "2026-10-19", 3),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	f.today = "2026-10-16"
	if got, err := f.Overdue(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("on the last day: %+v, %v", got, err)
	}
}

func TestYears(t *testing.T) {
	f := open(t, "2026-10-20")
	f.record(t, autumn(t))
	c, err := f.Years(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Add("2026-09-23", 10); got != (calendar.Due{Due: "2026-10-14"}) {
		t.Errorf("the notice of the example ends %+v", got)
	}
	if _, ok := c(2027); ok {
		t.Error("a list of 2027")
	}
	if _, err := f.Genesis(t.Context()); !errors.Is(err, ledger.NotFound) {
		t.Errorf("no genesis: %v", err)
	}
	if y, err := f.CalendarYears(t.Context()); err != nil || len(y) != 1 || y[0].Source != "国办发明电" {
		t.Errorf("lists: %+v, %v", y, err)
	}
}
