package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Errors of Open and Load, wrapped with details.
var (
	// ErrWrongKey reports that the bytes were sealed by another master key.
	ErrWrongKey = errors.New("sealed by another master key")
	// ErrDamaged reports that the bytes were altered, cut short, or sealed for another
	// context: these cannot be distinguished.
	ErrDamaged = errors.New("damaged")
)

const (
	keyBytes = 32 // AES-256
	idBytes  = 8
	version  = 1
	// A sealed form is version, key id, nonce, ciphertext, tag. The header is
	// authenticated together with the context.
	headerBytes = 1 + idBytes
	// Overhead is how many bytes Seal adds.
	Overhead = headerBytes + 12 + 16
)

// Key is a master key. The zero Key can't seal or open. It is safe for concurrent use,
// and is printed as its id only.
type Key struct {
	id   [idBytes]byte
	aead cipher.AEAD
}

func newKey(secret []byte) (Key, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return Key{}, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Key{}, fmt.Errorf("make cipher: %w", err)
	}
	k := Key{aead: aead}
	sum := sha256.Sum256(append([]byte("cadastre master"), secret...))
	copy(k.id[:], sum[:])
	return k, nil
}

// ID identifies the key without revealing it: 16 lower-case hex digits of a SHA-256
// over it.
func (k Key) ID() string { return hex.EncodeToString(k.id[:]) }

// Format prints the id for every verb, so that no log shows the key.
func (k Key) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "master key %s", k.ID()) }

// Seal encrypts plain for one context, a text that says what it is and whose. Open
// needs the same context. Sealing twice gives different bytes.
func (k Key) Seal(plain []byte, context string) ([]byte, error) {
	if k.aead == nil {
		return nil, errors.New("seal: no master key")
	}
	sealed := make([]byte, headerBytes, Overhead+len(plain))
	sealed[0] = version
	copy(sealed[1:], k.id[:])
	return k.aead.Seal(sealed, nil, plain, bind(sealed[:headerBytes], context)), nil
}

// Open returns what was sealed for context. If another master key sealed it, it returns
// ErrWrongKey and names both keys; otherwise a failure is ErrDamaged.
func (k Key) Open(sealed []byte, context string) ([]byte, error) {
	if k.aead == nil {
		return nil, errors.New("open seal: no master key")
	}
	if len(sealed) < Overhead {
		return nil, fmt.Errorf("open seal: %d bytes are too few: %w", len(sealed), ErrDamaged)
	}
	if sealed[0] != version {
		return nil, fmt.Errorf("open seal: version %d is unknown: %w", sealed[0], ErrDamaged)
	}
	if by := sealed[1:headerBytes]; string(by) != string(k.id[:]) {
		return nil, fmt.Errorf("open seal: sealed by master key %x, this is %s: %w", by, k.ID(), ErrWrongKey)
	}
	plain, err := k.aead.Open(nil, nil, sealed[headerBytes:], bind(sealed[:headerBytes], context))
	if err != nil {
		return nil, fmt.Errorf("open seal: not authentic for this context: %w", ErrDamaged)
	}
	return plain, nil
}

// bind returns the additional data: the header, whose length is fixed, then the
// context.
func bind(header []byte, context string) []byte {
	return append(append(make([]byte, 0, len(header)+len(context)), header...), context...)
}
