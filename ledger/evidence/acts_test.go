package evidence_test

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

func TestNodeForgesNoAct(t *testing.T) {
	license, order := ref(ledger.KindLicense, "L"), ref(ledger.KindOrder, "O")
	offered := func(w *world) {
		w.environment("env")
		w.offer("L")
	}
	accepted := func(w *world) ledger.Write {
		l := get[ledger.License](w, license)
		l.State = ledger.LicenseAccepted
		return w.wrote(license, l)
	}
	for _, c := range []struct {
		name  string
		about ledger.Ref
		want  string
		do    func(w *world)
	}{
		{"acceptance by the node's own key", license, "refused key_unknown", func(w *world) {
			offered(w)
			w.forge(w.sign("operator", "node", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance by a key that nobody brought", license, "key", func(w *world) {
			offered(w)
			w.forge(w.sign("operator", "stranger", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance under the operator's key id", license, "signature", func(w *world) {
			offered(w)
			w.forge(w.underKid("operator", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance by the recovery key", license, "refused key_use", func(w *world) {
			offered(w)
			w.forge(w.sign("authority", "recovery", ledger.FnLicenseTerminate, w.target(license)), accepted(w))
		}},
		{"acceptance by another operator's role", license, "refused role", func(w *world) {
			offered(w)
			w.forge(w.sign("buyer", "buyer", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance by another operator", license, "refused not_yours", func(w *world) {
			w.admit(someone("operator2", "91430300MA4C00011", ledger.Enterprise, ledger.RoleOperator))
			offered(w)
			w.forge(w.sign("operator2", "operator2", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance of another offer", license, "refused stale", func(w *world) {
			offered(w)
			w.forge(w.sign("operator", "operator", ledger.FnLicenseAccept, ledger.AnswerArgs{ID: id("L"), Answers: sum("other")}), accepted(w))
		}},
		{"a wider license than was offered", license, "writes", func(w *world) {
			offered(w)
			tampered(w, "operator", ledger.FnLicenseAccept, w.answer(license), license, func(l *ledger.License) { l.EndOn = "2031-01-01" })
		}},
		{"a suspension left out", license, "writes", func(w *world) {
			offered(w)
			w.must("operator", ledger.FnLicenseAccept, w.answer(license))
			tampered(w, "regulator", ledger.FnLicenseSuspend, w.target(license), license, func(l *ledger.License) { l.Suspensions = nil })
		}},
		{"another buyer", order, "writes", func(w *world) {
			market(w)
			tampered(w, "buyer", ledger.FnOrderPlace, place(w, "O"), order, func(o *ledger.Order) { o.Buyer = id("buyer2") })
		}},
		{"a larger order", order, "writes", func(w *world) {
			market(w)
			tampered(w, "buyer", ledger.FnOrderPlace, place(w, "O"), order, func(o *ledger.Order) { o.Quantity++ })
		}},
		{"an order on another listing", order, "writes", func(w *world) {
			market(w)
			tampered(w, "buyer", ledger.FnOrderPlace, place(w, "O"), order, func(o *ledger.Order) { o.Offer = sum("other") })
		}},
		{"an order active before it was paid", order, "writes", func(w *world) {
			market(w)
			w.must("buyer", ledger.FnOrderPlace, place(w, "O"))
			tampered(w, "operator", ledger.FnOrderAccept, w.answer(order), order, func(o *ledger.Order) { o.State = ledger.OrderActive })
		}},
		{"a product at another price", ref(ledger.KindProduct, "P"), "writes", func(w *world) {
			market(w)
			tampered(w, "operator", ledger.FnProductChange, listing("P", "L", 2), ref(ledger.KindProduct, "P"), func(p *ledger.Product) { p.Price.Fen++ })
		}},
		{"content of another hash", ref(ledger.KindContent, "more"), "writes", func(w *world) {
			market(w)
			tampered(w, "operator", ledger.FnContentAdd, ledger.ContentArgs{
				ID: id("more"), Subject: ref(ledger.KindProduct, "P"), Object: "more", SHA256: sum("more"), Bytes: 1, Ingest: sum("i"), Node: node, Name: "m",
			}, ref(ledger.KindContent, "more"), func(c *ledger.Content) { c.SHA256 = sum("other") })
		}},
		{"an entry for another resource", ref(ledger.KindEntry, "bus"), "writes", func(w *world) {
			passed(w)
			tampered(w, "body", ledger.FnAppCode, coding(w), ref(ledger.KindEntry, "bus"), func(e *ledger.Entry) { e.Subject = id("another") })
		}},
		{"a longer term of an entry", ref(ledger.KindEntry, "bus"), "writes", func(w *world) {
			passed(w)
			tampered(w, "body", ledger.FnAppCode, coding(w), ref(ledger.KindEntry, "bus"), func(e *ledger.Entry) { e.ValidUntil = "2039-10-20" })
		}},
		{"a call recorded after its expiry", ref(ledger.KindEnvironment, "env"), "refused expired", func(w *world) {
			jws := w.sign("implementer", "implementer", ledger.FnEnvironmentSet, ledger.EnvironmentArgs{})
			w.now += 3_600_000
			w.forge(jws, w.wrote(ref(ledger.KindEnvironment, "env"), ledger.Environment{}))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			c.do(w)
			w.refuses(c.about, c.want)
		})
	}
}

// TestNodePairsNoAct: an acceptance that names another license is no act on this
// one, whatever the node says that it wrote.
func TestNodePairsNoAct(t *testing.T) {
	w := begin(t)
	license := ref(ledger.KindLicense, "L")
	w.environment("env")
	w.offer("L")
	l := get[ledger.License](w, license)
	l.State = ledger.LicenseAccepted
	args := ledger.AnswerArgs{ID: id("L2"), Answers: w.cited(license)}
	w.forge(w.sign("operator", "operator", ledger.FnLicenseAccept, args), w.wrote(license, l))
	w.refuses(license, "refused unknown")
}
