package evidence_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// A dishonest node holds the log's key and decides what is written: everything
// but the keys of the parties. What it makes here is on its log and under its
// checkpoint; only what the parties signed stands against it.

// forge puts a call on the log with what the node says that it wrote.
func (w *world) forge(jws string, writes ...ledger.Write) {
	w.t.Helper()
	w.now += 1000
	s, err := contract.Parse(jws)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	w.commit(s, contract.Result{Writes: writes, Event: []byte("{}")})
}

// wrote is what the node says of a record that a call changed.
func (w *world) wrote(r ledger.Ref, v any) ledger.Write {
	return ledger.Write{Key: string(r), Value: encode(w.t, v)}
}

// tampered records a call as the contract would, but with another value of one record.
func tampered[T any](w *world, who string, fn ledger.Function, args any, r ledger.Ref, change func(*T)) {
	w.t.Helper()
	w.now += 1000
	s, err := contract.Parse(w.sign(who, who, fn, args))
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	result := contract.Apply(contract.Env{Time: w.now, Rules: contract.Rules}, ledger.Standard(), w, contract.Verified{Signed: s})
	if result.Err != nil {
		w.t.Fatalf("%s: %v", fn, result.Err)
	}
	for i, write := range result.Writes {
		if write.Key == string(r) {
			var v T
			if err := json.Unmarshal(write.Value, &v); err != nil {
				w.t.Fatalf("record: %v", err)
			}
			change(&v)
			result.Writes[i].Value = encode(w.t, v)
		}
	}
	w.commit(s, result)
}

// underKid signs a call of a party with the node's key, but names the party's.
func (w *world) underKid(who string, fn ledger.Function, args any) string {
	w.t.Helper()
	s, err := contract.Parse(w.sign(who, who, fn, args))
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	digest := sha256.Sum256(s.JWS.Signed)
	r, x, err := ecdsa.Sign(rand.Reader, w.key("node").Private(), digest[:])
	if err != nil {
		w.t.Fatalf("sign: %v", err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	x.FillBytes(sig[32:])
	return string(s.JWS.Signed) + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// refuses holds Build to give out nothing, for the failure of a check.
func (w *world) refuses(about ledger.Ref, want evidence.Check) {
	w.t.Helper()
	_, _, err := evidence.Build(w.t.Context(), w, about, w.trust(), ledger.Standard(), checkers())
	if f := evidence.AsFailure(err); f == nil || f.Check != want {
		w.t.Errorf("build: %v, want a failure of %s", err, want)
	}
}

// market is a ledger up to an offered license, a listed product and content.
func market(w *world) {
	w.t.Helper()
	w.register("bus")
	w.environment("env")
	w.offer("L")
	w.must("operator", ledger.FnLicenseAccept, w.answer(ref(ledger.KindLicense, "L")))
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	w.content("data", "operator", ref(ledger.KindProduct, "P"))
}

func place(w *world, name string) ledger.OrderPlaceArgs {
	return ledger.OrderPlaceArgs{
		ID: id(name), Product: id("P"), Answers: w.cited(ref(ledger.KindProduct, "P")),
		Purpose: ledger.Purpose{Class: ledger.Industry, Code: "logistics"}, PurposeText: ledger.Salt([16]byte{1}, "调度"),
		Quantity: 100000, UnitPrice: 3, Total: 300000, StartOn: "2026-10-20", EndOn: "2027-10-19", Recipient: "430300",
	}
}

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
		want  evidence.Check
		do    func(w *world)
	}{
		{"acceptance by the node's own key", license, evidence.CheckKey, func(w *world) {
			offered(w)
			w.forge(w.sign("operator", "node", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance by a key that nobody brought", license, evidence.CheckMissing, func(w *world) {
			offered(w)
			w.forge(w.sign("operator", "stranger", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance under the operator's key id", license, evidence.CheckSignature, func(w *world) {
			offered(w)
			w.forge(w.underKid("operator", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance by the recovery key", license, evidence.CheckKey, func(w *world) {
			offered(w)
			w.forge(w.sign("authority", "recovery", ledger.FnLicenseTerminate, w.target(license)), accepted(w))
		}},
		{"acceptance by another operator's role", license, evidence.CheckRole, func(w *world) {
			offered(w)
			w.forge(w.sign("buyer", "buyer", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance by another operator", license, evidence.CheckRecord, func(w *world) {
			w.admit(member{"operator2", "91430300MA4C00011", ledger.Enterprise, []ledger.Role{ledger.RoleOperator}})
			offered(w)
			w.forge(w.sign("operator2", "operator2", ledger.FnLicenseAccept, w.answer(license)), accepted(w))
		}},
		{"acceptance of another offer", license, evidence.CheckChain, func(w *world) {
			offered(w)
			w.forge(w.sign("operator", "operator", ledger.FnLicenseAccept, ledger.AnswerArgs{ID: id("L"), Answers: sum("other")}), accepted(w))
		}},
		{"a wider license than was offered", license, evidence.CheckRecord, func(w *world) {
			offered(w)
			tampered(w, "operator", ledger.FnLicenseAccept, w.answer(license), license, func(l *ledger.License) { l.EndOn = "2031-01-01" })
		}},
		{"a suspension left out", license, evidence.CheckRecord, func(w *world) {
			offered(w)
			w.must("operator", ledger.FnLicenseAccept, w.answer(license))
			tampered(w, "regulator", ledger.FnLicenseSuspend, w.target(license), license, func(l *ledger.License) { l.Suspensions = nil })
		}},
		{"another buyer", order, evidence.CheckRecord, func(w *world) {
			market(w)
			tampered(w, "buyer", ledger.FnOrderPlace, place(w, "O"), order, func(o *ledger.Order) { o.Buyer = id("buyer2") })
		}},
		{"a larger order", order, evidence.CheckRecord, func(w *world) {
			market(w)
			tampered(w, "buyer", ledger.FnOrderPlace, place(w, "O"), order, func(o *ledger.Order) { o.Quantity++ })
		}},
		{"an order on another listing", order, evidence.CheckRecord, func(w *world) {
			market(w)
			tampered(w, "buyer", ledger.FnOrderPlace, place(w, "O"), order, func(o *ledger.Order) { o.Offer = sum("other") })
		}},
		{"an order active before it was paid", order, evidence.CheckRecord, func(w *world) {
			market(w)
			w.must("buyer", ledger.FnOrderPlace, place(w, "O"))
			tampered(w, "operator", ledger.FnOrderAccept, w.answer(order), order, func(o *ledger.Order) { o.State = ledger.OrderActive })
		}},
		{"a product at another price", ref(ledger.KindProduct, "P"), evidence.CheckRecord, func(w *world) {
			market(w)
			tampered(w, "operator", ledger.FnProductChange, listing("P", "L", 2), ref(ledger.KindProduct, "P"), func(p *ledger.Product) { p.Price.Fen++ })
		}},
		{"content of another hash", ref(ledger.KindContent, "more"), evidence.CheckRecord, func(w *world) {
			market(w)
			tampered(w, "operator", ledger.FnContentAdd, ledger.ContentArgs{
				ID: id("more"), Subject: ref(ledger.KindProduct, "P"), Object: "more", SHA256: sum("more"), Bytes: 1, Ingest: sum("i"), Node: node, Name: "m",
			}, ref(ledger.KindContent, "more"), func(c *ledger.Content) { c.SHA256 = sum("other") })
		}},
		{"an entry for another resource", ref(ledger.KindEntry, "bus"), evidence.CheckRecord, func(w *world) {
			w.register("bus")
			e := get[ledger.Entry](w, ref(ledger.KindEntry, "bus"))
			last := w.log.entries[len(w.log.entries)-1]
			e.Title = "another"
			w.redo(last, w.wrote(ref(ledger.KindEntry, "bus"), e))
		}},
		{"a longer term of an entry", ref(ledger.KindEntry, "bus"), evidence.CheckRecord, func(w *world) {
			w.register("bus")
			e := get[ledger.Entry](w, ref(ledger.KindEntry, "bus"))
			e.ValidUntil = "2039-10-20"
			w.redo(w.log.entries[len(w.log.entries)-1], w.wrote(ref(ledger.KindEntry, "bus"), e))
		}},
		{"a call recorded after its expiry", ref(ledger.KindEnvironment, "env"), evidence.CheckTime, func(w *world) {
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

// TestNodePairsNoAct: an acceptance that names another license is no act on
// this one, whatever the node says that it wrote.
func TestNodePairsNoAct(t *testing.T) {
	w := begin(t)
	license := ref(ledger.KindLicense, "L")
	w.environment("env")
	w.offer("L")
	l := get[ledger.License](w, license)
	l.State = ledger.LicenseAccepted
	args := ledger.AnswerArgs{ID: id("L2"), Answers: w.cited(license)}
	w.forge(w.sign("operator", "operator", ledger.FnLicenseAccept, args), w.wrote(license, l))
	_, r := w.build(license)
	if len(r.Rights) != 0 || len(r.Steps) != 3 {
		t.Errorf("rights %+v from %d steps", r.Rights, len(r.Steps))
	}
}

// redo replaces the last entry of the log by one with another value of a record.
func (w *world) redo(last []byte, changed ledger.Write) {
	w.t.Helper()
	var e ledger.LogEntry
	if err := json.Unmarshal(last, &e); err != nil {
		w.t.Fatalf("entry: %v", err)
	}
	entries := w.log.entries[:e.Seq]
	w.log = tree{}
	for _, entry := range entries {
		w.log.append(w.t, entry)
	}
	writes := slices.Clone(w.writes[int64(e.Seq)])
	for i := range writes {
		if writes[i].Key == changed.Key {
			writes[i] = changed
		}
	}
	w.writes[int64(e.Seq)], e.Writes = writes, ledger.HashWrites(writes)
	w.log.append(w.t, encode(w.t, e))
}
