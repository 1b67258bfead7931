package contract

import (
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// matter is what an office decides on: the region that a record belongs to, and the
// parties whose own it is.
type matter struct {
	region ledger.Region
	own    []ledger.Party
}

// office refuses an office that acts outside its region (R18, O7), or on a record that
// is its own or an affiliate's (article 10(7) of the property guide, by analogy).
func (t *tx) office(record any, field string) error {
	m, err := t.matterOf(record, field)
	if err != nil {
		return err
	}
	if !t.caller.Region.Covers(m.region) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonJurisdiction).At(field).By("R18").With("region", string(m.region))
	}
	return t.notOwn(m.own, field)
}

// notOwn refuses an act of office for a party that is the caller or its affiliate.
func (t *tx) notOwn(parties []ledger.Party, field string) error {
	for _, p := range parties {
		if affiliated(t.caller, p) {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonOwnMatter).At(field).By("35-10(7)")
		}
	}
	return nil
}

// kid returns the id of the key that signed the call; in Check it is empty.
func (t *tx) kid() ledger.KeyID { return t.v.JWS.Header.Kid }

// fourEyes refuses a step signed with the key of an earlier step that another person
// must have taken (ours). It does not apply on a ledger whose periods have no days.
func (t *tx) fourEyes(earlier ledger.KeyID) error {
	if t.genesis.Limits.Zero() || t.kid() == "" || t.kid() != earlier {
		return nil
	}
	return ledger.Refuse(ledger.Forbidden, ledger.ReasonFourEyes).At("header.kid")
}

// affiliated reports whether two parties are the same or affiliated.
func affiliated(a, b ledger.Party) bool {
	return a.ID == b.ID || slices.Contains(a.Affiliates, b.USCC) || slices.Contains(b.Affiliates, a.USCC)
}

// matterOf returns what an office decides on. A registration belongs to the region of
// its registrant, a license with all that is under it to that of the license, and a
// party to the region that it was admitted under. The assigner of a license doesn't own
// it.
func (t *tx) matterOf(record any, field string) (matter, error) {
	switch r := record.(type) {
	case *ledger.Party:
		return matter{r.Under, []ledger.Party{*r}}, nil
	case *ledger.Application:
		return t.registrantsMatter(r.Applicant, field)
	case *ledger.Entry:
		return t.registrantsMatter(r.Holder, field)
	case *ledger.License:
		return t.licenseMatter(*r, field, r.Assignee)
	case *ledger.Product:
		return t.underLicense(r.License, field, r.Operator)
	case *ledger.Order:
		return t.underLicense(r.License, field, r.Operator, r.Buyer)
	}
	return matter{}, fmt.Errorf("no office decides on a %T", record)
}

func (t *tx) registrantsMatter(registrant ledger.ID, field string) (matter, error) {
	p, err := load[ledger.Party](t, partyRef(registrant), field)
	return matter{p.Region, []ledger.Party{p}}, err
}

func (t *tx) underLicense(license ledger.ID, field string, own ...ledger.ID) (matter, error) {
	l, err := load[ledger.License](t, licenseRef(license), field)
	if err != nil {
		return matter{}, err
	}
	return t.licenseMatter(l, field, own...)
}

func (t *tx) licenseMatter(l ledger.License, field string, own ...ledger.ID) (matter, error) {
	m := matter{region: l.Region}
	for _, id := range own {
		p, err := load[ledger.Party](t, partyRef(id), field)
		if err != nil {
			return m, err
		}
		m.own = append(m.own, p)
	}
	return m, nil
}

// suspend adds a suspension by the caller, who can have only one open on a record.
func (t *tx) suspend(list []ledger.Suspension, ground string) ([]ledger.Suspension, error) {
	if slices.ContainsFunc(list, t.setByMe) {
		return nil, ledger.Refuse(ledger.Conflict, ledger.ReasonSuspended).At("id")
	}
	return append(slices.Clone(list), ledger.Suspension{
		Role: t.as[0], By: t.me(), Region: t.caller.Region, Ground: ground, Since: t.now(),
	}), nil
}

// resume lifts the caller's own suspension, or else those of the same office that lie in
// its region.
func (t *tx) resume(list []ledger.Suspension) ([]ledger.Suspension, error) {
	lifts := t.setByMe
	if !slices.ContainsFunc(list, lifts) {
		lifts = func(s ledger.Suspension) bool {
			return slices.Contains(t.as, s.Role) && t.caller.Region.Covers(s.Region)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(list), lifts)
	if len(rest) == len(list) {
		return nil, ledger.Refuse(ledger.Conflict, ledger.ReasonNoSuspense).At("id")
	}
	return append([]ledger.Suspension{}, rest...), nil
}

func (t *tx) setByMe(s ledger.Suspension) bool { return s.By == t.me() }
