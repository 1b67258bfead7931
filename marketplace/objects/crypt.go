package objects

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/minio/sio"
)

// Sizes of the stored form: see the package comment and DARE 2.0.
const (
	clearBytes   = 64 << 10 // clear text in a package
	headBytes    = 16       // version, cipher, length, nonce
	packageBytes = headBytes + clearBytes + 16
	keyBytes     = 32
	tailBytes    = sha256.Size
	batch        = 4 * packageBytes // how much is read or written at once
)

// errIntake ends the encryption when the intake has failed; the intake stores the
// cause. The cause itself must not reach sio, which would take io.ErrUnexpectedEOF, the
// error of an upload that was cut, for the end of the content.
var errIntake = errors.New("content is not whole")

func dare(key []byte, first uint32) sio.Config {
	return sio.Config{
		MinVersion: sio.Version20, MaxVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM},
		Key: key, SequenceNumber: first, Nonce: new([12]byte),
	}
}

// intake reads, counts and hashes clear text, and appends the hash at its end.
type intake struct {
	ctx   context.Context // of the Put that it serves
	from  io.Reader
	max   int64
	bytes int64
	hash  hash.Hash
	tail  []byte // unread bytes of the hash, after the end of from
	ended bool
	err   error // why it failed; every later Read fails too
}

func (in *intake) Read(p []byte) (int, error) {
	if in.ended {
		n := copy(p, in.tail)
		in.tail = in.tail[n:]
		if n == 0 && len(p) > 0 {
			return 0, io.EOF
		}
		return n, nil
	}
	if in.err == nil {
		in.err = in.ctx.Err()
	}
	if in.err != nil {
		return 0, errIntake
	}
	n, err := in.from.Read(p)
	in.hash.Write(p[:n])
	in.bytes += int64(n)
	switch {
	case in.bytes > in.max:
		in.err = fmt.Errorf("more than %d bytes: %w", in.max, ErrTooLarge)
	case err == io.EOF: // compared with ==, because a wrapped io.EOF is a failure
		in.ended, in.tail = true, in.hash.Sum(nil)
	case err != nil:
		in.err = err
	}
	if in.err != nil {
		return n, errIntake
	}
	return n, nil
}

// sum returns the hash of the clear text in hex; valid after its end.
func (in *intake) sum() string { return hex.EncodeToString(in.hash.Sum(nil)) }

// encrypt returns the stored form of the clear text from in.
func encrypt(key []byte, in *intake) (io.Reader, error) {
	r, err := sio.EncryptReader(in, dare(key, 0))
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return r, nil
}

// storedSize returns how many bytes clear text of the given size takes when stored, or
// a negative number if no store can store that many.
func storedSize(clear int64) int64 {
	if clear < 0 || clear > maxBlob {
		return -1
	}
	packages := (clear + tailBytes + clearBytes - 1) / clearBytes
	return clear + tailBytes + packages*(packageBytes-clearBytes)
}

// clearSize returns how many bytes of clear text are stored in raw bytes.
func clearSize(raw int64) (int64, error) {
	if raw < headBytes {
		return 0, fmt.Errorf("%d bytes are too few: %w", raw, ErrDamaged)
	}
	n, err := sio.DecryptedSize(uint64(raw))
	if err != nil || n < tailBytes {
		return 0, fmt.Errorf("%d bytes are not whole packages: %w", raw, ErrDamaged)
	}
	return int64(n) - tailBytes, nil
}

// decrypt returns the clear text of b from offset on. It fetches no packages after the
// one that contains end.
func decrypt(b blob, key []byte, offset, end int64) (io.ReadCloser, error) {
	first := offset / clearBytes
	start := first * packageBytes
	stop := min(b.stat().size, (end+clearBytes-1)/clearBytes*packageBytes)
	raw, err := b.section(start, stop-start)
	if err != nil {
		return nil, err
	}
	packages := bufio.NewReaderSize(raw, headBytes) // large enough to peek at the head; packages bypass it
	if err := checkNonce(packages); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	clear, err := sio.DecryptReader(packages, dare(key, uint32(first)))
	if err == nil {
		_, err = io.CopyN(io.Discard, clear, offset%clearBytes)
	}
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return section{clear, raw}, nil
}

type section struct {
	io.Reader
	io.Closer
}

// checkNonce refuses a first package whose nonce is not zero: it could be a package
// moved from elsewhere in the object. The first bit of the nonce marks the last
// package.
func checkNonce(r *bufio.Reader) error {
	head, err := r.Peek(headBytes)
	if err != nil {
		return err
	}
	nonce := [12]byte(head[4:])
	nonce[0] &= 0x7f
	if nonce != [12]byte{} {
		return fmt.Errorf("a package is not in its place: %w", ErrDamaged)
	}
	return nil
}

// readTail checks that b ends after size bytes of clear text and a hash, and returns
// the hash in hex.
func readTail(b blob, key []byte, size int64) (string, error) {
	r, err := decrypt(b, key, size, size+tailBytes)
	if err != nil {
		return "", err
	}
	tail := make([]byte, tailBytes)
	if _, err = io.ReadFull(r, tail); err == nil {
		// Reading to the end makes sio check that the last package is marked as the
		// last.
		if _, err = r.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(tail), nil
}

// reader is the result of Open: the remaining bytes of clear text.
type reader struct {
	id   string
	from io.ReadCloser
	left int64
	blob io.Closer
}

func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err != nil && r.left > 0 {
		return n, damage(r.id, err)
	}
	return n, nil
}

func (r *reader) Close() error { return errors.Join(r.from.Close(), r.blob.Close()) }

// damage adds the object's id to err. It adds ErrDamaged if bytes in the store are
// wrong or missing, but not if the store itself failed.
func damage(id string, err error) error {
	var inauthentic sio.Error
	if errors.As(err, &inauthentic) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("object %s: %w: %w", id, ErrDamaged, err)
	}
	return fmt.Errorf("object %s: %w", id, err)
}
