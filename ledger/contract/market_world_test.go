package contract_test

import (
	"encoding/json"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// market is a ledger in memory with admitted parties and registered resources,
// ready for licenses: bus and river are registered, core is of core level,
// clinic is important, faces holds personal data, lapsed has an ended entry,
// raw has been applied for only.
type market struct{ *world }

type fataler = ledgertest.TB

type memory map[string][]byte

func (m memory) Get(key string) ([]byte, bool, error) {
	v, ok := m[key]
	return v, ok, nil
}

// The day of the market: Tuesday 2026-10-20, noon in Shanghai.
const (
	marketDay   ledger.Date = "2026-10-20"
	marketStart ledger.Date = "2026-10-19"
	marketEnd   ledger.Date = "2029-10-18"
)

func noon(day ledger.Date) ledger.Millis { return ledger.Millis(ledgertest.Noon(day).UnixMilli()) }

// mID is the id of a name: a market's resource goes by its name alone.
func mID(name string) ledger.ID { return wID(name) }

func mHash(name string) ledger.Digest { return ledgertest.Hash(name) }

func marketParties() []ledgertest.Person {
	return []ledgertest.Person{
		ledgertest.Someone("implementer", "11430300MB0A00001", ledger.Organ, ledger.RoleImplementer),
		ledgertest.Someone("implementer2", "11430300MB0A00002", ledger.Organ, ledger.RoleImplementer),
		ledgertest.Someone("operator", "91430300MA4L00001", ledger.Enterprise, ledger.RoleOperator, ledger.RoleBuyer),
		ledgertest.Someone("operator2", "91430300MA4L00002", ledger.Enterprise, ledger.RoleOperator, ledger.RoleBuyer),
		ledgertest.Someone("holder", "11430300MB0A00003", ledger.Organ, ledger.RoleHolder, ledger.RoleBuyer),
		ledgertest.Someone("holder2", "11430300MB0A00004", ledger.Organ, ledger.RoleHolder),
		ledgertest.Someone("buyer", "91430300MA4L00003", ledger.Enterprise, ledger.RoleBuyer),
		ledgertest.Someone("buyer2", "91430300MA4L00004", ledger.Enterprise, ledger.RoleBuyer),
		ledgertest.Someone("regulator", "11430300MB0A00005", ledger.Organ, ledger.RoleRegulator),
	}
}

// newMarket writes the records that other functions create, so that these tests
// depend on the record types only, not on the functions of registration.
func newMarket(t fataler) *market {
	m := &market{&world{t: t, state: memory{}, now: noon(marketDay), keys: ledgertest.Keys{}}}
	m.seed(ledger.GenesisRef, ledger.Genesis{
		Ledger: mID("ledger"), Region: "430300", Authority: mID("authority"),
		Limits: ledger.StatutoryLimits(), Gate: ledger.GateStrict, Rules: 1,
	})
	m.seed(ledger.RefTo(ledger.KindLog, ledger.ReceiptLog("node.example")), ledger.LogRecord{Origin: "node.example"})
	for _, p := range marketParties() {
		m.admit(p)
	}
	for _, r := range []struct {
		name   string
		domain string
		region ledger.Region
		level  ledger.Level
		pi     ledger.PIStatus
	}{
		{"bus", "transport", "430300", ledger.General, ledger.PINone},
		{"river", "ecology", "430300", ledger.General, ledger.PIAnonymized},
		{"core", "transport", "430300", ledger.Core, ledger.PINone},
		{"clinic", "transport", "430300", ledger.Important, ledger.PINone},
		{"faces", "transport", "430300", ledger.General, ledger.PIPersonal},
		{"elsewhere", "transport", "430100", ledger.General, ledger.PINone},
		{"lapsed", "transport", "430300", ledger.General, ledger.PINone},
	} {
		m.register(r.name, ledger.Resource{
			ID: mID(r.name), Publisher: mID("holder"), Domain: r.domain, Spatial: r.region,
			Level: r.level, PIStatus: r.pi,
		})
	}
	entry := get[ledger.Entry](m, ledger.RefTo(ledger.KindEntry, mID("entry-lapsed")))
	entry.ValidUntil = "2026-10-19"
	m.seed(ledger.RefTo(ledger.KindEntry, entry.ID), entry)
	m.seed(ledger.RefTo(ledger.KindResource, mID("raw")),
		ledger.ResourceIndex{ID: mID("raw"), Holder: mID("holder"), Application: mID("entry-raw")})
	m.seed(ledger.RefTo(ledger.KindApplication, mID("entry-raw")), ledger.Application{ID: mID("entry-raw"), State: ledger.AppSubmitted})
	return m
}

func (m *market) admit(p ledgertest.Person) {
	m.t.Helper()
	a := m.profile(p)
	m.seed(ledger.RefTo(ledger.KindParty, a.ID), ledger.Party{
		ID: a.ID, Name: a.Name, USCC: a.USCC,
		Kind: a.Kind, Roles: a.Roles, Region: a.Region, Under: a.Region, Affiliates: []ledger.USCC{}, Suspensions: []ledger.Suspension{},
	})
	key := a.Keys[0]
	m.seed(ledger.KeyRef(key.JWK.Thumbprint()), ledger.KeyRecord{
		Kid: key.JWK.Thumbprint(), Party: a.ID, JWK: key.JWK, Use: key.Use, Custody: key.Custody,
	})
}

func (m *market) register(name string, r ledger.Resource) {
	m.t.Helper()
	entry := ledger.Entry{
		ID: mID("entry-" + name), SubjectType: "resource", Subject: r.ID, SubjectHash: mHash("submitted " + name), Holder: r.Publisher,
		ValidFrom: "2026-10-15", ValidUntil: "2029-10-15", State: ledger.EntryActive, Suspensions: []ledger.Suspension{},
	}
	m.seed(ledger.RefTo(ledger.KindEntry, entry.ID), entry)
	m.seed(ledger.SubmissionRef(entry.SubjectHash), ledger.Submission{Resource: r})
	m.seed(ledger.RefTo(ledger.KindResource, r.ID),
		ledger.ResourceIndex{ID: r.ID, Holder: r.Publisher, Application: entry.ID, Entry: entry.ID})
}

func (m *market) seed(ref ledger.Ref, v any) { m.write(ledger.RecordKey(ref), v) }

func (m *market) write(key string, v any) {
	m.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		m.t.Fatalf("encode %s: %v", key, err)
	}
	m.state[key] = b
}

// fork is a copy that a case may spoil.
func (m *market) fork(t fataler) *market { return &market{m.world.fork(t)} }

// get reads a record that must be there.
func get[T any](m *market, ref ledger.Ref) T {
	m.t.Helper()
	return record[T](m.world, ref)
}

// edit changes a record behind the contract's back.
func edit[T any](m *market, ref ledger.Ref, change func(*T)) {
	m.t.Helper()
	v := get[T](m, ref)
	change(&v)
	m.seed(ref, v)
}

// last is the payload hash of the call that last wrote a record, or a hash of
// nothing where there is no record.
func (m *market) last(ref ledger.Ref) ledger.Digest {
	m.t.Helper()
	if _, ok := m.state[ledger.RecordKey(ref)]; !ok {
		return mHash("nothing")
	}
	return get[struct {
		Cite ledger.Cite `json:"cite"`
	}](m, ref).Cite.Payload
}

// signed is a call, parsed and with its signature checked.
func (m *market) signed(who string, fn ledger.Function, args any) contract.Verified {
	m.t.Helper()
	return m.verified(m.sign(who, fn, args))
}

// try makes one call and returns its refusal.
func (m *market) try(who string, fn ledger.Function, args any) error {
	m.t.Helper()
	_, err := m.call(who, fn, args)
	return err
}

// refusal is what a refused call must say; the zero value is no refusal.
type refusal struct {
	code   ledger.Code
	reason ledger.Reason
	field  string
}

// expect compares an error with the expected refusal.
func expect(t fataler, err error, want refusal) {
	t.Helper()
	if want.code == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	e := ledger.AsError(err)
	if e == nil {
		t.Fatalf("got %v, want %v", err, want)
	}
	if !errors.Is(err, want.code) || e.Reason != want.reason || e.Field != want.field {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func mLicense(name string) ledger.Ref { return ledger.RefTo(ledger.KindLicense, mID(name)) }
func mProduct(name string) ledger.Ref { return ledger.RefTo(ledger.KindProduct, mID(name)) }
func mOrder(name string) ledger.Ref   { return ledger.RefTo(ledger.KindOrder, mID(name)) }
func mGrant(parts ...ledger.ID) ledger.Ref {
	words := []string{"grant"}
	for _, p := range parts {
		words = append(words, string(p))
	}
	return ledger.RefTo(ledger.KindGrant, ledger.DeriveID(words...))
}

// offerArgs are a good offer: the domain transport, three years.
func offerArgs(name string) ledger.LicenseOfferArgs {
	return tale.Offer(name, "implementer", "operator")
}

// listArgs are a good product under a license, made from bus.
func listArgs(name, license string) ledger.ProductListArgs {
	a := tale.Listing(name, license, "bus")
	a.Sources = []ledger.ID{mID("bus")}
	a.Purposes = []ledger.Purpose{logistics, {Class: ledger.Governance, Code: "emergency"}, {Class: ledger.Welfare, Code: "blind_aid"}}
	return a
}

var logistics = ledger.Purpose{Class: ledger.Industry, Code: "logistics"}

// placeArgs are a good order of a product, for industry.
func (m *market) placeArgs(name, product string) ledger.OrderPlaceArgs {
	return tale.Order(name, product, m.last(mProduct(product)), logistics)
}

// freeArgs are a good order for governance by an organ.
func (m *market) freeArgs(name, product string) ledger.OrderPlaceArgs {
	a := m.placeArgs(name, product)
	a.Purpose = ledger.Purpose{Class: ledger.Governance, Code: "emergency"}
	a.UnitPrice, a.Total = 0, 0
	return a
}

func (m *market) answer(ref ledger.Ref) ledger.AnswerArgs {
	return ledger.AnswerArgs{ID: ledger.ID(ref.ID()), Answers: m.last(ref)}
}

func (m *market) target(ref ledger.Ref) ledger.TargetArgs {
	return ledger.TargetArgs{ID: ledger.ID(ref.ID()), Answers: m.last(ref), Ground: "order-12"}
}

// licensed is a market whose license "L" is accepted.
func licensed(t fataler) *market {
	m := newMarket(t)
	m.must("implementer", ledger.FnLicenseOffer, offerArgs("L"))
	m.must("operator", ledger.FnLicenseAccept, m.answer(mLicense("L")))
	return m
}

// trading is a market whose product "P" under "L" is listed and has content.
func trading(t fataler) *market {
	m := licensed(t)
	m.must("operator", ledger.FnProductList, listArgs("P", "L"))
	m.must("operator", ledger.FnContentAdd, fileArgs("stock", mProduct("P"), "stock"))
	return m
}
