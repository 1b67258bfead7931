package cosign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// keyType is the type of a cosigning key (C2SP signed-note).
const keyType = 0x04

// Size is the length of a cosignature in bytes, without the hash of its key: the time
// and the Ed25519 signature.
const Size = 8 + ed25519.SignatureSize

// lastSecond is the last second of the year 9999, in Unix time; a later time can't be
// printed.
const lastSecond = 253402300799

// secretPrefix begins a secret key, as in x/mod/sumdb/note.
const secretPrefix = "PRIVATE+KEY+"

// Verifier checks the cosignatures of one key. It is a note.Verifier.
type Verifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// Name returns the name of the key.
func (v *Verifier) Name() string { return v.name }

// KeyHash returns the hash by which a signature names its key.
func (v *Verifier) KeyHash() uint32 { return v.hash }

// Verify reports whether sig is the key's cosignature of the text of a checkpoint.
func (v *Verifier) Verify(text, sig []byte) bool {
	if len(sig) != Size {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at <= lastSecond && ed25519.Verify(v.key, message(text, at), sig[8:])
}

// VKey returns the key in the form of C2SP signed-note.
func (v *Verifier) VKey() string { return encode(v.name, v.hash, v.key) }

// message returns the bytes that are signed. The first two lines mark a cosignature and
// have its time in seconds.
func message(text []byte, at uint64) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

func keyHash(name string, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append(append([]byte(name), '\n', keyType), public...))
	return binary.BigEndian.Uint32(sum[:])
}

func encode(name string, hash uint32, key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, hash, base64.StdEncoding.EncodeToString(append([]byte{keyType}, key...)))
}

var (
	errKey  = errors.New("it is not a key that cosigns, in the form NAME+HASH+KEY of C2SP signed-note with key type 4")
	errName = errors.New("the name of a key is 1 to 100 bytes without white space and plus signs")
)

// decode splits NAME+HASH+KEY; the base64 of KEY may contain the letter + too.
func decode(text string) (name string, hash string, key []byte, err error) {
	name, rest, _ := strings.Cut(text, "+")
	hash, raw, ok := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.Strict().DecodeString(raw)
	if !ok || err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != keyType {
		return "", "", nil, errKey
	}
	return name, hash, b[1:], checkName(name)
}

func checkName(name string) error {
	if name == "" || len(name) > 100 || !utf8.ValidString(name) || strings.ContainsRune(name, '+') ||
		strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return errName
	}
	return nil
}

// NewVerifier reads a public key; only its canonical form is accepted.
func NewVerifier(vkey string) (*Verifier, error) {
	name, _, key, err := decode(vkey)
	if err != nil {
		return nil, err
	}
	v := &Verifier{name: name, key: key, hash: keyHash(name, key)}
	if v.VKey() != vkey {
		return nil, errKey
	}
	return v, nil
}

// Key is a secret key that cosigns.
type Key struct {
	Verifier
	secret ed25519.PrivateKey
}

// NewKey makes a key with a name and returns the secret in the form that ParseKey
// reads.
func NewKey(name string) (skey string, err error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	return secretPrefix + encode(name, keyHash(name, public), secret.Seed()), nil
}

// ParseKey reads a secret key. Its errors never contain the secret.
func ParseKey(skey string) (*Key, error) {
	text, ok := strings.CutPrefix(skey, secretPrefix)
	if !ok {
		return nil, errKey
	}
	name, hash, seed, err := decode(text)
	if err != nil {
		return nil, err
	}
	secret := ed25519.NewKeyFromSeed(seed)
	public, ok := secret.Public().(ed25519.PublicKey)
	k := &Key{Verifier: Verifier{name: name, key: public, hash: keyHash(name, public)}, secret: secret}
	if !ok || hash != fmt.Sprintf("%08x", k.hash) {
		return nil, errKey
	}
	return k, nil
}

// Cosign adds the key's cosignature, with a time, to a checkpoint as the last line. It
// checks neither the checkpoint's content nor its signature: the caller does.
func (k *Key) Cosign(checkpoint []byte, at time.Time) ([]byte, error) {
	text, err := textOf(checkpoint)
	if err != nil {
		return nil, err
	}
	seconds := at.Unix()
	if seconds <= 0 || seconds > lastSecond {
		return nil, errors.New("a cosignature needs a time from 1970 to 9999")
	}
	sig := binary.BigEndian.AppendUint32(nil, k.hash)
	sig = binary.BigEndian.AppendUint64(sig, uint64(seconds))
	sig = append(sig, ed25519.Sign(k.secret, message(text, uint64(seconds)))...)
	return fmt.Appendf(slices.Clip(checkpoint), "— %s %s\n", k.name, base64.StdEncoding.EncodeToString(sig)), nil
}

// textOf returns the signed text of a note, including the end of its last line.
func textOf(msg []byte) ([]byte, error) {
	end := bytes.LastIndex(msg, []byte("\n\n"))
	if end < 0 || !bytes.HasSuffix(msg, []byte("\n")) {
		return nil, errors.New("this is not a checkpoint")
	}
	return msg[:end+1], nil
}

// Time returns the time of a cosignature that Verify accepts.
func Time(sig note.Signature) (time.Time, error) {
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || len(raw) != 4+Size {
		return time.Time{}, errors.New("this is not a cosignature")
	}
	at := binary.BigEndian.Uint64(raw[4:])
	if at > lastSecond {
		return time.Time{}, errors.New("this is not a cosignature")
	}
	return time.Unix(int64(at), 0), nil
}
