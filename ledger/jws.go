package ledger

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// b64 is base64url without padding and without spare bits (RFC 7515 §2).
var b64 = base64.RawURLEncoding.Strict()

// decode64 decodes strictly. It also refuses line breaks, which the library skips
// even in strict mode, because a key or a signature must have exactly one text
// form.
func decode64(s string) ([]byte, error) {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return b64.DecodeString(s)
}

// JWK is a public key of the curve P-256 (RFC 7517, RFC 7518 §6.2).
type JWK struct {
	Kty string `json:"kty" form:"enum=key_types" zh:"密钥类型" en:"Key type"`
	Crv string `json:"crv" form:"enum=curves" zh:"曲线" en:"Curve"`
	X   string `json:"x" form:"pattern=coordinate" zh:"公钥点的 x 坐标" en:"x of the public point"`
	Y   string `json:"y" form:"pattern=coordinate" zh:"公钥点的 y 坐标" en:"y of the public point"`
}

// KeyID is the RFC 7638 thumbprint of a key: SHA-256 in base64url.
type KeyID string

// Validate returns an error that names field if the id is not a thumbprint.
func (k KeyID) Validate(field string) error {
	if b, err := decode64(string(k)); err != nil || len(b) != 32 {
		rule := "thumbprint"
		if k == "" {
			rule = "required"
		}
		return Invalid(field, rule).allow(keyIDWords) // a key is not repeated
	}
	return nil
}

const (
	keyIDWords = "RFC 7638 thumbprint"
	keyWords   = "public key of P-256"
)

// Thumbprint returns the key's id (RFC 7638 §3).
func (k JWK) Thumbprint() KeyID {
	sum := sha256.Sum256([]byte(`{"crv":"` + k.Crv + `","kty":"` + k.Kty + `","x":"` + k.X + `","y":"` + k.Y + `"}`))
	return KeyID(b64.EncodeToString(sum[:]))
}

// Validate returns an error that names field if the key is not a point of P-256.
func (k JWK) Validate(field string) error {
	if k == (JWK{}) {
		return Invalid(field, "required").allow(keyWords)
	}
	if k.Kty != "EC" || k.Crv != "P-256" {
		return Invalid(field, "p256").allow(keyWords)
	}
	_, err := k.Public()
	if err != nil {
		return Invalid(field, "p256_point").allow(keyWords)
	}
	return nil
}

// Public returns the key as a type of the standard library.
func (k JWK) Public() (*ecdsa.PublicKey, error) {
	x, errX := decode64(k.X)
	y, errY := decode64(k.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("coordinates of a P-256 key are 32 bytes each")
	}
	point := append(append([]byte{4}, x...), y...)
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

// Key is a private signing key of the curve P-256.
type Key struct {
	private *ecdsa.PrivateKey
	public  JWK
	id      KeyID
}

// NewKey generates a new key.
func NewKey() (*Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return wrapKey(k)
}

func wrapKey(k *ecdsa.PrivateKey) (*Key, error) {
	point, err := k.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	j := JWK{Kty: "EC", Crv: "P-256", X: b64.EncodeToString(point[1:33]), Y: b64.EncodeToString(point[33:])}
	return &Key{private: k, public: j, id: j.Thumbprint()}, nil
}

// ParseKey parses the PKCS #8 form that Bytes returns.
func ParseKey(pkcs8 []byte) (*Key, error) {
	k, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("parse key: %w", err)
	}
	ec, ok := k.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("parse key: not a P-256 key")
	}
	return wrapKey(ec)
}

// Bytes returns the key in PKCS #8, which is secret.
func (k *Key) Bytes() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.private) }

// Public returns the public key.
func (k *Key) Public() JWK { return k.public }

// ID returns the thumbprint of the key.
func (k *Key) ID() KeyID { return k.id }

// Private returns the private key, for libraries that sign tokens.
func (k *Key) Private() *ecdsa.PrivateKey { return k.private }

// Header is the protected header of our JWSs, with exactly these members.
type Header struct {
	Alg string `json:"alg"`
	Kid KeyID  `json:"kid"`
	Typ string `json:"typ"`
}

// Types of JWS (RFC 8725 §3.11). A JWS of one type is refused in the place of
// another.
const (
	TypeCall        = "cadastre-call+jws"
	TypeAdmission   = "cadastre-admission+jws"
	TypeEnvironment = "cadastre-environment+jws"
	TypeRotation    = "cadastre-rotation+jws"
	TypeToken       = "at+jwt"
)

// ES256 is the only algorithm of this release (RFC 7518 §3.4).
const ES256 = "ES256"

// Verifier reports whether signature is valid for signed under a public key.
type Verifier func(key JWK, signed, signature []byte) bool

// Algorithms is the closed table of algorithms, passed to all code that verifies.
type Algorithms []Algorithm

// Algorithm is one row of the table.
type Algorithm struct {
	Name   string
	Verify Verifier
}

// Standard returns the table of this release: ES256.
func Standard() Algorithms { return Algorithms{{ES256, verifyES256}} }

func (a Algorithms) verifier(name string) Verifier {
	for _, alg := range a {
		if alg.Name == name {
			return alg.Verify
		}
	}
	return nil
}

func verifyES256(key JWK, signed, signature []byte) bool {
	pub, err := key.Public()
	if err != nil || len(signature) != 64 {
		return false
	}
	sum := sha256.Sum256(signed)
	return ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// JWS is a parsed compact JWS (RFC 7515 §3.1). Its signature is not checked yet.
type JWS struct {
	Header    Header
	Payload   []byte
	Signed    []byte // what the signature covers
	Signature []byte
}

// tooLarge refuses a member of more than limit bytes.
func tooLarge(field string, limit int) *Error {
	return Refuse(InvalidCode, ReasonTooLarge).At(field).With("limit", strconv.Itoa(limit))
}

// ParseJWS parses a compact JWS with exactly our header members, the given type,
// strict base64url, and at maxBytes maxBytes bytes of payload.
func ParseJWS(s, typ string, maxBytes int) (JWS, error) {
	bad := func(rule string) (JWS, error) {
		return JWS{}, &Error{Code: InvalidCode, Reason: ReasonJWS, Rule: rule}
	}
	if len(s) > maxBytes*4/3+1024 {
		return JWS{}, tooLarge("call", maxBytes)
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return bad("compact")
	}
	raw, err := decode64(parts[0])
	if err != nil {
		return bad("base64url")
	}
	var j JWS
	if err := DecodeStrict(raw, &j.Header); err != nil {
		return JWS{}, prefix(err, "header")
	}
	if j.Header.Typ != typ {
		return bad("typ")
	}
	if err := j.Header.Kid.Validate("header.kid"); err != nil {
		return JWS{}, err
	}
	if j.Payload, err = decode64(parts[1]); err != nil {
		return bad("base64url")
	}
	if len(j.Payload) > maxBytes {
		return JWS{}, tooLarge("call", maxBytes)
	}
	if j.Signature, err = decode64(parts[2]); err != nil {
		return bad("base64url")
	}
	j.Signed = []byte(parts[0] + "." + parts[1])
	return j, nil
}

// Verify checks the signature with key under the header's algorithm.
func (j JWS) Verify(algs Algorithms, key JWK) error {
	v := algs.verifier(j.Header.Alg)
	if v == nil {
		return &Error{Code: InvalidCode, Reason: ReasonAlgorithm, Field: "header.alg"}
	}
	if key.Thumbprint() != j.Header.Kid {
		return &Error{Code: Forbidden, Reason: ReasonKey, Field: "header.kid"}
	}
	if !v(key, j.Signed, j.Signature) {
		return &Error{Code: Forbidden, Reason: ReasonSignature}
	}
	return nil
}

// SignJWS signs payload as a compact JWS of the given type with ES256.
func SignJWS(key *Key, typ string, payload []byte) (string, error) {
	h, err := json.Marshal(Header{Alg: ES256, Kid: key.id, Typ: typ})
	if err != nil {
		return "", fmt.Errorf("encode header: %w", err)
	}
	signed := b64.EncodeToString(h) + "." + b64.EncodeToString(payload)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key.private, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return signed + "." + b64.EncodeToString(sig), nil
}

func prefix(err error, at string) error {
	e := AsError(err)
	if e == nil {
		return err
	}
	return e.Rename(func(field string) string {
		if field == "" {
			return at
		}
		return join(at, field)
	})
}
