package evidence

import (
	"errors"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// path proves what the bundle is about, and its receipts with what they need.
func (v *verification) path() error {
	about := v.bundle.About
	if about.Kind() == ledger.KindReceipt {
		if err := ledger.Digest(about.ID()).Validate("about"); err != nil {
			return fail(CheckForm, "about", err)
		}
		return v.deliveries()
	}
	id := ledger.ID(about.ID())
	if err := id.Validate("about"); err != nil {
		return fail(CheckForm, "about", err)
	}
	var err error
	switch about.Kind() {
	case ledger.KindOrder:
		_, err = v.order(id)
	case ledger.KindProduct:
		_, err = v.product(id)
	case ledger.KindLicense:
		_, err = v.license(id)
	case ledger.KindEntry:
		_, err = v.entry(id)
	case ledger.KindResource:
		_, err = v.resource(id)
	case ledger.KindApplication:
		_, err = v.application(id)
	case ledger.KindContent:
		_, err = v.content(id)
	case ledger.KindEnvironment:
		_, err = v.environment(id)
	default:
		return failf(CheckForm, "about", "no bundle is about a %q", about.Kind())
	}
	if err != nil {
		return err
	}
	return v.deliveries()
}

// order proves an order down to the listing that it answers, its license and
// the entries of its sources.
func (v *verification) order(id ledger.ID) (ledger.Order, error) {
	ref := ledger.RefTo(ledger.KindOrder, id)
	return once(v, ref, func() (ledger.Order, error) {
		o, list, err := proven[ledger.Order](v, ref)
		if err != nil {
			return o, err
		}
		if err := v.orderSays(o, list); err != nil {
			return o, err
		}
		p, err := v.product(o.Product)
		if err != nil {
			return o, err
		}
		listing := last(v.chains[ledger.RefTo(ledger.KindProduct, o.Product)])
		if listing.signed.Payload != o.Offer || listing.fn() == ledger.FnProductDelist {
			return o, failf(CheckChain, string(ref), "the order answers the listing of payload %s, the bundle holds another", o.Offer)
		}
		if p.Operator != o.Operator || p.License != o.License || p.Version != o.Version || !same(p.Sources, o.Sources) {
			return o, failf(CheckRecord, string(ref), "order and listing differ")
		}
		if !p.Allows(o.Purpose) {
			return o, failf(CheckRecord, string(ref), "the listing does not allow the order's purpose")
		}
		if err := v.covered(ref, o); err != nil {
			return o, err
		}
		if o.State == ledger.OrderActive || o.State == ledger.OrderFulfilled {
			v.right(ledger.Use, o.Buyer, ledger.RefTo(ledger.KindProduct, o.Product), o.StartOn, o.EndOn, ref)
		}
		return o, nil
	})
}

// covered holds each source of an order to its license.
func (v *verification) covered(ref ledger.Ref, o ledger.Order) error {
	l, err := v.license(o.License)
	if err != nil {
		return err
	}
	for _, s := range o.Sources {
		r, err := v.resource(s)
		if err != nil {
			return err
		}
		if !l.Covers(r.facts(), o.Purpose) {
			return failf(CheckRecord, string(ref), "the license does not cover the source %s", s)
		}
	}
	return nil
}

// orderSays holds an order's record to what buyer and operator signed.
func (v *verification) orderSays(o ledger.Order, list []*act) error {
	ref := string(ledger.RefTo(ledger.KindOrder, o.ID))
	var args ledger.OrderPlaceArgs
	if err := typed(list[0], &args); err != nil {
		return err
	}
	said := ledger.OrderPlaceArgs{
		ID: o.ID, Product: o.Product, Answers: o.Offer, Purpose: o.Purpose, PurposeText: o.PurposeText,
		Evidence: o.Evidence, Quantity: o.Quantity, UnitPrice: o.UnitPrice, Total: o.Total, StartOn: o.StartOn,
		EndOn: o.EndOn, Limits: o.Limits, Recipient: o.Recipient,
	}
	if said != args {
		return failf(CheckRecord, ref, "the record is not what the buyer signed")
	}
	active := func(a *act, next string) bool {
		return next == string(ledger.OrderActive) && a.fn() == ledger.FnOrderAccept
	}
	return v.follow(ref, o, list, func(a *act, next string) error {
		if active(a, next) != (a.fn() == ledger.FnOrderAccept && o.Total == 0) {
			return errElsewhere
		}
		if next == string(ledger.OrderActive) && o.ActiveAt != a.Time {
			return failf(CheckRecord, ref, "the record says another time of becoming active")
		}
		return nil
	})
}

// errElsewhere says that a step did not lead there.
var errElsewhere = errors.New("the call leads elsewhere")

// follow checks a record against the steps of its calls: each is the act of who may
// take it, and goes on from where the one before it led. also may refuse a step,
// or say that it leads elsewhere.
func (v *verification) follow(ref string, record any, list []*act, also func(*act, string) error) error {
	at := ""
	for _, a := range list {
		row, _ := ledger.ActOf(a.fn())
		if row.ActingAs(v.caller(a), record) == nil {
			return failf(CheckRecord, ref, "%s is not the act of party %s", a.fn(), a.party())
		}
		next, found := "", false
		for _, m := range row.Moves {
			if m.From != at {
				continue
			}
			if err := also(a, m.To); errors.Is(err, errElsewhere) {
				continue
			} else if err != nil {
				return err
			}
			next, found = m.To, true
		}
		if !found {
			return failf(CheckRecord, ref, "%s leads nowhere from %q", a.fn(), at)
		}
		at = next
	}
	if state := ledger.MemberText(record, "state"); at != state {
		return failf(CheckRecord, ref, "the record says %s, the calls lead to %s", state, at)
	}
	return nil
}

// caller is the party that made a call, with the roles that it was admitted with.
func (v *verification) caller(a *act) ledger.Party {
	p := ledger.Party{ID: a.party()}
	if known := v.parties[p.ID]; known != nil {
		p.Roles = known.profile.Roles
	}
	return p
}

// product proves a product as its last call in the bundle left it.
func (v *verification) product(id ledger.ID) (ledger.Product, error) {
	ref := ledger.RefTo(ledger.KindProduct, id)
	return once(v, ref, func() (ledger.Product, error) {
		p, list, err := proven[ledger.Product](v, ref)
		if err != nil {
			return p, err
		}
		var args ledger.ProductListArgs
		if err := typed(list[0], &args); err != nil {
			return p, err
		}
		state := ledger.ProductListed
		if len(list) > 1 {
			state = ledger.ProductDelisted
		}
		if !same(p.ProductOffer, args.ProductOffer) || p.Operator != list[0].party() || p.State != state {
			return p, failf(CheckRecord, string(ref), "the record is not what the operator signed")
		}
		l, err := v.license(p.License)
		if err != nil {
			return p, err
		}
		if l.Assignee != p.Operator || l.State == ledger.LicenseOffered {
			return p, failf(CheckRecord, string(ref), "the operator is not the licensee")
		}
		for _, s := range p.Sources {
			r, err := v.resource(s)
			if err != nil {
				return p, err
			}
			if !l.Covers(r.facts(), ledger.Purpose{}) {
				return p, failf(CheckRecord, string(ref), "the license does not cover the source %s", s)
			}
		}
		return p, nil
	})
}

// license proves a license from its offer on.
func (v *verification) license(id ledger.ID) (ledger.License, error) {
	ref := ledger.RefTo(ledger.KindLicense, id)
	return once(v, ref, func() (ledger.License, error) {
		l, list, err := proven[ledger.License](v, ref)
		if err != nil {
			return l, err
		}
		if err := v.licenseSays(l, list); err != nil {
			return l, err
		}
		if l.State == ledger.LicenseAccepted && len(l.Suspensions) == 0 {
			v.right(ledger.Use, l.Assignee, ref, l.StartOn, l.EndOn, ref)
			v.right(ledger.Operate, l.Assignee, ref, l.StartOn, l.EndOn, ref)
		}
		return l, nil
	})
}

// licenseSays holds a license's record to what both sides signed.
func (v *verification) licenseSays(l ledger.License, list []*act) error {
	ref := string(ledger.RefTo(ledger.KindLicense, l.ID))
	var args ledger.LicenseOfferArgs
	if err := typed(list[0], &args); err != nil {
		return err
	}
	if !same(l.LicenseTerms, args.LicenseTerms) || list[0].party() != l.Assigner {
		return failf(CheckRecord, ref, "the record is not what the implementer signed")
	}
	state, open := ledger.LicenseOffered, 0
	for _, a := range list[1:] {
		mine := a.party() == l.Assigner
		switch a.fn() {
		case ledger.FnLicenseAccept:
			state, mine = ledger.LicenseAccepted, a.party() == l.Assignee
		case ledger.FnLicenseTerminate:
			state = ledger.LicenseTerminated
		case ledger.FnLicenseSuspend:
			open++
			mine = mine || v.is(a.party(), ledger.RoleRegulator)
		case ledger.FnLicenseResume:
			open--
			mine = mine || v.is(a.party(), ledger.RoleRegulator)
		}
		if !mine {
			return failf(CheckRecord, ref, "%s is not the act of party %s", a.fn(), a.party())
		}
	}
	if l.State != state || len(l.Suspensions) != open {
		return failf(CheckRecord, ref, "the record says %s with %d suspensions, the calls lead to %s with %d",
			l.State, len(l.Suspensions), state, open)
	}
	return nil
}

func (v *verification) is(id ledger.ID, role ledger.Role) bool {
	p := v.parties[id]
	return p != nil && slices.Contains(p.profile.Roles, role)
}

// right adds a right to the report.
func (v *verification) right(r ledger.Right, holder ledger.ID, scope ledger.Ref, from, until ledger.Date, basis ledger.Ref) {
	name := ""
	if p := v.parties[holder]; p != nil {
		name = p.profile.Name
	}
	v.rights = append(v.rights, Right{Right: r, Party: holder, Name: name, Scope: scope, From: from, Until: until, Basis: basis})
}

func last(list []*act) *act { return list[len(list)-1] }
