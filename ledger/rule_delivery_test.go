package ledger_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

func TestD2PaidAndWithinTerm(t *testing.T) {
	unpaid, over := "forbidden unpaid D2", "forbidden order_inactive D2"
	judged(t, (*sale).deliver, []ruleCase{
		{"fulfilled", func(s *sale) { s.Order.State = ledger.OrderFulfilled }, ""},
		{"free", func(s *sale) { s.Order.Total, s.Order.Payment = 0, nil }, ""},
		{"on the last day", func(s *sale) { s.Order.EndOn = ruleDay }, ""},
		{"active since", func(s *sale) { s.Order.ActiveAt = ruleTime + ledger.Skew }, ""},
		{"accepted", func(s *sale) { s.Order.State = ledger.OrderAccepted }, unpaid},
		{"active without its payment", func(s *sale) { s.Order.Payment = nil }, unpaid},
		{"placed", func(s *sale) { s.Order.State = ledger.OrderPlaced }, over},
		{"cancelled", func(s *sale) { s.Order.State = ledger.OrderCancelled }, over},
		{"refunded", func(s *sale) { s.Order.State = ledger.OrderRefunded }, over},
		{"blocked", func(s *sale) { s.Order.State = ledger.OrderBlocked }, over},
		{"over", func(s *sale) { s.Order.EndOn = "2026-10-19" }, over},
		{"not yet", func(s *sale) { s.Order.StartOn = "2026-10-21" }, over},
		{"before it became active", func(s *sale) { s.Order.ActiveAt = ruleTime + ledger.Skew + 1 }, over},
	})
}

func TestD3FormDelivered(t *testing.T) {
	var cases []ruleCase
	for _, f := range append(ledger.Forms(), ledger.FormRaw, "") {
		want := "forbidden form D3 form"
		for _, ok := range ledger.DeliveredForms() {
			if f == ok {
				want = ""
			}
		}
		cases = append(cases, ruleCase{"form " + string(f), func(s *sale) { s.Product.Form = f }, want})
	}
	always(t, cases)
}

func TestD5ReceiptNamesTheObject(t *testing.T) {
	bad := "not_found content D5 content_id"
	cases := func(r func(*sale) *ledger.Receipt, c func(*sale) *ledger.Content) []ruleCase {
		return []ruleCase{
			{"a part", func(s *sale) { r(s).Offset, r(s).Length = 40, 60 }, ""},
			{"nothing", func(s *sale) { r(s).Offset, r(s).Length = 100, 0 }, ""},
			{"removed", func(s *sale) { c(s).State = ledger.ContentRemoved }, bad},
			{"not recorded", func(s *sale) { *c(s) = ledger.Content{} }, bad},
			{"of another subject", func(s *sale) { c(s).Subject = ledger.RefTo(ledger.KindProduct, ruleID("other")) }, bad},
			{"another object", func(s *sale) { r(s).Object = "other" }, bad},
			{"another hash", func(s *sale) { r(s).SHA256 = ledger.DigestOf(nil) }, bad},
			{"another size", func(s *sale) { r(s).Size = 1000 }, bad},
			{"beyond the end", func(s *sale) { r(s).Offset, r(s).Length = 41, 60 }, bad},
			{"before the beginning", func(s *sale) { r(s).Offset = -1 }, bad},
			{"a negative length", func(s *sale) { r(s).Length = -1 }, bad},
			{"a length that overflows", func(s *sale) { r(s).Offset, r(s).Length = 1, 1<<63-1 }, bad},
		}
	}
	judged(t, (*sale).deliver, cases(func(s *sale) *ledger.Receipt { return &s.start }, func(s *sale) *ledger.Content { return &s.Content }))
	judged(t, (*sale).supply, cases(func(s *sale) *ledger.Receipt { return &s.take }, func(s *sale) *ledger.Content { return &s.raw }))
}

func TestD8ReceiptNamesTheOrder(t *testing.T) {
	bad := func(field string) string { return "invalid field D8 " + field }
	judged(t, (*sale).deliver, []ruleCase{
		{"of a supply", func(s *sale) { s.start.Flow = ledger.Supply }, bad("flow")},
		{"another order", func(s *sale) { s.start.Order = ruleID("other") }, bad("order_id")},
		{"another party", func(s *sale) { s.start.Party = ruleID("rival") }, bad("party")},
		{"another license", func(s *sale) { s.start.License = ruleID("other") }, bad("license_id")},
		{"another product", func(s *sale) { s.start.Subject = ledger.RefTo(ledger.KindProduct, ruleID("other")) }, bad("subject")},
		{"no purpose", func(s *sale) { s.start.Purpose = nil }, bad("purpose")},
		{"another purpose", func(s *sale) { s.start.Purpose = &ledger.Purpose{Class: ledger.Welfare, Code: "x"} }, bad("purpose")},
		{"facts of another buyer", func(s *sale) { s.Buyer.ID = ruleID("rival") }, bad("party")},
		{"facts of another operator", func(s *sale) { s.Operator.ID = ruleID("rival") }, bad("operator")},
		{"facts of another license", func(s *sale) { s.License.ID = ruleID("other") }, bad("license_id")},
		{"facts of another product", func(s *sale) { s.Product.ID = ruleID("other") }, bad("subject")},
	})
	judged(t, (*sale).supply, []ruleCase{
		{"of a delivery", func(s *sale) { s.take.Flow = ledger.Delivery }, bad("flow")},
		{"of an order", func(s *sale) { s.take.Order = ruleID("order") }, bad("order_id")},
		{"another license", func(s *sale) { s.take.License = ruleID("other") }, bad("license_id")},
		{"another party", func(s *sale) { s.take.Party = ruleID("rival") }, bad("party")},
		{"facts of another operator", func(s *sale) { s.Operator.ID = ruleID("rival") }, bad("party")},
		{"a product", func(s *sale) { s.take.Subject = s.Content.Subject }, bad("subject")},
		{"a purpose of the license", func(s *sale) { s.take.Purpose = &s.Order.Purpose }, ""},
		{"a purpose beyond the license", func(s *sale) { s.take.Purpose = &ledger.Purpose{Class: ledger.Governance, Code: "x"} }, bad("purpose")},
	})
}

func TestDeliveryToTheBuyersKey(t *testing.T) {
	ended := "forbidden key_ended"
	judged(t, (*sale).deliver, []ruleCase{
		{"no key is named", func(s *sale) { s.start.Key = "" }, ""},
		{"until a moment later", func(s *sale) { s.Key.Until = ruleTime + 1 }, ""},
		{"from a moment later, by another clock", func(s *sale) { s.Key.From = ruleTime + ledger.Skew }, ""},
		{"unknown", func(s *sale) { s.start.Key = "other" }, ended},
		{"ended", func(s *sale) { s.Key.Until = ruleTime }, ended},
		{"not begun", func(s *sale) { s.Key.From = ruleTime + ledger.Skew + 1 }, ended},
		{"not known", func(s *sale) { s.Key = ledger.KeyRecord{} }, ended},
		{"another's", func(s *sale) { s.Key.Party = ruleID("operator") }, ended},
		{"a recovery key", func(s *sale) { s.Key.Recovery = true }, ended},
		{"an environment's", func(s *sale) { s.start.Environment = ruleID("env") }, "forbidden key_use"},
	})
}

// TestSupplyRule is the rule of supply.
func TestSupplyRule(t *testing.T) {
	environment := "forbidden environment O15"
	bus := func(change func(*ledger.EntryDetail)) func(*sale) {
		return func(s *sale) { s.entry("bus", change) }
	}
	judged(t, (*sale).supply, []ruleCase{
		{"unchanged", func(*sale) {}, ""},
		{"important", bus(func(e *ledger.EntryDetail) { e.Resource.Level = ledger.Important }), ""},
		{"of personal information", bus(func(e *ledger.EntryDetail) { e.Resource.PIStatus = ledger.PISensitive }), ""},
		{"no environment", func(s *sale) { s.take.Environment, s.env.ID = "", "" }, environment},
		{"not on the license", func(s *sale) { s.License.Environments = nil }, environment},
		{"facts of another environment", func(s *sale) { s.env.ID = ruleID("other") }, environment},
		{"another operator's", func(s *sale) { s.env.Operator = ruleID("rival") }, environment},
		{"its key was replaced", func(s *sale) { s.env.Kid = "next" }, "forbidden key_ended O15"},
		{"no key", func(s *sale) { s.take.Key = "" }, "forbidden key_ended O15"},
		{"outside mainland China", func(s *sale) { s.env.Region = "810000" }, "forbidden recipient B10 environment_id"},
		{"operator suspended", func(s *sale) { s.Operator.Suspensions = held() }, "forbidden party_suspended B11"},
		{"not an operator", func(s *sale) { s.Operator.Roles = nil }, "forbidden role"},
		{"license suspended", func(s *sale) { s.License.Suspensions = held() }, "forbidden suspended O21"},
		{"license over", func(s *sale) { s.License.EndOn = "2026-10-19" }, "forbidden license_ended O21"},
		{"not registered", func(s *sale) { delete(s.Entries, ruleID("bus")) }, "forbidden gate O21"},
		{"suspended", bus(func(e *ledger.EntryDetail) { e.Suspensions = held() }), "forbidden entry_inactive O21"},
		{"core", bus(func(e *ledger.EntryDetail) { e.Resource.Level = ledger.Core }), "forbidden scope O21"},
		{"out of scope", bus(func(e *ledger.EntryDetail) { e.Resource.Domain = "health" }), "forbidden scope O21"},
		{"no right to use", func(s *sale) { s.License.Actions = []string{"distribute"} }, "forbidden scope O21"},
	})
}

// TestOfferRule is what a product that is put on offer must meet.
func TestOfferRule(t *testing.T) {
	offer := func(s *sale) *ledger.Error {
		return ledger.CheckOffer(s.Product.ProductOffer, s.License, s.Entries, ruleDay)
	}
	judged(t, offer, []ruleCase{
		{"unchanged", func(*sale) {}, ""},
		{"not yet given out", func(s *sale) { s.License.Actions = []string{"derive"} }, ""},
		{"form", func(s *sale) { s.Product.Form = ledger.FormRaw }, "forbidden form D3 form"},
		{"review", func(s *sale) { s.Product.SecurityReview.On = "2026-10-21" }, "forbidden review B3 security_review"},
		{"level", func(s *sale) { s.Product.Level = ledger.Important }, "forbidden level B9 level"},
		{"source", func(s *sale) { delete(s.Entries, ruleID("bus")) }, "forbidden gate B4 sources[0]"},
		{"a purpose beyond the license", func(s *sale) { s.License.Purposes = s.License.Purposes[:1] }, "forbidden purpose B2 sources[0]"},
		{"no purpose", func(s *sale) { s.Product.Purposes = nil; s.License.Excluded = []ledger.ID{ruleID("bus")} }, "forbidden scope B2 sources[0]"},
	})
}

func TestOrderSourcesNamesEachOnce(t *testing.T) {
	o := ledger.Order{Sources: []ledger.ID{"a", "b", "c"}}
	p := ledger.Product{}
	p.Sources = []ledger.ID{"d", "b"}
	got := ledger.OrderSources(o, p)
	want := []ledger.ID{"d", "b", "a", "c"}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatal(got)
		}
	}
}
