package marketplace

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// grant is a decision that allows a transfer: what it relies on and when it ends.
type grant struct {
	content  ledger.Content
	subject  ledger.Ref
	license  ledger.ID
	order    ledger.ID
	purpose  *ledger.Purpose
	limits   []receipts.LimitScope
	revision ledger.Revision
	until    ledger.Millis
	records  []ledger.Ref                             // that the decision relies on: it is valid until one of them changes
	rule     func(start ledger.Receipt) *ledger.Error // the ledger's rule, bound to the loaded records
}

func deny(reason ledger.Reason, rule string) *ledger.Error {
	return ledger.Refuse(ledger.Forbidden, reason).By(rule)
}

// attempts is how often a request is checked again because a block was applied
// meanwhile.
const attempts = 8

// maxGrants is the maximum number of grants in memory.
const maxGrants = 4096

// check decides on a request. All records it reads are of one revision. A grant depends on
// nothing but these records and the time, so it is valid for the same request until the
// next block or until it ends. Refusals are decided each time.
func (m *Market) check(ctx context.Context, a Ask) (grant, error) {
	for range attempts {
		before, ok := m.Revision()
		if !ok {
			break
		}
		if g, ok := m.grants.Get(a.request()); ok && g.revision == before && m.millis() < g.until {
			return g, nil
		}
		g, err := m.checkOnce(ctx, a)
		if err != nil {
			return g, err
		}
		if g.revision == before { // revisions only rise, so everything was read at this one
			m.grants.Add(a.request(), g)
			return g, nil
		}
	}
	return grant{}, ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
}

func (m *Market) checkOnce(ctx context.Context, a Ask) (grant, error) {
	var g grant
	var err error
	if a.Order != "" {
		g, err = m.checkOrder(ctx, a)
	} else {
		g, err = m.checkSupply(ctx, a)
	}
	if err != nil {
		return g, err
	}
	if g.content.Node != m.Origin {
		return g, ledger.Refuse(ledger.NotFound, ledger.ReasonElsewhere).At("object").
			With("origin", g.content.Node).With("url", m.Where(ctx, g.content.Node))
	}
	if g.until <= m.millis() {
		return g, deny(ledger.ReasonLicense, "O21")
	}
	return g, nil
}

// checkOrder applies the delivery rule of the ledger (D1, D2, D3) to the current
// records and asks the policies. The node adds limits and the object.
func (m *Market) checkOrder(ctx context.Context, a Ask) (grant, error) {
	o, err := m.Order(ctx, a.Order)
	if err != nil || o.Buyer != a.Party {
		return grant{}, hidden(err)
	}
	facts := ledger.DeliveryFacts{}
	if facts.SaleFacts, err = m.saleFacts(ctx, o); err != nil {
		return grant{}, err
	}
	p := facts.Product
	g := grant{
		subject: ledger.RefTo(ledger.KindProduct, p.ID), license: o.License, order: o.ID, purpose: &o.Purpose,
		limits: []receipts.LimitScope{
			{Scope: ledger.RefTo(ledger.KindOrder, o.ID), Flow: ledger.Delivery, Quota: o.Limits},
			{Scope: ledger.RefTo(ledger.KindLicense, o.License), Flow: ledger.Delivery, Quota: facts.License.Limits},
		},
		until: min(endOf(o.EndOn), endOf(p.SecurityReview.ValidUntil), endOf(p.ConformityReview.ValidUntil)),
	}
	g.records = append(entryRefs(facts.Entries),
		ledger.RefTo(ledger.KindOrder, o.ID), g.subject, ledger.RefTo(ledger.KindLicense, o.License),
		ledger.RefTo(ledger.KindParty, o.Operator), ledger.RefTo(ledger.KindParty, o.Buyer), ledger.KeyRef(a.Key))
	if facts.Key, err = m.key(ctx, a.Key); err != nil {
		return grant{}, err
	}
	if facts.Key.Until != 0 {
		g.until = min(g.until, facts.Key.Until)
	}
	var missing error
	g.content, missing = m.contentFor(ctx, g.subject, a.Object)
	facts.Content = g.content
	g.records = append(g.records, ledger.RefTo(ledger.KindContent, g.content.ID), ledger.RefTo(ledger.KindFile, g.content.SHA256))
	if facts.File, err = m.fileUse(ctx, g.content.SHA256, ledger.OrderSources(o, p)); err != nil {
		return grant{}, err
	}
	g.rule = func(start ledger.Receipt) *ledger.Error { return ledger.CheckDelivery(facts, start, dayOf(start.Time)) }
	if err := m.judge(a, g, missing); err != nil {
		return grant{}, err
	}
	d, err := m.decide(ctx, o.Operator, o.License, ledger.OrderSources(o, p), o.Purpose)
	g.revision, g.until = d.Revision, min(g.until, d.Until)
	return g, err
}

// key returns the record of a key, or the zero record if kid is empty or unknown.
func (m *Market) key(ctx context.Context, kid ledger.KeyID) (ledger.KeyRecord, error) {
	if kid == "" {
		return ledger.KeyRecord{}, nil
	}
	k, err := record[ledger.KeyRecord](ctx, m, ledger.KeyRef(kid))
	if errors.Is(err, ledger.NotFound) {
		return ledger.KeyRecord{}, nil
	}
	return k, err
}

// saleFacts loads the records that decide about the delivery of an order.
func (m *Market) saleFacts(ctx context.Context, o ledger.Order) (f ledger.SaleFacts, err error) {
	f.Order = o
	if f.Product, err = m.Product(ctx, o.Product); err != nil {
		return f, err
	}
	if f.License, err = record[ledger.License](ctx, m, ledger.RefTo(ledger.KindLicense, o.License)); err != nil {
		return f, err
	}
	if f.Operator, err = record[ledger.Party](ctx, m, ledger.RefTo(ledger.KindParty, o.Operator)); err != nil {
		return f, err
	}
	if f.Buyer, err = record[ledger.Party](ctx, m, ledger.RefTo(ledger.KindParty, o.Buyer)); err != nil {
		return f, err
	}
	f.Entries, err = m.entries(ctx, ledger.OrderSources(o, f.Product)...)
	return f, err
}

// entries returns the entries of resources, by resource. Resources without an entry are
// left out.
func (m *Market) entries(ctx context.Context, resources ...ledger.ID) (map[ledger.ID]ledger.EntryDetail, error) {
	list := make(map[ledger.ID]ledger.EntryDetail, len(resources))
	for _, id := range resources {
		e, err := record[ledger.Entry](ctx, m, ledger.RefTo(ledger.KindResource, id))
		if errors.Is(err, ledger.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s, err := record[ledger.Submission](ctx, m, ledger.SubmissionRef(e.SubjectHash))
		if err != nil {
			return nil, err
		}
		list[id] = ledger.EntryDetail{Entry: e, Resource: s.Resource}
	}
	return list, nil
}

// entryRefs returns the resources and the entries of a decision.
func entryRefs(entries map[ledger.ID]ledger.EntryDetail) []ledger.Ref {
	refs := make([]ledger.Ref, 0, 2*len(entries)+7)
	for id, e := range entries {
		refs = append(refs, ledger.RefTo(ledger.KindResource, id), ledger.RefTo(ledger.KindEntry, e.ID))
	}
	return refs
}

// judge applies the ledger's rule to the receipt with which the grant would begin. If
// the object is missing as well, the rule's refusal comes first, unless it is about the
// content.
func (m *Market) judge(a Ask, g grant, missing error) error {
	e := g.rule(a.receipt(g, m.millis()))
	switch {
	case missing != nil && (e == nil || e.Reason == ledger.ReasonContent || !errors.Is(missing, ledger.NotFound)):
		return missing
	case e != nil:
		return e.At("") // no argument of the request is at fault
	}
	return nil
}

// Consider decides on an order before it is placed: may the operator distribute, for
// this purpose, what is made of each source (B2, B6)? Everything else, including
// missing records, is checked by the contract.
func (m *Market) Consider(ctx context.Context, a ledger.OrderPlaceArgs) error {
	p, err := m.Product(ctx, a.Product)
	if errors.Is(err, ledger.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = m.decide(ctx, p.Operator, p.License, p.Sources, a.Purpose)
	e := ledger.AsError(err)
	switch {
	case e == nil:
		return err
	case e.Reason == ledger.ReasonPurpose: // as in the contract: only this purpose is refused, not the buyer
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonPurpose).At("args.purpose").By("B6")
	}
	return e.At("args.product_id")
}

// decide asks the policies, for each source, whether the operator may distribute what
// is made of it for the purpose. The decision is valid until the earliest end.
func (m *Market) decide(ctx context.Context, operator, license ledger.ID, sources []ledger.ID, purpose ledger.Purpose) (Decision, error) {
	all := Decision{Allow: true, Until: math.MaxInt64}
	for _, source := range sources {
		d, err := m.Decide(ctx, Question{Party: operator, Resource: source, License: license, Purpose: purpose, Action: "distribute"})
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

// checkSupply applies the supply rule to the current records and asks the
// policies.
func (m *Market) checkSupply(ctx context.Context, a Ask) (grant, error) {
	l, err := record[ledger.License](ctx, m, ledger.RefTo(ledger.KindLicense, a.License))
	if err != nil || l.Assignee != a.Party {
		return grant{}, hidden(err)
	}
	if !slices.Contains(l.Environments, a.Environment) {
		return grant{}, deny(ledger.ReasonEnvironment, "O15")
	}
	facts := ledger.SupplyFacts{License: l}
	if facts.Environment, err = record[ledger.Environment](ctx, m, ledger.RefTo(ledger.KindEnvironment, a.Environment)); err != nil {
		return grant{}, err
	}
	if facts.Operator, err = record[ledger.Party](ctx, m, ledger.RefTo(ledger.KindParty, l.Assignee)); err != nil {
		return grant{}, err
	}
	if facts.Entries, err = m.entries(ctx, a.Resource); err != nil {
		return grant{}, err
	}
	limits := receipts.LimitScope{Scope: ledger.RefTo(ledger.KindLicense, l.ID), Flow: ledger.Supply, Quota: l.Limits}
	g := grant{
		subject: ledger.RefTo(ledger.KindResource, a.Resource), license: l.ID,
		limits: []receipts.LimitScope{limits}, until: endOf(l.EndOn),
	}
	var missing error
	g.content, missing = m.contentFor(ctx, g.subject, a.Object)
	facts.Content = g.content
	g.records = append(entryRefs(facts.Entries), g.subject, limits.Scope, ledger.RefTo(ledger.KindParty, l.Assignee),
		ledger.RefTo(ledger.KindEnvironment, a.Environment), ledger.KeyRef(a.Key), ledger.RefTo(ledger.KindContent, g.content.ID))
	g.rule = func(start ledger.Receipt) *ledger.Error { return ledger.CheckSupply(facts, start, dayOf(start.Time)) }
	if err := m.judge(a, g, missing); err != nil {
		return grant{}, err
	}
	d, err := m.Decide(ctx, Question{Party: a.Party, Resource: a.Resource, License: a.License, Action: "use"})
	if err != nil {
		return grant{}, err
	}
	if !d.Allow {
		return grant{}, deny(d.Reason, "O21")
	}
	g.revision, g.until = d.Revision, min(g.until, d.Until)
	return g, nil
}

// hidden returns "not found" where the caller must not learn that a record exists
// .
func hidden(err error) error {
	if err != nil && !errors.Is(err, ledger.NotFound) {
		return err
	}
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("id")
}
