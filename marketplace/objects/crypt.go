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

// The form of the stored content: see the package comment and DARE 2.0.
const (
	clearBytes   = 64 << 10 // of a package
	headBytes    = 16       // version, cipher, length, nonce
	packageBytes = headBytes + clearBytes + 16
	keyBytes     = 32
	tailBytes    = sha256.Size
	batch        = 4 * packageBytes // what is read or written at once
)

// errIntake ends the encryption when the intake has failed. It stands for the
// cause, which the intake keeps: sio would take io.ErrUnexpectedEOF, the error
// of a cut upload, for the end of the content.
var errIntake = errors.New("content is not whole")

func dare(key []byte, first uint32) sio.Config {
	return sio.Config{
		MinVersion: sio.Version20, MaxVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM},
		Key: key, SequenceNumber: first, Nonce: new([12]byte),
	}
}

// intake reads clear text, counts and hashes it, and gives its hash at its end.
type intake struct {
	ctx   context.Context // of the one Put this serves
	from  io.Reader
	max   int64
	bytes int64
	hash  hash.Hash
	tail  []byte // what is left of the hash, once from has ended
	ended bool
	err   error // why it failed; sticky
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
	case err == io.EOF: // alone: a wrapped one is a failure
		in.ended, in.tail = true, in.hash.Sum(nil)
	case err != nil:
		in.err = err
	}
	if in.err != nil {
		return n, errIntake
	}
	return n, nil
}

// sum is the hash of the clear text, in hex, after its end.
func (in *intake) sum() string { return hex.EncodeToString(in.hash.Sum(nil)) }

// encrypt gives the stored form of the clear text that in reads.
func encrypt(key []byte, in *intake) (io.Reader, error) {
	r, err := sio.EncryptReader(in, dare(key, 0))
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return r, nil
}

// storedSize is how many bytes clear text of clear bytes takes when stored;
// negative where that is more than any store keeps.
func storedSize(clear int64) int64 {
	if clear < 0 || clear > maxBlob {
		return -1
	}
	packages := (clear + tailBytes + clearBytes - 1) / clearBytes
	return clear + tailBytes + packages*(packageBytes-clearBytes)
}

// clearSize is how many bytes of clear text are stored in raw bytes.
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

// decrypt gives the clear text of b from offset on, fetching at most the
// packages up to the one that holds end.
func decrypt(b blob, key []byte, offset, end int64) (io.ReadCloser, error) {
	first := offset / clearBytes
	start := first * packageBytes
	stop := min(b.stat().size, (end+clearBytes-1)/clearBytes*packageBytes)
	raw, err := b.section(start, stop-start)
	if err != nil {
		return nil, err
	}
	packages := bufio.NewReaderSize(raw, headBytes) // only to look at the head: packages are read past it
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

// checkNonce refuses a first package that is not of a stream with nonce zero:
// it could be another package of the object, moved. The first bit says that
// the package is the last.
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

// readTail proves that b ends after size bytes of clear text and a hash, and
// returns the hash in hex.
func readTail(b blob, key []byte, size int64) (string, error) {
	r, err := decrypt(b, key, size, size+tailBytes)
	if err != nil {
		return "", err
	}
	tail := make([]byte, tailBytes)
	if _, err = io.ReadFull(r, tail); err == nil {
		// Reading on makes sio say whether the last package is marked as such.
		if _, err = r.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(tail), nil
}

// reader is what Open returns: left bytes of clear text.
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

// damage names the object in err, and says ErrDamaged when the bytes of the
// store are wrong or missing, rather than the store.
func damage(id string, err error) error {
	var inauthentic sio.Error
	if errors.As(err, &inauthentic) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("object %s: %w: %w", id, ErrDamaged, err)
	}
	return fmt.Errorf("object %s: %w", id, err)
}
