package tlog

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs the checkpoints of one log. Its name is the log's origin.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	vkey     string
}

// NewKey generates a key for the log with the given origin, which must not contain
// white space or '+'. skey is the secret key in the form that ParseKey parses, vkey
// the public key in the form of C2SP signed-note.
func NewKey(origin string) (skey, vkey string, err error) {
	skey, vkey, err = note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", "", fmt.Errorf("make log key: %w", err)
	}
	if _, err := ParseKey(skey); err != nil { // this also checks the origin
		return "", "", fmt.Errorf("make log key for origin %q: %w", origin, err)
	}
	return skey, vkey, nil
}

// ParseKey parses a secret key from NewKey. Its errors never contain the secret.
func ParseKey(skey string) (*Key, error) {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, errors.New("log key is not a secret key of the signed-note form")
	}
	// NewSigner has checked the form PRIVATE+KEY+name+hash+base64(1 ‖ seed). Since
	// '+' is also a character of base64, only the first four separate parts.
	parts := strings.SplitN(skey, "+", 5)
	secret, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(secret) != 1+ed25519.SeedSize {
		return nil, errors.New("log key is not an Ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(secret[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("log key has no public part")
	}
	vkey, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	return &Key{signer: signer, verifier: verifier, vkey: vkey}, nil
}

// Origin returns the name of the log and of its key.
func (k *Key) Origin() string { return k.signer.Name() }

// VKey returns the public key in the form of C2SP signed-note.
func (k *Key) VKey() string { return k.vkey }

// Verifier returns a verifier for signatures of the key.
func (k *Key) Verifier() note.Verifier { return k.verifier }
