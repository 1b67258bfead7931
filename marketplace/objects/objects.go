package objects

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors of Objects, wrapped with the object and the cause.
var (
	// ErrNotExist reports that there is no such object: it was never put, was deleted,
	// is not complete yet, or the id is malformed.
	ErrNotExist = errors.New("object does not exist")
	// ErrTooLarge reports that the reader given to Put had more bytes than allowed.
	ErrTooLarge = errors.New("object is too large")
	// ErrDamaged reports that content or key were altered or cut short in the store.
	ErrDamaged = errors.New("object is damaged")
	// ErrFull reports that the store has no room left for what was put.
	ErrFull = errors.New("no room is left for the object")
	// ErrRange reports that a range is not within the object.
	ErrRange = errors.New("range is not within the object")
)

// Info describes an object. Sizes and hashes are of the clear text.
type Info struct {
	ID     string // 32 lower-case hex digits, random
	SHA256 string // 64 lower-case hex digits; empty from List
	Bytes  int64  // List does not prove it: it computes it from the stored size
	// Stored is when the content was stored, by the store's clock; zero from Put.
	Stored time.Time
	// Remains marks, in List, a draft, an object that an interrupted Put or Delete
	// left, or a Put that is still running. It can be deleted but not opened.
	Remains bool
}

// Objects is the port for storing content. It is safe for concurrent use. All errors
// are from this package, seal.ErrWrongKey, or the store's, except those of the reader,
// the context and List's callback.
type Objects interface {
	// Put reads r to its end and stores its bytes, at most max (else ErrTooLarge). It
	// uses some hundred KiB of memory whatever the size; with S3 up to 16 MiB, or a
	// ten-thousandth of max if that is more. When it returns without an error, the
	// object is durable. When it fails, nothing is left behind; if the store failed,
	// the next opening removes what is left. The context is checked between reads and
	// does not interrupt one.
	Put(ctx context.Context, r io.Reader, max int64) (Info, error)

	// Open reads length bytes from offset on, or to the end if length is negative. A
	// range beyond the end is ErrRange. Only the packages of 64 KiB that overlap the
	// range, and the last one, are fetched and decrypted. Read returns authentic bytes
	// only, and ErrDamaged instead of altered ones; if the object was cut short, Open
	// returns ErrDamaged. Buffers of 256 KiB read fastest. The reader must be used by
	// one goroutine and closed.
	Open(ctx context.Context, id string, offset, length int64) (io.ReadCloser, error)

	// Stat proves size and hash like Open, without reading the content.
	Stat(ctx context.Context, id string) (Info, error)

	// Delete erases the object: first its key, then its content. Readers that are open
	// may finish or fail. For a missing object it returns ErrNotExist; after an interrupted
	// Delete another one deletes the rest.
	Delete(ctx context.Context, id string) error

	// Begin makes a draft: an object that is put in parts. Until Join it can't be
	// opened, List reports it as remains, and it can be deleted.
	Begin(ctx context.Context) (Draft, error)

	// Append stores the bytes of r, at most max (else ErrTooLarge), as the next part of
	// a draft, durably, and returns the draft that has it. Without bytes it returns the
	// same draft. When it fails, nothing is left behind, and the draft that it was given
	// remains valid; after an interrupted Append it does too. A draft has at most 10,000
	// parts (else ErrTooLarge). One draft must not be used concurrently.
	Append(ctx context.Context, d Draft, r io.Reader, max int64) (Draft, error)

	// Join makes the object of a draft whole: its content is that of the parts in
	// order. The content is not read or written again. Joining a draft again changes
	// nothing; it must not be appended to.
	Join(ctx context.Context, d Draft) (Info, error)

	// List calls each for every object, including remains, in the order of ids, and
	// stops at its first error. Objects that are put or deleted meanwhile may be
	// missing. It is meant for sweeping and decrypts nothing.
	List(ctx context.Context, each func(Info) error) error
}
