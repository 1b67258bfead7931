package proof_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

var place = ledger.Position{Block: 7, Tx: 3, I: 11}

// recorded is a call, its stored record, and the question about it.
func recorded(t testing.TB, w *world) *asking {
	t.Helper()
	party := ledgertest.NewWorld(t, func() time.Time { return noon })
	jws := party.Calendar(t, 2026)
	return w.about(jws, ledger.CallRecord{
		Payload: ledgertest.Parse(t, jws).Payload, Reads: ledger.DigestOf([]byte("reads")), Writes: ledger.DigestOf([]byte("writes")),
		Event: ledger.DigestOf([]byte("event")), Rules: 1, Time: party.Now(),
	}, place)
}

func TestProof(t *testing.T) {
	w := newWorld(t)
	a := recorded(t, w)
	want := evidence.Placed{
		JWS: a.jws, Position: place, Time: a.record.Time, Rules: 1, Reads: a.record.Reads, Writes: a.record.Writes, Event: a.record.Event,
	}
	for _, n := range []int{2, 3} {
		if got, err := w.check(w.signed(a, n)); err != nil || got != want {
			t.Errorf("signed by %d: %+v, %v", n, got, err)
		}
	}
	p := w.signed(a, 3)
	p.Endorsements = p.Endorsements[1:]
	if _, err := w.check(p); err != nil {
		t.Errorf("signed by the other two: %v", err)
	}
}

// TestForgedAnswer has the peers of two organizations sign what is not the
// answer about this call: no such proof holds.
func TestForgedAnswer(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*asking)
		want string
	}{
		{"another channel", func(a *asking) { a.channel = "other" }, "channel"},
		{"another type of question", func(a *asking) { a.kind = common.HeaderType_CONFIG }, "channel"},
		{"another chaincode in the header", func(a *asking) { a.chaincode = "other" }, "chaincode"},
		{"another chaincode asked", func(a *asking) { a.spec = "other" }, "chaincode"},
		{"another chaincode answered", func(a *asking) { a.ran = "other" }, "chaincode"},
		{"another function", func(a *asking) { a.args[0] = ledger.TxValue }, "query"},
		{"an argument more", func(a *asking) { a.args = append(a.args, "x") }, "query"},
		{"another party", func(a *asking) { a.args[1] = string(ledger.DeriveID("x")) }, "another call"},
		{"another call", func(a *asking) { a.args[2] = string(ledger.DeriveID("x")) }, "another call"},
		{"an answer to another question", func(a *asking) { a.hash = make([]byte, 32) }, "another question"},
		{"a failure", func(a *asking) { a.status = 500 }, "status"},
		{"another payload", func(a *asking) { a.record.Payload = ledger.DigestOf(nil) }, "another call"},
		{"never written", func(a *asking) { a.reads[0].Version = nil }, "no version"},
		{"not read", func(a *asking) { a.reads = nil }, "no version"},
		{"another key read", func(a *asking) { a.reads[0].Key += "x" }, "no version"},
		{"read in another namespace", func(a *asking) { a.namespace = "other" }, "no version"},
		{"read twice", func(a *asking) {
			a.reads = append(a.reads, &kvrwset.KVRead{Key: a.reads[0].Key, Version: &kvrwset.Version{BlockNum: 1}})
		}, "no version"},
		{"an impossible transaction number", func(a *asking) { a.reads[0].Version.TxNum = 1 << 40 }, "no version"},
		{"before the certificates", func(a *asking) { a.at = noon.AddDate(-1, 0, 0) }, "expired or is not yet valid"},
		{"after the certificates", func(a *asking) { a.at = noon.AddDate(1, 0, 0) }, "expired or is not yet valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			a := recorded(t, w)
			c.edit(a)
			refuses(t, w, w.signed(a, 2), c.want)
		})
	}
}

// TestCutElsewhere has peers sign an answer of another channel. Their question's
// signature header begins with this channel's name, as a member that they pass
// over: with the same bytes and the same hash, cut behind that member, it would be
// a question on this channel. So it would where the other's name moves the other way.
func TestCutElsewhere(t *testing.T) {
	w := newWorld(t)
	for part, moved := range map[string]string{"channel_header": "cadastre", "signature_header": "other", "input": "other"} {
		a := recorded(t, w)
		if part == "channel_header" {
			a.channel = "other"
		}
		p := w.unsigned(a)
		name := encode(t, &common.ChannelHeader{ChannelId: moved})
		switch part {
		case "channel_header":
			p.ChannelHeader = slices.Concat(p.ChannelHeader, name)
		case "signature_header":
			p.SignatureHeader = slices.Concat(name, p.SignatureHeader)
		case "input":
			p.Input = slices.Concat(name, p.Input)
		}
		a.hash = proof.Hash(p.ChannelHeader, p.SignatureHeader, p.Input)
		q := w.signed(a, 2)
		q.ChannelHeader, q.SignatureHeader, q.Input = p.ChannelHeader, p.SignatureHeader, p.Input
		refuses(t, w, q, part)
	}
}

func refuses(t *testing.T, w *world, p proof.Proof, want string) {
	t.Helper()
	if placed, err := w.check(p); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %+v, %v; want an error with %q", placed, err, want)
	}
}

// TestForgedSigners has others sign the true answer, or too few.
func TestForgedSigners(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*world, *proof.Proof)
		want string
	}{
		{"nobody", func(_ *world, p *proof.Proof) { p.Endorsements = []proof.Endorsement{} }, "signed by 0"},
		{"one", func(_ *world, p *proof.Proof) { p.Endorsements = p.Endorsements[:1] }, "signed by 1"},
		{"one twice", func(_ *world, p *proof.Proof) { p.Endorsements[1] = p.Endorsements[0] }, "signs twice"},
		{"two peers of one", func(w *world, p *proof.Proof) {
			m := w.members[0]
			p.Endorsements[1] = m.endorse(w.t, issue(w.t, m.ca, template("peer1", "peer")), p.Answer)
		}, "signs twice"},
		{"not in order", func(_ *world, p *proof.Proof) { slices.Reverse(p.Endorsements) }, "not in order"},
		{"a stranger", func(w *world, p *proof.Proof) {
			m := newMember(w.t, "StrangerMSP")
			p.Endorsements = append(p.Endorsements, m.endorse(w.t, m.peer, p.Answer))
		}, "not in the trust file"},
		{"a stranger under a member's name", func(w *world, p *proof.Proof) {
			m := newMember(w.t, "OperatorMSP")
			p.Endorsements[1] = m.endorse(w.t, m.peer, p.Answer)
		}, "unknown authority"},
		{"one member's peer under another's name", func(w *world, p *proof.Proof) {
			m := *w.members[0]
			m.mspid = "OperatorMSP"
			p.Endorsements[1] = m.endorse(w.t, m.peer, p.Answer)
		}, "unknown authority"},
		{"a client", func(w *world, p *proof.Proof) {
			m := w.members[1]
			p.Endorsements[1] = m.endorse(w.t, issue(w.t, m.ca, template("user", "client")), p.Answer)
		}, "not a peer's certificate"},
		{"the authority itself", func(w *world, p *proof.Proof) {
			m := w.members[1]
			c := authority("ca2")
			c.Subject.OrganizationalUnit = []string{"peer"}
			p.Endorsements[1] = m.endorse(w.t, issue(w.t, m.ca, c), p.Answer)
		}, "an authority's certificate"},
		{"a certificate of a peer", func(w *world, p *proof.Proof) {
			m := w.members[1]
			below := issue(w.t, m.peer, template("peer below a peer", "peer"))
			p.Endorsements[1] = m.endorse(w.t, below, p.Answer)
		}, "unknown authority"},
		{"another curve", func(w *world, p *proof.Proof) {
			m := w.members[1]
			key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
			if err != nil {
				w.t.Fatal(err)
			}
			p.Endorsements[1] = m.endorse(w.t, issueFor(w.t, m.ca, template("peer", "peer"), key), p.Answer)
		}, "P-256"},
		{"another answer", func(w *world, p *proof.Proof) {
			m := w.members[1]
			p.Endorsements[1] = m.endorse(w.t, m.peer, append(slices.Clone(p.Answer), 0))
		}, "does not verify"},
		{"the higher S", func(w *world, p *proof.Proof) {
			e := &p.Endorsements[1]
			e.Signature = sign(w.t, w.members[1].peer.key, slices.Concat(p.Answer, e.Endorser), true)
		}, "higher S"},
		{"something after the signature", func(_ *world, p *proof.Proof) {
			p.Endorsements[1].Signature = append(p.Endorsements[1].Signature, 0)
		}, "DER"},
		{"a certificate more", func(w *world, p *proof.Proof) {
			m := w.members[1]
			two := *m.peer
			two.pem += two.pem
			p.Endorsements[1] = m.endorse(w.t, &two, p.Answer)
		}, "not one certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p := w.signed(recorded(t, w), 2)
			c.edit(w, &p)
			refuses(t, w, p, c.want)
		})
	}
}

// TestRevoked refuses a peer on its authority's list, whatever time it names,
// and an intermediate authority on its root's.
func TestRevoked(t *testing.T) {
	w := newWorld(t)
	m := w.members[0]
	p := w.signed(recorded(t, w), 2)
	w.trust.Organizations[0].CRLs = []string{list(t, m.ca, w.members[1].peer.cert)}
	if _, err := w.check(p); err != nil {
		t.Errorf("another's number on the list: %v", err)
	}
	w.trust.Organizations[0].CRLs = []string{list(t, m.ca, m.peer.cert)}
	refuses(t, w, p, "revoked")

	w = newWorld(t)
	m = w.members[0]
	below := issue(t, m.ca, authority("intermediate"))
	m.peer = issue(t, below, template("peer", "peer"))
	p = w.signed(recorded(t, w), 2)
	refuses(t, w, p, "unknown authority")
	w.trust.Organizations[0].CAs = append(w.trust.Organizations[0].CAs, below.pem)
	if _, err := w.check(p); err != nil {
		t.Errorf("peer of an intermediate authority: %v", err)
	}
	w.trust.Organizations[0].CRLs = []string{list(t, m.ca, below.cert)}
	refuses(t, w, p, "revoked")
}

// list is a revocation list of an authority.
func list(t testing.TB, by *signer, revoked *x509.Certificate) string {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: noon, NextUpdate: noon.AddDate(0, 1, 0),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.SerialNumber, RevocationTime: noon}},
	}, by.cert, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

// TestChanged flips a bit of every byte of a proof. No changed proof may be valid.
// The signature of the call is checked with the bundle.
func TestChanged(t *testing.T) {
	w := newWorld(t)
	p := w.signed(recorded(t, w), 2)
	head, signature, _ := strings.Cut(p.JWS, ".")
	payload, _, _ := strings.Cut(signature, ".")
	jws := []byte(p.JWS)
	check := w.checker()
	holds := func() (evidence.Placed, error) {
		raw, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return check(raw)
	}
	for name, field := range map[string][]byte{
		"channel_header": p.ChannelHeader, "signature_header": p.SignatureHeader, "input": p.Input, "answer": p.Answer,
		"endorser": p.Endorsements[0].Endorser, "signature": p.Endorsements[1].Signature, "jws": jws[:len(head)+1+len(payload)],
	} {
		for i := range field {
			field[i] ^= 4
			if name == "jws" {
				p.JWS = string(jws)
			}
			if placed, err := holds(); err == nil && (name != "jws" || i > len(head)) {
				t.Errorf("byte %d of %s changed, and the proof still holds: %+v", i, name, placed)
			}
			field[i] ^= 4
		}
		p.JWS = string(jws)
	}
	if _, err := holds(); err != nil {
		t.Fatalf("the proof as it was: %v", err)
	}
}

// TestForm refuses what is not a proof in its one form.
func TestForm(t *testing.T) {
	w := newWorld(t)
	raw, err := w.signed(recorded(t, w), 2).Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for name, bad := range map[string]string{
		"empty":          "",
		"null":           "null",
		"no member":      "{}",
		"unknown member": strings.Replace(good, `{"jws"`, `{"x":1,"jws"`, 1),
		"another case":   strings.Replace(good, `{"jws"`, `{"JWS"`, 1),
		"twice":          strings.Replace(good, `{"jws":`, `{"jws":"","jws":`, 1),
		"another order":  strings.Replace(strings.Replace(good, `"channel_header"`, `"x"`, 1), `"x"`, `"input"`, 1),
		"too long":       `{"jws":"` + strings.Repeat("a", 2<<20) + `"}`,
	} {
		if _, err := w.checkRaw(json.RawMessage(bad)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := (proof.Checker{}).Open(evidence.Trust{Fabric: w.trustFile()}, json.RawMessage(`{"x":1}`)); err == nil {
		t.Error("something shared by the proofs: taken")
	}
}

// TestTrust refuses a member of the trust file that can't be gone by.
func TestTrust(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*world)
		want string
	}{
		{"no channel", func(w *world) { w.trust.Channel = "" }, "channel"},
		{"no chaincode", func(w *world) { w.trust.Chaincode = "" }, "chaincode"},
		{"one is enough", func(w *world) { w.trust.Quorum = 1 }, "quorum"},
		{"more than there are", func(w *world) { w.trust.Quorum = 4 }, "quorum"},
		{"no name", func(w *world) { w.trust.Organizations[1].MSPID = "" }, "organizations[1].mspid"},
		{"one name for two", func(w *world) { w.trust.Organizations[1].MSPID = "BureauMSP" }, "organizations[1].mspid"},
		{"one root for two", func(w *world) { w.trust.Organizations[1].CAs = w.trust.Organizations[0].CAs }, "root in common"},
		{"no root", func(w *world) { w.trust.Organizations[1].CAs = []string{} }, "organizations[1].cas"},
		{"an intermediate only", func(w *world) {
			w.trust.Organizations[1].CAs = []string{issue(w.t, w.members[1].ca, authority("below")).pem}
		}, "a root is required"},
		{"a peer for a root", func(w *world) { w.trust.Organizations[1].CAs = []string{w.members[1].peer.pem} }, "not an authority"},
		{"no certificate", func(w *world) { w.trust.Organizations[1].CAs = []string{"x"} }, "cas[0]"},
		{"no list", func(w *world) { w.trust.Organizations[1].CRLs = []string{"x"} }, "crls[0]"},
		{"another's list", func(w *world) {
			w.trust.Organizations[1].CRLs = []string{list(w.t, w.members[0].ca, w.members[0].peer.cert)}
		}, "not signed by an authority"},
	} {
		w := newWorld(t)
		c.edit(w)
		if _, err := proof.ParseTrust(w.trustFile()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	if _, err := proof.ParseTrust(nil); err == nil {
		t.Error("a trust file without the member was taken")
	}
	if _, err := proof.ParseTrust(json.RawMessage(`{"channel":"c","Channel":"d"}`)); err == nil {
		t.Error("an unknown member was taken")
	}
}

// FuzzParse holds that what is taken encodes to what it was.
func FuzzParse(f *testing.F) {
	w := newWorld(f)
	raw, err := w.signed(recorded(f, w), 3).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(raw))
	f.Add([]byte(`{"jws":"","channel_header":"","signature_header":"","input":"","answer":"","endorsements":[]}`))
	check := w.checker()
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := proof.Parse(data)
		if err != nil {
			return
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := proof.Parse(again); err != nil {
			t.Errorf("%s was taken, its own form is not: %v", data, err)
		}
		placed, err := check(data)
		if err == nil && (placed.Position != place || placed.JWS != p.JWS) {
			t.Errorf("%s proves %+v", data, placed)
		}
	})
}
