package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/datacadastre/cadastre/ledger"
)

// authority is a CA with its certificate in a file.
type authority struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file, _, a.cert, a.key = a.issue(t, "ca", &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// issue makes a certificate and its key in files; without a parent, a root.
func (a *authority) issue(t testing.TB, name string, c *x509.Certificate) (certFile, keyFile string, cert *x509.Certificate, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(kind, suffix string, data []byte) string {
		file := filepath.Join(a.dir, name+suffix)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("CERTIFICATE", ".crt", der), write("PRIVATE KEY", ".key", secret), cert, key
}

// pair is a certificate for 127.0.0.1, for both ends of a connection.
func (a *authority) pair(t testing.TB, name string) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile, _, _ = a.issue(t, name, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return certFile, keyFile
}

// settings are good ones, on a port that was free a moment ago.
func (a *authority) settings(t testing.TB) map[string]string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cert, key := a.pair(t, "chaincode")
	return map[string]string{
		setID: "register_1:" + string(ledger.DigestOf(nil)), setAddress: l.Addr().String(),
		setCert: cert, setKey: key, setClientCA: a.file, setGenesis: string(ledger.DigestOf(nil)),
	}
}

func getenv(settings map[string]string) func(string) string {
	return func(name string) string { return settings[name] }
}

// TestRefusesToStart spoils each setting: one sentence that names it.
func TestRefusesToStart(t *testing.T) {
	a := newAuthority(t)
	good := a.settings(t)
	if _, err := readConfig(getenv(good)); err != nil {
		t.Fatal(err)
	}
	_, otherKey := a.pair(t, "other")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct{ name, value, says string }{
		{setID, "", "is not set"},
		{setID, "register_1", "package id"},
		{setID, ":" + good[setGenesis], "package id"},
		{setAddress, "", "is not set"},
		{setAddress, "7054", "host:port"},
		{setAddress, taken.Addr().String(), "in use"},
		{setCert, "", "is not set"},
		{setCert, filepath.Join(a.dir, "none"), "can't be read"},
		{setCert, good[setKey], "do not belong together"},
		{setKey, "", "is not set"},
		{setKey, filepath.Join(a.dir, "none"), "can't be read"},
		{setKey, otherKey, "do not belong together"},
		{setClientCA, "", "is not set"},
		{setClientCA, filepath.Join(a.dir, "none"), "can't be read"},
		{setClientCA, good[setKey], "contains no certificate"},
		{setGenesis, "", "is not set"},
		{setGenesis, "abc", "64 hex digits"},
	} {
		bad := maps.Clone(good)
		bad[c.name] = c.value
		err := run(t.Context(), getenv(bad), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), c.name) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
	}
}

// TestServes is a peer that connects under mutual TLS and asks, and whose
// connection ends when the process is asked to stop.
func TestServes(t *testing.T) {
	a := newAuthority(t)
	settings := a.settings(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, getenv(settings), slog.New(slog.DiscardHandler)) }()

	p := a.connect(t, settings[setAddress], a)
	if m := p.receive(t); m.GetType() != peer.ChaincodeMessage_REGISTER || !strings.Contains(string(m.GetPayload()), settings[setID]) {
		t.Fatalf("the chaincode began with %s %q", m.GetType(), m.GetPayload())
	}
	p.send(t, &peer.ChaincodeMessage{Type: peer.ChaincodeMessage_REGISTERED})
	p.send(t, &peer.ChaincodeMessage{Type: peer.ChaincodeMessage_READY})
	p.send(t, proposal(t, ledger.TxValue, "party/nobody"))
	if m := p.receive(t); m.GetType() != peer.ChaincodeMessage_GET_STATE {
		t.Fatalf("asked for a value, the chaincode sent %s %q", m.GetType(), m.GetPayload())
	}
	p.send(t, &peer.ChaincodeMessage{Type: peer.ChaincodeMessage_RESPONSE, Txid: "tx", ChannelId: "cadastre"})
	m := p.receive(t)
	var r peer.Response
	if err := proto.Unmarshal(m.GetPayload(), &r); err != nil || m.GetType() != peer.ChaincodeMessage_COMPLETED {
		t.Fatalf("%s %q: %v", m.GetType(), m.GetPayload(), err)
	}
	if e, err := ledger.ParseError(r.GetMessage()); err != nil || e.Reason != ledger.ReasonUnknown {
		t.Errorf("answered %q: %v", r.GetMessage(), err)
	}

	stranger := newAuthority(t)
	if s := stranger.connect(t, settings[setAddress], a); s != nil {
		if m, err := s.stream.Recv(); err == nil {
			t.Errorf("a stranger's peer was served: %s", m.GetType())
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("asked to stop: %v", err)
	}
}

// fakePeer is a peer's end of its stream with a chaincode.
type fakePeer struct {
	stream peer.Chaincode_ConnectClient
}

// connect dials with a certificate of a; trust is the CA of the server's.
func (a *authority) connect(t testing.TB, address string, trust *authority) *fakePeer {
	t.Helper()
	certFile, keyFile := a.pair(t, "peer")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(trust.cert)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{cert}, RootCAs: roots, MinVersion: tls.VersionTLS12,
	})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := peer.NewChaincodeClient(conn).Connect(ctx, grpc.WaitForReady(a == trust)) // a stranger need not wait
	if err != nil {
		if a == trust {
			t.Fatal(err)
		}
		return nil
	}
	return &fakePeer{stream}
}

func (p *fakePeer) send(t testing.TB, m *peer.ChaincodeMessage) {
	t.Helper()
	if err := p.stream.Send(m); err != nil {
		t.Fatal(err)
	}
}

func (p *fakePeer) receive(t testing.TB) *peer.ChaincodeMessage {
	t.Helper()
	m, err := p.stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// proposal is a client's proposal as a peer passes it on.
func proposal(t testing.TB, args ...string) *peer.ChaincodeMessage {
	t.Helper()
	marshal := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	channel := &common.ChannelHeader{
		Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: "cadastre", TxId: "tx", Timestamp: timestamppb.Now(),
	}
	header := &common.Header{ChannelHeader: marshal(channel), SignatureHeader: marshal(&common.SignatureHeader{Creator: []byte("client")})}
	input := &peer.ChaincodeInput{}
	for _, a := range args {
		input.Args = append(input.Args, []byte(a))
	}
	signed := &peer.SignedProposal{ProposalBytes: marshal(&peer.Proposal{Header: marshal(header), Payload: []byte{}})}
	return &peer.ChaincodeMessage{
		Type: peer.ChaincodeMessage_TRANSACTION, Txid: "tx", ChannelId: "cadastre", Payload: marshal(input), Proposal: signed,
	}
}
