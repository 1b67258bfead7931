package objects

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/datacadastre/cadastre/internal/seal"
)

// Draft is an object that is put in parts. Store it durably after each part: it is all
// that continues the object after a restart. It has no clear text.
type Draft struct {
	ID    string // of the object
	Bytes int64  // of its parts
	State []byte // sealed; at most 160 KB
	// MaxParts is how many parts it may have, if that is fewer than 10,000; 0 if not. A part
	// is a file, or an object of the bucket, however small it is.
	MaxParts int
}

// maxDraftParts is how many parts a draft may have.
const maxDraftParts = 10_000

// inParts follows the data key of an object that is put in parts.
const inParts = 1

// Begin makes a draft without parts.
func (s *Store) Begin(ctx context.Context) (Draft, error) {
	id, err := newID()
	if err != nil {
		return Draft{}, fmt.Errorf("begin object: %w", err)
	}
	key := make([]byte, keyBytes, keyBytes+1)
	if _, err := rand.Read(key); err != nil {
		return Draft{}, fmt.Errorf("begin object: draw data key: %w", err)
	}
	d := Draft{ID: id}
	hash, err := state(sha256.New())
	if err == nil {
		d.State, err = sealState(key, id, contents{sha256: hash})
	}
	if err != nil {
		return Draft{}, fmt.Errorf("begin object: %w", err)
	}
	sealed, err := s.key.Seal(append(key, inParts), sealedFor(id))
	if err != nil {
		return Draft{}, fmt.Errorf("begin object: %w", err)
	}
	if err := s.writeKey(ctx, keyPlace(id, s.key), sealed); err != nil {
		_, e := s.removeKeys(context.WithoutCancel(ctx), id) // the store may have it
		return Draft{}, fmt.Errorf("begin object: %w", errors.Join(full(err), e))
	}
	return d, nil
}

// Append stores the bytes of r as the next part of a draft.
func (s *Store) Append(ctx context.Context, d Draft, r io.Reader, max int64) (Draft, error) {
	key, c, err := s.draft(ctx, d)
	if err != nil {
		return d, fmt.Errorf("append to object: %w", err)
	}
	var first [1]byte
	if _, err := io.ReadFull(r, first[:]); err == io.EOF { // a wrapped io.EOF is a failure
		return d, nil
	} else if err != nil {
		return d, fmt.Errorf("append to object: %w", err)
	}
	if d.MaxParts > 0 && len(c.parts) >= d.MaxParts {
		return d, fmt.Errorf("append to object: more than %d parts: %w", d.MaxParts, ErrTooLarge)
	}
	if c, err = s.appendPart(ctx, d.ID, key, c, io.MultiReader(bytes.NewReader(first[:]), r), max); err != nil {
		return d, fmt.Errorf("append to object: %w", err)
	}
	next := Draft{ID: d.ID, Bytes: c.bytes(), MaxParts: d.MaxParts}
	if next.State, err = sealState(key, d.ID, c); err != nil {
		return d, fmt.Errorf("append to object: %w", err)
	}
	return next, nil
}

// appendPart writes a part under a new name. On failure it removes what was written.
func (s *Store) appendPart(ctx context.Context, id string, key []byte, c contents, r io.Reader, max int64) (contents, error) {
	if len(c.parts) == maxDraftParts {
		return c, fmt.Errorf("more than %d parts: %w", maxDraftParts, ErrTooLarge)
	}
	hash, err := restore(c.sha256)
	if err != nil {
		return c, err
	}
	var p part
	if _, err := rand.Read(p.name[:]); err != nil {
		return c, fmt.Errorf("draw name: %w", err)
	}
	in := &intake{ctx: ctx, from: r, max: max, hash: hash}
	partKey, err := derive(key, "part "+p.text())
	if err != nil {
		return c, err
	}
	stored, err := encrypt(partKey, in)
	if err != nil {
		return c, err
	}
	if err := s.blobs.write(ctx, partPlace(id, p), stored, storedSize(max)); err != nil {
		if err = full(err); in.err != nil {
			err = in.err
		}
		if e := s.blobs.remove(context.WithoutCancel(ctx), partPlace(id, p)); e != nil && !errors.Is(e, ErrNotExist) {
			err = errors.Join(err, e)
		}
		return c, err
	}
	p.bytes = in.bytes
	after, err := state(hash)
	return contents{sha256: after, parts: append(slices.Clip(c.parts), p)}, err
}

// Join makes the object of a draft whole.
func (s *Store) Join(ctx context.Context, d Draft) (Info, error) {
	info, err := s.join(ctx, d)
	if err != nil {
		return Info{}, fmt.Errorf("join object: %w", err)
	}
	return info, nil
}

func (s *Store) join(ctx context.Context, d Draft) (Info, error) {
	key, c, err := s.draft(ctx, d)
	if err != nil {
		return Info{}, err
	}
	done, err := s.object(ctx, d.ID)
	if err == nil { // joined before
		return done.info, done.blob.Close()
	}
	if !errors.Is(err, ErrNotExist) {
		return Info{}, err
	}
	if len(c.parts) == 0 { // empty content has a part, too
		if c, err = s.appendPart(ctx, d.ID, key, c, bytes.NewReader(nil), 0); err != nil {
			return Info{}, err
		}
	}
	if _, err := s.removeParts(ctx, d.ID, c.names(d.ID)); err != nil {
		return Info{}, err
	}
	whole, err := restore(c.sha256)
	if err != nil {
		return Info{}, err
	}
	sum := whole.Sum(nil)
	listKey, err := derive(key, "list")
	if err != nil {
		return Info{}, err
	}
	in := &intake{ctx: ctx, from: bytes.NewReader(contents{sha256: sum, parts: c.parts}.encode()), max: maxContents, hash: sha256.New()}
	stored, err := encrypt(listKey, in)
	if err != nil {
		return Info{}, err
	}
	if err := s.blobs.write(ctx, place(d.ID), stored, storedSize(maxContents)); err != nil {
		return Info{}, full(err)
	}
	return Info{ID: d.ID, SHA256: hex.EncodeToString(sum), Bytes: c.bytes()}, nil
}

// removeParts removes the parts of an object, except those with the given names: an
// interrupted Append may have left others. It returns how many it removed.
func (s *Store) removeParts(ctx context.Context, id string, except map[string]bool) (int, error) {
	return s.removeNames(ctx, place(id)+partMark, except)
}

// draft returns the data key and the contents of a draft.
func (s *Store) draft(ctx context.Context, d Draft) ([]byte, contents, error) {
	var c contents
	if err := checkID(d.ID); err != nil {
		return nil, c, err
	}
	key, err := s.dataKey(ctx, d.ID)
	if err != nil {
		return nil, c, err
	}
	if len(key) == keyBytes {
		return nil, c, fmt.Errorf("object %s was not begun in parts: %w", d.ID, ErrNotExist)
	}
	key = key[:keyBytes]
	if c, err = openState(key, d.ID, d.State); err != nil {
		return nil, c, fmt.Errorf("object %s: state of its draft: %w", d.ID, err)
	}
	return key, c, nil
}

// part is a part of an object: its name is random, so that no two parts ever have the
// same key.
type part struct {
	name  [8]byte
	bytes int64
}

func (p part) text() string { return hex.EncodeToString(p.name[:]) }

const partMark = ".part."

func partPlace(id string, p part) string { return place(id) + partMark + p.text() }

// contents are the parts of an object in order, with the SHA-256 of all their bytes, or
// the state of the hash while more may follow.
type contents struct {
	sha256 []byte
	parts  []part
}

const (
	maxHashState = 255
	maxContents  = 1 + maxHashState + maxDraftParts*16
)

func (c contents) bytes() (n int64) {
	for _, p := range c.parts {
		n += p.bytes
	}
	return n
}

func (c contents) names(id string) map[string]bool {
	list := map[string]bool{}
	for _, p := range c.parts {
		list[partPlace(id, p)] = true
	}
	return list
}

// encode returns the hash with its length in a byte before it, then for each part its
// name and its length in 8 bytes.
func (c contents) encode() []byte {
	b := append([]byte{byte(len(c.sha256))}, c.sha256...)
	for _, p := range c.parts {
		b = binary.BigEndian.AppendUint64(append(b, p.name[:]...), uint64(p.bytes))
	}
	return b
}

func decodeContents(b []byte) (contents, error) {
	var c contents
	if len(b) == 0 || len(b) <= int(b[0]) || (len(b)-1-int(b[0]))%16 != 0 || len(b) > maxContents {
		return c, ErrDamaged
	}
	c.sha256, b = b[1:1+b[0]], b[1+b[0]:]
	for ; len(b) > 0; b = b[16:] {
		p := part{name: [8]byte(b[:8]), bytes: int64(binary.BigEndian.Uint64(b[8:]))}
		if p.bytes < 0 || p.bytes > maxBlob {
			return c, ErrDamaged
		}
		c.parts = append(c.parts, p)
	}
	return c, nil
}

// derive returns a key of an object for one use of it.
func derive(key []byte, use string) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, key, nil, use, keyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return k, nil
}

func stateCipher(key []byte) (cipher.AEAD, error) {
	k, err := derive(key, "state")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, fmt.Errorf("state cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealState encrypts the contents of a draft: the state of the hash has clear text in it.
func sealState(key []byte, id string, c contents) ([]byte, error) {
	aead, err := stateCipher(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, c.encode(), []byte(sealedFor(id))), nil
}

func openState(key []byte, id string, sealed []byte) (contents, error) {
	aead, err := stateCipher(key)
	if err != nil {
		return contents{}, err
	}
	clear, err := aead.Open(nil, nil, sealed, []byte(sealedFor(id)))
	if err != nil {
		return contents{}, fmt.Errorf("%w: %w", ErrDamaged, seal.ErrDamaged)
	}
	return decodeContents(clear)
}

func state(h hash.Hash) ([]byte, error) {
	m, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return nil, errors.New("the hash has no state")
	}
	return m.MarshalBinary()
}

// restore returns the hash in the state that state returned.
func restore(b []byte) (hash.Hash, error) {
	h := sha256.New()
	m, ok := h.(encoding.BinaryUnmarshaler)
	if !ok {
		return nil, errors.New("the hash has no state")
	}
	if err := m.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("state of the hash: %w", ErrDamaged)
	}
	return h, nil
}
