package marketplace_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// entry changes the entry of a source.
func (w *world) entry(name string, change func(*ledger.EntryDetail)) {
	e := w.entries[name]
	change(&e)
	w.entries[name] = e
}

// TestDeliveryAsItIsOrdered has the cases in which an order is refused by the
// contract and its delivery was not refused here.
func TestDeliveryAsItIsOrdered(t *testing.T) {
	metro := func(change func(*ledger.EntryDetail)) func(*world) {
		return func(w *world) { w.entry("metro", change) }
	}
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"B1 license suspended": {func(w *world) { w.license.Suspensions = []ledger.Suspension{{}} }, "forbidden suspended B11"},
		"B1 license over":      {func(w *world) { w.license.EndOn = "2026-04-30" }, "forbidden license_ended B1"},
		"B2 no source": {func(w *world) {
			w.product.Sources, w.order.Sources = nil, nil
		}, "forbidden scope B2"},
		"B2 a source of the order has ended": {func(w *world) {
			w.product.Sources, w.order.Sources = []ledger.ID{id("bus")}, []ledger.ID{id("bus"), id("metro")}
			w.entry("metro", func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked })
		}, "forbidden entry_inactive B2"},
		"B3 security review dated ahead":   {func(w *world) { w.product.SecurityReview.On = "2026-05-02" }, "forbidden review B3"},
		"B3 conformity review dated ahead": {func(w *world) { w.product.ConformityReview.On = "2026-05-02" }, "forbidden review B3"},
		"B4 a source is not registered":    {func(w *world) { delete(w.entries, "metro") }, "forbidden gate B4"},
		"B5 no buyer any more":             {func(w *world) { w.buyer.Roles = []ledger.Role{ledger.RoleHolder} }, "forbidden role B5"},
		"B8 the license's assignee": {func(w *world) {
			w.license.Assignee = id("buyer")
		}, "forbidden scope B2"},
		"B9 an important source":        {metro(func(e *ledger.EntryDetail) { e.Resource.Level = ledger.Important }), "forbidden level B9"},
		"B9 a personal source":          {metro(func(e *ledger.EntryDetail) { e.Resource.PIStatus = ledger.PIPersonal }), "forbidden pi_status PIPL73"},
		"B10 no province":               {func(w *world) { w.order.Recipient = "990000" }, "forbidden recipient B10"},
		"B11 no operator any more":      {func(w *world) { w.operator.Roles = []ledger.Role{ledger.RoleBuyer} }, "forbidden role"},
		"D2 active without its payment": {func(w *world) { w.order.Total = 3 }, "forbidden unpaid D2"},
		"a key that has ended": {func(w *world) {
			w.key.Until = ledger.Millis(noon.UnixMilli())
		}, "forbidden key_ended"},
		"a key that nobody has":         {func(w *world) { w.key.Kid = "third" }, "forbidden key_ended"},
		"a key that is not the buyer's": {func(w *world) { w.key.Party = id("operator") }, "forbidden key_ended"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			w.open(t)
			_, err := w.market.Look(t.Context(), delivery())
			if got := outcome(t, err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestSupplyByRecord: what the records refuse is refused, whatever the policies say.
func TestSupplyByRecord(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"license suspended":         {func(w *world) { w.license.Suspensions = []ledger.Suspension{{}} }, "forbidden suspended O21"},
		"not for use":               {func(w *world) { w.license.Actions = []string{"derive"} }, "forbidden scope O21"},
		"excluded":                  {func(w *world) { w.license.Excluded = []ledger.ID{id("bus")} }, "forbidden scope O21"},
		"not registered":            {func(w *world) { delete(w.entries, "bus") }, "forbidden gate O21"},
		"revoked":                   {func(w *world) { w.entry("bus", func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked }) }, "forbidden entry_inactive O21"},
		"operator suspended":        {func(w *world) { w.operator.Suspensions = []ledger.Suspension{{}} }, "forbidden party_suspended B11"},
		"an environment in no land": {func(w *world) { w.env.Region = "990000" }, "forbidden recipient B10"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			w.open(t)
			_, err := w.market.Look(t.Context(), supply())
			if got := outcome(t, err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestARequestIsJudgedAtOneRevision: records and decision are of the revision that
// the receipt names, and while blocks come too fast nothing is delivered.
func TestARequestIsJudgedAtOneRevision(t *testing.T) {
	w := newWorld()
	asked, still := 0, 5
	w.policy = func(marketplace.Question) marketplace.Decision {
		if asked++; asked <= still { // a block is applied while the request is judged
			w.revision.Block++
		}
		return marketplace.Decision{Allow: true, Revision: w.revision, Until: ledger.Millis(noon.UnixMilli() + 1000)}
	}
	w.open(t)
	if _, err := w.market.Look(t.Context(), delivery()); err != nil {
		t.Errorf("after %d blocks: %v", still, err)
	}
	if asked != 8 { // two sources each time: a block arrived three times, and no block the fourth time
		t.Errorf("the policies were asked %d times", asked)
	}
	still = 1 << 30
	w.revision.Block++
	_, err := w.market.Look(t.Context(), delivery())
	if got := outcome(t, err); got != "unavailable projection_behind" {
		t.Errorf("blocks that come too fast: %q", got)
	}
}
