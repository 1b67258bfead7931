package contract

import (
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

const (
	validYears   = 3   // of an entry (R15)
	codeResource = '1' // the data type of a resource in our code
)

func entryRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindEntry, id) }

// code completes a registration (R13), after the whole notice period, with no open
// objection and a holder that is not suspended. It creates the entry, which is valid
// for three years with today included, and the right to hold. Region and code of the
// entry are those of the holder's place, not of the place that the data describe.
func code(t *tx, a ledger.AppCodeArgs, app *ledger.Application) error {
	if err := t.fourEyes(app.PassedKey); err != nil {
		return err
	}
	if hasOpenObjection(*app) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonOpen).At("application").By("R12")
	}
	holder, err := load[ledger.Party](t, partyRef(app.Applicant), "application")
	if err != nil {
		return err
	}
	if !holder.Active() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonPartySuspended).At("application")
	}
	s, err := t.submission(app.SubmitPayload)
	if err != nil {
		return err
	}
	e := ledger.Entry{
		ID: app.ID, SubjectType: app.SubjectType, Subject: s.Resource.ID, SubjectHash: app.SubmitPayload,
		Holder: holder.ID, Region: holder.Region, RegistryCode: a.RegistryCode,
		CadCode:   ledger.MakeCadCode(holder.Region, codeResource, t.today(), app.ID),
		ValidFrom: t.today(), ValidUntil: ledger.Date(calendar.Date(t.today()).TermEnd(validYears)),
		Body: app.Body, State: ledger.EntryActive, Suspensions: []ledger.Suspension{}, Cite: t.cite(),
	}
	if err := t.claimCodes(e); err != nil {
		return err
	}
	app.CodedOn, app.Entry = t.today(), e.ID
	return t.register(e)
}

// claimCodes writes the index from each code to the entry. A code is unique on the
// whole ledger.
func (t *tx) claimCodes(e ledger.Entry) error {
	for _, c := range []struct{ code, field string }{{string(e.CadCode), "application"}, {e.RegistryCode, "registry_code"}} {
		if c.code == "" {
			continue
		}
		taken, err := t.exists(ledger.CodeKey(c.code))
		if err != nil {
			return err
		}
		if taken {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At(c.field).With("code", c.code)
		}
		if err := t.setIndex(ledger.CodeKey(c.code), e.ID); err != nil {
			return err
		}
	}
	return nil
}

// loadEntry loads an entry and the resource that was submitted for it.
func (t *tx) loadEntry(id ledger.ID, field string) (ledger.EntryDetail, error) {
	e, err := load[ledger.Entry](t, entryRef(id), field)
	if err != nil {
		return ledger.EntryDetail{}, err
	}
	s, err := t.submission(e.SubjectHash)
	return ledger.EntryDetail{Entry: e, Resource: s.Resource}, err
}

// register writes the records that coding creates: entry, resource index and right.
func (t *tx) register(e ledger.Entry) error {
	t.link(entryRef(e.ID), "coded_from", applicationRef(e.ID))
	t.link(entryRef(e.ID), "registers", resourceRef(e.Subject))
	t.link(entryRef(e.ID), "coded_by", partyRef(e.Body))
	grant := ledger.Grant{
		ID: ledger.DeriveID("grant", string(e.ID)), Right: ledger.Hold, Nature: ledger.Registered, Party: e.Holder,
		Scope: resourceRef(e.Subject), From: e.ValidFrom, Until: e.ValidUntil, Basis: entryRef(e.ID),
	}
	if err := t.grant(grant); err != nil {
		return err
	}
	if err := t.putRecord(resourceRef(e.Subject),
		ledger.ResourceIndex{ID: e.Subject, Holder: e.Holder, Application: e.ID, Entry: e.ID}); err != nil {
		return err
	}
	return t.putRecord(entryRef(e.ID), e)
}

// entryRuns reports whether an entry is active today, suspended or not. It ends
// after its last day without any call (R15).
func (t *tx) entryRuns(e ledger.Entry) bool {
	return e.State == ledger.EntryActive && t.today() <= e.ValidUntil
}

func suspendEntry(t *tx, a ledger.TargetArgs, e *ledger.Entry) (err error) {
	e.Suspensions, err = t.suspend(e.Suspensions, a.Ground)
	return err
}

func resumeEntry(t *tx, _ ledger.TargetArgs, e *ledger.Entry) (err error) {
	e.Suspensions, err = t.resume(e.Suspensions)
	return err
}
