package ledgertest

import (
	"slices"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Story builds the arguments of calls that a ledger accepts, from the registration of a
// resource to an order of a product. Records and parties go by names; a test changes
// what it needs otherwise.
type Story struct {
	ID       func(name string) ledger.ID // of a record or a party
	Today    func() time.Time            // the license begins on the day before
	Region   ledger.Region
	Purposes []ledger.Purpose // of the license and the product
}

// TB is what the builders of a world need of a test; rapid's has it too.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Hash returns the hash of a name.
func Hash(name string) ledger.Digest { return ledger.DigestOf([]byte(name)) }

// Noon returns 12:00 in Shanghai on a day.
func Noon(day ledger.Date) time.Time {
	at, _ := time.Parse(time.RFC3339, string(day)+"T12:00:00+08:00") // of a day that is not one: the year 1
	return at
}

// Date returns a day in Shanghai, counted from that of the story.
func (s Story) Date(years, days int) ledger.Date {
	return ledger.Date(s.Today().In(time.FixedZone("CST", 8*60*60)).AddDate(years, 0, days).Format(time.DateOnly))
}

// Ref returns the reference of a record.
func (s Story) Ref(kind, name string) ledger.Ref { return ledger.RefTo(kind, s.ID(name)) }

// USCC returns a unified social credit code from its first 17 characters.
func USCC(body string) ledger.USCC { return ledger.USCC(body + string(ledger.USCCCheck(body))) }

// Keys are keys by name, each made when it is first asked for.
type Keys map[string]*ledger.Key

// Of returns the key of a name.
func (k Keys) Of(t TB, name string) *ledger.Key {
	t.Helper()
	if k[name] == nil {
		key, err := ledger.NewKey()
		if err != nil {
			t.Fatalf("key of %s: %v", name, err)
		}
		k[name] = key
	}
	return k[name]
}

// Apply returns a party's application for admission, signed with the key of its name.
func (k Keys) Apply(t TB, name string, p ledger.PartyProfile) string {
	t.Helper()
	jws, err := ledger.SignProfile(k.Of(t, name), p)
	if err != nil {
		t.Fatalf("profile of %s: %v", name, err)
	}
	return jws
}

// Person is a party of a cast.
type Person struct {
	Name   string
	USCC   string // without the check character
	Kind   ledger.PartyKind
	Region ledger.Region // empty: that of the story
	Roles  []ledger.Role
}

// Someone returns a party in the region of the story.
func Someone(name, code string, kind ledger.PartyKind, roles ...ledger.Role) Person {
	return Person{Name: name, USCC: code, Kind: kind, Roles: roles}
}

// Signer returns the name of the key with which a party signs a function. It signs an
// examination with a second key, since the same key may not take the steps before and
// after it.
func Signer(party string, fn ledger.Function) string {
	if fn == ledger.FnAppPass || fn == ledger.FnAppFail {
		return party + ", examining"
	}
	return party
}

// Profile returns a party's profile, with a key that signs calls; a registry body has a
// second one (Signer).
func (s Story) Profile(t TB, keys Keys, p Person) ledger.PartyProfile {
	t.Helper()
	if p.Region == "" {
		p.Region = s.Region
	}
	names := []string{p.Name}
	if slices.Contains(p.Roles, ledger.RoleRegistryBody) {
		names = append(names, Signer(p.Name, ledger.FnAppPass))
	}
	profile := ledger.PartyProfile{
		ID: s.ID(p.Name), Name: p.Name, USCC: USCC(p.USCC), Kind: p.Kind, Roles: p.Roles, Region: p.Region, Affiliates: []ledger.USCC{},
	}
	for _, name := range names {
		profile.Keys = append(profile.Keys, ledger.NewKeyArg{JWK: keys.Of(t, name).Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf})
	}
	return profile
}

// Resource returns a resource of a holder: public transport, general, no personal
// information. Its id is that of the name "resource NAME".
func (s Story) Resource(name, holder string) ledger.Resource {
	return ledger.Resource{
		ID: s.ID("resource " + name), Title: "公交车辆到离站信息" + name,
		Description: "全市公交车辆每次到站和离站的线路、站点、方向与时间,由车载终端实时上报。", Identifier: "306001/000012",
		Publisher: s.ID(holder), CatalogClass: "department", Domain: "transport", Sector: "G5411", Spatial: s.Region,
		Temporal: ledger.Temporal{Start: "2024-01-01"}, Periodicity: "realtime", Modified: ledger.Millis(s.Today().UnixMilli()) - 1_000_000,
		Keywords: []string{"公交"}, Obtained: "own", SourceBasis: ledger.Salt([16]byte{1}, "城市公共汽车和电车客运管理规定"),
		ShareType: "conditional", OpenType: "closed", SupplyMode: []string{"authorized_operation"},
		Items: []ledger.Item{
			{Name: "route_id", Label: "线路编号", DataType: "string", Length: 16, IsKey: true, Level: ledger.General, PIStatus: ledger.PINone},
		},
		Format: "database", RowCount: 86_400_000, ByteSize: 4_000_000_000, Level: ledger.General,
		LevelBasis: ledger.Salt([16]byte{2}, "GB/T 43697-2024"), PIStatus: ledger.PINone,
		Quality: ledger.Quality{
			Normative: 98, Complete: 97, Accurate: 96, Consistent: 95, Timely: 99, Accessible: 100,
			Assessor: "市数据局", AssessedOn: s.Date(0, -50),
		},
	}
}

// Submission returns what a holder submits for a resource to the party "body".
func (s Story) Submission(name, holder string) ledger.AppSubmitArgs {
	a := ledger.AppSubmitArgs{
		Application: s.ID(name), Body: s.ID("body"), Resource: s.Resource(name, holder), Deposit: Hash("deposit " + name),
		InternalReview: ledger.Review{By: "科技科", On: s.Date(0, -50), SHA256: Hash("review " + name)},
	}
	for i, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{
			Group: g, SHA256: Hash(name + string(g)), Bytes: 1024, Name: ledger.Salt([16]byte{byte(i)}, string(g)+".pdf"),
		})
	}
	return a
}

// Registration makes the calls that take a resource to its code. Call records a call of
// a party that writes a record, and returns the payload of the call.
func (s Story) Registration(a ledger.AppSubmitArgs, holder string, call func(who string, written ledger.Ref, fn ledger.Function, args any) ledger.Digest) {
	app := ledger.RefTo(ledger.KindApplication, a.Application)
	call(holder, ledger.RefTo(ledger.KindDeposit, a.Deposit), ledger.FnDeposit, ledger.DepositArgs{SHA256: a.Deposit, Bytes: 4096})
	step := ledger.AppStepArgs{Application: a.Application, Answers: call(holder, app, ledger.FnAppSubmit, a)}
	step.Answers = call("body", app, ledger.FnAppAccept, step)
	step.Answers = call("body", app, ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: step, Checklist: ledger.Checks()})
	call("body", app, ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step})
}

// Environment returns the environment of a name of the party "operator", with its proof
// by the key.
func (s Story) Environment(t TB, on ledger.ID, key *ledger.Key, name string) ledger.EnvironmentArgs {
	t.Helper()
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: on, ID: s.ID(name), Operator: s.ID("operator")})
	if err != nil {
		t.Fatalf("environment: %v", err)
	}
	return ledger.EnvironmentArgs{
		ID: s.ID(name), Operator: s.ID("operator"), Region: s.Region, Attestation: Hash("attestation"), Key: key.Public(), Proof: proof,
	}
}

// Offer returns a license for three years over the resources of those names, or over the
// domain transport if there are none.
func (s Story) Offer(name, assigner, assignee string, resources ...string) ledger.LicenseOfferArgs {
	terms := ledger.LicenseTerms{
		ID: s.ID(name), Mode: ledger.Domain, Region: s.Region, Domains: []string{"transport"}, Resources: []ledger.ID{},
		Excluded: []ledger.ID{}, Purposes: slices.Clone(s.Purposes), Actions: []string{"use", "derive", "distribute"},
		Assigner: s.ID(assigner), Assignee: s.ID(assignee),
		Basis:     ledger.Document{Title: "交通领域授权运营协议", Number: "2026-1", SHA256: Hash("basis"), SignedOn: s.Date(0, -1)},
		Selection: ledger.Selection{Method: "open_tender", Date: s.Date(0, -49), SHA256: Hash("selection")},
		Decision:  ledger.Decision{MinutesNo: "2026-7", Date: s.Date(0, -20), SHA256: Hash("minutes")},
		StartOn:   s.Date(0, -1), EndOn: s.Date(3, -2), OfferUntil: s.Date(0, 30), Environments: []ledger.ID{}, Affiliates: []ledger.USCC{},
	}
	for _, r := range resources {
		terms.Mode, terms.Domains, terms.Resources = ledger.Scenario, []string{}, append(terms.Resources, s.ID("resource "+r))
	}
	return ledger.LicenseOfferArgs{LicenseTerms: terms}
}

// Listing returns a product made from a resource under a license.
func (s Story) Listing(name, license, resource string) ledger.ProductListArgs {
	review := ledger.Review{By: "评估机构", On: s.Date(0, -1), SHA256: Hash("review"), ValidUntil: s.Date(1, -1)}
	return ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: s.ID(name), Version: 1, Title: "线路到站预测数据集", Description: "全市公交线路逐站到站时间预测结果,按日更新,供物流与出行企业使用。",
		License: s.ID(license), Sources: []ledger.ID{s.ID("resource " + resource)}, Form: ledger.FormDataset, Purposes: slices.Clone(s.Purposes),
		Terms: ledger.ProductTerms{Attribute: true, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}}
}

// Order returns an order of a product for a year, which answers the call that last wrote
// the product. Governance and welfare get it free, for one file.
func (s Story) Order(name, product string, answers ledger.Digest, purpose ledger.Purpose) ledger.OrderPlaceArgs {
	a := ledger.OrderPlaceArgs{
		ID: s.ID(name), Product: s.ID(product), Answers: answers, Purpose: purpose, PurposeText: ledger.Salt([16]byte{1}, "调度"),
		Quantity: 1, Evidence: Hash("evidence"), StartOn: s.Date(0, 0), EndOn: s.Date(1, -1), Recipient: s.Region,
	}
	if purpose.Class == ledger.Industry {
		a.Quantity, a.UnitPrice, a.Total, a.Evidence = 100_000, 3, 300_000, ""
	}
	return a
}
