package contract

import "github.com/datacadastre/cadastre/ledger"

func productRef(id ledger.ID) ledger.Ref { return ledger.RefTo(ledger.KindProduct, id) }

// listProduct offers a new product for sale.
func listProduct(t *tx, a ledger.ProductListArgs) (ledger.Product, error) {
	p := ledger.Product{ProductOffer: a.ProductOffer, Operator: t.me(), ListedAt: t.now()}
	if a.Version != 1 {
		return p, ledger.Invalid("version", "first_is_1")
	}
	return p, t.offerProduct(p)
}

// changeProduct replaces a listed product by its next version. The version, price
// and terms of existing orders do not change.
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

// offerProduct checks that a version of a product may be sold today, and links it to
// its license and sources.
func (t *tx) offerProduct(p ledger.Product) error {
	l, err := t.effectiveLicense(p.License, "license_id")
	if err != nil {
		return err
	}
	if l.Assignee != t.me() {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("license_id")
	}
	if e := ledger.CheckPurposes(p.ProductOffer, l.LicenseTerms); e != nil {
		return e
	}
	entries, err := t.entriesOf(p.Sources)
	if err != nil {
		return err
	}
	if e := ledger.CheckOffer(p.ProductOffer, l, entries, t.today()); e != nil {
		return e
	}
	t.link(productRef(p.ID), "under", licenseRef(p.License))
	for _, s := range p.Sources {
		t.link(productRef(p.ID), "derived_from", ledger.RefTo(ledger.KindResource, s))
	}
	return nil
}

// entriesOf loads the entries of a product's source resources. The map has no entry
// for a resource that is not registered. An unknown resource is refused with its
// index in the list.
func (t *tx) entriesOf(sources []ledger.ID) (map[ledger.ID]ledger.EntryDetail, error) {
	entries := make(map[ledger.ID]ledger.EntryDetail, len(sources))
	for i, id := range sources {
		field := at("sources", i)
		idx, err := load[ledger.ResourceIndex](t, resourceRef(id), field)
		if err != nil {
			return nil, err
		}
		if idx.Entry == "" {
			continue
		}
		if entries[id], err = t.loadEntry(idx.Entry, field); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// delistProduct ends the sale of a product for good, by its operator or by order of
// a regulator. Whether an active order is still served is decided at each delivery.
func delistProduct(_ *tx, a ledger.TargetArgs, p *ledger.Product) error {
	p.Ground = a.Ground
	return nil
}
