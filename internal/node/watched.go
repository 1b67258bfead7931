package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// tally counts what a node does, from its start.
type tally struct {
	mu       sync.Mutex
	recorded map[ledger.Function]int64
	denied   map[ledger.Reason]int64
	allowed  int64

	ledgerErrors, objectErrors atomic.Int64
}

func newTally() *tally {
	return &tally{recorded: map[ledger.Function]int64{}, denied: map[ledger.Reason]int64{}}
}

// decided counts a decision.
func (t *tally) decided(d marketplace.Decision) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.Allow {
		t.allowed++
	} else {
		t.denied[d.Reason]++
	}
}

// isFault reports whether an error is a fault of a store: not a refusal, not what its
// caller did, and not that the caller has gone.
func isFault(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	e := ledger.AsError(err)
	return e == nil || e.Code == ledger.Unavailable
}

// watchedLedger is a ledger that logs and counts what it records, and counts its faults.
// Bundles of evidence are made with the ledger itself: they need methods that this hides.
type watchedLedger struct {
	ledger.Ledger
	tally *tally
	log   *slog.Logger
}

// watched returns the node's ledger for calls.
func (n *Node) watched() ledger.Ledger { return watchedLedger{n.ledger, n.tally, n.opts.Log} }

// Submit records a call.
func (w watchedLedger) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	out, err := w.Ledger.Submit(ctx, jws)
	if w.fault(err); err != nil || out.Repeated {
		return out, err
	}
	c, err := ledger.ParseCall(jws)
	if err != nil {
		return out, nil //nolint:nilerr // it is recorded, so it can be parsed
	}
	w.tally.mu.Lock()
	w.tally.recorded[c.Call.Function]++
	w.tally.mu.Unlock()
	w.log.InfoContext(ctx, "call recorded", slog.String("function", string(c.Call.Function)), slog.String("party", string(c.Call.Party)),
		slog.String("call", string(c.Call.ID)), slog.Uint64("block", out.Position.Block))
	return out, nil
}

// Value reads a record.
func (w watchedLedger) Value(ctx context.Context, key string) ([]byte, error) {
	b, err := w.Ledger.Value(ctx, key)
	w.fault(err)
	return b, err
}

// Recorded reads a recorded call.
func (w watchedLedger) Recorded(ctx context.Context, party, call ledger.ID) (ledger.Recorded, error) {
	r, err := w.Ledger.Recorded(ctx, party, call)
	w.fault(err)
	return r, err
}

// Head reads the last block.
func (w watchedLedger) Head(ctx context.Context) (ledger.Revision, error) {
	r, err := w.Ledger.Head(ctx)
	w.fault(err)
	return r, err
}

func (w watchedLedger) fault(err error) {
	if isFault(err) {
		w.tally.ledgerErrors.Add(1)
	}
}

// watchedObjects is a store of content that counts its faults.
type watchedObjects struct {
	objects.Objects
	faults *atomic.Int64
}

// count counts an error unless the store refused rightly.
func (w watchedObjects) count(err error) {
	if !isFault(err) {
		return
	}
	for _, right := range []error{objects.ErrNotExist, objects.ErrTooLarge, objects.ErrRange} {
		if errors.Is(err, right) {
			return
		}
	}
	w.faults.Add(1)
}

// Put stores an object.
func (w watchedObjects) Put(ctx context.Context, r io.Reader, max int64) (objects.Info, error) {
	in := &source{r: r}
	info, err := w.Objects.Put(ctx, in, max)
	if in.err == nil {
		w.count(err)
	}
	return info, err
}

// Append stores a part of an object.
func (w watchedObjects) Append(ctx context.Context, d objects.Draft, r io.Reader, max int64) (objects.Draft, error) {
	in := &source{r: r}
	next, err := w.Objects.Append(ctx, d, in, max)
	if in.err == nil {
		w.count(err)
	}
	return next, err
}

// Open opens an object.
func (w watchedObjects) Open(ctx context.Context, id string, offset, length int64) (io.ReadCloser, error) {
	r, err := w.Objects.Open(ctx, id, offset, length)
	if w.count(err); err != nil {
		return nil, err
	}
	return content{r, w}, nil
}

// Stat describes an object.
func (w watchedObjects) Stat(ctx context.Context, id string) (objects.Info, error) {
	info, err := w.Objects.Stat(ctx, id)
	w.count(err)
	return info, err
}

// Delete erases an object.
func (w watchedObjects) Delete(ctx context.Context, id string) error {
	err := w.Objects.Delete(ctx, id)
	w.count(err)
	return err
}

// Begin makes a draft.
func (w watchedObjects) Begin(ctx context.Context) (objects.Draft, error) {
	d, err := w.Objects.Begin(ctx)
	w.count(err)
	return d, err
}

// Join makes the object of a draft whole.
func (w watchedObjects) Join(ctx context.Context, d objects.Draft) (objects.Info, error) {
	info, err := w.Objects.Join(ctx, d)
	w.count(err)
	return info, err
}

// source notes whether the reader of an upload failed: that is not the store's fault.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// content is an opened object whose faults are counted.
type content struct {
	io.ReadCloser
	w watchedObjects
}

func (c content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.w.count(err)
	}
	return n, err
}
