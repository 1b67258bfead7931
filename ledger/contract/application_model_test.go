package contract_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// workday counts the days of the example by itself: the model shares no code
// with the calendar that the contract uses.
func workday(day ledger.Date) bool {
	list := list2026()
	if slices.Contains(list.Off, day) {
		return false
	}
	if slices.Contains(list.Work, day) {
		return true
	}
	w := time.UnixMilli(int64(noon(day))).UTC().Weekday()
	return w != time.Saturday && w != time.Sunday
}

func nextDay(day ledger.Date) ledger.Date {
	return ledger.Date(time.UnixMilli(int64(noon(day)) + 24*3_600_000).UTC().Format(time.DateOnly))
}

func workdaysAfter(day ledger.Date, n int) ledger.Date {
	for n > 0 {
		if day = nextDay(day); workday(day) {
			n--
		}
	}
	return day
}

// modelApp is what the model knows of an application.
type modelApp struct {
	holder, title, deposit string
	state                  string
	open, objections       int
	returns                int
	named                  bool // the defect that returns repeat
	examLast, noticeLast   ledger.Date
	resubmitLast           ledger.Date
}

// machine drives a world and a model beside each other.
type machine struct {
	table steps
	w     *world
	day   ledger.Date
	apps  map[string]*modelApp
	names []string
}

// newMachine has four applications that get in each other's way: a and b have
// one title, a and c one deposit; d has the title of a but another holder.
func newMachine(table steps, w *world) *machine {
	m := &machine{table: table, w: w, day: "2026-09-01", names: []string{"a", "b", "c", "d"}, apps: map[string]*modelApp{
		"a": {holder: "holder", title: "one", deposit: "a"}, "b": {holder: "holder", title: "one", deposit: "b"},
		"c": {holder: "holder", title: "two", deposit: "a"}, "d": {holder: "holder2", title: "one", deposit: "d"},
	}}
	for _, a := range m.apps {
		a.state = "draft"
	}
	return m
}

func (m *machine) living(a *modelApp) bool {
	switch a.state {
	case "submitted", "accepted", "noticed", "coded":
		return true
	case "returned":
		return m.day <= a.resubmitLast
	}
	return false
}

// draw is one act as it was drawn: what may be wrong with it.
type draw struct {
	name, event          string
	other, stale         bool
	reasoned, sameDefect bool
}

// reason is why the model refuses an act; "" when it doesn't.
func (m *machine) reason(d draw) ledger.Reason {
	a := m.apps[d.name]
	if d.event == "submit" {
		return m.submitReason(d, a)
	}
	switch {
	case d.other && d.event != "object":
		return ledger.ReasonNotYours
	case m.table[[2]string{a.state, d.event}] == "":
		return ledger.ReasonState
	case d.stale:
		return ledger.ReasonStale
	}
	switch d.event {
	case "resubmit":
		return when(m.day > a.resubmitLast, ledger.ReasonLate)
	case "pass":
		return when(m.day > a.examLast && !d.reasoned, ledger.ReasonLate)
	case "return":
		return when(d.sameDefect && a.named, ledger.ReasonSecond)
	case "object":
		return when(m.day > a.noticeLast, ledger.ReasonLate)
	case "decide_rejected", "decide_upheld":
		return when(a.open == 0, ledger.ReasonUnknown)
	case "code":
		if m.day <= a.noticeLast {
			return ledger.ReasonEarly
		}
		return when(a.open > 0, ledger.ReasonOpen)
	}
	return ""
}

func (m *machine) submitReason(d draw, a *modelApp) ledger.Reason {
	if a.state != "draft" {
		return ledger.ReasonExists
	}
	if d.other {
		return ledger.ReasonNotYours
	}
	for _, name := range m.names {
		b := m.apps[name]
		if b != a && m.living(b) && b.holder == a.holder && (b.title == a.title || b.deposit == a.deposit) {
			return ledger.ReasonDuplicate
		}
	}
	return ""
}

func when(is bool, r ledger.Reason) ledger.Reason {
	if is {
		return r
	}
	return ""
}

// follow makes the model take a step.
func (m *machine) follow(d draw) {
	a := m.apps[d.name]
	a.state = m.table[[2]string{a.state, d.event}]
	switch d.event {
	case "accept":
		a.examLast = workdaysAfter(m.day, 20)
	case "return":
		a.returns++
		a.named = a.named || d.sameDefect
		a.resubmitLast = workdaysAfter(m.day, 30)
	case "pass":
		a.noticeLast = workdaysAfter(workdaysAfter(m.day, 1), 10)
	case "object":
		a.open++
		a.objections++
	case "decide_rejected", "decide_upheld":
		a.open--
	}
}

// submission is the application as the model knows it.
func (m *machine) submission(name string) ledger.AppSubmitArgs {
	a := m.apps[name]
	args := m.w.submitArgs(name, a.holder)
	args.Resource.Title = a.title
	args.Deposit = mHash("deposit " + a.deposit)
	args.Resource.Quality.AssessedOn = m.day
	return args
}

// call is the call of an act, with whatever is wrong with it.
func (m *machine) call(d draw) (ledger.Function, string, any) {
	a := m.apps[d.name]
	who := a.holder
	if d.event == "submit" {
		return ledger.FnAppSubmit, m.by(d, who), m.submission(d.name)
	}
	fn, who, args := m.w.callFor(d.name, a.holder, d.event)
	cite := func(s *ledger.AppStepArgs) {
		if d.stale {
			s.Answers = mHash("something else")
		}
	}
	switch v := args.(type) {
	case ledger.AppStepArgs:
		cite(&v)
		args = v
	case ledger.AppResubmitArgs:
		v.AppSubmitArgs = m.submission(d.name)
		if d.stale {
			v.Answers = mHash("something else")
		}
		args = v
	case ledger.AppReturnArgs:
		cite(&v.AppStepArgs)
		if !d.sameDefect {
			v.Defects[0].Field += string(rune('a' + a.returns%26))
		}
		args = v
	case ledger.AppRefuseArgs:
		cite(&v.AppStepArgs)
		args = v
	case ledger.AppPassArgs:
		cite(&v.AppStepArgs)
		if d.reasoned {
			late := ledger.Salt([16]byte{}, "人手不足")
			v.Late = &late
		}
		args = v
	case ledger.AppObjectArgs:
		if d.stale {
			v.Answers = mHash("something else")
		}
		args = v
	case ledger.AppDecideArgs:
		cite(&v.AppStepArgs)
		args = v
	case ledger.AppCodeArgs:
		cite(&v.AppStepArgs)
		args = v
	}
	return fn, m.by(d, who), args
}

// by is who makes the call: the one it is for, or another of the same role.
func (m *machine) by(d draw, who string) string {
	if !d.other {
		return who
	}
	return map[string]string{"holder": "holder2", "holder2": "holder", "body": "body2", "operator": "operator2"}[who]
}

// TestApplicationsAgainstTheModel applies random acts on random days to the
// contract and to a model made from the table of acts, and compares the results.
func TestApplicationsAgainstTheModel(t *testing.T) {
	table := readSteps(t)
	base := newWorld(t)
	for _, d := range []string{"a", "b", "c"} {
		base.deposited(d, "holder")
	}
	base.deposited("d", "holder2")
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(table, base.fork(t))
		for range rapid.IntRange(20, 60).Draw(t, "acts") {
			for range rapid.SampledFrom([]int{0, 0, 0, 0, 1, 3, 8, 15, 50}).Draw(t, "days") {
				m.day = nextDay(m.day)
			}
			m.w.on(m.day)
			m.one(t)
		}
	})
}

func (m *machine) one(t *rapid.T) {
	seldom := rapid.SampledFrom([]bool{false, false, false, false, false, false, false, true})
	name := rapid.SampledFrom(m.names).Draw(t, "application")
	d := draw{
		name: name, event: rapid.SampledFrom(m.likely(name)).Draw(t, "event"), other: seldom.Draw(t, "other"),
		stale: seldom.Draw(t, "stale"), reasoned: rapid.Bool().Draw(t, "reasoned"), sameDefect: rapid.Bool().Draw(t, "same"),
	}
	a := m.apps[name]
	if a.state == "draft" && d.event != "submit" {
		return
	}
	if a.objections >= 20 && d.event == "object" || a.returns >= 20 && d.event == "return" {
		return
	}
	want := m.reason(d)
	fn, who, args := m.call(d)
	_, err := m.w.call(who, fn, args)
	var got ledger.Reason
	if e := ledger.AsError(err); e != nil {
		got = e.Reason
	} else if err != nil {
		t.Fatalf("%+v: %v", d, err)
	}
	if got != want {
		t.Fatalf("%s: %+v on %+v: got %q (%v), want %q", m.day, d, *a, got, err, want)
	}
	if want == "" {
		m.follow(d)
	}
	if a.state == "draft" {
		return
	}
	if state := m.w.app(name).State; string(state) != a.state {
		t.Fatalf("%+v: got state %s, want %s", d, state, a.state)
	}
	m.claims(t)
}

// likely weighs the events that the table has for the application's state.
func (m *machine) likely(name string) []string {
	list := events(m.table)
	for _, e := range events(m.table) {
		if m.table[[2]string{m.apps[name].state, e}] != "" {
			list = append(list, e, e, e, e, e, e)
		}
	}
	return list
}

// claims checks that every living application has its title and its deposit.
func (m *machine) claims(t *rapid.T) {
	for _, name := range m.names {
		a := m.apps[name]
		title, ok := lookup[ledger.ID](m.w, ledger.TitleKey(wID(a.holder), ledger.FoldTitle(a.title)))
		d := record[ledger.Deposit](m.w, ledger.RefTo(ledger.KindDeposit, mHash("deposit "+a.deposit)))
		if m.living(a) && (!ok || title != wID(name) || d.Application != wID(name)) {
			t.Fatalf("%s is %s without its title or deposit", name, a.state)
		}
		if !m.living(a) && a.state != "draft" && a.state != "returned" && (title == wID(name) || d.Application == wID(name)) {
			t.Fatalf("%s is %s and still has its title or deposit", name, a.state)
		}
	}
}
