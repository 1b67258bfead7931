package contract

import (
	"slices"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// maxObjections bounds an application's record.
const maxObjections = 50

// acceptApplication takes an application up: complete, in jurisdiction (R10). A
// missed limit is never a tacit approval, nor does it bar acceptance (ours).
func acceptApplication(t *tx, a ledger.StepArgs) error {
	app, err := t.mine(a)
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Accepted); err != nil {
		return err
	}
	app.AcceptedOn = t.today()
	due, err := t.period(t.today(), t.genesis.Limits.Exam)
	if err != nil {
		return err
	}
	app.ExamDue, app.Cite = &due, t.cite()
	return t.put(applicationRef(app.ID), app)
}

// returnApplication gives it back with all defects at once; a second return
// needs new matter (R10; ours).
func returnApplication(t *tx, a ledger.ReturnArgs) error {
	app, err := t.mine(a.StepArgs)
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Returned); err != nil {
		return err
	}
	for i, d := range a.Defects {
		if app.Returns > 0 && sameMatter(app.Defects, d) {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonSecond).At(at("defects", i)).By("R10")
		}
	}
	if len(app.Defects)+len(a.Defects) > ledger.MaxList {
		return ledger.Invalid("defects", "max_members")
	}
	app.Defects = slices.Concat(app.Defects, a.Defects)
	app.Returns++
	due, err := t.period(t.today(), t.genesis.Limits.Resubmit)
	if err != nil {
		return err
	}
	app.ResubmitBy, app.Cite = &due, t.cite()
	return t.put(applicationRef(app.ID), app)
}

func refuseApplication(t *tx, a ledger.RefuseArgs) error {
	return t.close(a, ledger.NotAccepted)
}

func fail(t *tx, a ledger.RefuseArgs) error { return t.close(a, ledger.ExamFailed) }

// close ends an application with a reason and gives free what it held.
func (t *tx) close(a ledger.RefuseArgs, to ledger.ApplicationState) error {
	app, err := t.mine(a.StepArgs)
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, to); err != nil {
		return err
	}
	if err := t.release(app); err != nil {
		return err
	}
	app.Reason, app.Cite = a.Reason, t.cite()
	return t.put(applicationRef(app.ID), app)
}

// pass ends the formal examination (R11) and begins the notice of exactly ten
// working days (R12). When the limit has gone by, the reason must be told.
func pass(t *tx, a ledger.PassArgs) error {
	app, err := t.mine(a.StepArgs)
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Noticed); err != nil {
		return err
	}
	if app.ExamDue != nil && app.ExamDue.Days > 0 {
		last, err := t.lastDay(*app.ExamDue)
		if err != nil {
			return err
		}
		if t.today() > last && a.Late == nil {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonLate).At("late").By("R11").With("due", string(last))
		}
	}
	notice, err := t.noticePeriod()
	if err != nil {
		return err
	}
	app.Notice, app.Cite = &notice, t.cite()
	return t.put(applicationRef(app.ID), app)
}

// noticePeriod begins on the working day after passing: the notice of domain
// §10 is published on the 23rd after passing on the 22nd and runs from the 24th.
func (t *tx) noticePeriod() (ledger.Period, error) {
	return t.period(t.today(), t.genesis.Limits.Notice)
}

// object takes an objection under one's real name, in the period (R12). On a
// demo ledger of 0 days it is taken until the next step is recorded.
func object(t *tx, a ledger.ObjectArgs) error {
	app, err := load[ledger.Application](t, applicationRef(a.Application), "application")
	if err != nil {
		return err
	}
	if err := answers(a.Answers, app.Cite); err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Noticed); err != nil {
		return err
	}
	if a.Person != nil && app.Body != t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("person").By("protocol §9")
	}
	if a.Person == nil && app.Applicant == t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("application").By("R12")
	}
	over, last, err := t.noticeOver(app)
	if err != nil {
		return err
	}
	if over && app.Notice.Days > 0 {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonLate).At("application").By("R12").With("due", string(last))
	}
	if len(app.Objections) >= maxObjections {
		return ledger.Invalid("objection", "max_"+strconv.Itoa(maxObjections))
	}
	if slices.ContainsFunc(app.Objections, func(o ledger.Objection) bool { return o.ID == a.Objection }) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("objection")
	}
	due, err := t.period(t.today(), t.genesis.Limits.Objection)
	if err != nil {
		return err
	}
	app.Objections = append(slices.Clone(app.Objections), ledger.Objection{ID: a.Objection, Party: t.me(), Person: a.Person,
		Ground: a.Ground, Evidence: a.Evidence, FiledOn: t.today(), Due: due})
	app.Cite = t.cite()
	t.link(applicationRef(app.ID), "objected_by", ledger.RefTo(ledger.KindParty, t.me()))
	return t.put(applicationRef(app.ID), app)
}

// noticeOver reports whether the notice period is over, and its last day.
func (t *tx) noticeOver(app ledger.Application) (bool, ledger.Date, error) {
	if app.Notice == nil || app.Notice.Days == 0 {
		return true, t.today(), nil
	}
	last, err := t.lastDay(*app.Notice)
	return t.today() > last, last, err
}

// decideObjection: upheld ends the application (R12).
func decideObjection(t *tx, a ledger.DecideArgs) error {
	app, err := t.mine(a.StepArgs)
	if err != nil {
		return err
	}
	to := ledger.Noticed
	if a.Upheld {
		to = ledger.Terminated
	}
	if err := move(t, applicationSteps(), &app.State, to); err != nil {
		return err
	}
	i := slices.IndexFunc(app.Objections, func(o ledger.Objection) bool { return o.ID == a.Objection })
	if i < 0 {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("objection").With("ref", string(a.Objection))
	}
	if app.Objections[i].Decided {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("objection").With("state", "decided")
	}
	app.Objections = slices.Clone(app.Objections)
	app.Objections[i].Decided, app.Objections[i].Upheld, app.Objections[i].Reason = true, a.Upheld, &a.Reason
	if a.Upheld {
		if err := t.release(app); err != nil {
			return err
		}
	}
	app.Cite = t.cite()
	return t.put(applicationRef(app.ID), app)
}

// termYears is how long a code is valid: three years from the coding day,
// inclusive (R15; domain §7).
const termYears = 3

// code ends the registration: the entry with its code and term, and the right
// to hold (R13, R15). The period must be over and no objection open.
func code(t *tx, a ledger.CodeArgs) error {
	app, err := t.mine(a.StepArgs)
	if err != nil {
		return err
	}
	if err := move(t, applicationSteps(), &app.State, ledger.Coded); err != nil {
		return err
	}
	over, last, err := t.noticeOver(app)
	if err != nil {
		return err
	}
	if !over {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonEarly).At("application").By("R12").With("due", string(last))
	}
	if slices.ContainsFunc(app.Objections, func(o ledger.Objection) bool { return !o.Decided }) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonOpen).At("application").By("R12")
	}
	app.Entry, app.CodedOn, app.Cite = app.ID, t.today(), t.cite()
	e := t.entry(app, a.RegistryCode)
	if err := t.enterCodes(e); err != nil {
		return err
	}
	ref := ledger.RefTo(ledger.KindEntry, e.ID)
	resource := ledger.RefTo(ledger.KindResource, e.Subject)
	t.link(ref, "coded_from", applicationRef(app.ID))
	t.link(resource, "registered_by", ref)
	t.link(resource, "held_by", ledger.RefTo(ledger.KindParty, e.Holder))
	if err := t.set(ledger.RecordKey(resource), ledger.ResourceIndex{ID: e.Subject, Holder: e.Holder, Application: app.ID, Entry: e.ID}); err != nil {
		return err
	}
	if err := t.grantHold(e); err != nil {
		return err
	}
	if err := t.put(ref, e); err != nil {
		return err
	}
	return t.put(applicationRef(app.ID), app)
}

func (t *tx) entry(app ledger.Application, registryCode string) ledger.Entry {
	until := calendar.Date(t.today()).AddYears(termYears)
	return ledger.Entry{ID: app.ID, SubjectType: app.SubjectType, Subject: app.Resource.ID, SubjectHash: app.SubmitPayload,
		Title: app.Resource.Title, Holder: app.Applicant, Resource: app.Resource, RegistryCode: registryCode,
		CadCode:   ledger.MakeCadCode(app.Resource.Spatial, '1', t.today(), app.ID),
		ValidFrom: t.today(), ValidUntil: ledger.Date(until), Body: app.Body, State: ledger.EntryActive,
		Suspensions: []ledger.Suspension{}, Cite: t.cite()}
}

// enterCodes keeps codes unique and leads from them to the entry.
func (t *tx) enterCodes(e ledger.Entry) error {
	codes := []string{string(e.CadCode)}
	if e.RegistryCode != "" {
		codes = append(codes, e.RegistryCode)
	}
	for _, c := range codes {
		taken, err := t.has(ledger.CodeKey(c))
		if err != nil {
			return err
		}
		if taken || len(codes) == 2 && codes[0] == codes[1] {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("registry_code")
		}
		if err := t.set(ledger.CodeKey(c), e.ID); err != nil {
			return err
		}
	}
	return nil
}

// grantHold records the holder's right (T 持有权; protocol §8).
func (t *tx) grantHold(e ledger.Entry) error {
	g := ledger.Grant{ID: ledger.DeriveID("grant", string(e.ID), string(ledger.Hold)), Right: ledger.Hold, Party: e.Holder,
		Scope: ledger.RefTo(ledger.KindResource, e.Subject), From: e.ValidFrom, Until: e.ValidUntil, Basis: ledger.RefTo(ledger.KindEntry, e.ID)}
	ref := ledger.RefTo(ledger.KindGrant, g.ID)
	t.link(ref, "basis", g.Basis)
	return t.put(ref, g)
}
