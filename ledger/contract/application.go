package contract

import (
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// maxObjections is how many objections an application may have; it bounds the size
// of the record.
const maxObjections = 50

// isOver reports whether the last day of a period is past. A period of 0 days, which
// only demonstration ledgers have, is never over by the calendar.
func (t *tx) isOver(p *ledger.Period) (bool, error) {
	if p == nil || p.Days == 0 {
		return false, nil
	}
	last, err := t.lastDay(*p)
	return t.today() > last, err
}

// acceptApplication opens the examination (R10). A late acceptance is allowed, and
// silence accepts nothing; the registry raises the alarm for what is late.
func acceptApplication(t *tx, _ ledger.AppStepArgs, app *ledger.Application) error {
	due, err := t.period(t.today(), t.genesis.Limits.Exam)
	app.AcceptedOn, app.AcceptedKey, app.ExamDue = t.today(), t.kid(), &due
	return err
}

// returnApplication returns an application to the applicant with all its defects
// at once; a later return may only name new defects (R10). The record
// lists the defects of all returns.
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

// rejectApplication ends an application because the registry body refuses it, for
// a reason that the law knows (R10, R11): before acceptance, or after the examination.
func rejectApplication(t *tx, a ledger.AppRefuseArgs, app *ledger.Application) error {
	if err := t.fourEyes(app.AcceptedKey); err != nil { // empty before the acceptance
		return err
	}
	app.Reason = a.Reason
	return t.releaseClaims(*app)
}

// withdraw ends an application at the wish of the applicant, who may do so until it
// is coded.
func withdraw(t *tx, _ ledger.AppStepArgs, app *ledger.Application) error {
	return t.releaseClaims(*app)
}

// pass records that the formal examination succeeded and opens the notice period
// (R11, R12). The notice is published on the next working day, and the period runs
// from that day. An examination that took too long gives its reason in late.
func pass(t *tx, _ ledger.AppPassArgs, app *ledger.Application) error {
	if err := t.fourEyes(app.AcceptedKey); err != nil {
		return err
	}
	notice, err := t.notice()
	if err != nil {
		return err
	}
	due, err := t.period(notice.Due, t.genesis.Limits.Code)
	if err != nil {
		return err
	}
	app.PassedKey, app.Notice, app.CodeDue = t.kid(), &notice, &due
	return t.publish(*app, notice)
}

// publish records the public notice of an application, with what everyone may know of
// it (R12). Its number has the region of the applicant.
func (t *tx) publish(app ledger.Application, period ledger.Period) error {
	s, err := t.submission(app.SubmitPayload)
	if err != nil {
		return err
	}
	applicant, err := load[ledger.Party](t, partyRef(app.Applicant), "application")
	if err != nil {
		return err
	}
	t.link(noticeRef(app.ID), "publishes", applicationRef(app.ID))
	return t.putRecord(noticeRef(app.ID), ledger.Notice{
		Application: app.ID, Serial: ledger.MakeSerial(applicant.Region, period.From, app.ID), Kind: app.Kind,
		Title: s.Resource.Title, Summary: s.Resource.Description, Registrant: app.Applicant,
		From: period.From, Until: period, Cite: t.cite(),
	})
}

func noticeRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindNotice, id) }

// notice returns the notice period of an application that passes today.
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

// object records an objection. Any admitted party may object, in its own name (R12).
// A natural person has no key on the ledger: the registry body files for the person.
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

// decide records the decision on an objection. An upheld objection ends the
// application (R12).
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
		return t.releaseClaims(*app)
	}
	return t.restartCoding(app)
}

// restartCoding starts the days for coding again if the decided objection was the
// last open one and had blocked coding beyond the notice period.
func (t *tx) restartCoding(app *ledger.Application) error {
	over, err := t.isOver(app.Notice)
	if err != nil || !over || hasOpenObjection(*app) {
		return err
	}
	due, err := t.period(t.today(), t.genesis.Limits.Code)
	app.CodeDue = &due
	return err
}

// hasOpenObjection reports whether an objection still waits for its decision.
func hasOpenObjection(app ledger.Application) bool {
	return slices.ContainsFunc(app.Objections, func(o ledger.Objection) bool { return !o.Decided })
}
