package proof

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Trust is the member "fabric" of the trust file: the network of the ledger, and
// the organizations whose signatures are accepted.
type Trust struct {
	Channel       string         `json:"channel"`
	Chaincode     string         `json:"chaincode"`
	Quorum        int            `json:"quorum"` // how many organizations must sign the same answer; at least 2
	Organizations []Organization `json:"organizations"`
}

// Organization is a member of the channel with its own authorities and their
// revocation lists, all in PEM. A self-signed authority is a root.
type Organization struct {
	MSPID string   `json:"mspid"`
	CAs   []string `json:"cas"`
	CRLs  []string `json:"crls"`
}

// network is a validated Trust.
type network struct {
	channel, chaincode string
	quorum             int
	members            map[string]*member // by MSP id
}

// ParseTrust decodes the member strictly and validates it.
func ParseTrust(data json.RawMessage) (Trust, error) {
	var t Trust
	if len(data) == 0 {
		return t, errors.New("the trust file has no member fabric: ask the ledger's data authority for one that has")
	}
	if err := ledger.DecodeStrict(data, &t); err != nil {
		return t, fmt.Errorf("fabric: %w", err)
	}
	_, err := t.open()
	return t, err
}

func (t Trust) open() (*network, error) {
	if t.Channel == "" || t.Chaincode == "" {
		return nil, errors.New("fabric: channel and chaincode are required")
	}
	if t.Quorum < 2 || t.Quorum > len(t.Organizations) {
		return nil, fmt.Errorf("fabric.quorum is %d: it must be at least 2 and at most the number of organizations, %d",
			t.Quorum, len(t.Organizations))
	}
	n := &network{channel: t.Channel, chaincode: t.Chaincode, quorum: t.Quorum, members: map[string]*member{}}
	for i, o := range t.Organizations {
		m, err := o.open()
		if err != nil {
			return nil, fmt.Errorf("fabric.organizations[%d].%w", i, err)
		}
		if o.MSPID == "" || n.members[o.MSPID] != nil {
			return nil, fmt.Errorf("fabric.organizations[%d].mspid is %q: each needs a different one", i, o.MSPID)
		}
		for id, other := range n.members {
			if slices.ContainsFunc(m.anchors, func(c *x509.Certificate) bool { return slices.ContainsFunc(other.anchors, c.Equal) }) {
				return nil, fmt.Errorf("fabric.organizations[%d]: %s and %s have a root in common, so they are not independent", i, o.MSPID, id)
			}
		}
		n.members[o.MSPID] = m
	}
	return n, nil
}

// member is an organization with its decoded certificates.
type member struct {
	anchors       []*x509.Certificate
	roots         *x509.CertPool
	intermediates *x509.CertPool
	revoked       []revoked
}

// revoked identifies a revoked certificate by its issuer and serial number.
type revoked struct {
	issuer string
	serial string
}

func (o Organization) open() (*member, error) {
	m := &member{roots: x509.NewCertPool(), intermediates: x509.NewCertPool()}
	var issuers []*x509.Certificate
	for i, text := range o.CAs {
		c, err := certificate([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("cas[%d]: %w", i, err)
		}
		if !c.IsCA {
			return nil, fmt.Errorf("cas[%d]: %s is not an authority", i, c.Subject)
		}
		issuers = append(issuers, c)
		if c.CheckSignatureFrom(c) != nil {
			m.intermediates.AddCert(c)
			continue
		}
		m.anchors = append(m.anchors, c)
		m.roots.AddCert(c)
	}
	if len(m.anchors) == 0 {
		return nil, errors.New("cas: a root is required")
	}
	for i, text := range o.CRLs {
		list, err := crl([]byte(text), issuers)
		if err != nil {
			return nil, fmt.Errorf("crls[%d]: %w", i, err)
		}
		m.revoked = append(m.revoked, list...)
	}
	return m, nil
}

// certificate decodes exactly one certificate in PEM.
func certificate(text []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		return nil, errors.New("not one certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// crl decodes a revocation list, which must be signed by one of issuers. An
// outdated list is accepted, since what it revokes stays revoked.
func crl(text []byte, issuers []*x509.Certificate) ([]revoked, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "X509 CRL" || len(rest) > 0 {
		return nil, errors.New("not one revocation list in PEM")
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(issuers, func(c *x509.Certificate) bool { return list.CheckSignatureFrom(c) == nil }) {
		return nil, fmt.Errorf("not signed by an authority of the organization, but by %s", list.Issuer)
	}
	var out []revoked
	for _, e := range list.RevokedCertificateEntries {
		out = append(out, revoked{issuer: string(list.RawIssuer), serial: e.SerialNumber.String()})
	}
	return out, nil
}
