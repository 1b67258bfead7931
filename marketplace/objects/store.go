package objects

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/internal/seal"
)

// blobs is a store of raw bytes, below the encryption. Names are slash-separated and
// consist of lower-case hex digits and dots; no name is the folder of another.
type blobs interface {
	// write stores the bytes of r, at most maxBytes (negative: unknown), under a new
	// name; they are durable on return. On an error either nothing or the whole blob is
	// visible, and the caller removes it.
	write(ctx context.Context, name string, r io.Reader, maxBytes int64) error
	// open and remove report a missing name as ErrNotExist.
	open(ctx context.Context, name string) (blob, error)
	// remove has durably removed the name when it returns.
	remove(ctx context.Context, name string) error
	// list calls each for the names that begin with prefix, in order. A prefix is empty
	// or extends at least to the last slash of its names.
	list(ctx context.Context, prefix string, each func(found) error) error
	close() error
}

type blob interface {
	stat() found
	// section reads length bytes from offset on; fewer only if the blob shrank.
	section(offset, length int64) (io.ReadCloser, error)
	io.Closer
}

type found struct {
	name   string
	size   int64
	stored time.Time
}

// Store implements Objects over a store of raw bytes; OpenDisk and OpenS3 open one.
type Store struct {
	blobs blobs
	key   seal.Key
}

var _ Objects = (*Store)(nil)

// Close closes the store. Open readers may finish.
func (s *Store) Close() error { return s.blobs.close() }

// sealedFor returns the context that binds a sealed data key to its object.
func sealedFor(id string) string { return "object " + id }

// Put stores a new object.
func (s *Store) Put(ctx context.Context, r io.Reader, max int64) (Info, error) {
	id, err := newID()
	if err != nil {
		return Info{}, fmt.Errorf("put object: %w", err)
	}
	in := &intake{ctx: ctx, from: r, max: max, hash: sha256.New()}
	if err := s.write(ctx, id, in); err != nil {
		if err = full(err); in.err != nil {
			err = in.err
		}
		if e := s.Delete(context.WithoutCancel(ctx), id); e != nil && !errors.Is(e, ErrNotExist) {
			err = errors.Join(err, e)
		}
		return Info{}, fmt.Errorf("put object: %w", err)
	}
	return Info{ID: id, SHA256: in.sum(), Bytes: in.bytes}, nil
}

// full adds ErrFull to the error of a store that has no room left.
func full(err error) error {
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || answer.StatusCode == http.StatusInsufficientStorage {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// write draws a data key and writes key and content, in the order described in doc.go.
func (s *Store) write(ctx context.Context, id string, in *intake) error {
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("draw data key: %w", err)
	}
	sealed, err := s.key.Seal(key, sealedFor(id))
	if err != nil {
		return err
	}
	content, err := encrypt(key, in)
	if err != nil {
		return err
	}
	return s.blobs.write(ctx, place(id), &prelude{r: content, before: func() error {
		// Wrapped, because a bare io.EOF from the store would look like the content's
		// end.
		if err := s.writeKey(ctx, keyPlace(id, s.key), sealed); err != nil {
			return fmt.Errorf("store data key: %w", err)
		}
		return nil
	}}, storedSize(in.max))
}

func (s *Store) writeKey(ctx context.Context, name string, sealed []byte) error {
	return s.blobs.write(ctx, name, bytes.NewReader(sealed), int64(len(sealed)))
}

// prelude calls a function before the first byte of r is read.
type prelude struct {
	r      io.Reader
	before func() error
	err    error
}

func (p *prelude) Read(b []byte) (int, error) {
	if p.before != nil {
		p.err, p.before = p.before(), nil
	}
	if p.err != nil {
		return 0, p.err
	}
	return p.r.Read(b)
}

// object is an opened object: its end is proved, its content is not read yet.
type object struct {
	blob  blob
	key   []byte
	info  Info
	parts []part // of a joined object, whose blob is their list
}

func (s *Store) object(ctx context.Context, id string) (*object, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	key, b, err := s.keyAndContent(ctx, id)
	if err != nil {
		return nil, err
	}
	o := &object{blob: b, key: key[:keyBytes], info: Info{ID: id, Stored: b.stat().stored}}
	if len(key) > keyBytes {
		c, err := s.list(ctx, id, o.key, b)
		if err != nil {
			return nil, errors.Join(damage(id, err), b.Close())
		}
		o.joined(c)
		return o, nil
	}
	if o.info.Bytes, err = clearSize(b.stat().size); err == nil {
		o.info.SHA256, err = readTail(b, key, o.info.Bytes)
	}
	if err != nil {
		return nil, errors.Join(damage(id, err), b.Close())
	}
	return o, nil
}

// keyAndContent opens both at the same time, because a store may be far away.
func (s *Store) keyAndContent(ctx context.Context, id string) ([]byte, blob, error) {
	var b blob
	opened := make(chan error, 1)
	go func() {
		var err error
		b, err = s.blobs.open(ctx, place(id))
		opened <- err
	}()
	key, err := s.dataKey(ctx, id)
	missing := <-opened
	switch {
	case err != nil && missing == nil:
		return nil, nil, errors.Join(err, b.Close())
	case err != nil:
		return nil, nil, err
	case missing != nil:
		return nil, nil, fmt.Errorf("object %s: %w", id, missing)
	}
	return key, b, nil
}

// dataKey unseals the object's data key, or explains why it is missing.
func (s *Store) dataKey(ctx context.Context, id string) ([]byte, error) {
	key, err := s.unseal(ctx, id)
	if errors.Is(err, ErrNotExist) {
		return nil, s.whyNoKey(ctx, id)
	}
	return key, err
}

func (s *Store) unseal(ctx context.Context, id string) ([]byte, error) {
	b, err := s.blobs.open(ctx, keyPlace(id, s.key))
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", id, err)
	}
	sealed, err := readKey(b)
	if err != nil {
		return nil, damage(id, err)
	}
	key, err := s.key.Open(sealed, sealedFor(id))
	plain := err == nil && len(key) == keyBytes
	if joined := err == nil && len(key) == keyBytes+1 && key[keyBytes] == inParts; !plain && !joined {
		return nil, fmt.Errorf("object %s: its data key does not open: %w", id, ErrDamaged)
	}
	return key, nil
}

func readKey(b blob) ([]byte, error) {
	defer b.Close()
	if size := b.stat().size; size > maxKeySize {
		return nil, fmt.Errorf("data key of %d bytes: %w", size, ErrDamaged)
	}
	r, err := b.section(0, b.stat().size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// whyNoKey returns seal.ErrWrongKey if another master key sealed the object, and
// ErrNotExist if there is no object.
func (s *Store) whyNoKey(ctx context.Context, id string) error {
	err := fmt.Errorf("object %s: %w", id, ErrNotExist)
	e := s.blobs.list(ctx, place(id), func(f found) error {
		if p, ok := splitPlace(f.name); ok && p.master != "" {
			err = fmt.Errorf("object %s: sealed by master key %s, this is %s: %w", id, p.master, s.key.ID(), seal.ErrWrongKey)
		}
		return nil
	})
	return errors.Join(err, e)
}

// Open reads a range of an object.
func (s *Store) Open(ctx context.Context, id string, offset, length int64) (io.ReadCloser, error) {
	o, err := s.object(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if length < 0 {
		length = o.info.Bytes - offset
	}
	if offset < 0 || offset > o.info.Bytes || length > o.info.Bytes-offset {
		err = fmt.Errorf("open: object %s: %d bytes from %d of %d: %w", id, length, offset, o.info.Bytes, ErrRange)
		return nil, errors.Join(err, o.blob.Close())
	}
	if length == 0 {
		return io.NopCloser(strings.NewReader("")), o.blob.Close()
	}
	if o.parts != nil {
		from := &partReader{s: s, ctx: ctx, id: id, key: o.key, parts: o.parts, offset: offset, end: offset + length}
		return &reader{id: id, from: from, left: length, blob: o.blob}, nil
	}
	clear, err := decrypt(o.blob, o.key, offset, offset+length)
	if err != nil {
		return nil, fmt.Errorf("open: %w", errors.Join(damage(id, err), o.blob.Close()))
	}
	return &reader{id: id, from: clear, left: length, blob: o.blob}, nil
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, id string) (Info, error) {
	o, err := s.object(ctx, id)
	if err != nil {
		return Info{}, fmt.Errorf("stat: %w", err)
	}
	if err := o.blob.Close(); err != nil {
		return Info{}, fmt.Errorf("stat: object %s: %w", id, err)
	}
	return o.info, nil
}

// Delete erases an object.
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	keys, err := s.removeKeys(ctx, id)
	if err != nil {
		return fmt.Errorf("delete: object %s: %w", id, err)
	}
	parts, err := s.removeParts(ctx, id, nil)
	if err != nil {
		return fmt.Errorf("delete: object %s: %w", id, err)
	}
	err = s.blobs.remove(ctx, place(id))
	if errors.Is(err, ErrNotExist) && keys+parts > 0 {
		return nil // a draft, or left by an interrupted Put or Delete
	}
	if err != nil {
		return fmt.Errorf("delete: object %s: %w", id, err)
	}
	return nil
}

// removeKeys removes the data key under every master key and returns how many there
// were.
func (s *Store) removeKeys(ctx context.Context, id string) (int, error) {
	return s.removeNames(ctx, place(id)+keyMark, nil)
}

// removeNames removes the names that begin with prefix, except some, and returns how many
// there were.
func (s *Store) removeNames(ctx context.Context, prefix string, except map[string]bool) (int, error) {
	var names []string
	err := s.blobs.list(ctx, prefix, func(f found) error {
		if !except[f.name] {
			names = append(names, f.name)
		}
		return nil
	})
	for _, name := range names {
		if e := s.blobs.remove(ctx, name); !errors.Is(e, ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return len(names), err
}

// sweepKeys removes the keys of an object whose content was never completed. It retains
// those of a draft: the content of a draft is only its list.
func (s *Store) sweepKeys(ctx context.Context, id string) error {
	draft := false
	err := s.blobs.list(ctx, place(id)+partMark, func(found) error {
		draft = true
		return nil
	})
	if err == nil && !draft {
		_, err = s.removeKeys(ctx, id)
	}
	return err
}
