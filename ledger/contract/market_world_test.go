package contract_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// market is a ledger in memory with admitted parties and registered resources,
// ready for licenses: bus and river are registered, core is of core level,
// clinic is important, faces holds personal data, lapsed has an ended entry,
// raw has been applied for only.
type market struct {
	t     fataler
	state memory
	now   ledger.Millis
	keys  map[string]*ledger.Key
	n     int
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

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

func noon(day ledger.Date) ledger.Millis {
	at, err := time.Parse(time.RFC3339, string(day)+"T12:00:00+08:00")
	if err != nil {
		return 0
	}
	return ledger.Millis(at.UnixMilli())
}

func mID(name string) ledger.ID { return ledger.DeriveID("market", name) }

func mHash(name string) ledger.Digest { return ledger.DigestOf([]byte(name)) }

func mUSCC(body string) ledger.USCC {
	return ledger.USCC(body + string(ledger.USCCCheck(body)))
}

type marketParty struct {
	name   string
	uscc   string
	kind   ledger.PartyKind
	region ledger.Region
	roles  []ledger.Role
}

func marketParties() []marketParty {
	return []marketParty{
		{"implementer", "11430300MB0A00001", ledger.Organ, "430300", []ledger.Role{ledger.RoleImplementer}},
		{"implementer2", "11430300MB0A00002", ledger.Organ, "430300", []ledger.Role{ledger.RoleImplementer}},
		{"operator", "91430300MA4L00001", ledger.Enterprise, "430300", []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}},
		{"operator2", "91430300MA4L00002", ledger.Enterprise, "430300", []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}},
		{"holder", "11430300MB0A00003", ledger.Organ, "430300", []ledger.Role{ledger.RoleHolder, ledger.RoleBuyer}},
		{"holder2", "11430300MB0A00004", ledger.Organ, "430300", []ledger.Role{ledger.RoleHolder}},
		{"buyer", "91430300MA4L00003", ledger.Enterprise, "430300", []ledger.Role{ledger.RoleBuyer}},
		{"buyer2", "91430300MA4L00004", ledger.Enterprise, "430300", []ledger.Role{ledger.RoleBuyer}},
		{"regulator", "11430300MB0A00005", ledger.Organ, "430300", []ledger.Role{ledger.RoleRegulator}},
	}
}

// newMarket writes the records that other functions create, so that these tests
// depend on the record types only, not on the functions of registration.
func newMarket(t fataler) *market {
	m := &market{t: t, state: memory{}, now: noon(marketDay), keys: map[string]*ledger.Key{}}
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

func (m *market) admit(p marketParty) {
	m.t.Helper()
	key, err := ledger.NewKey()
	if err != nil {
		m.t.Fatalf("key of %s: %v", p.name, err)
	}
	m.keys[p.name] = key
	m.seed(ledger.RefTo(ledger.KindParty, mID(p.name)), ledger.Party{
		ID: mID(p.name), Name: p.name, USCC: mUSCC(p.uscc),
		Kind: p.kind, Roles: p.roles, Region: p.region, Affiliates: []ledger.USCC{}, Suspensions: []ledger.Suspension{},
	})
	m.seed(ledger.KeyRef(key.ID()), ledger.KeyRecord{
		Kid: key.ID(), Party: mID(p.name), JWK: key.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf,
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
func (m *market) fork(t *testing.T) *market {
	c := *m
	c.t, c.state = t, maps.Clone(m.state)
	return &c
}

// get reads a record that must be there.
func get[T any](m *market, ref ledger.Ref) T {
	m.t.Helper()
	var v T
	b, ok := m.state[ledger.RecordKey(ref)]
	if !ok {
		m.t.Fatalf("no record %s", ref)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		m.t.Fatalf("decode %s: %v", ref, err)
	}
	return v
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
	m.n++
	call := ledger.Call{
		Ledger: mID("ledger"), ID: ledger.DeriveID("call", who, string(fn), strconv.Itoa(m.n)),
		Party: mID(who), Function: fn, Time: m.now, Expires: m.now + 3_600_000,
	}
	compact, err := ledger.SignCall(m.keys[who], call, args)
	if err != nil {
		m.t.Fatalf("sign %s: %v", fn, err)
	}
	s, err := contract.Parse(compact)
	if err != nil {
		m.t.Fatalf("parse %s: %v", fn, err)
	}
	v, err := contract.Verify(ledger.Standard(), s, m.keys[who].Public())
	if err != nil {
		m.t.Fatalf("verify %s: %v", fn, err)
	}
	return v
}

// batch applies calls together and commits what they write.
func (m *market) batch(calls ...contract.Verified) []contract.Result {
	results := applyBatch(m.t, contract.Env{Time: m.now, Rules: contract.Rules}, m.state, calls)
	for _, r := range results {
		for _, w := range r.Writes {
			if w.Value == nil {
				delete(m.state, w.Key)
				continue
			}
			m.state[w.Key] = w.Value
		}
	}
	return results
}

// try makes one call and returns its refusal.
func (m *market) try(who string, fn ledger.Function, args any) error {
	m.t.Helper()
	return m.batch(m.signed(who, fn, args))[0].Err
}

// must makes one call that may not be refused, and returns its event.
func (m *market) must(who string, fn ledger.Function, args any) ledger.Event {
	m.t.Helper()
	r := m.batch(m.signed(who, fn, args))[0]
	if r.Err != nil {
		m.t.Fatalf("%s by %s: %v", fn, who, r.Err)
	}
	var e ledger.Event
	if err := ledger.DecodeStrict(r.Event, &e); err != nil {
		m.t.Fatalf("event of %s: %v", fn, err)
	}
	return e
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
	return ledger.LicenseOfferArgs{LicenseTerms: ledger.LicenseTerms{
		ID: mID(name), Mode: ledger.Domain, Region: "430300", Domains: []string{"transport"}, Resources: []ledger.ID{},
		Excluded: []ledger.ID{}, Purposes: []ledger.Purpose{{Class: ledger.Industry}, {Class: ledger.Governance}, {Class: ledger.Welfare}},
		Actions: []string{"use", "derive", "distribute"}, Assigner: mID("implementer"), Assignee: mID("operator"),
		Basis:     ledger.Document{Title: "交通领域授权运营协议", Number: "2026-1", SHA256: mHash("basis"), SignedOn: "2026-10-19"},
		Selection: ledger.Selection{Method: "open_tender", Date: "2026-09-01", SHA256: mHash("selection")},
		Decision:  ledger.Decision{MinutesNo: "2026-7", Date: "2026-09-30", SHA256: mHash("minutes")},
		StartOn:   marketStart, EndOn: marketEnd, Environments: []ledger.ID{}, Affiliates: []ledger.USCC{},
	}}
}

// listArgs are a good product under a license, made from bus.
func listArgs(name, license string) ledger.ProductListArgs {
	review := ledger.Review{By: "评估机构", On: "2026-10-19", SHA256: mHash("review"), ValidUntil: "2027-10-19"}
	return ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: mID(name), Version: 1, Title: "线路到站预测数据集", Description: "全市公交线路逐站到站时间预测结果,按日更新,供物流与出行企业使用。",
		License: mID(license), Sources: []ledger.ID{mID("bus")}, Form: ledger.FormDataset,
		Purposes: []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}, {Class: ledger.Governance, Code: "emergency"}, {Class: ledger.Welfare, Code: "blind_aid"}},
		Terms:    ledger.ProductTerms{Attribute: true, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}}
}

// placeArgs are a good order of a product, for industry.
func (m *market) placeArgs(name, product string) ledger.OrderPlaceArgs {
	return ledger.OrderPlaceArgs{
		ID: mID(name), Product: mID(product), Answers: m.last(mProduct(product)),
		Purpose: ledger.Purpose{Class: ledger.Industry, Code: "logistics"}, PurposeText: ledger.Salt([16]byte{1}, "调度"),
		Quantity: 100000, UnitPrice: 3, Total: 300000, StartOn: marketDay, EndOn: "2027-10-19", Recipient: "430300",
	}
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
