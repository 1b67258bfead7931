package contract

import (
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// deliverable is the list of forms that this release delivers.
func deliverable() []ledger.Form {
	return []ledger.Form{ledger.FormDataset, ledger.FormReport, ledger.FormStatistic, ledger.FormModel}
}

func productRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindProduct, id) }

// listProduct puts a product on offer (domain §6.7).
func listProduct(t *tx, a ledger.ProductListArgs) (ledger.Product, error) {
	p := ledger.Product{ProductOffer: a.ProductOffer, Operator: t.me(), ListedAt: t.now()}
	if a.Version != 1 {
		return p, ledger.Invalid("version", "first_is_1")
	}
	return p, t.offerProduct(p)
}

// changeProduct puts a new version of a listed product on offer. Orders keep the
// version, price and terms that they were placed on.
func changeProduct(t *tx, a ledger.ProductListArgs, p *ledger.Product) error {
	if a.Version != p.Version+1 {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonStale).At("version")
	}
	if a.License != p.License {
		return ledger.Invalid("license_id", "same_as_before")
	}
	p.ProductOffer = a.ProductOffer
	return t.offerProduct(*p)
}

// offerProduct checks that a version of a product may be sold today.
func (t *tx) offerProduct(p ledger.Product) error {
	l, err := t.effectiveLicense(p.License, "license_id")
	if err != nil {
		return err
	}
	if l.Assignee != t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("license_id")
	}
	for i, purpose := range p.Purposes {
		if !l.Allows(purpose) {
			return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPurpose).At(at("allowed_purposes", i)).By("B6")
		}
	}
	if err := t.saleable(p.ProductOffer, l, p.Purposes); err != nil {
		return err
	}
	t.link(productRef(p.ID), "under", licenseRef(p.License))
	for _, s := range p.Sources {
		t.link(productRef(p.ID), "derived_from", ledger.RefTo(ledger.KindResource, s))
	}
	return nil
}

// saleable holds a product and its sources as they stand today: form, reviews,
// sources in force and in scope for each purpose, level and personal
// information (B2–B4, B9, B11).
func (t *tx) saleable(p ledger.ProductOffer, l ledger.License, purposes []ledger.Purpose) error {
	if !slices.Contains(deliverable(), p.Form) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonForm).At("form").By("D3").With("form", string(p.Form))
	}
	if err := t.reviewed(p); err != nil {
		return err
	}
	if p.Level != ledger.General {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonLevel).At("level").By("B9")
	}
	if p.PIStatus != ledger.PINone && p.PIStatus != ledger.PIAnonymized {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonPI).At("pi_status").By("PIPL23")
	}
	for i, id := range p.Sources {
		if err := t.source(p, l, purposes, id, at("sources", i)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) source(p ledger.ProductOffer, l ledger.License, purposes []ledger.Purpose, id ledger.ID, field string) error {
	idx, err := load[ledger.ResourceIndex](t, ledger.RefTo(ledger.KindResource, id), field)
	if err != nil {
		return err
	}
	e, err := t.entryOf(idx, field)
	if err != nil {
		return err
	}
	for _, purpose := range purposes {
		if !l.Covers(e.Facts(), purpose) {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonScope).At(field).By("B2")
		}
	}
	if rank(ledger.Levels(), p.Level) < rank(ledger.Levels(), e.Resource.Level) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonLevel).At(field).By("B9")
	}
	milder := rank(ledger.PIStatuses(), p.PIStatus) < rank(ledger.PIStatuses(), e.Resource.PIStatus)
	if milder && p.PIStatus != ledger.PIAnonymized {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonPI).At(field).By("PIPL73")
	}
	return nil
}

// rank is the place in a list from harmless to grave; what is not in the list
// is graver than all.
func rank[T comparable](from []T, v T) int {
	if i := slices.Index(from, v); i >= 0 {
		return i
	}
	return len(from)
}

// reviewed holds both reviews to have been made and not to have run out (B3, O14(3)).
func (t *tx) reviewed(p ledger.ProductOffer) error {
	for _, r := range []struct {
		field  string
		review ledger.Review
	}{{"security_review", p.SecurityReview}, {"conformity_review", p.ConformityReview}} {
		if r.review.On > t.today() || r.review.ValidUntil < t.today() {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonReview).At(r.field).By("B3")
		}
	}
	return nil
}

// delistProduct takes a product off offer for good: its operator, or a regulator
// by order. Orders already active are judged at delivery.
func delistProduct(_ *tx, a ledger.TargetArgs, p *ledger.Product) error {
	p.Ground = a.Ground
	return nil
}
