package contract

import (
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// maxObjections bounds an application's record.
const maxObjections = 50

// applicationSteps is domain §2.3: every step that a call may take. Whatever is
// not here is refused; silence changes nothing but what it says beside resubmit.
func applicationSteps() []step[ledger.ApplicationState] {
	return []step[ledger.ApplicationState]{
		{ledger.FnAppSubmit, "", ledger.AppSubmitted},
		{ledger.FnAppAccept, ledger.AppSubmitted, ledger.AppAccepted},
		{ledger.FnAppReturn, ledger.AppSubmitted, ledger.AppReturned},
		{ledger.FnAppResubmit, ledger.AppReturned, ledger.AppSubmitted},
		{ledger.FnAppRefuse, ledger.AppSubmitted, ledger.AppNotAccepted},
		{ledger.FnAppPass, ledger.AppAccepted, ledger.AppNoticed},
		{ledger.FnAppFail, ledger.AppAccepted, ledger.AppExamFailed},
		{ledger.FnAppObject, ledger.AppNoticed, ledger.AppNoticed},
		{ledger.FnAppDecide, ledger.AppNoticed, ledger.AppNoticed},
		{ledger.FnAppDecide, ledger.AppNoticed, ledger.AppTerminated},
		{ledger.FnAppCode, ledger.AppNoticed, ledger.AppCoded},
		{ledger.FnAppWithdraw, ledger.AppSubmitted, ledger.AppWithdrawn},
		{ledger.FnAppWithdraw, ledger.AppReturned, ledger.AppWithdrawn},
		{ledger.FnAppWithdraw, ledger.AppAccepted, ledger.AppWithdrawn},
		{ledger.FnAppWithdraw, ledger.AppNoticed, ledger.AppWithdrawn},
	}
}

// advance takes an application to a state by the called function.
func (t *tx) advance(app *ledger.Application, to ledger.ApplicationState) error {
	if err := move(t, applicationSteps(), &app.State, to); err != nil {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("application").By("domain §2.3").With("state", string(app.State))
	}
	return nil
}

// actor is whose step it is: that of the applicant or of the body applied to.
type actor func(ledger.Application) ledger.ID

func applicant(app ledger.Application) ledger.ID { return app.Applicant }
func body(app ledger.Application) ledger.ID      { return app.Body }

// take is an application one step further: the step is the caller's, the table
// has it, and the caller has seen what stands. The caller writes it.
func (t *tx) take(a ledger.AppStepArgs, who actor, to ledger.ApplicationState) (ledger.Application, error) {
	app, err := load[ledger.Application](t, applicationRef(a.Application), "application")
	if err != nil {
		return app, err
	}
	if who(app) != t.me() {
		return app, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("application")
	}
	if err := t.advance(&app, to); err != nil {
		return app, err
	}
	if err := answers(a.Answers, app.Cite); err != nil {
		return app, err
	}
	app.Cite = t.cite()
	return app, nil
}

// over reports whether a period's last day has gone by. A period of 0 days, as
// demonstration ledgers have, is never over by the calendar (protocol §6).
func (t *tx) over(p *ledger.Period) (bool, error) {
	if p == nil || p.Days == 0 {
		return false, nil
	}
	last, err := t.lastDay(*p)
	return t.today() > last, err
}

// before refuses what comes after a period's last day.
func (t *tx) before(p *ledger.Period, field, rule string) error {
	over, err := t.over(p)
	if err != nil || !over {
		return err
	}
	last, err := t.lastDay(*p)
	if err != nil {
		return err
	}
	return ledger.Refuse(ledger.Conflict, ledger.ReasonLate).At(field).By(rule).With("due", string(last))
}

// acceptApplication opens the examination (R10). Late is late, never tacit and
// never refused: the alarm is the registry's.
func acceptApplication(t *tx, a ledger.AppStepArgs) error {
	app, err := t.take(a, body, ledger.AppAccepted)
	if err != nil {
		return err
	}
	due, err := t.period(t.today(), t.genesis.Limits.Exam)
	if err != nil {
		return err
	}
	app.AcceptedOn, app.ExamDue = t.today(), &due
	return t.put(applicationRef(app.ID), app)
}

// returnApplication gives an application back with all its defects at once; a
// later return may name new matter only (R10, domain §2.3). The record keeps the
// defects of all returns.
func returnApplication(t *tx, a ledger.AppReturnArgs) error {
	app, err := t.take(a.AppStepArgs, body, ledger.AppReturned)
	if err != nil {
		return err
	}
	for i, d := range a.Defects {
		if slices.ContainsFunc(app.Defects, d.Same) {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonSecond).At(at("defects", i)).By("R10")
		}
	}
	if len(app.Defects)+len(a.Defects) > ledger.MaxList {
		return ledger.Invalid("defects", "max_members").With("limit", strconv.Itoa(ledger.MaxList))
	}
	due, err := t.period(t.today(), t.genesis.Limits.Resubmit)
	if err != nil {
		return err
	}
	app.Defects = append(slices.Clone(app.Defects), a.Defects...)
	app.Returns, app.ResubmitBy = app.Returns+1, &due
	return t.put(applicationRef(app.ID), app)
}

func refuseApplication(t *tx, a ledger.AppRefuseArgs) error {
	return t.reject(a, ledger.AppNotAccepted)
}
func fail(t *tx, a ledger.AppRefuseArgs) error { return t.reject(a, ledger.AppExamFailed) }

// reject ends an application by the body's word, for a reason of domain §2.6.
func (t *tx) reject(a ledger.AppRefuseArgs, to ledger.ApplicationState) error {
	app, err := t.take(a.AppStepArgs, body, to)
	if err != nil {
		return err
	}
	app.Reason = a.Reason
	return t.end(app)
}

// withdraw ends an application by the applicant's own word, until it is coded.
func withdraw(t *tx, a ledger.AppStepArgs) error {
	app, err := t.take(a, applicant, ledger.AppWithdrawn)
	if err != nil {
		return err
	}
	return t.end(app)
}

func (t *tx) end(app ledger.Application) error {
	if err := t.release(app); err != nil {
		return err
	}
	return t.put(applicationRef(app.ID), app)
}

// pass ends the formal examination well and opens the notice period (R11, R12).
// The notice is published on the next working day, from which the period is
// counted. An examination that took too long needs its reason told in late.
func pass(t *tx, a ledger.AppPassArgs) error {
	app, err := t.take(a.AppStepArgs, body, ledger.AppNoticed)
	if err != nil {
		return err
	}
	if a.Late == nil {
		if err := t.before(app.ExamDue, "late", "R11"); err != nil {
			return err
		}
	}
	notice, err := t.notice()
	if err != nil {
		return err
	}
	due, err := t.period(notice.Due, t.genesis.Limits.Code)
	if err != nil {
		return err
	}
	app.Notice, app.CodeDue = &notice, &due
	return t.put(applicationRef(app.ID), app)
}

// notice is the notice period of what is passed today.
func (t *tx) notice() (ledger.Period, error) {
	days := t.genesis.Limits.Notice
	if days == 0 {
		return t.period(t.today(), 0)
	}
	published, err := t.period(t.today(), 1)
	if err != nil {
		return published, err
	}
	p, err := t.period(published.Due, days)
	p.Provisional = p.Provisional || published.Provisional
	return p, err
}

// object enters an objection, by anyone admitted and under the own name (R12).
// A natural person has no key here: the body files for it.
func object(t *tx, a ledger.AppObjectArgs) error {
	anyone := func(ledger.Application) ledger.ID { return t.me() }
	app, err := t.take(ledger.AppStepArgs{Application: a.Application, Answers: a.Answers}, anyone, ledger.AppNoticed)
	if err != nil {
		return err
	}
	if a.Person != nil && t.me() != app.Body {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("person").By("R12")
	}
	if a.Person == nil && t.me() == app.Body {
		return ledger.Invalid("person", "required")
	}
	if err := t.before(app.Notice, "application", "R12"); err != nil {
		return err
	}
	if slices.ContainsFunc(app.Objections, func(o ledger.Objection) bool { return o.ID == a.Objection }) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("objection")
	}
	if len(app.Objections) >= maxObjections {
		return ledger.Invalid("objection", "max_members").With("limit", strconv.Itoa(maxObjections))
	}
	due, err := t.period(t.today(), t.genesis.Limits.Objection)
	if err != nil {
		return err
	}
	app.Objections = append(slices.Clone(app.Objections), ledger.Objection{
		ID: a.Objection, Party: t.me(), Person: a.Person,
		Ground: a.Ground, Evidence: a.Evidence, FiledOn: t.today(), Due: due,
	})
	return t.put(applicationRef(app.ID), app)
}

// decide answers an objection: upheld, it ends the application (R12).
func decide(t *tx, a ledger.AppDecideArgs) error {
	to := ledger.AppNoticed
	if a.Upheld {
		to = ledger.AppTerminated
	}
	app, err := t.take(a.AppStepArgs, body, to)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(app.Objections, func(o ledger.Objection) bool { return o.ID == a.Objection })
	if i < 0 {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("objection")
	}
	if app.Objections[i].Decided {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("objection").With("state", "decided")
	}
	app.Objections = slices.Clone(app.Objections)
	app.Objections[i].Decided, app.Objections[i].Upheld, app.Objections[i].Reason = true, a.Upheld, &a.Reason
	if a.Upheld {
		return t.end(app)
	}
	if err := t.restartCoding(&app); err != nil {
		return err
	}
	return t.put(applicationRef(app.ID), app)
}

// restartCoding counts the days for coding anew where the last open objection
// had blocked it beyond the notice period.
func (t *tx) restartCoding(app *ledger.Application) error {
	over, err := t.over(app.Notice)
	if err != nil || !over || open(*app) {
		return err
	}
	due, err := t.period(t.today(), t.genesis.Limits.Code)
	app.CodeDue = &due
	return err
}

// open reports whether an objection waits for its decision.
func open(app ledger.Application) bool {
	return slices.ContainsFunc(app.Objections, func(o ledger.Objection) bool { return !o.Decided })
}
