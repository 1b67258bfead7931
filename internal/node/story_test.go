package node_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
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
	s.tell()
	return s
}

// tell tells the story to a node that runs and has admitted the cast.
func (s *story) tell() {
	s.t.Helper()
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

// tale is what happens at a node: today, free of charge.
var tale = ledgertest.Story{ID: id, Today: time.Now, Region: "430300", Purposes: []ledger.Purpose{emergency}}

func id(name string) ledger.ID { return ledger.DeriveID("story", name) }

var sum = ledgertest.Hash

func ref(kind, name string) ledger.Ref { return ledger.RefTo(kind, id(name)) }

// people are the cast, of whom the operator buys too, and the seller sells to it.
func people() map[string]ledgertest.Person {
	list := map[string]ledgertest.Person{}
	for i, p := range []ledgertest.Person{
		ledgertest.Someone("authority", "", ledger.Organ, ledger.RoleDataAuthority, ledger.RoleImplementer),
		ledgertest.Someone("body", "", ledger.Institution, ledger.RoleRegistryBody),
		ledgertest.Someone("holder", "", ledger.Organ, ledger.RoleHolder),
		ledgertest.Someone("other", "", ledger.Organ, ledger.RoleHolder),
		ledgertest.Someone("operator", "", ledger.Enterprise, ledger.RoleOperator, ledger.RoleBuyer),
		ledgertest.Someone("buyer", "", ledger.Organ, ledger.RoleBuyer),
		ledgertest.Someone("rival", "", ledger.Organ, ledger.RoleBuyer),
		ledgertest.Someone("regulator", "", ledger.Organ, ledger.RoleRegulator),
		ledgertest.Someone("seller", "", ledger.Enterprise, ledger.RoleOperator),
	} {
		p.USCC = code(i)
		list[p.Name] = p
	}
	return list
}

func code(n int) string { return "11430300MB0C0000" + string(rune('1'+n)) }

func uscc(n int) ledger.USCC { return ledgertest.USCC(code(n)) }

// list lists a product made from a resource under a license.
func (w *world) list(name, operator, license, resource string) {
	w.t.Helper()
	a := tale.Listing(name, license, resource)
	a.Title += name
	w.call(operator, ref(ledger.KindProduct, name), ledger.FnProductList, a)
}

// order places an order for a product and has its operator accept it.
func (w *world) order(name, buyer, operator, product string, quota ledger.Quota) {
	w.t.Helper()
	order := ref(ledger.KindOrder, name)
	a := tale.Order(name, product, w.last[ref(ledger.KindProduct, product)], emergency)
	a.Limits = quota
	w.call(buyer, order, ledger.FnOrderPlace, a)
	w.answer(operator, order, ledger.FnOrderAccept)
}
