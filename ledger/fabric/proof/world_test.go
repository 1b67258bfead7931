package proof_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go/msp"
	"github.com/hyperledger/fabric-protos-go/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// noon is when the tests happen.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func encode(t testing.TB, m protoadapt.MessageV1) []byte {
	t.Helper()
	b, err := proto.Marshal(protoadapt.MessageV2Of(m))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signer is a key with its certificate.
type signer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

// issue makes a certificate, signed by its own key where by is nil.
func issue(t testing.TB, by *signer, c *x509.Certificate) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issueFor(t, by, c, key)
}

func issueFor(t testing.TB, by *signer, c *x509.Certificate, key *ecdsa.PrivateKey) *signer {
	t.Helper()
	s := &signer{key: key}
	parent, with := c, key
	if by != nil {
		parent, with = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, with)
	if err == nil {
		s.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return s
}

var serial int64

// template is a certificate of that name, valid for a year around noon.
func template(name string, units ...string) *x509.Certificate {
	serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name, OrganizationalUnit: units},
		NotBefore: noon.AddDate(0, -6, 0), NotAfter: noon.AddDate(0, 6, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

func authority(name string) *x509.Certificate {
	c := template(name)
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	return c
}

// member is an organization with its authority and a peer.
type member struct {
	mspid string
	ca    *signer
	peer  *signer
}

func newMember(t testing.TB, mspid string) *member {
	t.Helper()
	ca := issue(t, nil, authority("ca."+mspid))
	return &member{mspid: mspid, ca: ca, peer: issue(t, ca, template("peer."+mspid, "peer"))}
}

// endorse signs an answer as Fabric does.
func (m *member) endorse(t testing.TB, by *signer, answer []byte) proof.Endorsement {
	t.Helper()
	id := encode(t, &msp.SerializedIdentity{Mspid: m.mspid, IdBytes: []byte(by.pem)})
	return proof.Endorsement{Endorser: id, Signature: sign(t, by.key, slices.Concat(answer, id), false)}
}

// sign signs text with the lower S, or the higher one.
func sign(t testing.TB, key *ecdsa.PrivateKey, text []byte, high bool) []byte {
	t.Helper()
	sum := sha256.Sum256(text)
	der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		t.Fatal(err)
	}
	n := key.Params().N
	if isHigh := rs.S.Cmp(new(big.Int).Rsh(n, 1)) > 0; isHigh != high {
		rs.S.Sub(n, rs.S)
	}
	if der, err = asn1.Marshal(rs); err != nil {
		t.Fatal(err)
	}
	return der
}

// world is a network of three organizations whose peers sign by hand.
type world struct {
	t       testing.TB
	members []*member // by their names
	trust   proof.Trust
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, trust: proof.Trust{Channel: "cadastre", Chaincode: "register", Quorum: 2}}
	for _, mspid := range []string{"BureauMSP", "OperatorMSP", "RegulatorMSP"} {
		m := newMember(t, mspid)
		w.members = append(w.members, m)
		w.trust.Organizations = append(w.trust.Organizations, proof.Organization{MSPID: mspid, CAs: []string{m.ca.pem}, CRLs: []string{}})
	}
	return w
}

// asking is a question with its answer, before anyone has signed.
type asking struct {
	channel, chaincode, spec, ran string
	kind                          common.HeaderType
	args                          []string
	at                            time.Time
	record                        ledger.CallRecord
	status                        int32
	namespace                     string
	reads                         []*kvrwset.KVRead
	hash                          []byte // of the question; nil: the right one
	jws                           string
}

// about is the true question and answer about a recorded call.
func (w *world) about(jws string, record ledger.CallRecord, at ledger.Position) *asking {
	w.t.Helper()
	s, err := ledger.ParseCall(jws)
	if err != nil {
		w.t.Fatal(err)
	}
	record.I = at.I
	return &asking{
		channel: "cadastre", chaincode: "register", spec: "register", ran: "register", kind: common.HeaderType_ENDORSER_TRANSACTION,
		args: []string{ledger.TxCall, string(s.Call.Party), string(s.Call.ID)}, at: noon, record: record, status: 200, namespace: "register",
		reads: []*kvrwset.KVRead{{Key: ledger.CallKey(s.Call.Party, s.Call.ID), Version: &kvrwset.Version{BlockNum: at.Block, TxNum: uint64(at.Tx)}}},
		jws:   jws,
	}
}

// unsigned puts question and answer together.
func (w *world) unsigned(a *asking) proof.Proof {
	t := w.t
	t.Helper()
	var args [][]byte
	for _, s := range a.args {
		args = append(args, []byte(s))
	}
	p := proof.Proof{
		JWS: a.jws,
		ChannelHeader: encode(t, &common.ChannelHeader{
			Type: int32(a.kind), ChannelId: a.channel, TxId: "tx", Timestamp: timestamppb.New(a.at),
			Extension: encode(t, &peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: a.chaincode}}),
		}),
		SignatureHeader: encode(t, &common.SignatureHeader{Creator: []byte("a node"), Nonce: []byte("nonce")}),
		Input: encode(t, &peer.ChaincodeProposalPayload{Input: encode(t, &peer.ChaincodeInvocationSpec{
			ChaincodeSpec: &peer.ChaincodeSpec{ChaincodeId: &peer.ChaincodeID{Name: a.spec}, Input: &peer.ChaincodeInput{Args: args}},
		})}),
	}
	payload, err := json.Marshal(a.record)
	if err != nil {
		t.Fatal(err)
	}
	hash := a.hash
	if hash == nil {
		hash = proof.Hash(p.ChannelHeader, p.SignatureHeader, p.Input)
	}
	p.Answer = encode(t, &peer.ProposalResponsePayload{ProposalHash: hash, Extension: encode(t, &peer.ChaincodeAction{
		ChaincodeId: &peer.ChaincodeID{Name: a.ran, Version: "1"}, Response: &peer.Response{Status: a.status, Payload: payload},
		Results: encode(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{
			{Namespace: "_lifecycle", Rwset: encode(t, &kvrwset.KVRWSet{Reads: []*kvrwset.KVRead{{Key: "namespaces/fields/register/Sequence"}}})},
			{Namespace: a.namespace, Rwset: encode(t, &kvrwset.KVRWSet{Reads: a.reads})},
		}}),
	})})
	return p
}

// signed has the first n organizations sign.
func (w *world) signed(a *asking, n int) proof.Proof {
	w.t.Helper()
	p := w.unsigned(a)
	p.Endorsements = []proof.Endorsement{}
	for _, m := range w.members[:n] {
		p.Endorsements = append(p.Endorsements, m.endorse(w.t, m.peer, p.Answer))
	}
	return p
}

// check checks a proof with the world's trust.
func (w *world) check(p proof.Proof) (evidence.Placed, error) {
	w.t.Helper()
	raw, err := p.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	return w.checkRaw(raw)
}

func (w *world) checkRaw(raw json.RawMessage) (evidence.Placed, error) {
	w.t.Helper()
	return w.checker()(raw)
}

func (w *world) checker() evidence.CallChecker {
	w.t.Helper()
	check, err := proof.Checker{}.Open(evidence.Trust{Fabric: w.trustFile()}, json.RawMessage(`{}`))
	if err != nil {
		w.t.Fatal(err)
	}
	return check
}

func (w *world) trustFile() json.RawMessage {
	w.t.Helper()
	raw, err := json.Marshal(w.trust)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}
