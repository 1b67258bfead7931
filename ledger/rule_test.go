package ledger_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// ruleDay is the day of the rules' tests, and ruleTime noon of it in Shanghai.
const (
	ruleDay  ledger.Date   = "2026-10-20"
	ruleTime ledger.Millis = 1_792_468_800_000
)

// sale is a sale with its delivery and a supply, which hold all rules; tests
// change one thing.
type sale struct {
	ledger.DeliveryFacts
	env         ledger.Environment
	raw         ledger.Content
	start, take ledger.Receipt
}

func ruleID(name string) ledger.ID { return ledger.DeriveID("rule", name) }

func newSale() *sale {
	s := &sale{}
	purpose := ledger.Purpose{Class: ledger.Industry, Code: "logistics"}
	review := ledger.Review{On: "2026-10-01", ValidUntil: "2027-10-01"}
	s.Operator = ledger.Party{ID: ruleID("operator"), USCC: "operator", Kind: ledger.Enterprise, Roles: []ledger.Role{ledger.RoleOperator}}
	s.Buyer = ledger.Party{
		ID: ruleID("buyer"), USCC: "buyer", Kind: ledger.Enterprise, Roles: []ledger.Role{ledger.RoleBuyer},
	}
	s.Key = ledger.KeyRecord{Kid: "key", Party: ruleID("buyer"), From: ruleTime - 1000}
	s.License.LicenseTerms = ledger.LicenseTerms{
		ID: ruleID("license"), Mode: ledger.Domain, Region: "430300", Domains: []string{"transport"},
		Purposes: []ledger.Purpose{{Class: ledger.Industry}, {Class: ledger.Welfare}}, Actions: []string{"use", "distribute"},
		Assignee: ruleID("operator"), StartOn: "2026-10-19", EndOn: "2029-10-18", Environments: []ledger.ID{ruleID("env")},
	}
	s.License.State = ledger.LicenseAccepted
	s.Product = ledger.Product{Operator: ruleID("operator"), State: ledger.ProductListed, ProductOffer: ledger.ProductOffer{
		ID: ruleID("product"), License: ruleID("license"), Sources: []ledger.ID{ruleID("bus"), ruleID("metro")}, Form: ledger.FormDataset,
		Purposes: []ledger.Purpose{{Class: ledger.Industry}, {Class: ledger.Welfare}}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "item", Fen: 3},
	}}
	s.Order = ledger.Order{
		ID: ruleID("order"), Product: ruleID("product"), License: ruleID("license"), Sources: s.Product.Sources, Operator: ruleID("operator"),
		Buyer: ruleID("buyer"), Purpose: purpose, UnitPrice: 3, Total: 3, StartOn: ruleDay, EndOn: "2027-10-19", Recipient: "430300",
		State: ledger.OrderActive, Payment: &ledger.Payment{Fen: 3}, ActiveAt: ruleTime,
	}
	s.Entries = map[ledger.ID]ledger.EntryDetail{}
	for _, name := range []string{"bus", "metro"} {
		s.Entries[ruleID(name)] = ledger.EntryDetail{
			Entry:    ledger.Entry{ID: ruleID("entry " + name), Subject: ruleID(name), State: ledger.EntryActive, ValidFrom: "2026-10-15", ValidUntil: "2029-10-14"},
			Resource: ledger.Resource{ID: ruleID(name), Domain: "transport", Spatial: "430302", Level: ledger.General, PIStatus: ledger.PINone},
		}
	}
	s.env = ledger.Environment{ID: ruleID("env"), Operator: ruleID("operator"), Region: "430300", Kid: "env-key"}
	s.Content = content("file", ledger.RefTo(ledger.KindProduct, ruleID("product")))
	s.raw = content("raw", ledger.RefTo(ledger.KindResource, ruleID("bus")))
	s.start = start(s.Content)
	s.start.Flow, s.start.Party, s.start.License, s.start.Order = ledger.Delivery, ruleID("buyer"), ruleID("license"), ruleID("order")
	s.start.Purpose, s.start.Key = &purpose, "key"
	s.take = start(s.raw)
	s.take.Flow, s.take.Party, s.take.License = ledger.Supply, ruleID("operator"), ruleID("license")
	s.take.Environment, s.take.Key = ruleID("env"), "env-key"
	return s
}

func content(name string, subject ledger.Ref) ledger.Content {
	return ledger.Content{
		ID: ruleID(name), Subject: subject, Object: name, SHA256: ledger.DigestOf([]byte(name)), Bytes: 100, State: ledger.ContentRecorded,
	}
}

func start(c ledger.Content) ledger.Receipt {
	return ledger.Receipt{
		V: 1, Kind: ledger.ReceiptStart, Time: ruleTime, Subject: c.Subject, Content: c.ID, Object: c.Object, SHA256: c.SHA256,
		Size: c.Bytes, Length: c.Bytes,
	}
}

// entry changes the entry of a source.
func (s *sale) entry(name string, change func(*ledger.EntryDetail)) {
	e := s.Entries[ruleID(name)]
	change(&e)
	s.Entries[ruleID(name)] = e
}

func (s *sale) deliver() *ledger.Error {
	return ledger.CheckDelivery(s.DeliveryFacts, s.start, ruleDay)
}
func (s *sale) place() *ledger.Error  { return ledger.CheckOrder(s.SaleFacts, ruleDay) }
func (s *sale) accept() *ledger.Error { return ledger.CheckAcceptance(s.SaleFacts, ruleDay) }

func (s *sale) supply() *ledger.Error {
	f := ledger.SupplyFacts{License: s.License, Operator: s.Operator, Environment: s.env, Entries: s.Entries, Content: s.raw}
	return ledger.CheckSupply(f, s.take, ruleDay)
}

// said returns a refusal in the form of the tables: class, reason, rule, field;
// empty if there is no refusal.
func said(e *ledger.Error) string {
	if e == nil {
		return ""
	}
	return strings.Join(strings.Fields(strings.Join([]string{string(e.Code), string(e.Reason), e.Rule, e.Field}, " ")), " ")
}

// ruleCase changes one thing and says what comes of it.
type ruleCase struct {
	name   string
	change func(*sale)
	want   string
}

// judged checks a table against one way to ask.
func judged(t *testing.T, ask func(*sale) *ledger.Error, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		s := newSale()
		c.change(s)
		if got := said(ask(s)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// always checks a table of a rule that holds at order, acceptance and delivery.
func always(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, ask := range []func(*sale) *ledger.Error{(*sale).place, (*sale).accept, (*sale).deliver} {
		judged(t, ask, append(cases, ruleCase{"unchanged", func(*sale) {}, ""}))
	}
}

func held() []ledger.Suspension { return []ledger.Suspension{{Role: ledger.RoleRegulator}} }

func TestB1ProductListedLicenseActive(t *testing.T) {
	ended, off := "forbidden license_ended B1", "forbidden not_listed B1"
	always(t, []ruleCase{
		{"delisted", func(s *sale) { s.Product.State = ledger.ProductDelisted }, off},
		{"no state", func(s *sale) { s.Product.State = "" }, off},
		{"license on its first day", func(s *sale) { s.License.StartOn = ruleDay }, ""},
		{"license on its last day", func(s *sale) { s.License.EndOn = ruleDay }, ""},
		{"license offered", func(s *sale) { s.License.State = ledger.LicenseOffered }, ended},
		{"license terminated", func(s *sale) { s.License.State = ledger.LicenseTerminated }, ended},
		{"license not begun", func(s *sale) { s.License.StartOn = "2026-10-21" }, ended},
		{"license over", func(s *sale) { s.License.EndOn = "2026-10-19" }, ended},
		{"license over while suspended", func(s *sale) { s.License.EndOn, s.License.Suspensions = "2026-10-19", held() }, ended},
	})
}

func TestB2SourcesActiveAndInScope(t *testing.T) {
	scope, ended := "forbidden scope B2 sources[1]", "forbidden entry_inactive B2 sources[1]"
	metro := func(change func(*ledger.EntryDetail)) func(*sale) {
		return func(s *sale) { s.entry("metro", change) }
	}
	always(t, []ruleCase{
		{"no source", func(s *sale) { s.Product.Sources, s.Order.Sources = nil, nil }, "forbidden scope B2 sources"},
		{"on its last day", metro(func(e *ledger.EntryDetail) { e.ValidUntil = ruleDay }), ""},
		{"revoked", metro(func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked }), ended},
		{"cancelled", metro(func(e *ledger.EntryDetail) { e.State = ledger.EntryCancelled }), ended},
		{"suspended", metro(func(e *ledger.EntryDetail) { e.Suspensions = held() }), ended},
		{"over", metro(func(e *ledger.EntryDetail) { e.ValidUntil = "2026-10-19" }), ended},
		{"another domain", metro(func(e *ledger.EntryDetail) { e.Resource.Domain = "health" }), scope},
		{"another region", metro(func(e *ledger.EntryDetail) { e.Resource.Spatial = "430100" }), scope},
		{"core", metro(func(e *ledger.EntryDetail) { e.Resource.Level = ledger.Core }), scope},
		{"excluded", func(s *sale) { s.License.Excluded = []ledger.ID{ruleID("metro")} }, scope},
		{"nothing may be given out", func(s *sale) { s.License.Actions = []string{"use", "derive"} }, "forbidden scope B2 sources[0]"},
		{"license of another operator", func(s *sale) { s.License.Assignee = ruleID("rival") }, "forbidden scope B2"},
		{"another license than the product's", func(s *sale) { s.Product.License = ruleID("other") }, "forbidden scope B2"},
		{"source of the order only", func(s *sale) {
			s.Product.Sources = s.Product.Sources[:1]
			s.entry("metro", func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked })
		}, ended},
		{"source of the product only", func(s *sale) {
			s.Order.Sources = s.Order.Sources[:1]
			s.entry("metro", func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked })
		}, ended},
	})
	judged(t, (*sale).deliver, []ruleCase{
		{"purpose no longer in the license", func(s *sale) { s.License.Purposes = s.License.Purposes[1:] }, "forbidden purpose B2 sources[0]"},
	})
}

func TestB3ReviewsValid(t *testing.T) {
	security, conformity := "forbidden review B3 security_review", "forbidden review B3 conformity_review"
	always(t, []ruleCase{
		{"made today, valid until today", func(s *sale) { s.Product.SecurityReview = ledger.Review{On: ruleDay, ValidUntil: ruleDay} }, ""},
		{"security over", func(s *sale) { s.Product.SecurityReview.ValidUntil = "2026-10-19" }, security},
		{"security dated ahead", func(s *sale) { s.Product.SecurityReview.On = "2026-10-21" }, security},
		{"conformity over", func(s *sale) { s.Product.ConformityReview.ValidUntil = "2026-10-19" }, conformity},
		{"conformity dated ahead", func(s *sale) { s.Product.ConformityReview.On = "2026-10-21" }, conformity},
		{"none", func(s *sale) { s.Product.SecurityReview = ledger.Review{} }, security},
	})
}

func TestB4SourcesRegistered(t *testing.T) {
	always(t, []ruleCase{
		{"no entry", func(s *sale) { delete(s.Entries, ruleID("metro")) }, "forbidden gate B4 sources[1]"},
		{"another's entry", func(s *sale) { s.entry("metro", func(e *ledger.EntryDetail) { e.Subject = ruleID("bus") }) }, "forbidden gate B4 sources[1]"},
	})
}

func TestB5BuyerVerified(t *testing.T) {
	always(t, []ruleCase{
		{"buyer among other roles", func(s *sale) { s.Buyer.Roles = []ledger.Role{ledger.RoleHolder, ledger.RoleBuyer} }, ""},
		{"not admitted as a buyer", func(s *sale) { s.Buyer.Roles = []ledger.Role{ledger.RoleHolder} }, "forbidden role B5"},
	})
}

func TestB6PurposeOnTheList(t *testing.T) {
	bad, unproven := "invalid purpose B6 purpose", "invalid purpose B6 purpose_evidence"
	welfare := func(s *sale) {
		s.Order.Purpose, s.Order.UnitPrice = ledger.Purpose{Class: ledger.Welfare, Code: "blind_aid"}, 0
	}
	for _, ask := range []func(*sale) *ledger.Error{(*sale).place, (*sale).accept} {
		judged(t, ask, []ruleCase{
			{"not the product's", func(s *sale) { s.Product.Purposes = s.Product.Purposes[1:] }, bad},
			{"not the license's", func(s *sale) { s.License.Purposes = s.License.Purposes[1:] }, bad},
			{"the product's, to the letter", func(s *sale) { s.Product.Purposes = []ledger.Purpose{s.Order.Purpose} }, ""},
			{"another code", func(s *sale) {
				s.Product.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "advertising"}}
			}, bad},
		})
	}
	judged(t, (*sale).place, []ruleCase{
		{"welfare by a firm's own word", welfare, unproven},
		{"welfare with evidence", func(s *sale) { welfare(s); s.Order.Evidence = ledger.DigestOf(nil) }, ""},
		{"welfare by an organ", func(s *sale) { welfare(s); s.Buyer.Kind = ledger.Organ }, ""},
		{"welfare by an institution", func(s *sale) { welfare(s); s.Buyer.Kind = ledger.Institution }, ""},
	})
	judged(t, (*sale).deliver, []ruleCase{
		{"no longer the product's: the order still has it", func(s *sale) { s.Product.Purposes = s.Product.Purposes[1:] }, ""},
	})
}

func TestB7Price(t *testing.T) {
	bad := "invalid price B7 unit_price"
	judged(t, (*sale).place, []ruleCase{
		{"as listed", func(*sale) {}, ""},
		{"less", func(s *sale) { s.Order.UnitPrice = 2 }, bad},
		{"more", func(s *sale) { s.Order.UnitPrice = 4 }, bad},
		{"welfare at a price", func(s *sale) {
			s.Order.Purpose, s.Buyer.Kind = ledger.Purpose{Class: ledger.Welfare, Code: "blind_aid"}, ledger.Organ
		}, bad},
	})
	for _, ask := range []func(*sale) *ledger.Error{(*sale).accept, (*sale).deliver} {
		judged(t, ask, []ruleCase{{"a new price: the order has the old one", func(s *sale) { s.Product.Price.Fen = 5 }, ""}})
	}
}

func TestB8OperatorAndAffiliates(t *testing.T) {
	own := "forbidden own_scope B8"
	always(t, []ruleCase{
		{"strangers", func(s *sale) { s.License.Affiliates, s.Buyer.Affiliates = []ledger.USCC{"x"}, []ledger.USCC{"y"} }, ""},
		{"by the license", func(s *sale) { s.License.Affiliates = []ledger.USCC{"buyer"} }, own},
		{"by the operator", func(s *sale) { s.Operator.Affiliates = []ledger.USCC{"buyer"} }, own},
		{"by the buyer", func(s *sale) { s.Buyer.Affiliates = []ledger.USCC{"operator"} }, own},
		{"the operator itself", func(s *sale) {
			s.Operator.Roles = append(s.Operator.Roles, ledger.RoleBuyer)
			s.Buyer = s.Operator
			s.Key.Party = s.Buyer.ID
			s.Order.Buyer, s.start.Party = s.Buyer.ID, s.Buyer.ID
		}, own},
	})
	s := newSale()
	if got := said(ledger.CheckOutsider(s.License, ledger.Party{ID: ruleID("other")}, s.Operator)); got != own {
		t.Errorf("the license's assignee: %q", got)
	}
}

func TestB9LevelAndPersonalInformation(t *testing.T) {
	level, pi := "forbidden level B9", "forbidden pi_status B9 pi_status"
	metro := func(change func(*ledger.Resource)) func(*sale) {
		return func(s *sale) { s.entry("metro", func(e *ledger.EntryDetail) { change(&e.Resource) }) }
	}
	always(t, []ruleCase{
		{"anonymized", func(s *sale) { s.Product.PIStatus = ledger.PIAnonymized }, ""},
		{"important", func(s *sale) { s.Product.Level = ledger.Important }, level + " level"},
		{"core", func(s *sale) { s.Product.Level = ledger.Core }, level + " level"},
		{"deidentified", func(s *sale) { s.Product.PIStatus = ledger.PIDeidentified }, pi},
		{"personal", func(s *sale) { s.Product.PIStatus = ledger.PIPersonal }, pi},
		{"sensitive", func(s *sale) { s.Product.PIStatus = ledger.PISensitive }, pi},
		{"milder than an important source", metro(func(r *ledger.Resource) { r.Level = ledger.Important }), level + " sources[1]"},
		{"of a level that is not known", metro(func(r *ledger.Resource) { r.Level = "secret" }), level + " sources[1]"},
		{"of a personal source", metro(func(r *ledger.Resource) { r.PIStatus = ledger.PIPersonal }), "forbidden pi_status PIPL73 sources[1]"},
		{"anonymized of a personal source", func(s *sale) {
			s.Product.PIStatus = ledger.PIAnonymized
			s.entry("metro", func(e *ledger.EntryDetail) { e.Resource.PIStatus = ledger.PIPersonal })
		}, ""},
	})
}

func TestB10RecipientInMainlandChina(t *testing.T) {
	var cases []ruleCase
	for region, ok := range map[ledger.Region]bool{
		"430300": true, "110105": true, "460100": true, "650000": true,
		"710000": false, "810000": false, "820000": false, "990000": false, "000000": false, "4303": false, "": false,
	} {
		want := ""
		if !ok {
			want = "forbidden recipient B10 recipient_region"
		}
		cases = append(cases, ruleCase{"in " + string(region), func(s *sale) { s.Order.Recipient = region }, want})
	}
	always(t, cases)
}

func TestB11NoSuspension(t *testing.T) {
	party := "forbidden party_suspended B11"
	always(t, []ruleCase{
		{"license", func(s *sale) { s.License.Suspensions = held() }, "forbidden suspended B11"},
		{"operator", func(s *sale) { s.Operator.Suspensions = held() }, party},
		{"not an operator", func(s *sale) { s.Operator.Roles = []ledger.Role{ledger.RoleBuyer} }, "forbidden role"},
		{"buyer", func(s *sale) { s.Buyer.Suspensions = held() }, party},
	})
}

// TestB6PurposesOfAProduct: each purpose of a product is one of its license.
func TestB6PurposesOfAProduct(t *testing.T) {
	logistics, emergency := ledger.Purpose{Class: ledger.Industry, Code: "logistics"}, ledger.Purpose{Class: ledger.Governance, Code: "emergency"}
	l := ledger.LicenseTerms{Purposes: []ledger.Purpose{{Class: ledger.Industry}}}
	for want, purposes := range map[string][]ledger.Purpose{
		"":                                       {logistics},
		"invalid purpose B6 allowed_purposes[1]": {logistics, emergency},
	} {
		if got := said(ledger.CheckPurposes(ledger.ProductOffer{Purposes: purposes}, l)); got != want {
			t.Errorf("%v: %q, want %q", purposes, got, want)
		}
	}
}
