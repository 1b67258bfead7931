package marketplace

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// grant is a decision to let a transfer go: what it rests on and until when.
type grant struct {
	content  ledger.Content
	subject  ledger.Ref
	license  ledger.ID
	order    ledger.ID
	purpose  *ledger.Purpose
	scope    ledger.Ref // whose limits count
	quota    ledger.Quota
	revision ledger.Revision
	until    ledger.Millis
}

func deny(reason ledger.Reason, rule string) *ledger.Error {
	return ledger.Refuse(ledger.Forbidden, reason).By(rule)
}

// checkOrder repeats at delivery what must hold now: B1 to B5, B9 to B11, D2, D3.
func (m *Market) checkOrder(ctx context.Context, id ledger.ID, party ledger.ID, object string) (grant, error) {
	o, err := m.Order(ctx, id)
	if err != nil || o.Buyer != party {
		return grant{}, hidden(err)
	}
	today := m.day()
	switch {
	case o.State == ledger.OrderAccepted:
		return grant{}, deny(ledger.ReasonUnpaid, "D2")
	case !o.Effective(today):
		return grant{}, deny(ledger.ReasonOrder, "D2").With("state", string(o.State))
	case !mainland(o.Recipient):
		return grant{}, deny(ledger.ReasonRecipient, "B10")
	}
	p, err := m.Product(ctx, o.Product)
	if err != nil {
		return grant{}, err
	}
	if err := m.checkProduct(p, today); err != nil {
		return grant{}, err
	}
	if err := m.checkParties(ctx, o, p); err != nil {
		return grant{}, err
	}
	g := grant{
		subject: ledger.RefTo(ledger.KindProduct, p.ID), license: o.License, order: o.ID, purpose: &o.Purpose,
		scope: ledger.RefTo(ledger.KindOrder, o.ID), quota: o.Limits,
		until: min(endOf(o.EndOn), endOf(p.SecurityReview.ValidUntil), endOf(p.ConformityReview.ValidUntil)),
	}
	p.Operator, p.License = o.Operator, o.License // as ordered
	d, err := m.decide(ctx, p, o.Purpose)
	if err != nil {
		return grant{}, err
	}
	g.revision, g.until = d.Revision, min(g.until, d.Until)
	g.content, err = m.contentFor(ctx, g.subject, object)
	return g, err
}

// Consider decides on an order that is to be placed: whether the operator may give
// out, for this purpose, what is made of each source (B2, B6). All else the
// contract holds when it is recorded, and so does it say of what is not there.
func (m *Market) Consider(ctx context.Context, a ledger.OrderPlaceArgs) error {
	p, err := m.Product(ctx, a.Product)
	if errors.Is(err, ledger.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = m.decide(ctx, p, a.Purpose)
	e := ledger.AsError(err)
	switch {
	case e == nil:
		return err
	case e.Reason == ledger.ReasonPurpose: // as the contract has it: nobody is shut out, another purpose may do
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPurpose).At("args.purpose").By("B6")
	}
	return e.At("args.product_id")
}

// decide asks for each source of a product whether its operator may give out what
// is made of it; it answers until when.
func (m *Market) decide(ctx context.Context, p ledger.Product, purpose ledger.Purpose) (Decision, error) {
	all := Decision{Allow: true, Until: math.MaxInt64}
	for _, source := range p.Sources {
		d, err := m.Decide(ctx, Question{Party: p.Operator, Resource: source, License: p.License, Purpose: purpose, Action: "distribute"})
		if err != nil {
			return all, err
		}
		if !d.Allow {
			return all, deny(d.Reason, "B2")
		}
		all.Revision, all.Until = d.Revision, min(all.Until, d.Until)
	}
	return all, nil
}

// checkProduct: on offer, deliverable, reviewed (B1, B3, B9, D3).
func (m *Market) checkProduct(p ledger.Product, today ledger.Date) error {
	switch {
	case p.State != ledger.ProductListed:
		return deny(ledger.ReasonNotListed, "B1")
	case p.SecurityReview.ValidUntil < today || p.ConformityReview.ValidUntil < today:
		return deny(ledger.ReasonReview, "B3")
	case p.Level != ledger.General:
		return deny(ledger.ReasonLevel, "B9")
	case p.PIStatus != ledger.PINone && p.PIStatus != ledger.PIAnonymized:
		return deny(ledger.ReasonPI, "B9")
	}
	switch p.Form {
	case ledger.FormDataset, ledger.FormReport, ledger.FormStatistic, ledger.FormModel:
		return nil
	default:
		return deny(ledger.ReasonForm, "D3")
	}
}

// checkParties: operator and buyer act, and are strangers (B5, B8, B11).
func (m *Market) checkParties(ctx context.Context, o ledger.Order, p ledger.Product) error {
	license, err := record[ledger.License](ctx, m, ledger.RefTo(ledger.KindLicense, o.License))
	if err != nil {
		return err
	}
	operator, err := record[ledger.Party](ctx, m, ledger.RefTo(ledger.KindParty, p.Operator))
	if err != nil {
		return err
	}
	buyer, err := record[ledger.Party](ctx, m, ledger.RefTo(ledger.KindParty, o.Buyer))
	switch {
	case err != nil:
		return err
	case !operator.Active(), !buyer.Active():
		return deny(ledger.ReasonPartySuspended, "B11")
	case affiliated(license, operator, buyer):
		return deny(ledger.ReasonOwnScope, "B8")
	}
	return nil
}

// checkSupply: license, resource, environment, content (domain §3.4 supply).
func (m *Market) checkSupply(ctx context.Context, a Ask) (grant, error) {
	l, err := record[ledger.License](ctx, m, ledger.RefTo(ledger.KindLicense, a.License))
	if err != nil || l.Assignee != a.Party {
		return grant{}, hidden(err)
	}
	if a.Environment == "" || !contains(l.Environments, a.Environment) {
		return grant{}, deny(ledger.ReasonEnvironment, "O15")
	}
	e, err := record[ledger.Environment](ctx, m, ledger.RefTo(ledger.KindEnvironment, a.Environment))
	switch {
	case err != nil:
		return grant{}, err
	case e.Operator != a.Party:
		return grant{}, deny(ledger.ReasonEnvironment, "O15")
	case e.Kid != a.Key: // replaced: perhaps since the transfer began
		return grant{}, deny(ledger.ReasonKeyEnded, "O15")
	}
	d, err := m.Decide(ctx, Question{Party: a.Party, Resource: a.Resource, License: a.License, Action: "use"})
	if err != nil {
		return grant{}, err
	}
	if !d.Allow {
		return grant{}, deny(d.Reason, "O21")
	}
	g := grant{
		subject: ledger.RefTo(ledger.KindResource, a.Resource), license: l.ID,
		scope: ledger.RefTo(ledger.KindLicense, l.ID), quota: l.Limits, revision: d.Revision, until: min(d.Until, endOf(l.EndOn)),
	}
	g.content, err = m.contentFor(ctx, g.subject, a.Object)
	return g, err
}

// hidden answers "not found" where existence itself is secret (protocol §9).
func hidden(err error) error {
	if err != nil && !errors.Is(err, ledger.NotFound) {
		return err
	}
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("id")
}

func contains[T comparable](list []T, v T) bool {
	return slices.Contains(list, v)
}
