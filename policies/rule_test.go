package policies_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// noon is the time of every receipt. The rules compare it with a buyer's keys and
// the time at which an order became active only, and the tests set neither.
const noon ledger.Millis = 1_792_468_800_000

// favor corrects most of what keeps a license from allowing anything; otherwise
// hardly a delivery is ever allowed.
func favor(t *rapid.T, l *ledger.License) {
	often := func(what string) bool { return rapid.IntRange(0, 9).Draw(t, what) > 0 }
	if often("in force") {
		l.State, l.Suspensions, l.StartOn, l.EndOn = ledger.LicenseAccepted, nil, days[1], days[4]
	}
	if often("all actions") {
		l.Actions = ledger.Actions()
	}
	if often("none excluded") {
		l.Excluded = nil
	}
	if often("for something") {
		l.Purposes = append(l.Purposes, drawPurpose().Draw(t, "more"))
	}
	if often("on something") {
		l.Domains, l.Resources = append(l.Domains, domains[0]), append(l.Resources, resources[:3]...)
	}
}

// drawEntries draws the entries of all resources, most near to what a license says.
func drawEntries(t *rapid.T, l ledger.License) map[ledger.ID]ledger.EntryDetail {
	entries := map[ledger.ID]ledger.EntryDetail{}
	for _, r := range resources {
		if rapid.IntRange(0, 19).Draw(t, "registered") == 0 {
			continue
		}
		e := ledger.EntryDetail{Entry: ledger.Entry{ID: "entry of " + r, Subject: r, State: ledger.EntryActive, ValidFrom: days[0], ValidUntil: days[len(days)-1]}}
		e.Resource = ledger.Resource{
			ID: r, Spatial: l.Region, Domain: domains[0],
			Level: rapid.SampledFrom(append(ledger.Levels(), ledger.General, ledger.General, ledger.General)).Draw(t, "level"), PIStatus: ledger.PINone,
		}
		if rapid.IntRange(0, 3).Draw(t, "far") == 0 {
			e.Resource.Spatial, e.Resource.Domain = rapid.SampledFrom(regions).Draw(t, "in"), rapid.SampledFrom(domains).Draw(t, "of")
		}
		entries[r] = e
	}
	return entries
}

// drawSale draws a delivery under the first of the licenses that meets all rules but
// those of license and scope, which are left to chance.
func drawSale(t *rapid.T, licenses []ledger.License) (ledger.DeliveryFacts, ledger.Receipt, ledger.Date) {
	l := licenses[0]
	purpose, day := drawPurpose().Draw(t, "purpose"), rapid.SampledFrom(days).Draw(t, "day")
	if len(l.Purposes) > 0 && rapid.Bool().Draw(t, "for what it says") {
		purpose = rapid.SampledFrom(l.Purposes).Draw(t, "its purpose")
	}
	review := ledger.Review{On: "2000-01-01", ValidUntil: "2099-01-01"}
	var f ledger.DeliveryFacts
	f.License, f.Entries = l, drawEntries(t, l)
	f.Operator = ledger.Party{ID: "p", USCC: "p", Roles: []ledger.Role{ledger.RoleOperator}}
	f.Buyer = ledger.Party{ID: "buyer", USCC: "buyer", Roles: []ledger.Role{ledger.RoleBuyer}}
	f.Product = ledger.Product{Operator: "p", State: ledger.ProductListed, ProductOffer: ledger.ProductOffer{
		ID: "product", License: l.ID, Form: ledger.FormDataset, Level: ledger.General, PIStatus: ledger.PINone,
		Sources: rapid.SliceOfNDistinct(rapid.SampledFrom(resources[:3]), 1, 2, rapid.ID).Draw(t, "sources"), SecurityReview: review, ConformityReview: review,
	}}
	f.Order = ledger.Order{
		ID: "order", Product: "product", License: l.ID, Operator: "p", Buyer: "buyer", Purpose: purpose, State: ledger.OrderActive,
		Sources: rapid.SliceOfN(rapid.SampledFrom(resources), 0, 1).Draw(t, "ordered sources"), StartOn: "2000-01-01", EndOn: "2099-01-01", Recipient: "430300",
	}
	f.Content = ledger.Content{ID: "content", Subject: "product/product", State: ledger.ContentRecorded}
	return f, ledger.Receipt{
		Kind: ledger.ReceiptStart, Time: noon, Flow: ledger.Delivery, Party: "buyer", Order: "order", License: l.ID,
		Subject: "product/product", Purpose: &purpose, Content: "content",
	}, day
}

// casbin asks the policies about each source of a delivery or supply.
func casbin(t *rapid.T, e *policies.Engine, entries map[ledger.ID]ledger.EntryDetail, sources []ledger.ID, q policies.Question) (bool, ledger.Reason) {
	for _, id := range sources {
		entry, ok := entries[id]
		if !ok {
			return false, ledger.ReasonEntry
		}
		q.Facts = entry.Facts()
		d, err := e.Decide(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Allow {
			return false, d.Reason
		}
	}
	return true, ""
}

// TestNoDecisionAllowsWhatTheRuleRefuses compares Casbin's decisions with the
// ledger's rules of delivery and supply. Of levels Casbin knows core alone: a product that is
// milder than an important source is the rule's to refuse.
func TestNoDecisionAllowsWhatTheRuleRefuses(t *testing.T) {
	delivered, supplied := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		licenses := rapid.SliceOfNDistinct(drawLicense(), 1, 8, func(l ledger.License) ledger.ID { return l.ID }).Draw(t, "licenses")
		for i := range licenses {
			licenses[i].Assignee = "p"
		}
		favor(t, &licenses[0])
		e, err := policies.NewEngine(byAssignee{"p": licenses}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			f, start, day := drawSale(t, licenses)
			sources := ledger.OrderSources(f.Order, f.Product)
			allowed, why := casbin(t, e, f.Entries, sources, policies.Question{
				Party: "p", License: f.License.ID, Purpose: f.Order.Purpose, Action: "distribute", Day: day,
			})
			refusal := ledger.CheckDelivery(f, start, day)
			important := slices.ContainsFunc(sources, func(id ledger.ID) bool { return f.Entries[id].Resource.Level == ledger.Important })
			switch {
			case allowed && refusal != nil && (refusal.Reason != ledger.ReasonLevel || !important):
				t.Fatalf("allowed on %s, though the rule says %v: %+v", day, refusal, f)
			case !allowed && refusal == nil:
				t.Fatalf("denied on %s as %s, though the rule holds: %+v", day, why, f)
			case allowed && refusal == nil:
				delivered++
			}
			if supply(t, e, f, day) {
				supplied++
			}
		}
	})
	t.Logf("%d deliveries and %d supplies were allowed", delivered, supplied)
	if delivered == 0 || supplied == 0 {
		t.Error("nothing was ever allowed: nothing was tested")
	}
}

// supply compares the policies with the rule of a supply of one source, and
// reports whether it was allowed.
func supply(t *rapid.T, e *policies.Engine, f ledger.DeliveryFacts, day ledger.Date) bool {
	id := f.Product.Sources[0]
	f.License.Environments = []ledger.ID{"env"}
	s := ledger.SupplyFacts{License: f.License, Operator: f.Operator, Entries: f.Entries}
	s.Environment = ledger.Environment{ID: "env", Operator: "p", Region: "430300", Kid: "key"}
	s.Content = ledger.Content{ID: "raw", Subject: ledger.RefTo(ledger.KindResource, id), State: ledger.ContentRecorded}
	allowed, why := casbin(t, e, f.Entries, []ledger.ID{id}, policies.Question{Party: "p", License: f.License.ID, Action: "use", Day: day})
	refusal := ledger.CheckSupply(s, ledger.Receipt{
		Kind: ledger.ReceiptStart, Time: noon, Flow: ledger.Supply, Party: "p", License: f.License.ID, Environment: "env", Key: "key",
		Subject: s.Content.Subject, Content: "raw",
	}, day)
	if allowed != (refusal == nil) {
		t.Fatalf("supply on %s: allowed %v (%s), the rule says %v: %+v", day, allowed, why, refusal, s)
	}
	return allowed
}
