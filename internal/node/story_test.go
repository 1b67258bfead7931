package node_test

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace"
)

// story is a demo node on which one resource was registered, licensed,
// supplied, made into a product, ordered and delivered.
type story struct {
	*node.Node

	t     testing.TB
	dir   string
	trust evidence.Trust
	keys  map[string]*ledger.Key
	n     int

	raw, made ledger.Content // of the resource, of the product
}

const day ledger.Date = "2026-10-20"

func now() time.Time { return time.Date(2026, 10, 20, 4, 0, 0, 0, time.UTC) }

func millis() ledger.Millis { return ledger.Millis(now().UnixMilli()) }

func id(name string) ledger.ID { return ledger.DeriveID("story", name) }

func sum(name string) ledger.Digest { return ledger.DigestOf([]byte(name)) }

func ref(kind, name string) ledger.Ref { return ledger.RefTo(kind, id(name)) }

func cast() map[string]ledger.PartyProfile {
	list := map[string]ledger.PartyProfile{}
	for i, p := range []struct {
		name  string
		kind  ledger.PartyKind
		roles []ledger.Role
	}{
		{"authority", ledger.Organ, []ledger.Role{ledger.RoleDataAuthority, ledger.RoleImplementer}},
		{"body", ledger.Institution, []ledger.Role{ledger.RoleRegistryBody}},
		{"holder", ledger.Organ, []ledger.Role{ledger.RoleHolder}},
		{"other", ledger.Organ, []ledger.Role{ledger.RoleHolder}},
		{"operator", ledger.Enterprise, []ledger.Role{ledger.RoleOperator}},
		{"buyer", ledger.Organ, []ledger.Role{ledger.RoleBuyer}},
		{"rival", ledger.Organ, []ledger.Role{ledger.RoleBuyer}},
		{"regulator", ledger.Organ, []ledger.Role{ledger.RoleRegulator}},
	} {
		list[p.name] = ledger.PartyProfile{
			ID: id(p.name), Name: p.name, USCC: uscc(i), Kind: p.kind, Roles: p.roles,
			Region: "430300", Affiliates: []ledger.USCC{},
		}
	}
	return list
}

func uscc(n int) ledger.USCC {
	body := "11430300MB0C0000" + string(rune('1'+n))
	return ledger.USCC(body + string(ledger.USCCCheck(body)))
}

func (s *story) key(name string) *ledger.Key {
	s.t.Helper()
	if k, ok := s.keys[name]; ok {
		return k
	}
	k, err := ledger.NewKey()
	s.ok(err)
	s.keys[name] = k
	return k
}

func (s *story) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) profile(name string) ledger.PartyProfile {
	s.t.Helper()
	p := cast()[name]
	p.Keys = []ledger.NewKeyArg{{JWK: s.key(name).Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}}
	return p
}

// must records a call of a party.
func (s *story) must(who string, fn ledger.Function, args any) {
	s.t.Helper()
	s.n++
	jws, err := ledger.SignCall(s.key(who), ledger.Call{
		Ledger: s.trust.Ledger, ID: ledger.DeriveID("call", string(rune(s.n))),
		Party: id(who), Function: fn, Time: millis(), Expires: millis() + 3_600_000,
	}, args)
	s.ok(err)
	out, err := s.Ledger().Submit(s.t.Context(), jws)
	if err != nil {
		s.t.Fatalf("%s by %s: %v", fn, who, err)
	}
	s.ok(s.Applied(s.t.Context(), out.Position.Block))
}

// open makes a demo node whose limits are 0 days.
func open(t testing.TB) *story {
	t.Helper()
	s := &story{t: t, dir: filepath.Join(t.TempDir(), "node"), keys: map[string]*ledger.Key{}}
	dir := s.dir
	request, err := node.Make(dir, node.Settings{Name: "测试登记簿", Region: "430300", Origin: "node.example"}, uscc(20), now())
	s.ok(err)
	genesis, err := node.SignGenesis(request, node.Authority{
		Profile: s.profile("authority"), Key: s.key("authority"),
		Recovery: s.key("recovery").Public(),
	}, ledger.Limits{}, true, now())
	s.ok(err)
	s.trust, err = node.Begin(t.Context(), dir, genesis, nil, now)
	s.ok(err)
	s.Node, err = node.Open(t.Context(), node.Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: now, Version: "test"})
	s.ok(err)
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for name := range cast() {
		if name == "authority" {
			continue
		}
		jws, err := ledger.SignProfile(s.key(name), s.profile(name))
		s.ok(err)
		s.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})
	}
	return s
}

// told is the whole story: two orders of one product, the first delivered.
func told(t testing.TB) *story {
	t.Helper()
	s := open(t)
	s.register("bus", "holder")
	s.register("river", "other")
	s.license()
	s.raw = s.content("raw", "holder", ref(ledger.KindResource, "resource bus"), "line,stop\n1,2\n")
	s.supply()
	s.list()
	s.made = s.content("made", "operator", ref(ledger.KindProduct, "product"), "stop,arrival\n2,08:00\n")
	s.order("order", "buyer")
	s.order("rival order", "rival")
	s.deliver("order", "buyer")
	return s
}

// last is the payload of the call that wrote a record.
func (s *story) last(r ledger.Ref) ledger.Digest {
	s.t.Helper()
	b, err := s.Ledger().Value(s.t.Context(), ledger.RecordKey(r))
	s.ok(err)
	var v struct {
		Cite ledger.Cite `json:"cite"`
	}
	s.ok(unmarshal(b, &v))
	return v.Cite.Payload
}

func (s *story) register(name, holder string) {
	s.t.Helper()
	s.must(holder, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit " + name), Bytes: 4096})
	a := ledger.AppSubmitArgs{
		Application: id(name), Body: id("body"), Resource: resource(name, holder), Deposit: sum("deposit " + name),
		InternalReview: ledger.Review{By: "科技科", On: "2026-08-31", SHA256: sum("review " + name)},
	}
	for i, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{
			Group: g, SHA256: sum(name + string(g)), Bytes: 1024,
			Name: ledger.Salt([16]byte{byte(i)}, string(g)+".pdf"),
		})
	}
	s.must(holder, ledger.FnAppSubmit, a)
	step := func() ledger.AppStepArgs {
		return ledger.AppStepArgs{Application: id(name), Answers: s.last(ref(ledger.KindApplication, name))}
	}
	s.must("body", ledger.FnAppAccept, step())
	s.must("body", ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: step(), Checklist: []string{"complete", "consistent", "admissible"}})
	s.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step()})
}

func resource(name, holder string) ledger.Resource {
	return ledger.Resource{
		ID: id("resource " + name), Title: "公交车辆到离站信息" + name,
		Description: "全市公交车辆每次到站和离站的线路、站点、方向与时间，由车载终端实时上报。", Identifier: "306001/000012",
		Publisher: id(holder), CatalogClass: "department", Domain: "transport", Sector: "G5411", Spatial: "430300",
		Temporal: ledger.Temporal{Start: "2024-01-01"}, Periodicity: "realtime", Modified: millis() - 1000,
		Keywords: []string{"公交"}, Obtained: "own", SourceBasis: ledger.Salt([16]byte{1}, "城市公共汽车和电车客运管理规定"),
		ShareType: "conditional", OpenType: "closed", SupplyMode: []string{"authorized_operation"},
		Items: []ledger.Item{{
			Name: "route_id", Label: "线路编号", DataType: "string", Length: 16, IsKey: true,
			Level: ledger.General, PIStatus: ledger.PINone,
		}},
		Format: "database", RowCount: 86_400_000, ByteSize: 4_000_000_000, Level: ledger.General,
		LevelBasis: ledger.Salt([16]byte{2}, "GB/T 43697-2024"), PIStatus: ledger.PINone,
		Quality: ledger.Quality{
			Normative: 98, Complete: 97, Accurate: 96, Consistent: 95, Timely: 99, Accessible: 100,
			Assessor: "市数据局", AssessedOn: "2026-08-31",
		},
	}
}

// license is a scenario license over both resources, with an environment.
func (s *story) license() {
	s.t.Helper()
	key := s.key("environment")
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: s.trust.Ledger, ID: id("environment"), Operator: id("operator")})
	s.ok(err)
	s.must("authority", ledger.FnEnvironmentSet, ledger.EnvironmentArgs{
		ID: id("environment"), Operator: id("operator"),
		Region: "430300", Attestation: sum("attestation"), Key: key.Public(), Proof: proof,
	})
	s.must("authority", ledger.FnLicenseOffer, ledger.LicenseOfferArgs{LicenseTerms: ledger.LicenseTerms{
		ID: id("license"), Mode: ledger.Scenario,
		Region: "430300", Domains: []string{}, Resources: []ledger.ID{id("resource bus"), id("resource river")}, Excluded: []ledger.ID{},
		Purposes: []ledger.Purpose{{Class: ledger.Governance, Code: "emergency"}}, Actions: []string{"use", "derive", "distribute"},
		Assigner: id("authority"), Assignee: id("operator"),
		Basis:     ledger.Document{Title: "交通领域授权运营协议", Number: "2026-1", SHA256: sum("basis"), SignedOn: "2026-10-19"},
		Selection: ledger.Selection{Method: "open_tender", Date: "2026-09-01", SHA256: sum("selection")},
		Decision:  ledger.Decision{MinutesNo: "2026-7", Date: "2026-09-30", SHA256: sum("minutes")},
		StartOn:   "2026-10-19", EndOn: "2029-10-18", Environments: []ledger.ID{id("environment")}, Affiliates: []ledger.USCC{},
	}})
	s.must("operator", ledger.FnLicenseAccept, ledger.AnswerArgs{ID: id("license"), Answers: s.last(ref(ledger.KindLicense, "license"))})
}

func (s *story) content(name, owner string, subject ledger.Ref, data string) ledger.Content {
	s.t.Helper()
	in, err := s.Market().Ingest(s.t.Context(), id(owner), strings.NewReader(data))
	s.ok(err)
	s.must(owner, ledger.FnContentAdd, ledger.ContentArgs{
		ID: id(name), Subject: subject, Object: in.Object, SHA256: in.SHA256,
		Bytes: in.Bytes, Ingest: in.Receipt, Node: in.Node, Name: name + ".csv",
	})
	c, err := s.Market().Content(s.t.Context(), id(name))
	s.ok(err)
	return c
}

func (s *story) supply() {
	s.t.Helper()
	s.send(marketplace.Ask{
		Party: id("operator"), Environment: id("environment"), Key: s.key("environment").ID(),
		License: id("license"), Resource: id("resource bus"), Object: s.raw.Object,
	})
}

func (s *story) deliver(order, buyer string) {
	s.t.Helper()
	s.send(marketplace.Ask{Party: id(buyer), Key: s.key(buyer).ID(), Order: id(order), Object: s.made.Object})
}

func (s *story) send(a marketplace.Ask) {
	s.t.Helper()
	t, err := s.Market().Begin(s.t.Context(), a)
	s.ok(err)
	var got bytes.Buffer
	s.ok(t.Send(io.Writer(&got)))
	if int64(got.Len()) != t.Length {
		s.t.Fatalf("got %d bytes, want %d", got.Len(), t.Length)
	}
}

func (s *story) list() {
	s.t.Helper()
	review := ledger.Review{By: "评估机构", On: "2026-10-19", SHA256: sum("review"), ValidUntil: "2027-10-19"}
	s.must("operator", ledger.FnProductList, ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: id("product"), Version: 1,
		Title: "线路到站预测数据集", Description: "全市公交线路逐站到站时间预测结果，按日更新，供应急与管理使用。",
		License: id("license"), Sources: []ledger.ID{id("resource bus")}, Form: ledger.FormDataset,
		Purposes: []ledger.Purpose{{Class: ledger.Governance, Code: "emergency"}},
		Terms:    ledger.ProductTerms{Attribute: true, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}})
}

func (s *story) order(name, buyer string) {
	s.t.Helper()
	s.must(buyer, ledger.FnOrderPlace, ledger.OrderPlaceArgs{
		ID: id(name), Product: id("product"), Answers: s.last(ref(ledger.KindProduct, "product")),
		Purpose: ledger.Purpose{Class: ledger.Governance, Code: "emergency"}, PurposeText: ledger.Salt([16]byte{1}, "调度"),
		Quantity: 1, StartOn: day, EndOn: "2027-10-19", Recipient: "430300",
	})
	s.must("operator", ledger.FnOrderAccept, ledger.AnswerArgs{ID: id(name), Answers: s.last(ref(ledger.KindOrder, name))})
}
