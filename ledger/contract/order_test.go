package contract_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

func TestOrderPlace(t *testing.T) {
	base := trading(t)
	args := func(change func(*ledger.OrderPlaceArgs)) func(*market, *ledger.OrderPlaceArgs) {
		return func(_ *market, a *ledger.OrderPlaceArgs) { change(a) }
	}
	free := func(class ledger.PurposeClass, code string, evidence ledger.Digest) func(*market, *ledger.OrderPlaceArgs) {
		return args(func(a *ledger.OrderPlaceArgs) {
			a.Purpose, a.UnitPrice, a.Total, a.Evidence = ledger.Purpose{Class: class, Code: code}, 0, 0, evidence
		})
	}
	license := func(change func(*ledger.License)) func(*market, *ledger.OrderPlaceArgs) {
		return func(m *market, _ *ledger.OrderPlaceArgs) { edit(m, mLicense("L"), change) }
	}
	product := func(change func(*ledger.Product)) func(*market, *ledger.OrderPlaceArgs) {
		return func(m *market, _ *ledger.OrderPlaceArgs) { edit(m, mProduct("P"), change) }
	}
	party := func(name string, change func(*ledger.Party)) func(*market, *ledger.OrderPlaceArgs) {
		return func(m *market, _ *ledger.OrderPlaceArgs) { edit(m, ledger.RefTo(ledger.KindParty, mID(name)), change) }
	}
	uscc := func(name string) ledger.USCC {
		return get[ledger.Party](base, ledger.RefTo(ledger.KindParty, mID(name))).USCC
	}
	invalid := func(field string) refusal {
		return refusal{ledger.InvalidCode, ledger.ReasonField, "args." + field}
	}
	because := func(code ledger.Code, r ledger.Reason, field string) refusal {
		return refusal{code, r, "args." + field}
	}
	own := because(ledger.Forbidden, ledger.ReasonOwnScope, "product_id")
	for _, c := range []struct {
		name string
		who  string
		edit func(*market, *ledger.OrderPlaceArgs)
		want refusal
	}{
		{"industry", "buyer", args(func(*ledger.OrderPlaceArgs) {}), refusal{}},
		{"another operator", "operator2", args(func(*ledger.OrderPlaceArgs) {}), refusal{}},
		{"governance by an organ", "holder", free(ledger.Governance, "emergency", ""), refusal{}},
		{"governance by a firm with evidence", "buyer", free(ledger.Governance, "emergency", mHash("word")), refusal{}},
		{"welfare with evidence", "buyer", free(ledger.Welfare, "blind_aid", mHash("word")), refusal{}},
		{"one unit", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Quantity, a.Total = 1, 3 }), refusal{}},
		{"most units", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Quantity, a.Total = ledger.MaxQuantity, 3*ledger.MaxQuantity }), refusal{}},
		{"to the license's last day", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.EndOn = marketEnd }), refusal{}},
		{"used in Hainan", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Recipient = "460100" }), refusal{}},

		{"no units", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Quantity, a.Total = 0, 0 }), invalid("quantity")},
		{"too many units", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Quantity = ledger.MaxQuantity + 1 }), invalid("quantity")},
		{"negative limit", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Limits.Uses = -1 }), invalid("limits.uses")},
		{"ends before it starts", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.EndOn = "2026-10-19" }), invalid("end_on")},
		{"over already", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.StartOn, a.EndOn = marketStart, "2026-10-19" }), invalid("end_on")},
		{"before the license", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.StartOn = "2026-10-18" }), invalid("start_on")},
		{"beyond the license", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.EndOn = "2029-10-19" }), invalid("end_on")},
		{"purpose without a code", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Purpose.Code = "" }), invalid("purpose.code")},
		{"negative price", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.UnitPrice = -3 }), invalid("unit_price")},

		{"purpose not allowed", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Purpose.Code = "advertising" }), because(ledger.InvalidCode, ledger.ReasonPurpose, "purpose")},
		{"purpose no longer in the license", "buyer", license(func(l *ledger.License) { l.Purposes = l.Purposes[1:] }), because(ledger.InvalidCode, ledger.ReasonPurpose, "purpose")},
		{"governance by a firm's own word", "buyer", free(ledger.Governance, "emergency", ""), because(ledger.InvalidCode, ledger.ReasonPurpose, "purpose_evidence")},
		{"welfare by a firm's own word", "buyer", free(ledger.Welfare, "blind_aid", ""), because(ledger.InvalidCode, ledger.ReasonPurpose, "purpose_evidence")},
		{"another price", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.UnitPrice, a.Total = 2, 200000 }), because(ledger.InvalidCode, ledger.ReasonPrice, "unit_price")},
		{"industry for nothing", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.UnitPrice, a.Total = 0, 0 }), because(ledger.InvalidCode, ledger.ReasonPrice, "unit_price")},
		{"governance at a price", "holder", args(func(a *ledger.OrderPlaceArgs) {
			a.Purpose = ledger.Purpose{Class: ledger.Governance, Code: "emergency"}
		}), because(ledger.InvalidCode, ledger.ReasonPrice, "unit_price")},
		{"wrong total", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Total-- }), because(ledger.InvalidCode, ledger.ReasonPrice, "total")},
		{"overflow", "buyer", args(func(a *ledger.OrderPlaceArgs) {
			a.Quantity, a.UnitPrice = ledger.MaxQuantity, math.MaxInt64/1000
			a.Total = ledger.Fen(int64(a.UnitPrice) * a.Quantity) // as it wraps around
		}), because(ledger.InvalidCode, ledger.ReasonPrice, "total")},

		{"of another listing", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Answers = mHash("x") }), because(ledger.Conflict, ledger.ReasonStale, "answers")},
		{"of nothing", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Product = mID("none") }), because(ledger.NotFound, ledger.ReasonUnknown, "product_id")},
		{"id taken", "buyer", func(m *market, _ *ledger.OrderPlaceArgs) { m.seed(mOrder("O"), ledger.Order{}) }, because(ledger.Conflict, ledger.ReasonExists, "id")},
		{"B1 delisted", "buyer", product(func(p *ledger.Product) { p.State = ledger.ProductDelisted }), because(ledger.Forbidden, ledger.ReasonNotListed, "product_id")},
		{"B1 delisted since it was seen", "buyer", func(m *market, _ *ledger.OrderPlaceArgs) {
			m.must("operator", ledger.FnProductDelist, m.target(mProduct("P")))
		}, because(ledger.Forbidden, ledger.ReasonNotListed, "product_id")},
		{"B1 license terminated", "buyer", license(func(l *ledger.License) { l.State = ledger.LicenseTerminated }), because(ledger.Forbidden, ledger.ReasonLicense, "product_id")},
		{"B2 source out of scope", "buyer", license(func(l *ledger.License) { l.Excluded = []ledger.ID{mID("bus")} }), because(ledger.Forbidden, ledger.ReasonScope, "product_id")},
		{"B2 source revoked", "buyer", func(m *market, _ *ledger.OrderPlaceArgs) {
			edit(m, ledger.RefTo(ledger.KindEntry, mID("entry-bus")), func(e *ledger.Entry) { e.State = ledger.EntryRevoked })
		}, because(ledger.Forbidden, ledger.ReasonEntry, "product_id")},
		{"B3 review ran out", "buyer", product(func(p *ledger.Product) { p.SecurityReview.ValidUntil = "2026-10-19" }), because(ledger.Forbidden, ledger.ReasonReview, "product_id")},
		{"B4 not coded", "buyer", product(func(p *ledger.Product) { p.Sources = []ledger.ID{mID("raw")} }), because(ledger.Forbidden, ledger.ReasonGate, "product_id")},
		{"B8 operator itself", "operator", args(func(*ledger.OrderPlaceArgs) {}), own},
		{"B8 affiliate by the license", "buyer", license(func(l *ledger.License) { l.Affiliates = []ledger.USCC{uscc("buyer")} }), own},
		{"B8 affiliate by the operator", "buyer", party("operator", func(p *ledger.Party) { p.Affiliates = []ledger.USCC{uscc("buyer")} }), own},
		{"B8 affiliate by the buyer", "buyer", party("buyer", func(p *ledger.Party) { p.Affiliates = []ledger.USCC{uscc("operator")} }), own},
		{"B9 level", "buyer", product(func(p *ledger.Product) { p.Level = ledger.Important }), because(ledger.Forbidden, ledger.ReasonLevel, "product_id")},
		{"B9 personal information", "buyer", product(func(p *ledger.Product) { p.PIStatus = ledger.PIPersonal }), because(ledger.Forbidden, ledger.ReasonPI, "product_id")},
		{"D3 form", "buyer", product(func(p *ledger.Product) { p.Form = ledger.FormRaw }), because(ledger.Forbidden, ledger.ReasonForm, "product_id")},
		{"B10 Hong Kong", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Recipient = "810000" }), because(ledger.Forbidden, ledger.ReasonRecipient, "recipient_region")},
		{"B10 Macao", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Recipient = "820000" }), because(ledger.Forbidden, ledger.ReasonRecipient, "recipient_region")},
		{"B10 Taiwan", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Recipient = "710000" }), because(ledger.Forbidden, ledger.ReasonRecipient, "recipient_region")},
		{"B10 no province", "buyer", args(func(a *ledger.OrderPlaceArgs) { a.Recipient = "990000" }), because(ledger.Forbidden, ledger.ReasonRecipient, "recipient_region")},
		{"B11 license suspended", "buyer", license(func(l *ledger.License) { l.Suspensions = suspendedBy(ledger.RoleRegulator) }), because(ledger.Forbidden, ledger.ReasonSuspended, "product_id")},
		{"B11 operator suspended", "buyer", party("operator", func(p *ledger.Party) { p.Suspensions = suspendedBy(ledger.RoleRegulator) }), because(ledger.Forbidden, ledger.ReasonPartySuspended, "product_id")},
		{"by no buyer", "holder2", args(func(*ledger.OrderPlaceArgs) {}), refusal{ledger.Forbidden, ledger.ReasonRole, "function"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, a := base.fork(t), base.placeArgs("O", "P")
			c.edit(m, &a)
			expect(t, m.try(c.who, ledger.FnOrderPlace, a), c.want)
		})
	}
}

func TestOrderPlaceRecord(t *testing.T) {
	m := trading(t)
	a := m.placeArgs("O", "P")
	e := m.must("buyer", ledger.FnOrderPlace, a)
	want := []ledger.Link{
		{From: mOrder("O"), Rel: "for", To: mProduct("P")},
		{From: mOrder("O"), Rel: "buyer", To: ledger.RefTo(ledger.KindParty, mID("buyer"))},
		{From: mOrder("O"), Rel: "under", To: mLicense("L")},
	}
	if d := cmp.Diff(want, e.Links); d != "" {
		t.Fatal(d)
	}
	o := get[ledger.Order](m, mOrder("O"))
	// Three working days after Tuesday 20 October 2026; no list is recorded.
	due := ledger.Period{From: marketDay, Days: 3, Due: "2026-10-23", Provisional: true}
	if o.State != ledger.OrderPlaced || o.Offer != a.Answers || o.Version != 1 || o.License != mID("L") ||
		o.Operator != mID("operator") || o.Buyer != mID("buyer") || o.AnswerDue != due || o.PlacedCite != o.Cite {
		t.Fatalf("order: %+v", o)
	}
}

func TestOrderFree(t *testing.T) {
	m := trading(t)
	m.must("holder", ledger.FnOrderPlace, m.freeArgs("O", "P"))
	m.must("operator", ledger.FnOrderAccept, m.answer(mOrder("O")))
	o := get[ledger.Order](m, mOrder("O"))
	if o.State != ledger.OrderActive || o.ActiveAt != m.now || !o.Effective(marketDay) {
		t.Fatalf("order: %+v", o)
	}
	ref := mGrant(ledger.KindOrder, mID("O"))
	want := ledger.Grant{
		ID: ledger.ID(ref.ID()), Right: ledger.Use, Nature: ledger.Contracted, Party: mID("holder"), Scope: mProduct("P"),
		From: o.StartOn, Until: o.EndOn, Basis: mOrder("O"),
	}
	if d := cmp.Diff(want, get[ledger.Grant](m, ref)); d != "" {
		t.Fatal(d)
	}
}

func TestOrderPayment(t *testing.T) {
	m := trading(t)
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	pay := func(change func(*ledger.OrderPaymentArgs)) ledger.OrderPaymentArgs {
		a := ledger.OrderPaymentArgs{ID: mID("O"), Answers: m.last(mOrder("O")), Reference: "bank-1", PaidAt: m.now, Fen: 300000}
		change(&a)
		return a
	}
	good := func(*ledger.OrderPaymentArgs) {}
	expect(t, m.try("operator", ledger.FnOrderConfirmPayment, pay(good)), refusal{ledger.Conflict, ledger.ReasonState, "args.id"})
	m.must("operator", ledger.FnOrderAccept, m.answer(mOrder("O")))
	if _, ok := m.state[ledger.RecordKey(mGrant(ledger.KindOrder, mID("O")))]; ok {
		t.Fatal("an unpaid order gave a right")
	}
	for _, c := range []struct {
		who  string
		edit func(*ledger.OrderPaymentArgs)
		want refusal
	}{
		{"operator2", good, refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"}},
		{"operator", func(a *ledger.OrderPaymentArgs) { a.Fen-- }, refusal{ledger.InvalidCode, ledger.ReasonPrice, "args.fen"}},
		{"operator", func(a *ledger.OrderPaymentArgs) { a.Fen++ }, refusal{ledger.InvalidCode, ledger.ReasonPrice, "args.fen"}},
		{"operator", func(a *ledger.OrderPaymentArgs) { a.PaidAt = m.now + ledger.Skew + 1 }, refusal{ledger.InvalidCode, ledger.ReasonTime, "args.paid_at"}},
		{"operator", func(a *ledger.OrderPaymentArgs) { a.PaidAt = 0 }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.paid_at"}},
		{"operator", func(a *ledger.OrderPaymentArgs) { a.Reference = "张三 已付" }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.reference"}},
		{"operator", func(a *ledger.OrderPaymentArgs) { a.Answers = mHash("x") }, refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"}},
	} {
		expect(t, m.try(c.who, ledger.FnOrderConfirmPayment, pay(c.edit)), c.want)
	}
	m.must("operator", ledger.FnOrderConfirmPayment, pay(func(a *ledger.OrderPaymentArgs) { a.PaidAt = m.now + ledger.Skew }))
	o := get[ledger.Order](m, mOrder("O"))
	if o.State != ledger.OrderActive || o.Payment == nil || o.Payment.Reference != "bank-1" {
		t.Fatalf("order: %+v", o)
	}
	get[ledger.Grant](m, mGrant(ledger.KindOrder, mID("O")))
}

func TestOrderAcceptChecksCurrentRecords(t *testing.T) {
	base := trading(t)
	base.must("buyer", ledger.FnOrderPlace, base.placeArgs("O", "P"))
	id := "args.id"
	source := func(change func(*ledger.Resource)) func(*market) {
		return func(m *market) {
			edit(m, ledger.SubmissionRef(mHash("submitted bus")), func(s *ledger.Submission) { change(&s.Resource) })
		}
	}
	for _, c := range []struct {
		name string
		who  string
		edit func(*market)
		want refusal
	}{
		{"on the last day", "operator", func(m *market) { m.now = noon("2026-10-23") }, refusal{}},
		{"day after the last", "operator", func(m *market) { m.now = noon("2026-10-24") }, refusal{ledger.Conflict, ledger.ReasonLate, id}},
		{"a later list lengthens", "operator", func(m *market) {
			m.seed(ledger.RefTo(ledger.KindCalendar, "2026"), ledger.CalendarYear{Year: 2026, Off: []ledger.Date{"2026-10-23"}, Work: []ledger.Date{}})
			m.now = noon("2026-10-26")
		}, refusal{}},
		{"demo ledger without terms", "operator", func(m *market) {
			edit(m, mOrder("O"), func(o *ledger.Order) { o.AnswerDue = ledger.Period{From: marketDay, Due: marketDay} })
			m.now = noon("2026-12-01")
		}, refusal{}},
		{"purpose no longer allowed", "operator", func(m *market) {
			change := listArgs("P", "L")
			change.Version, change.Purposes = 2, change.Purposes[1:]
			m.must("operator", ledger.FnProductChange, change)
		}, refusal{ledger.InvalidCode, ledger.ReasonPurpose, "args.purpose"}},
		{"review ran out", "operator", func(m *market) {
			change := listArgs("P", "L")
			change.Version, change.ConformityReview.ValidUntil = 2, marketDay
			m.must("operator", ledger.FnProductChange, change)
			m.now = noon("2026-10-21")
		}, refusal{ledger.Forbidden, ledger.ReasonReview, id}},
		// A later release may take back a form, and register a resource otherwise.
		{"form no longer delivered", "operator", func(m *market) {
			edit(m, mProduct("P"), func(p *ledger.Product) { p.Form = ledger.FormRaw })
		}, refusal{ledger.Forbidden, ledger.ReasonForm, id}},
		{"source graver", "operator", source(func(r *ledger.Resource) { r.Level = ledger.Important }), refusal{ledger.Forbidden, ledger.ReasonLevel, id}},
		{"source out of scope", "operator", source(func(r *ledger.Resource) { r.Domain = "ecology" }), refusal{ledger.Forbidden, ledger.ReasonScope, id}},
		{"source applied for again", "operator", func(m *market) {
			edit(m, ledger.RefTo(ledger.KindResource, mID("bus")), func(i *ledger.ResourceIndex) { i.Entry = "" })
		}, refusal{ledger.Forbidden, ledger.ReasonGate, id}},
		{"by another operator", "operator2", func(*market) {}, refusal{ledger.Forbidden, ledger.ReasonNotYours, id}},
		{"by the buyer", "buyer", func(*market) {}, refusal{ledger.Forbidden, ledger.ReasonRole, "function"}},
		{"license suspended", "operator", func(m *market) { m.must("regulator", ledger.FnLicenseSuspend, m.target(mLicense("L"))) }, refusal{ledger.Forbidden, ledger.ReasonSuspended, id}},
		{"license terminated", "operator", func(m *market) { m.must("implementer", ledger.FnLicenseTerminate, m.target(mLicense("L"))) }, refusal{ledger.Forbidden, ledger.ReasonLicense, id}},
		{"product delisted", "operator", func(m *market) { m.must("regulator", ledger.FnProductDelist, m.target(mProduct("P"))) }, refusal{ledger.Forbidden, ledger.ReasonNotListed, id}},
		{"source suspended", "operator", func(m *market) {
			edit(m, ledger.RefTo(ledger.KindEntry, mID("entry-bus")), func(e *ledger.Entry) { e.Suspensions = suspendedBy(ledger.RoleRegulator) })
		}, refusal{ledger.Forbidden, ledger.ReasonEntry, id}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base.fork(t)
			c.edit(m)
			expect(t, m.try(c.who, ledger.FnOrderAccept, m.answer(mOrder("O"))), c.want)
		})
	}
}

// TestOrderFromPersonalData: an order has the sources of its version, while the
// product may have changed to a form that must not be made of them.
func TestOrderFromPersonalData(t *testing.T) {
	m := trading(t)
	change := listArgs("P", "L")
	change.Version, change.Sources, change.PIStatus = 2, []ledger.ID{mID("faces")}, ledger.PIAnonymized
	m.must("operator", ledger.FnProductChange, change)
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	m.fork(t).must("operator", ledger.FnOrderAccept, m.answer(mOrder("O")))
	change = listArgs("P", "L")
	change.Version = 3
	m.must("operator", ledger.FnProductChange, change)
	expect(t, m.try("operator", ledger.FnOrderAccept, m.answer(mOrder("O"))), refusal{ledger.Forbidden, ledger.ReasonPI, "args.id"})
}

// TestOrderAsItIsDelivered has the cases in which an order was recorded that could
// not be delivered, and those that were refused for another reason than there.
func TestOrderAsItIsDelivered(t *testing.T) {
	base := trading(t)
	base.must("buyer", ledger.FnOrderPlace, base.placeArgs("O", "P"))
	uscc := get[ledger.Party](base, ledger.RefTo(ledger.KindParty, mID("buyer"))).USCC
	license := func(change func(*ledger.License)) func(*market) {
		return func(m *market) { edit(m, mLicense("L"), change) }
	}
	forbidden := func(r ledger.Reason) refusal { return refusal{code: ledger.Forbidden, reason: r} }
	for _, c := range []struct {
		name   string
		edit   func(*market)
		place  refusal
		accept refusal
	}{
		{"B2 nothing may be given out", license(func(l *ledger.License) { l.Actions = []string{"use", "derive"} }), forbidden(ledger.ReasonScope), forbidden(ledger.ReasonScope)},
		{"B2 license of another operator", license(func(l *ledger.License) { l.Assignee = mID("operator2") }), forbidden(ledger.ReasonScope), forbidden(ledger.ReasonScope)},
		{
			"B1 license over while suspended",
			license(func(l *ledger.License) { l.EndOn, l.Suspensions = "2026-10-19", suspendedBy(ledger.RoleRegulator) }),
			forbidden(ledger.ReasonLicense), forbidden(ledger.ReasonLicense),
		},
		{"B8 an affiliate since", license(func(l *ledger.License) { l.Affiliates = []ledger.USCC{uscc} }), forbidden(ledger.ReasonOwnScope), forbidden(ledger.ReasonOwnScope)},
		{"B11 buyer suspended since", func(m *market) {
			edit(m, ledger.RefTo(ledger.KindParty, mID("buyer")), func(p *ledger.Party) { p.Suspensions = suspendedBy(ledger.RoleRegulator) })
		}, refusal{ledger.Forbidden, ledger.ReasonPartySuspended, "party"}, forbidden(ledger.ReasonPartySuspended)},
		{"B2 a source of the new version has ended", func(m *market) {
			edit(m, mProduct("P"), func(p *ledger.Product) { p.Sources = append(p.Sources, mID("lapsed")) })
		}, forbidden(ledger.ReasonEntry), forbidden(ledger.ReasonEntry)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base.fork(t)
			c.edit(m)
			if c.place.field == "" {
				c.place.field = "args.product_id"
			}
			c.accept.field = "args.id"
			expect(t, m.try("buyer", ledger.FnOrderPlace, m.placeArgs("again", "P")), c.place)
			expect(t, m.try("operator", ledger.FnOrderAccept, m.answer(mOrder("O"))), c.accept)
		})
	}
}

func TestOrderAnswerDaysOnDemoLedger(t *testing.T) {
	m := trading(t)
	edit(m, ledger.GenesisRef, func(g *ledger.Genesis) { g.Demo, g.Limits = true, ledger.Limits{} })
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P"))
	if got := get[ledger.Order](m, mOrder("O")).AnswerDue; got.Days != 0 || got.Due != marketDay {
		t.Fatalf("answer due %+v", got)
	}
}

func TestOrderRefuseCancelFulfilBlock(t *testing.T) {
	base := trading(t)
	base.must("buyer", ledger.FnOrderPlace, base.placeArgs("O", "P"))
	ref := mOrder("O")
	m := base.fork(t)
	m.must("operator", ledger.FnOrderRefuse, m.target(ref))
	if o := get[ledger.Order](m, ref); o.State != ledger.OrderCancelled || o.Reason != "refused" {
		t.Fatalf("refused: %+v", o)
	}
	m = base.fork(t)
	expect(t, m.try("buyer2", ledger.FnOrderCancel, m.answer(ref)), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
	m.must("buyer", ledger.FnOrderCancel, m.answer(ref))
	if o := get[ledger.Order](m, ref); o.State != ledger.OrderCancelled || o.Reason != "" {
		t.Fatalf("cancelled: %+v", o)
	}
	m = base.fork(t)
	m.must("regulator", ledger.FnOrderBlock, m.target(ref))
	if o := get[ledger.Order](m, ref); o.State != ledger.OrderBlocked || o.Reason != "order-12" || o.Effective(marketDay) {
		t.Fatalf("blocked: %+v", o)
	}
	m = base.fork(t)
	m.must("holder", ledger.FnOrderPlace, m.freeArgs("F", "P"))
	m.must("operator", ledger.FnOrderAccept, m.answer(mOrder("F")))
	expect(t, m.try("buyer", ledger.FnOrderFulfill, m.target(mOrder("F"))), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
	m.must("holder", ledger.FnOrderFulfill, m.target(mOrder("F")))
	if o := get[ledger.Order](m, mOrder("F")); o.State != ledger.OrderFulfilled || !o.Effective(marketDay) {
		t.Fatalf("fulfilled: %+v", o)
	}
}

func TestFenTimesNeverWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, n := rapid.Int64().Draw(t, "fen"), rapid.Int64().Draw(t, "n")
		got, ok := ledger.Fen(f).Times(n)
		want := new(big.Int).Mul(big.NewInt(f), big.NewInt(n))
		if fits := want.IsInt64() && f >= 0 && n >= 0; ok != fits || ok && int64(got) != want.Int64() {
			t.Fatalf("%d × %d = %d, %v", f, n, got, ok)
		}
	})
}

func TestMainland(t *testing.T) {
	in := 0
	for p := range 100 {
		r := ledger.Region([]byte{'0' + byte(p/10), '0' + byte(p%10), '0', '0', '0', '0'})
		if r.Mainland() {
			in++
		}
	}
	// GB/T 2260 has 34 divisions of the first level; three are not mainland.
	if in != 31 {
		t.Fatalf("%d provinces", in)
	}
}
