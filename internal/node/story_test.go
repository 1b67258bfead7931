package node_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// story is a world in which one resource was registered, licensed, supplied, made
// into a product, ordered by two and delivered to one of them.
type story struct {
	*world

	raw, made wire.Ingested // content of the resource, of the product
}

// told serves a node and tells it the whole story.
func told(t testing.TB) *story {
	t.Helper()
	s := &story{world: serve(t, nil)}
	s.register("bus", "holder")
	s.register("river", "other")
	s.license("license", "operator", "bus", "river")
	s.raw = s.put("raw", "holder", ref(ledger.KindResource, "resource bus"), []byte("line,stop\n1,2\n"))
	s.supply()
	s.list("product", "operator", "license", "bus")
	s.made = s.put("made", "operator", ref(ledger.KindProduct, "product"), []byte("stop,arrival\n2,08:00\n"))
	s.order("order", "buyer", "operator", "product", ledger.Quota{})
	s.order("rival order", "rival", "operator", "product", ledger.Quota{})
	s.deliver("order", "buyer")
	return s
}

func (s *story) supply() {
	s.t.Helper()
	s.fetch("environment", supplyPath("license", "bus", s.raw.Object), s.raw)
}

func (s *story) deliver(order, buyer string) {
	s.t.Helper()
	s.fetch(buyer, orderPath(order, s.made.Object), s.made)
}

// fetch reads what was uploaded to its end.
func (s *story) fetch(who, path string, want wire.Ingested) {
	s.t.Helper()
	resp := s.ask(http.MethodGet, who, path)
	if got := ledger.DigestOf(s.body(resp)); resp.StatusCode != http.StatusOK || got != want.SHA256 {
		s.t.Fatalf("%s: %d, SHA-256 %s, want %s", path, resp.StatusCode, got, want.SHA256)
	}
	until(s.t, "the end receipt", func() bool { return s.Market().Running() == 0 })
}

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

func resource(name, holder string) ledger.Resource {
	return ledger.Resource{
		ID: id("resource " + name), Title: "公交车辆到离站信息" + name,
		Description: "全市公交车辆每次到站和离站的线路、站点、方向与时间，由车载终端实时上报。", Identifier: "306001/000012",
		Publisher: id(holder), CatalogClass: "department", Domain: "transport", Sector: "G5411", Spatial: "430300",
		Temporal: ledger.Temporal{Start: "2024-01-01"}, Periodicity: "realtime", Modified: ledger.Millis(time.Now().Add(-time.Minute).UnixMilli()),
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
			Assessor: "市数据局", AssessedOn: date(0, -30),
		},
	}
}

// list lists a product made from a resource under a license.
func (w *world) list(name, operator, license, resource string) {
	w.t.Helper()
	review := ledger.Review{By: "评估机构", On: date(0, -5), SHA256: sum("review"), ValidUntil: date(1, 0)}
	w.call(operator, ref(ledger.KindProduct, name), ledger.FnProductList, ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: id(name), Version: 1, Title: "线路到站预测数据集" + name, Description: "全市公交线路逐站到站时间预测结果，按日更新，供应急与管理使用。",
		License: id(license), Sources: []ledger.ID{id("resource " + resource)}, Form: ledger.FormDataset, Purposes: []ledger.Purpose{emergency},
		Terms: ledger.ProductTerms{Attribute: true, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}})
}

// order places an order for a product and has its operator accept it.
func (w *world) order(name, buyer, operator, product string, quota ledger.Quota) {
	w.t.Helper()
	order := ref(ledger.KindOrder, name)
	w.call(buyer, order, ledger.FnOrderPlace, ledger.OrderPlaceArgs{
		ID: id(name), Product: id(product), Answers: w.last[ref(ledger.KindProduct, product)], Purpose: emergency, PurposeText: ledger.Salt([16]byte{1}, "调度"),
		Evidence: sum("evidence"), Quantity: 1, StartOn: date(0, -1), EndOn: date(1, 0), Limits: quota, Recipient: "430300",
	})
	w.answer(operator, order, ledger.FnOrderAccept)
}
