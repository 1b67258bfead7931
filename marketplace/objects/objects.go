package objects

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors of Objects, wrapped with the object and the cause.
var (
	// ErrNotExist says that there is no such object: never put, deleted, not
	// whole yet, or the id is not one of ours.
	ErrNotExist = errors.New("object does not exist")
	// ErrTooLarge says that the reader given to Put had more bytes than allowed.
	ErrTooLarge = errors.New("object is too large")
	// ErrDamaged says that content or key in the store were altered or cut short.
	ErrDamaged = errors.New("object is damaged")
	// ErrRange says that a range does not lie within the object.
	ErrRange = errors.New("range is not within the object")
)

// Info describes an object. Sizes and hashes are of the clear text.
type Info struct {
	ID     string // 32 lower-case hex digits, random
	SHA256 string // 64 lower-case hex digits; empty from List
	Bytes  int64  // from List not proved, only reckoned from the stored size
	// Stored is when the content came to rest, by the store's clock; zero from Put.
	Stored time.Time
	// Remains marks, from List, what an interrupted Put or Delete left, or a Put
	// under way: it can be deleted but not opened.
	Remains bool
}

// Objects is the port behind which content is kept. It is safe for concurrent
// use. Every error but those of the reader, the context and List's callback is
// one of this package's, seal.ErrWrongKey, or the store's.
type Objects interface {
	// Put reads r to its end and keeps what it gave, at most max bytes (else
	// ErrTooLarge). It needs some hundred KiB of memory whatever the size, before
	// S3 up to 16 MiB, or a ten-thousandth of max if that is more. When it returns
	// without an error the object is durable; with one, nothing is left, or, if
	// the store failed, what the next opening removes. The context is looked at
	// between reads: it does not end one.
	Put(ctx context.Context, r io.Reader, max int64) (Info, error)

	// Open reads length bytes from offset on, or to the end when length is
	// negative. A range beyond the end is ErrRange. Only the packages of 64 KiB
	// that the range touches are fetched and decrypted, beside the last. What
	// Read returns is authentic; it returns ErrDamaged instead of altered bytes,
	// and Open itself does when the object was cut short. Buffers of 256 KiB
	// read fastest. The reader is for one goroutine and must be closed.
	Open(ctx context.Context, id string, offset, length int64) (io.ReadCloser, error)

	// Stat proves size and hash as Open does, without reading the content.
	Stat(ctx context.Context, id string) (Info, error)

	// Delete erases the object: first its key, then its content. Readers that
	// are open may go on. Deleting what is not there is ErrNotExist; what is
	// left of an interrupted Delete is deleted by another one.
	Delete(ctx context.Context, id string) error

	// List calls each for everything kept, remains included, in the order of
	// ids, and stops at its first error. What is put or deleted meanwhile may be
	// there or not. It is for sweeping: nothing is decrypted.
	List(ctx context.Context, each func(Info) error) error
}
