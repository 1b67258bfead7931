package contract

import (
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// maxYears is the longest term of a license: O14(2) says five years in principle, we
// always require it.
const maxYears = 5

func licenseRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindLicense, id) }

// offerLicense records a license that an implementer has agreed with an operator
// (O12, O13). The offer binds nobody until the operator accepts.
func offerLicense(t *tx, a ledger.LicenseOfferArgs) (ledger.License, error) {
	l := ledger.License{LicenseTerms: withLists(a.LicenseTerms), OfferCite: t.cite(), Suspensions: []ledger.Suspension{}}
	if a.Assigner != t.me() {
		return l, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("assigner")
	}
	if !t.caller.Region.Covers(a.Region) {
		return l, ledger.Refuse(ledger.Forbidden, ledger.ReasonJurisdiction).At("region").By("O3")
	}
	if err := t.checkLicenseTerm(a.LicenseTerms); err != nil {
		return l, err
	}
	if err := t.checkLicenseDates(a.LicenseTerms); err != nil {
		return l, err
	}
	if err := t.activeOperator(a.Assignee, "assignee"); err != nil {
		return l, err
	}
	if err := t.checkLicenseRefs(a.LicenseTerms); err != nil {
		return l, err
	}
	if err := t.checkLicenseScope(a.LicenseTerms); err != nil {
		return l, err
	}
	t.link(licenseRef(l.ID), "assignee", ledger.RefTo(ledger.KindParty, l.Assignee))
	for _, id := range l.Resources {
		t.link(licenseRef(l.ID), "covers", resourceRef(id))
	}
	return l, nil
}

// withLists replaces missing lists by empty ones, so that all records of a kind have
// the same members.
func withLists(l ledger.LicenseTerms) ledger.LicenseTerms {
	l.Domains, l.Resources, l.Excluded = list(l.Domains), list(l.Resources), list(l.Excluded)
	l.Environments, l.Affiliates = list(l.Environments), list(l.Affiliates)
	return l
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// checkLicenseTerm checks the term against O14(2), and that it is not already over.
func (t *tx) checkLicenseTerm(l ledger.LicenseTerms) error {
	if l.EndOn >= ledger.Date(calendar.Date(l.StartOn).AddYears(maxYears)) {
		return ledger.Invalid("end_on", "O14(2)")
	}
	if l.EndOn < t.today() {
		return ledger.Invalid("end_on", "not_past")
	}
	return t.checkOfferUntil(l)
}

// maxOfferDays is how many days after today an offer may last at most (ours).
const maxOfferDays = 60

// checkOfferUntil checks the last day on which an offer can be accepted.
func (t *tx) checkOfferUntil(l ledger.LicenseTerms) error {
	last := min(l.EndOn, ledger.Date(calendar.Date(t.today()).AddDays(maxOfferDays)))
	if l.OfferUntil < t.today() {
		return ledger.Invalid("offer_until", "not_past")
	}
	if l.OfferUntil > last {
		return ledger.Invalid("offer_until", "at_most_60_days").With("value", string(l.OfferUntil)).With("max", string(last))
	}
	return nil
}

// checkLicenseDates checks that the operator was chosen first, then the collective
// decision made, then the basis signed, not later than today and than the first day (O12,
// O13).
func (t *tx) checkLicenseDates(l ledger.LicenseTerms) error {
	steps := []struct {
		field string
		day   ledger.Date
		rule  string
	}{
		{"selection.date", l.Selection.Date, "O12"},
		{"decision.date", l.Decision.Date, "O13"},
		{"basis.signed_on", l.Basis.SignedOn, "O13"},
	}
	last := min(t.today(), l.StartOn)
	for i, s := range steps {
		next := last
		if i+1 < len(steps) {
			next = steps[i+1].day
		}
		if s.day > next {
			return ledger.Refuse(ledger.InvalidCode, ledger.ReasonDateOrder).At(s.field).By(s.rule).With("value", string(s.day)).With("max", string(next))
		}
	}
	return nil
}

// activeOperator checks that a party is an admitted operator and not suspended.
func (t *tx) activeOperator(id ledger.ID, field string) error {
	p, err := load[ledger.Party](t, ledger.RefTo(ledger.KindParty, id), field)
	if err != nil {
		return err
	}
	if e := ledger.CheckOperator(p); e != nil {
		return e.At(field)
	}
	return nil
}

// checkLicenseRefs checks the environments and the older license that an offer
// names.
func (t *tx) checkLicenseRefs(l ledger.LicenseTerms) error {
	for i, id := range l.Environments {
		if t.skips(ledger.RefTo(ledger.KindEnvironment, id)) {
			continue
		}
		e, err := load[ledger.Environment](t, ledger.RefTo(ledger.KindEnvironment, id), at("environments", i))
		if err != nil {
			return err
		}
		if e.Operator != l.Assignee {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonEnvironment).At(at("environments", i)).By("O15")
		}
	}
	if l.Supersedes == "" || t.skips(licenseRef(l.Supersedes)) {
		return nil
	}
	old, err := load[ledger.License](t, licenseRef(l.Supersedes), "supersedes")
	if err != nil {
		return err
	}
	if old.Assigner != l.Assigner {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("supersedes")
	}
	return nil
}

// checkLicenseScope checks each resource that a license names: it is on the ledger,
// its entry is in force, and it lies within the bounds of the license. Under the
// grace gate, a running application is enough.
func (t *tx) checkLicenseScope(l ledger.LicenseTerms) error {
	for i, id := range l.Resources {
		if t.skips(resourceRef(id)) {
			continue
		}
		field := at("resource_ids", i)
		idx, err := load[ledger.ResourceIndex](t, resourceRef(id), field)
		if err != nil {
			return err
		}
		if idx.Entry == "" && t.genesis.Gate == ledger.GateGrace {
			alive, err := t.isAlive(idx.Application)
			if err != nil {
				return err
			}
			if alive {
				continue
			}
		}
		e, err := t.entryOf(idx, field)
		if err != nil {
			return err
		}
		if !l.Covers(e.Facts(), ledger.Purpose{}) {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonScope).At(field)
		}
	}
	return nil
}

// entryOf loads the entry of a resource and checks that it is in force today (B2,
// B4, B11).
func (t *tx) entryOf(idx ledger.ResourceIndex, field string) (ledger.EntryDetail, error) {
	if idx.Entry == "" {
		return ledger.EntryDetail{}, ledger.CheckEntry(nil, t.today()).At(field)
	}
	entry, err := t.loadEntry(idx.Entry, field)
	if err != nil {
		return entry, err
	}
	if e := ledger.CheckEntry(&entry, t.today()); e != nil {
		return entry, e.At(field)
	}
	return entry, nil
}

// effectiveLicense loads a license and checks that it is in force today (B1, B11).
func (t *tx) effectiveLicense(id ledger.ID, field string) (ledger.License, error) {
	l, err := load[ledger.License](t, licenseRef(id), field)
	if err != nil {
		return l, err
	}
	if e := ledger.CheckLicense(l, t.today()); e != nil {
		return l, e.At(field)
	}
	return l, nil
}

// acceptLicense records that the operator accepts the offer, and the two rights that
// the license gives (T).
func acceptLicense(t *tx, _ ledger.AnswerArgs, l *ledger.License) error {
	for _, right := range []ledger.Right{ledger.Use, ledger.Operate} {
		if err := t.grant(ledger.Grant{
			ID: ledger.DeriveID("grant", string(l.ID), string(right)), Right: right, Nature: ledger.Authorized, Party: l.Assignee,
			Scope: licenseRef(l.ID), From: l.StartOn, Until: l.EndOn, Basis: licenseRef(l.ID),
		}); err != nil {
			return err
		}
	}
	return nil
}

// grant records a right and the record that it is based on. The id of the right is
// derived from the kind and the id of that record, so the right exists only once.
func (t *tx) grant(g ledger.Grant) error {
	ref := ledger.RefTo(ledger.KindGrant, g.ID)
	t.link(ref, "basis", g.Basis)
	return t.putRecord(ref, g)
}

func suspendLicense(t *tx, a ledger.TargetArgs, l *ledger.License) (err error) {
	l.Suspensions, err = t.suspend(l.Suspensions, a.Ground)
	return err
}

func resumeLicense(t *tx, _ ledger.TargetArgs, l *ledger.License) (err error) {
	l.Suspensions, err = t.resume(l.Suspensions)
	return err
}

// endLicense ends a license before its last day, on a ground of its clause (O14(12)),
// suspended or not, or an offer before it was accepted.
func endLicense(t *tx, a ledger.TargetArgs, l *ledger.License) error {
	l.Ground, l.EndedAt = a.Ground, t.now()
	return nil
}
