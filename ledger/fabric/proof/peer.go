package proof

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// roleOfPeers is the organizational unit in the certificates of peers.
const roleOfPeers = "peer"

// signer checks one endorsement of an answer given at a time, and returns the
// organization of the peer that signed.
func (n *network) signer(answer []byte, e Endorsement, at time.Time) (string, error) {
	id, err := decodePart("endorser", e.Endorser, serializedIdentity)
	if err != nil {
		return "", err
	}
	mspid := string(id.text(1))
	m := n.members[mspid]
	if m == nil {
		return "", fmt.Errorf("organization %q is not in the trust file", mspid)
	}
	key, err := m.peer(id.text(2), at)
	if err != nil {
		return "", fmt.Errorf("peer of %s: %w", mspid, err)
	}
	if err := verify(key, slices.Concat(answer, e.Endorser), e.Signature); err != nil {
		return "", fmt.Errorf("peer of %s: %w", mspid, err)
	}
	return mspid, nil
}

// peer returns the key of a peer of the organization. The certificate must be valid
// at the given time.
func (m *member) peer(text []byte, at time.Time) (*ecdsa.PublicKey, error) {
	c, err := certificate(text)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.Subject.OrganizationalUnit, roleOfPeers) {
		return nil, fmt.Errorf("%s is not a peer's certificate", c.Subject)
	}
	if c.IsCA {
		return nil, fmt.Errorf("%s is an authority's certificate", c.Subject)
	}
	chains, err := c.Verify(x509.VerifyOptions{
		Roots: m.roots, Intermediates: m.intermediates, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(chains, m.notRevoked) {
		return nil, fmt.Errorf("%s or its issuer is revoked", c.Subject)
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("the certificate's key is not on the curve P-256")
	}
	return key, nil
}

// notRevoked reports whether no certificate of a chain is revoked.
func (m *member) notRevoked(chain []*x509.Certificate) bool {
	return !slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
		return slices.Contains(m.revoked, revoked{issuer: string(c.RawIssuer), serial: c.SerialNumber.String()})
	})
}

// verify checks a signature in the form that Fabric requires, with the lower of the
// two possible values of S. So nobody can change a signature into another valid
// one.
func verify(key *ecdsa.PublicKey, text, signature []byte) error {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &rs); err != nil || len(rest) > 0 {
		return errors.New("the signature is not in DER")
	}
	half := new(big.Int).Rsh(key.Params().N, 1)
	if rs.S.Cmp(half) > 0 {
		return errors.New("the signature has the higher S")
	}
	sum := sha256.Sum256(text)
	if !ecdsa.VerifyASN1(key, sum[:], signature) {
		return errors.New("the signature does not verify")
	}
	return nil
}
