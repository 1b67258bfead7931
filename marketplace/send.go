package marketplace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

const (
	// aheadBytes is how much of a content is read while its start receipt is stored.
	aheadBytes = 1 << 20
	// maxAhead is how many transfers read ahead at the same time: at most 64 MiB are in
	// memory for them. The others only open their content ahead.
	maxAhead = 64
)

// buffers and aheadBuffers are shared by all transfers; 256 KiB are decrypted fastest at
// a time.
var (
	buffers      = sync.Pool{New: func() any { return new([256 << 10]byte) }}
	aheadBuffers = sync.Pool{New: func() any { return new([aheadBytes]byte) }}
)

// source is the content of a transfer. It is opened, and its first bytes are read, while
// the start receipt is stored, because storing it waits for the disk.
type source struct {
	t     *Transfer
	ready chan struct{} // closed when r, err and first are set
	r     io.ReadCloser
	err   error
	first []byte // was read ahead and is not sent yet

	ahead  *[aheadBytes]byte // backs first; nil if nothing is read ahead
	buffer *[256 << 10]byte
}

// openAhead begins to open the content. The caller must close the source.
func (t *Transfer) openAhead() *source {
	s := &source{t: t, ready: make(chan struct{})}
	select {
	case t.m.ahead <- struct{}{}:
		s.ahead, _ = aheadBuffers.Get().(*[aheadBytes]byte)
	default:
	}
	go s.open()
	return s
}

func (s *source) open() {
	defer close(s.ready)
	t := s.t
	if s.r, s.err = t.m.Objects.Open(t.ctx, t.Content.Object, t.Offset, t.Length); s.err != nil || s.ahead == nil {
		return
	}
	n, err := io.ReadFull(s.r, s.ahead[:min(aheadBytes, t.Length)])
	s.first, s.err = s.ahead[:n], err
}

// next returns the next bytes, at most 256 KiB and max, which are valid until the next
// call.
func (s *source) next(limit int64) ([]byte, error) {
	if n := min(int64(len(s.first)), int64(len(s.buffer)), limit); n > 0 {
		piece := s.first[:n]
		s.first = s.first[n:]
		return piece, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	s.releaseAhead()
	if s.buffer == nil {
		s.buffer, _ = buffers.Get().(*[256 << 10]byte)
	}
	k, err := io.ReadFull(s.r, s.buffer[:min(int64(len(s.buffer)), limit)])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return s.buffer[:k], nil
}

func (s *source) releaseAhead() {
	if s.ahead != nil {
		aheadBuffers.Put(s.ahead)
		s.ahead, s.first = nil, nil
		<-s.t.m.ahead
	}
}

// close waits until the content is open and closes it.
func (s *source) close() error {
	<-s.ready
	s.releaseAhead()
	if s.buffer != nil {
		buffers.Put(s.buffer)
		s.buffer = nil
	}
	if s.r == nil {
		return nil
	}
	return s.r.Close()
}

// Send streams the content to w and stores the end receipt. If the decision ended
// meanwhile, it returns ErrEnded, and the caller must reset the connection.
func (t *Transfer) Send(w io.Writer) error {
	<-t.source.ready
	written, err := t.copy(w)
	err = errors.Join(err, t.source.close())
	switch {
	case written == t.Length:
		return t.end(written, ledger.Complete)
	case errors.Is(context.Cause(t.ctx), ErrEnded):
		return errors.Join(ErrEnded, t.end(written, ledger.Aborted))
	case t.source.r == nil:
		return errors.Join(fmt.Errorf("open content: %w", err), t.end(0, ledger.Aborted))
	default:
		return errors.Join(err, t.end(written, ledger.Partial))
	}
}

// copy returns how many bytes the writer accepted, not how many were read.
func (t *Transfer) copy(w io.Writer) (written int64, err error) {
	if t.source.r == nil {
		return 0, t.source.err
	}
	progress := progressWriter{t: t}
	defer func() { err = errors.Join(err, progress.wait()) }()
	for written < t.Length {
		piece, err := t.source.next(t.Length - written)
		if err != nil {
			return written, fmt.Errorf("read content: %w", err)
		}
		if t.ctx.Err() != nil {
			return written, context.Cause(t.ctx)
		}
		k, err := w.Write(piece)
		written += int64(k)
		t.m.counts.sent.Add(int64(k))
		if err != nil {
			return written, fmt.Errorf("write content: %w", err)
		}
		t.m.Receipts.Touch(t.handle)
		if err := progress.save(written); err != nil {
			return written, err
		}
	}
	return written, nil
}
