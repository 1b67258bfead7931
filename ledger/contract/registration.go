package contract

import (
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// registrationHandlers are the functions of deposit, application and entry.
var registrationHandlers = map[ledger.Function]handler{
	ledger.FnDeposit:      handle(deposit),
	ledger.FnSubmit:       handle(submit),
	ledger.FnAccept:       handle(acceptApplication),
	ledger.FnReturn:       handle(returnApplication),
	ledger.FnResubmit:     handle(resubmit),
	ledger.FnRefuse:       handle(refuseApplication),
	ledger.FnPass:         handle(pass),
	ledger.FnFail:         handle(fail),
	ledger.FnObject:       handle(object),
	ledger.FnDecide:       handle(decideObjection),
	ledger.FnCode:         handle(code),
	ledger.FnWithdraw:     handle(withdraw),
	ledger.FnEntrySuspend: handle(suspendEntry),
	ledger.FnEntryResume:  handle(resumeEntry),
}

// applicationSteps is domain §2.3.
func applicationSteps() []step[ledger.ApplicationState] {
	return []step[ledger.ApplicationState]{
		{ledger.FnSubmit, "", ledger.Submitted},
		{ledger.FnAccept, ledger.Submitted, ledger.Accepted},
		{ledger.FnReturn, ledger.Submitted, ledger.Returned},
		{ledger.FnResubmit, ledger.Returned, ledger.Submitted},
		{ledger.FnRefuse, ledger.Submitted, ledger.NotAccepted},
		{ledger.FnPass, ledger.Accepted, ledger.Noticed},
		{ledger.FnFail, ledger.Accepted, ledger.ExamFailed},
		{ledger.FnObject, ledger.Noticed, ledger.Noticed},
		{ledger.FnDecide, ledger.Noticed, ledger.Noticed},
		{ledger.FnDecide, ledger.Noticed, ledger.Terminated},
		{ledger.FnCode, ledger.Noticed, ledger.Coded},
		{ledger.FnWithdraw, ledger.Submitted, ledger.Withdrawn},
		{ledger.FnWithdraw, ledger.Returned, ledger.Withdrawn},
		{ledger.FnWithdraw, ledger.Accepted, ledger.Withdrawn},
		{ledger.FnWithdraw, ledger.Noticed, ledger.Withdrawn},
	}
}

// deposit fixes a hash before an application (R7).
func deposit(t *tx, a ledger.DepositArgs) error {
	ref := ledger.RefTo(ledger.KindDeposit, a.SHA256)
	if err := t.absent(ref, "sha256"); err != nil {
		return err
	}
	t.link(ref, "by", ledger.RefTo(ledger.KindParty, t.me()))
	return t.put(ref, ledger.Deposit{SHA256: a.SHA256, Bytes: a.Bytes, Party: t.me(), Time: t.now(), Cite: t.cite()})
}

// submit applies for the initial registration of a resource (R7 to R9).
func submit(t *tx, a ledger.SubmitArgs) error {
	ref := applicationRef(a.Application)
	if err := t.absent(ref, "application"); err != nil {
		return err
	}
	if err := t.absent(ledger.RefTo(ledger.KindResource, a.Resource.ID), "resource.id"); err != nil {
		return err
	}
	if err := t.admissibleResource(a); err != nil {
		return err
	}
	if err := t.reserveTitle(a.Resource.Title, a.Application); err != nil {
		return err
	}
	if err := t.useDeposit(a.Deposit, a.Application); err != nil {
		return err
	}
	app := ledger.Application{ID: a.Application, Kind: "initial", SubjectType: ledger.KindResource, Applicant: t.me(),
		Defects: []ledger.Defect{}, Objections: []ledger.Objection{}}
	if err := move(t, applicationSteps(), &app.State, ledger.Submitted); err != nil {
		return err
	}
	if err := t.receive(&app, a); err != nil {
		return err
	}
	t.link(ref, "rests_on", ledger.RefTo(ledger.KindDeposit, a.Deposit))
	t.link(ref, "applicant", ledger.RefTo(ledger.KindParty, t.me()))
	if err := t.set(ledger.RecordKey(ledger.RefTo(ledger.KindResource, a.Resource.ID)),
		ledger.ResourceIndex{ID: a.Resource.ID, Holder: t.me(), Application: a.Application}); err != nil {
		return err
	}
	return t.put(ref, app)
}

// receive takes in what is applied for; the clock of acceptance starts (R10).
func (t *tx) receive(app *ledger.Application, a ledger.SubmitArgs) (err error) {
	app.Body, app.Resource, app.Deposit, app.Materials = a.Body, a.Resource, a.Deposit, a.Materials
	app.InternalReview, app.SubmitPayload, app.ReceivedOn = a.InternalReview, t.v.Payload, t.today()
	app.ResubmitBy, app.Cite = nil, t.cite()
	app.AcceptDue, err = t.period(t.today(), t.genesis.Limits.Accept)
	return err
}

// admissibleResource holds what is applied for against whose it is, the body's
// jurisdiction (R6) and what is never registered (domain §2.6, §5).
func (t *tx) admissibleResource(a ledger.SubmitArgs) error {
	if a.Resource.Publisher != t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("resource.publisher").By("R7")
	}
	if a.Resource.Level == ledger.Core {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonCoreData).At("resource.level").By("domain §2.6")
	}
	if a.Resource.Modified > t.now()+ledger.Skew {
		return ledger.Invalid("resource.modified", "not_in_future")
	}
	if a.InternalReview.On > t.today() {
		return ledger.Invalid("internal_review.on", "not_in_future")
	}
	if a.Resource.Quality.AssessedOn > t.today() {
		return ledger.Invalid("resource.quality.assessed_on", "not_in_future")
	}
	body, err := load[ledger.Party](t, ledger.RefTo(ledger.KindParty, a.Body), "body")
	if err != nil {
		return err
	}
	if !body.Has(ledger.RoleRegistryBody) || !body.Region.Covers(a.Resource.Spatial) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonJurisdiction).At("body").By("R6")
	}
	return nil
}

// reserveTitle keeps holder and title unique while an application or its entry lives.
func (t *tx) reserveTitle(title string, application ledger.ID) error {
	key := titleKey(t.me(), title)
	other, taken, err := read[ledger.ID](t.state, key)
	if err != nil {
		return err
	}
	if taken && other != application {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At("resource.title").By("domain §2.6").With("application", string(other))
	}
	return t.set(key, application)
}

func titleKey(holder ledger.ID, title string) string {
	return ledger.TitleKey(holder, ledger.FoldTitle(title))
}

// useDeposit binds a deposit of the caller's own to one application (R7).
func (t *tx) useDeposit(hash ledger.Digest, application ledger.ID) error {
	ref := ledger.RefTo(ledger.KindDeposit, hash)
	d, ok, err := read[ledger.Deposit](t.state, ledger.RecordKey(ref))
	if err != nil {
		return err
	}
	if !ok || d.Party != t.me() {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonDeposit).At("deposit_hash").By("R7")
	}
	if d.Application != "" && d.Application != application {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At("deposit_hash").By("domain §2.6").With("application", string(d.Application))
	}
	d.Application = application
	return t.put(ref, d)
}

// release gives title, deposit and resource id free when an application ends
// without an entry.
func (t *tx) release(app ledger.Application) error {
	t.drop(titleKey(app.Applicant, app.Resource.Title))
	t.drop(ledger.RecordKey(ledger.RefTo(ledger.KindResource, app.Resource.ID)))
	return t.releaseDeposit(app.Deposit)
}

func (t *tx) releaseDeposit(hash ledger.Digest) error {
	ref := ledger.RefTo(ledger.KindDeposit, hash)
	d, err := load[ledger.Deposit](t, ref, "deposit_hash")
	if err != nil {
		return err
	}
	d.Application = ""
	return t.put(ref, d)
}

// resubmit answers a return with the whole application anew; the clock restarts
// that day (R10). Thirty working days' silence is a withdrawal (ours).
func resubmit(t *tx, a ledger.ResubmitArgs) error {
	app, err := t.own(ledger.StepArgs{Application: a.Application, Answers: a.Answers})
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Submitted); err != nil {
		return err
	}
	if app.ResubmitBy != nil && app.ResubmitBy.Days > 0 {
		last, err := t.lastDay(*app.ResubmitBy)
		if err != nil {
			return err
		}
		if t.today() > last {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonLate).At("application").By("domain §2.3").With("due", string(last))
		}
	}
	if a.Resource.ID != app.Resource.ID {
		return ledger.Invalid("resource.id", "same_as_before")
	}
	if err := t.admissibleResource(a.SubmitArgs); err != nil {
		return err
	}
	if titleKey(t.me(), a.Resource.Title) != titleKey(t.me(), app.Resource.Title) {
		t.drop(titleKey(t.me(), app.Resource.Title))
		if err := t.reserveTitle(a.Resource.Title, app.ID); err != nil {
			return err
		}
	}
	if a.Deposit != app.Deposit {
		if err := t.releaseDeposit(app.Deposit); err != nil {
			return err
		}
		if err := t.useDeposit(a.Deposit, app.ID); err != nil {
			return err
		}
		t.link(applicationRef(app.ID), "rests_on", ledger.RefTo(ledger.KindDeposit, a.Deposit))
	}
	if err := t.receive(&app, a.SubmitArgs); err != nil {
		return err
	}
	return t.put(applicationRef(app.ID), app)
}

func withdraw(t *tx, a ledger.StepArgs) error {
	app, err := t.own(a)
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Withdrawn); err != nil {
		return err
	}
	if err := t.release(app); err != nil {
		return err
	}
	app.Cite = t.cite()
	return t.put(applicationRef(app.ID), app)
}

func applicationRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindApplication, id) }

// own is an application of the caller's, as it last stood.
func (t *tx) own(a ledger.StepArgs) (ledger.Application, error) {
	app, err := load[ledger.Application](t, applicationRef(a.Application), "application")
	if err != nil {
		return app, err
	}
	if app.Applicant != t.me() {
		return app, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("application")
	}
	return app, answers(a.Answers, app.Cite)
}

// mine is an application that was made to the calling body, as it last stood.
func (t *tx) mine(a ledger.StepArgs) (ledger.Application, error) {
	app, err := load[ledger.Application](t, applicationRef(a.Application), "application")
	if err != nil {
		return app, err
	}
	if app.Body != t.me() {
		return app, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("application")
	}
	return app, answers(a.Answers, app.Cite)
}

func suspendEntry(t *tx, a ledger.TargetArgs) error { return t.entrySuspension(a, true) }
func resumeEntry(t *tx, a ledger.TargetArgs) error  { return t.entrySuspension(a, false) }

// entrySuspension opens or lifts a regulator's suspension of an entry (domain §2.5).
func (t *tx) entrySuspension(a ledger.TargetArgs, open bool) error {
	ref := ledger.RefTo(ledger.KindEntry, a.ID)
	e, err := load[ledger.Entry](t, ref, "id")
	if err != nil {
		return err
	}
	if err := answers(a.Answers, e.Cite); err != nil {
		return err
	}
	if e.State != ledger.EntryActive {
		return wrongState(e.State)
	}
	if open {
		e.Suspensions, err = t.suspend(e.Suspensions, a.Ground, ledger.RoleRegulator)
	} else {
		e.Suspensions, err = t.resume(e.Suspensions, ledger.RoleRegulator)
	}
	if err != nil {
		return err
	}
	e.Cite = t.cite()
	return t.put(ref, e)
}

// sameMatter reports whether a defect of the same member and rule was named before.
func sameMatter(list []ledger.Defect, d ledger.Defect) bool {
	return slices.ContainsFunc(list, func(o ledger.Defect) bool { return o.Field == d.Field && o.Rule == d.Rule })
}
