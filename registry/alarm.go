package registry

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// CalendarYears returns the recorded lists of the State Council, by year.
func (r *Registry) CalendarYears(ctx context.Context) ([]ledger.CalendarYear, error) {
	return readmodel.List[ledger.CalendarYear](ctx, r.read, "SELECT value FROM registry_calendar ORDER BY year")
}

// Years returns the calendar made of the recorded lists.
func (r *Registry) Years(ctx context.Context) (calendar.Calendar, error) {
	recorded, err := r.CalendarYears(ctx)
	if err != nil {
		return nil, err
	}
	lists := map[int]calendar.Year{}
	for _, y := range recorded {
		list := calendar.Year{Year: y.Year, Source: y.Source}
		for _, d := range y.Off {
			list.Off = append(list.Off, calendar.Date(d))
		}
		for _, d := range y.Work {
			list.Work = append(list.Work, calendar.Date(d))
		}
		lists[y.Year] = list
	}
	return func(year int) (calendar.Year, bool) {
		list, ok := lists[year]
		return list, ok
	}, nil
}

// lastDay returns the last day of a period: the later of the stored day and the day by
// the current lists, because a later list never shortens a period.
func lastDay(lists calendar.Calendar, p ledger.Period) calendar.Due {
	stored := calendar.Due{Due: calendar.Date(p.Due), Provisional: p.Provisional}
	if p.Days == 0 {
		return stored
	}
	return calendar.Later(stored, lists.Add(calendar.Date(p.From), p.Days))
}

// Step is the step that an application openLimit for.
type Step string

// Steps with a time limit.
const (
	StepAccept   Step = "accept"   // by the registry body: accept, return or refuse
	StepResubmit Step = "resubmit" // by the applicant; after the limit the application is withdrawn
	StepExamine  Step = "examine"  // by the registry body: pass or fail
	StepDecide   Step = "decide_objection"
	StepCode     Step = "code"
)

// Alarm is a step that is overdue. It never gives a right.
type Alarm struct {
	Application ledger.ID   `json:"application" zh:"登记申请" en:"application"`
	Applicant   ledger.ID   `json:"applicant" zh:"申请单位" en:"applicant"`
	Body        ledger.ID   `json:"registry_body" zh:"登记机构" en:"registry body"`
	Title       string      `json:"title" zh:"资源名称" en:"title of the resource"`
	Step        Step        `json:"step" form:"enum=application_steps" zh:"超期的环节" en:"step that is overdue"`
	Objection   ledger.ID   `json:"objection,omitempty" zh:"待处理的异议" en:"objection to decide, for decide_objection"`
	Due         ledger.Date `json:"due" zh:"期限最后一日" en:"last day of the limit"`
	Days        int         `json:"days" zh:"已超过的工作日数，含当日" en:"working days since then, today included"`
	Provisional bool        `json:"provisional,omitempty" zh:"该年放假安排尚未登记，期限按周一至周五推算" en:"the year has no recorded list of working days: Monday to Friday are assumed"`
}

// Readers returns the registry body that is late. The alarm belongs to the applicant's
// region.
func (a Alarm) Readers() ledger.Readers {
	return ledger.Readers{As: ledger.ReadAlarm, Parties: []ledger.ID{a.Body}, Under: ledger.RefTo(ledger.KindParty, a.Applicant)}
}

// Label returns the title of the resource that openLimit.
func (a Alarm) Label() ledger.Label {
	return ledger.Label{Name: a.Title, Party: a.Applicant, State: string(a.Step)}
}

// openLimit is a time limit that has begun and not ended.
type openLimit struct {
	step      Step
	objection ledger.ID
	period    ledger.Period
}

// Overdue returns the overdue steps of all applications, the first submitted first.
// Limits of 0 days (demo ledgers) give no alarms.
func (r *Registry) Overdue(ctx context.Context) ([]Alarm, error) {
	lists, err := r.Years(ctx)
	if err != nil {
		return nil, err
	}
	genesis, err := r.Genesis(ctx)
	if err != nil && !errors.Is(err, ledger.NotFound) {
		return nil, err
	}
	open, err := readmodel.List[ledger.ApplicationDetail](ctx, r.read, waiting)
	if err != nil {
		return nil, err
	}
	alarms, day := []Alarm{}, calendar.Date(r.today())
	for _, a := range open {
		for _, w := range openLimits(lists, genesis.Limits, a.Application, day) {
			due := lastDay(lists, w.period)
			if w.period.Days == 0 || due.Due >= day {
				continue
			}
			alarms = append(alarms, Alarm{
				Application: a.ID, Applicant: a.Applicant, Body: a.Body, Title: a.Resource.Title, Step: w.step,
				Objection: w.objection, Due: ledger.Date(due.Due), Days: workingDays(lists, due.Due, day), Provisional: due.Provisional,
			})
		}
	}
	return alarms, nil
}

// waiting selects the applications that wait for a step. It finds their numbers by the
// index of states and reads the records in the order of numbers, without a sort.
const waiting = "SELECT value FROM registry_application_detail WHERE n IN (SELECT n FROM registry_application " +
	"WHERE state IN ('submitted', 'returned', 'accepted', 'noticed')) ORDER BY n"

// openLimits returns the open limits of an application. Coding waits for the end of the
// notice period and for every objection; if no limit is recorded for it, the limit
// begins at the end of the notice period.
func openLimits(lists calendar.Calendar, limits ledger.Limits, a ledger.Application, day calendar.Date) []openLimit {
	one := func(step Step, p *ledger.Period) []openLimit {
		if p == nil {
			return nil
		}
		return []openLimit{{step: step, period: *p}}
	}
	switch a.State { //nolint:exhaustive // in other states nothing is awaited
	case ledger.AppSubmitted:
		return one(StepAccept, &a.AcceptDue)
	case ledger.AppReturned:
		return one(StepResubmit, a.ResubmitBy)
	case ledger.AppAccepted:
		return one(StepExamine, a.ExamDue)
	case ledger.AppNoticed:
		return noticeLimits(lists, limits, a, day)
	}
	return nil
}

func noticeLimits(lists calendar.Calendar, limits ledger.Limits, a ledger.Application, day calendar.Date) []openLimit {
	var open []openLimit
	for _, o := range a.Objections {
		if !o.Decided {
			open = append(open, openLimit{StepDecide, o.ID, o.Due})
		}
	}
	if len(open) > 0 || a.Notice == nil {
		return open
	}
	over := lastDay(lists, *a.Notice)
	if over.Due >= day {
		return nil
	}
	due := ledger.Period{From: ledger.Date(over.Due), Days: limits.Code, Provisional: over.Provisional}
	if a.CodeDue != nil {
		due = *a.CodeDue
	}
	return []openLimit{{step: StepCode, period: due}}
}

// workingDays returns the number of working days after due, up to and including day.
func workingDays(lists calendar.Calendar, due, day calendar.Date) int {
	n := 0
	for d := due.AddDays(1); d != "" && d <= day; d = d.AddDays(1) {
		if lists.Working(d) {
			n++
		}
	}
	return n
}
