package contract

import (
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// maxObjections bounds an application's record.
const maxObjections = 50

// over reports whether a period's last day has gone by. A period of 0 days, as
// demonstration ledgers have, is never over by the calendar (protocol §6).
func (t *tx) over(p *ledger.Period) (bool, error) {
	if p == nil || p.Days == 0 {
		return false, nil
	}
	last, err := t.lastDay(*p)
	return t.today() > last, err
}

// acceptApplication opens the examination (R10). Late is late, never tacit and
// never refused: the alarm is the registry's.
func acceptApplication(t *tx, _ ledger.AppStepArgs, app *ledger.Application) error {
	due, err := t.period(t.today(), t.genesis.Limits.Exam)
	app.AcceptedOn, app.ExamDue = t.today(), &due
	return err
}

// returnApplication gives an application back with all its defects at once; a
// later return may name new matter only (R10, domain §2.3). The record keeps the
// defects of all returns.
func returnApplication(t *tx, a ledger.AppReturnArgs, app *ledger.Application) error {
	for i, d := range a.Defects {
		if slices.ContainsFunc(app.Defects, d.Same) {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonSecond).At(at("defects", i)).By("R10")
		}
	}
	if len(app.Defects)+len(a.Defects) > ledger.MaxList {
		return ledger.Invalid("defects", "max_members").With("limit", strconv.Itoa(ledger.MaxList))
	}
	due, err := t.period(t.today(), t.genesis.Limits.Resubmit)
	app.Defects = append(app.Defects, a.Defects...)
	app.Returns, app.ResubmitBy = app.Returns+1, &due
	return err
}

// rejectApplication ends an application by the body's word, for a reason of
// domain §2.6: before it is accepted, or by its examination.
func rejectApplication(t *tx, a ledger.AppRefuseArgs, app *ledger.Application) error {
	app.Reason = a.Reason
	return t.release(*app)
}

// withdraw ends an application by the applicant's own word, until it is coded.
func withdraw(t *tx, _ ledger.AppStepArgs, app *ledger.Application) error { return t.release(*app) }

// pass ends the formal examination well and opens the notice period (R11, R12).
// The notice is published on the next working day, from which the period is
// counted. An examination that took too long needs its reason in late.
func pass(t *tx, _ ledger.AppPassArgs, app *ledger.Application) error {
	notice, err := t.notice()
	if err != nil {
		return err
	}
	due, err := t.period(notice.Due, t.genesis.Limits.Code)
	app.Notice, app.CodeDue = &notice, &due
	return err
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
func object(t *tx, a ledger.AppObjectArgs, app *ledger.Application) error {
	if a.Person != nil && t.me() != app.Body {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("person").By("R12")
	}
	if a.Person == nil && t.me() == app.Body {
		return ledger.Invalid("person", "required")
	}
	if slices.ContainsFunc(app.Objections, func(o ledger.Objection) bool { return o.ID == a.Objection }) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("objection")
	}
	if len(app.Objections) >= maxObjections {
		return ledger.Invalid("objection", "max_members").With("limit", strconv.Itoa(maxObjections))
	}
	due, err := t.period(t.today(), t.genesis.Limits.Objection)
	app.Objections = append(app.Objections, ledger.Objection{
		ID: a.Objection, Party: t.me(), Person: a.Person,
		Ground: a.Ground, Evidence: a.Evidence, FiledOn: t.today(), Due: due,
	})
	return err
}

// decide answers an objection: upheld, it ends the application (R12).
func decide(t *tx, a ledger.AppDecideArgs, app *ledger.Application) error {
	i := slices.IndexFunc(app.Objections, func(o ledger.Objection) bool { return o.ID == a.Objection })
	if i < 0 {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("objection")
	}
	if app.Objections[i].Decided {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("objection").With("state", "decided")
	}
	app.Objections[i].Decided, app.Objections[i].Upheld, app.Objections[i].Reason = true, a.Upheld, &a.Reason
	if a.Upheld {
		app.State = ledger.AppTerminated
		return t.release(*app)
	}
	return t.restartCoding(app)
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
