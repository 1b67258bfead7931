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

// NewKey makes a key for the log named origin, which holds neither white space
// nor '+': skey is the secret in the form ParseKey reads, vkey the public key
// in the form of C2SP signed-note.
func NewKey(origin string) (skey, vkey string, err error) {
	skey, vkey, err = note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", "", fmt.Errorf("make log key: %w", err)
	}
	if _, err := ParseKey(skey); err != nil { // a bad origin shows here
		return "", "", fmt.Errorf("make log key for origin %q: %w", origin, err)
	}
	return skey, vkey, nil
}

// ParseKey reads a secret key made by NewKey. Its errors never hold the secret.
func ParseKey(skey string) (*Key, error) {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, errors.New("log key is not a secret key of the signed-note form")
	}
	// NewSigner has checked the form PRIVATE+KEY+name+hash+base64(1 ‖ seed);
	// '+' is also a letter of base64, so only the first four separate.
	parts := strings.SplitN(skey, "+", 5)
	secret, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(secret) != 1+ed25519.SeedSize {
		return nil, errors.New("log key is not an Ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(secret[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("log key has no public half")
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

// Verifier returns what checks the signatures of the key.
func (k *Key) Verifier() note.Verifier { return k.verifier }
