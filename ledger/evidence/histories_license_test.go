package evidence_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// scenario is an offer of a license of named resources.
func scenario(name string, resources ...ledger.ID) ledger.LicenseOfferArgs {
	o := offer(name)
	o.Mode, o.Domains, o.Resources = ledger.Scenario, []string{}, resources
	o.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
	return o
}

// registeredNowhere is a state in which a resource has an entry.
func registeredNowhere(w *world, resource, entry string) map[string][]byte {
	e := ledger.Entry{
		ID: id(entry), Subject: id(resource), State: ledger.EntryActive, ValidFrom: "2026-10-20", ValidUntil: "2029-10-20", SubjectHash: sum("submitted"),
	}
	said := ledger.Submission{Resource: submission("bus").Resource}
	idx := ledger.ResourceIndex{ID: id(resource), Holder: id("holder"), Application: id(entry), Entry: id(entry)}
	return map[string][]byte{
		string(ref(ledger.KindResource, resource)): encode(w.t, idx), string(ref(ledger.KindEntry, entry)): encode(w.t, e),
		string(ledger.SubmissionRef(e.SubjectHash)): encode(w.t, said),
	}
}

func TestHistoriesOfLicenses(t *testing.T) {
	runHistories(t, []history{
		{name: "terminated by the implementer, then accepted", about: theLicense, want: "refused state", do: func(w *world) {
			offered(w)
			l := get[ledger.License](w, theLicense)
			l.State = ledger.LicenseTerminated
			w.forge(w.sign("implementer", "implementer", ledger.FnLicenseTerminate, w.target(theLicense)), w.wrote(theLicense, l))
			w.pretend(w.sign("operator", "operator", ledger.FnLicenseAccept, w.answer(theLicense)), licenseIs(w, ledger.LicenseOffered))
		}},
		{name: "accepted twice", about: theLicense, want: "refused state", do: func(w *world) {
			licensed(w)
			over := licenseIs(w, ledger.LicenseOffered)
			for k := range w.state {
				if strings.HasPrefix(k, "grant/") {
					over[k] = nil
				}
			}
			w.pretend(w.sign("operator", "operator", ledger.FnLicenseAccept, w.answer(theLicense)), over)
		}},
		{name: "suspended by another role, for another ground, at another time", about: theLicense, want: "writes", do: func(w *world) {
			licensed(w)
			tampered(w, "regulator", ledger.FnLicenseSuspend, w.target(theLicense), theLicense, func(l *ledger.License) {
				l.Suspensions[0] = ledger.Suspension{Role: ledger.RoleImplementer, By: id("authority"), Ground: "other", Since: 5}
			})
		}},
		{name: "resumed by the regulator, whose suspension stays", about: theLicense, want: "writes", do: func(w *world) {
			licensed(w)
			w.must("regulator", ledger.FnLicenseSuspend, w.target(theLicense))
			w.must("implementer", ledger.FnLicenseSuspend, w.target(theLicense))
			l := get[ledger.License](w, theLicense)
			tampered(w, "regulator", ledger.FnLicenseResume, w.target(theLicense), theLicense, func(x *ledger.License) { x.Suspensions = l.Suspensions[:1] })
		}},
		{name: "accepted with an ended key", about: theLicense, want: "refused key_ended", do: func(w *world) {
			offered(w)
			w.rotate("operator", "operator 2")
			w.pretend(w.sign("operator", "operator before", ledger.FnLicenseAccept, w.answer(theLicense)),
				changed(w, ledger.KeyRef(w.key("operator before").ID()), func(k *ledger.KeyRecord) { k.Until = 0 }))
		}},
		{name: "offered before its source was registered", about: theOrder, want: "refused unknown", do: func(w *world) {
			w.environment("env")
			w.pretend(w.sign("implementer", "implementer", ledger.FnLicenseOffer, scenario("L", id("resource bus"))), registeredNowhere(w, "resource bus", "bus"))
			w.must("operator", ledger.FnLicenseAccept, w.answer(theLicense))
			w.register("bus")
			w.must("operator", ledger.FnProductList, listing("P", "L", 1))
			w.content("data", "operator", ref(ledger.KindProduct, "P"))
			w.order("O", "P", "buyer")
		}},
	})
}

func TestHistoriesOfTheLog(t *testing.T) {
	runHistories(t, []history{
		{name: "an entry without event", about: theLicense, want: "proof", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string { return s[:strings.Index(s, `,"event"`)] + s[strings.Index(s, `,"state"`):] })
		}},
		{name: "the event of another", about: theLicense, want: "event", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string {
				return s[:strings.Index(s, `"event":`)] + `"event":"` + string(sum("x")) + s[strings.Index(s, `","state"`):]
			})
		}},
		{name: "an entry without its state", about: theLicense, want: "proof", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string { return s[:strings.Index(s, `,"state"`)] + "}" })
		}},
		{name: "a state that is no digest", about: theLicense, want: "proof", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string { return s[:strings.Index(s, `"state":`)] + `"state":"x"}` })
		}},
		{name: "other reads", about: theLicense, want: "reads", do: func(w *world) {
			offered(w)
			w.must("operator", ledger.FnLicenseAccept, w.answer(theLicense))
			w.reentry(func(s string) string {
				i := strings.Index(s, `"reads":"`) + len(`"reads":"`)
				return s[:i] + string(sum("x")) + s[i+64:]
			})
		}},
		{name: "rules that nobody knows", about: theLicense, want: "rules", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string { return strings.Replace(s, `"rules":1`, `"rules":99`, 1) })
		}},
		{name: "an entry of version 1", about: theLicense, want: "proof", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string { return strings.Replace(s, `{"v":2`, `{"v":1`, 1) })
		}},
		{name: "members in another order", about: theLicense, want: "proof", do: func(w *world) {
			offered(w)
			w.reentry(func(s string) string {
				return "{" + strings.TrimSuffix(strings.TrimPrefix(s, `{"v":2,`), "}") + `,"v":2}`
			})
		}},
		{name: "an admission that lacks a key", about: ref(ledger.KindParty, "late"), want: "writes", do: func(w *world) {
			p := w.profile(someone("late", "91430300MA4C00011", ledger.Enterprise, ledger.RoleBuyer))
			w.rewritten(w.sign("authority", "authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "late", p)}), without("key"))
		}},
		{name: "one call twice", about: theLicense, want: "refused", do: func(w *world) {
			offered(w)
			last := int64(len(w.log.entries)) - 1
			var e ledger.LogEntry
			if err := ledger.DecodeStrict(w.log.entries[last], &e); err != nil {
				w.t.Fatal(err)
			}
			s, err := contract.Parse(e.Call)
			if err != nil {
				w.t.Fatal(err)
			}
			w.now += 1000
			w.commit(s, contract.Result{Writes: w.writes[last], Event: []byte("{}")})
		}},
		{name: "a call beside the matter", about: theLicense, want: "not_needed", do: offered, edit: func(w *world, b *evidence.Bundle) {
			for seq := range int64(len(w.log.entries)) {
				if w.fn(seq) != ledger.FnPartyAdmit {
					continue
				}
				p, err := w.Prove(w.t.Context(), ledger.Position{Block: uint64(seq)})
				if err != nil {
					w.t.Fatal(err)
				}
				x, found := *b, false
				for _, c := range b.Calls {
					found = found || string(c.Proof) == string(p.Proof)
				}
				if !found { // the admission of a party that nothing here is about
					x.Calls = inserted(w, b.Calls, seq, evidence.Call{Proof: p.Proof})
					*b = x
					return
				}
			}
			w.t.Fatal("every admission is needed")
		}},
	})
}

// inserted puts a call into a list by its place.
func inserted(w *world, list []evidence.Call, seq int64, c evidence.Call) []evidence.Call {
	var out []evidence.Call
	for _, x := range list {
		if c.Proof != nil && w.seq(x) > seq {
			out, c = append(out, c), evidence.Call{}
		}
		out = append(out, x)
	}
	return out
}

// seq is the entry of a bundle's call.
func (w *world) seq(c evidence.Call) int64 {
	var p evidence.TLogProof
	var e ledger.LogEntry
	if err := ledger.DecodeStrict(c.Proof, &p); err != nil {
		w.t.Fatal(err)
	}
	if err := ledger.DecodeStrict(p.Entry, &e); err != nil {
		w.t.Fatal(err)
	}
	return int64(e.Seq)
}

// TestAcceptedForgeries are what replay can't refuse, by name: a call was left out,
// after which the node forged an entry by running the contract on the state of
// before. The node has put a false entry on its log for ever, which the bundle of
// the other side shows (TestJoinShowsWhatWasHidden).
func TestAcceptedForgeries(t *testing.T) {
	runHistories(t, []history{
		{name: "a cancellation left out before the payment", about: theOrder, hide: []ledger.Function{ledger.FnOrderCancel}, do: hiddenCancellation},
		{name: "a rotation left out before the ended key signs", about: theLicense, hide: []ledger.Function{ledger.FnKeyRotate}, do: hiddenRotation},
		{name: "a suspension left out before the operator accepts", about: theOrder, hide: []ledger.Function{ledger.FnPartySuspend}, do: hiddenSuspension},
		{name: "a license of a resource that nobody registered, beside the matter", found: true, about: theLicense, do: func(w *world) {
			w.environment("env")
			w.pretend(w.sign("implementer", "implementer", ledger.FnLicenseOffer, scenario("L", id("nowhere"))), registeredNowhere(w, "nowhere", "n"))
		}, edit: func(w *world, b *evidence.Bundle) { b.Calls[len(b.Calls)-1].Reads = w.read }},
	})
}

func hiddenCancellation(w *world) {
	accepted(w)
	before := map[string][]byte{string(theOrder): w.state[string(theOrder)]}
	pay := payment(w)
	w.must("buyer", ledger.FnOrderCancel, w.answer(theOrder))
	w.pretend(w.sign("operator", "operator", ledger.FnOrderConfirmPayment, pay), before)
}

func hiddenRotation(w *world) {
	offered(w)
	key := string(ledger.KeyRef(w.key("operator").ID()))
	before := map[string][]byte{key: w.state[key]}
	w.rotate("operator", "operator 2")
	w.pretend(w.sign("operator", "operator before", ledger.FnLicenseAccept, w.answer(theLicense)), before)
}

func hiddenSuspension(w *world) {
	ordered(w)
	operator := ref(ledger.KindParty, "operator")
	before := map[string][]byte{string(operator): w.state[string(operator)]}
	w.must("regulator", ledger.FnPartySuspend, w.target(operator))
	w.pretend(w.sign("operator", "operator", ledger.FnOrderAccept, w.answer(theOrder)), before)
}
