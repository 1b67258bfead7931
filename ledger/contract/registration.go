package contract

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// The only kind and subject type of applications in this release.
const (
	kindInitial     = "initial"
	subjectResource = "resource"
)

func partyRef(id ledger.ID) ledger.Ref       { return ledger.RefTo(ledger.KindParty, id) }
func depositRef(d ledger.Digest) ledger.Ref  { return ledger.RefTo(ledger.KindDeposit, d) }
func resourceRef(id ledger.ID) ledger.Ref    { return ledger.RefTo(ledger.KindResource, id) }
func applicationRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindApplication, id) }

// deposit records a hash with its depositor and the time (R7). A hash can be
// deposited only once: a second deposit would prove nothing earlier.
func deposit(t *tx, a ledger.DepositArgs) (ledger.Deposit, error) {
	t.link(depositRef(a.SHA256), "deposited_by", partyRef(t.me()))
	return ledger.Deposit{SHA256: a.SHA256, Bytes: a.Bytes, Party: t.me(), Time: t.now()}, nil
}

// submit applies for the initial registration of a resource (R7–R9).
func submit(t *tx, a ledger.AppSubmitArgs) (ledger.Application, error) {
	app := ledger.Application{
		ID: a.Application, Kind: kindInitial, SubjectType: subjectResource, Applicant: t.me(),
		Defects: []ledger.Defect{}, Objections: []ledger.Objection{},
	}
	if err := t.checkRegistrable(a); err != nil {
		return app, err
	}
	if err := t.claimResource(app.ID, a.Resource.ID); err != nil {
		return app, err
	}
	ref := applicationRef(a.Application)
	t.link(ref, "applicant", partyRef(app.Applicant))
	t.link(ref, "subject", resourceRef(a.Resource.ID))
	t.link(resourceRef(a.Resource.ID), "held_by", partyRef(app.Applicant))
	err := t.storeSubmission(&app, ledger.Submission{}, a)
	return app, err
}

// resubmit submits a returned application again as a whole, and its period for
// acceptance starts again (R10). After 30 working days without a resubmission an
// application is deemed withdrawn.
func resubmit(t *tx, a ledger.AppResubmitArgs, app *ledger.Application) error {
	before, err := t.submission(app.SubmitPayload)
	if err != nil {
		return err
	}
	if a.Resource.ID != before.Resource.ID {
		return ledger.Invalid("resource.id", "same_as_before")
	}
	if err := t.checkRegistrable(a.AppSubmitArgs); err != nil {
		return err
	}
	app.ResubmitBy = nil
	return t.storeSubmission(app, before, a.AppSubmitArgs)
}

// submission loads the submission made by the call with the given payload hash. A
// record that names the hash was written by that call or later, so a missing
// submission means a damaged store.
func (t *tx) submission(payload ledger.Digest) (ledger.Submission, error) {
	ref := ledger.SubmissionRef(payload)
	s, ok, err := read[ledger.Submission](t.state, ledger.RecordKey(ref))
	if err == nil && !ok {
		err = fmt.Errorf("%s is missing", ref)
	}
	return s, err
}

// storeSubmission stores a submission and claims its title and its deposit for the
// application, in place of those that the previous submission had claimed.
func (t *tx) storeSubmission(app *ledger.Application, before ledger.Submission, a ledger.AppSubmitArgs) error {
	if err := t.claimTitle(*app, before.Resource, a.Resource); err != nil {
		return err
	}
	if err := t.claimDeposit(*app, before.Deposit, a.Deposit); err != nil {
		return err
	}
	due, err := t.period(t.today(), t.genesis.Limits.Accept)
	if err != nil {
		return err
	}
	a.Resource.Keywords, a.Resource.Items = list(a.Resource.Keywords), list(a.Resource.Items)
	app.Body, app.ReceivedOn, app.AcceptDue = a.Body, t.today(), due
	app.SubmitPayload = t.v.Payload
	return t.putRecord(ledger.SubmissionRef(t.v.Payload), ledger.Submission{
		Resource: a.Resource, Deposit: a.Deposit, Materials: a.Materials, InternalReview: a.InternalReview,
	})
}

// checkRegistrable checks what is applied for: the resource is the caller's own, the
// registry body has that role and its region covers the resource (R6), the data are
// not core data, and no date is in the future.
func (t *tx) checkRegistrable(a ledger.AppSubmitArgs) error {
	if a.Resource.Publisher != t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("resource.publisher")
	}
	body, err := load[ledger.Party](t, partyRef(a.Body), "body")
	if err != nil {
		return err
	}
	if !body.Has(ledger.RoleRegistryBody) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("body").With("role", string(ledger.RoleRegistryBody))
	}
	if !body.Active() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonPartySuspended).At("body")
	}
	if !body.Region.Covers(a.Resource.Spatial) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonJurisdiction).At("resource.spatial").By("R6")
	}
	if a.Resource.Level == ledger.Core {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonCoreData).At("resource.level")
	}
	return t.checkDates(a)
}

// checkDates refuses dates in the future, and a quality assessment that is more than
// a year old.
func (t *tx) checkDates(a ledger.AppSubmitArgs) error {
	if a.Resource.Modified > t.now()+ledger.Skew {
		return ledger.Invalid("resource.modified", "not_future")
	}
	assessed := a.Resource.Quality.AssessedOn
	if assessed > t.today() {
		return ledger.Invalid("resource.quality.assessed_on", "not_future")
	}
	if ledger.Date(calendar.Date(assessed).AddYears(1)) < t.today() {
		return ledger.Invalid("resource.quality.assessed_on", "at_most_1_year")
	}
	if a.InternalReview.On > t.today() {
		return ledger.Invalid("internal_review.on", "not_future")
	}
	return nil
}

// claimResource writes the index from a resource to the application. The id of
// another holder's resource can never be used. The holder may use its own id again
// once the earlier application and entry have ended.
func (t *tx) claimResource(app, id ledger.ID) error {
	ref := resourceRef(id)
	idx, ok, err := read[ledger.ResourceIndex](t.state, ledger.RecordKey(ref))
	if err != nil {
		return err
	}
	if ok {
		taken := idx.Holder != t.me()
		if !taken {
			if taken, err = t.isAlive(idx.Application); err != nil {
				return err
			}
		}
		if taken {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("resource.id").With("ref", string(ref))
		}
	}
	return t.putRecord(ref, ledger.ResourceIndex{ID: id, Holder: t.me(), Application: app})
}

// claimTitle refuses a title that the holder already uses, in a running application
// or an active entry (duplicate).
func (t *tx) claimTitle(app ledger.Application, before, r ledger.Resource) error {
	key, old := titleKey(app.Applicant, r), titleKey(app.Applicant, before)
	if key == old {
		return nil
	}
	other, ok, err := read[ledger.ID](t.state, key)
	if err != nil {
		return err
	}
	if ok {
		if err := t.checkUnused(other, "resource.title"); err != nil {
			return err
		}
	}
	if before.Title != "" {
		t.dropIndex(old)
	}
	return t.setIndex(key, app.ID)
}

func titleKey(holder ledger.ID, r ledger.Resource) string {
	return ledger.TitleKey(holder, ledger.FoldTitle(r.Title))
}

// claimDeposit reserves the caller's own deposit for the application (R7).
func (t *tx) claimDeposit(app ledger.Application, before, hash ledger.Digest) error {
	if hash == before {
		return nil
	}
	d, ok, err := read[ledger.Deposit](t.state, ledger.RecordKey(depositRef(hash)))
	if err != nil {
		return err
	}
	if !ok {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonDeposit).At("deposit_hash").By("R7")
	}
	if d.Party != t.me() {
		return t.depositOfAnother(d)
	}
	if d.Application != "" {
		if err := t.checkUnused(d.Application, "deposit_hash"); err != nil {
			return err
		}
	}
	if err := t.freeDeposit(app.ID, before); err != nil {
		return err
	}
	d.Application = app.ID
	t.link(applicationRef(app.ID), "rests_on", depositRef(hash))
	return t.putRecord(depositRef(hash), d)
}

// depositOfAnother returns the refusal of a deposit made by another party:
// duplicate if it is registered, otherwise that it is not the caller's. It does not
// name the other application, which the caller may not see.
func (t *tx) depositOfAnother(d ledger.Deposit) error {
	if d.Application != "" {
		alive, err := t.isAlive(d.Application)
		if err != nil {
			return err
		}
		if alive {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At("deposit_hash")
		}
	}
	return ledger.Refuse(ledger.Forbidden, ledger.ReasonDeposit).At("deposit_hash").By("R7")
}

// checkUnused refuses what another application uses, if that application is alive.
func (t *tx) checkUnused(by ledger.ID, field string) error {
	alive, err := t.isAlive(by)
	if err != nil {
		return err
	}
	if alive {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At(field).With("application", string(by))
	}
	return nil
}

// isAlive reports whether an application is still under way, or led to an entry
// that is active today, suspended or not.
func (t *tx) isAlive(id ledger.ID) (bool, error) {
	app, ok, err := read[ledger.Application](t.state, ledger.RecordKey(applicationRef(id)))
	if err != nil || !ok {
		return false, err
	}
	switch app.State {
	case ledger.AppSubmitted, ledger.AppAccepted, ledger.AppNoticed:
		return true, nil
	case ledger.AppReturned:
		late, err := t.isOver(app.ResubmitBy)
		return !late, err
	case ledger.AppCoded:
		e, _, err := read[ledger.Entry](t.state, ledger.RecordKey(ledger.RefTo(ledger.KindEntry, app.Entry)))
		return t.entryRuns(e), err
	case ledger.AppNotAccepted, ledger.AppExamFailed, ledger.AppTerminated, ledger.AppWithdrawn:
	}
	return false, nil
}

// releaseClaims frees the title and the deposit that an ended application had
// claimed. If another application has claimed them in the meantime, they are not
// touched: an application without an answer ends by time, without a call.
func (t *tx) releaseClaims(app ledger.Application) error {
	s, err := t.submission(app.SubmitPayload)
	if err != nil {
		return err
	}
	key := titleKey(app.Applicant, s.Resource)
	user, ok, err := read[ledger.ID](t.state, key)
	if err != nil {
		return err
	}
	if ok && user == app.ID {
		t.dropIndex(key)
	}
	return t.freeDeposit(app.ID, s.Deposit)
}

// freeDeposit frees a deposit if the application still has it.
func (t *tx) freeDeposit(app ledger.ID, hash ledger.Digest) error {
	if hash == "" {
		return nil
	}
	d, ok, err := read[ledger.Deposit](t.state, ledger.RecordKey(depositRef(hash)))
	if err != nil || !ok || d.Application != app {
		return err
	}
	d.Application = ""
	return t.putRecord(depositRef(hash), d)
}
