package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// uploadsPath is where uploads begin, whole or in pieces.
const uploadsPath = "/v1/uploads"

// stallTimeout is how long a single read or write may take.
const stallTimeout = 60 * time.Second

// longAgo as a deadline ends a read or write that is blocked, whatever the node's clock says.
var longAgo = time.Unix(1, 0)

// order delivers GET and HEAD /v1/orders/{id}/content/{object}.
func (s *Server) order(w http.ResponseWriter, r *http.Request) {
	id := ledger.ID(chi.URLParam(r, "id"))
	if err := id.Validate("id"); err != nil {
		s.fail(w, r, err)
		return
	}
	s.content(w, r, marketplace.Ask{Order: id})
}

// supply serves GET and HEAD /v1/licenses/{id}/resources/{resource}/content/{object}.
func (s *Server) supply(w http.ResponseWriter, r *http.Request) {
	a := marketplace.Ask{License: ledger.ID(chi.URLParam(r, "id")), Resource: ledger.ID(chi.URLParam(r, "resource"))}
	if err := ledger.First(a.License.Validate("id"), a.Resource.Validate("resource")); err != nil {
		s.fail(w, r, err)
		return
	}
	s.content(w, r, a)
}

func (s *Server) content(w http.ResponseWriter, r *http.Request, a marketplace.Ask) {
	b, err := s.bearer(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	a.Party, a.Environment, a.Key, a.Object = b.Party, b.Environment, b.Kid, chi.URLParam(r, "object")
	if len(a.Object) > 64 {
		s.fail(w, r, ledger.Invalid("object", "object_id"))
		return
	}
	w.Header().Set("Accept-Ranges", "bytes")
	tags := r.Header.Values("If-None-Match")
	// A GET that Look refuses goes on to Begin, which refuses it with a denial receipt.
	if r.Method == http.MethodHead || len(tags) > 0 {
		c, err := s.Market.Look(r.Context(), a)
		if err != nil && r.Method == http.MethodHead {
			s.fail(w, r, err)
			return
		}
		if err == nil && matches(tags, etag(c.SHA256)) { // the caller has it: nothing is sent or counted
			w.Header().Set("ETag", etag(c.SHA256))
			w.Header().Set("Cache-Control", contentCaching)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if r.Method == http.MethodHead {
			describe(w.Header(), c)
			w.Header().Set("Content-Length", strconv.FormatInt(c.Bytes, 10))
			return
		}
	}
	ranged, total := false, int64(0)
	a.Range = func(size int64, hash ledger.Digest) (offset, length int64, err error) {
		total = size
		if cond := r.Header.Get("If-Range"); cond != "" && cond != etag(hash) {
			return 0, size, nil // the content is another: the Range header is ignored
		}
		part, ok, err := parseRange(strings.Join(r.Header.Values("Range"), ","))
		if err != nil || !ok {
			return 0, size, err
		}
		ranged = true
		return part.within(size)
	}
	t, err := s.Market.Begin(r.Context(), a)
	if err != nil {
		if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonRange {
			w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(total, 10))
		}
		s.fail(w, r, err)
		return
	}
	s.stream(w, r, t, ranged)
}

// contentCaching is the Cache-Control of content, whether it is sent or only named (304).
const contentCaching = "private, no-store"

func etag(hash ledger.Digest) string { return `"` + string(hash) + `"` }

func describe(h http.Header, c ledger.Content) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.Name}))
	h.Set("ETag", etag(c.SHA256))
	h.Set("Cache-Control", contentCaching)
	h.Set("X-Content-Type-Options", "nosniff")
}

// stream sends a transfer that has its start receipt. When the decision ends, it resets
// the connection, so that a short answer does not look complete. A fault before the first
// byte is answered as a problem.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, t *marketplace.Transfer, ranged bool) {
	rc := http.NewResponseController(w)
	p := &deadlineWriter{w: w, rc: rc, now: s.Now, done: t.Done(), begin: sync.OnceFunc(func() { begin(w, t, ranged) })}
	err := s.send(r, p, t)
	if err == nil {
		p.begin() // of an empty answer
		return
	}
	s.log.InfoContext(r.Context(), "delivery cut", slog.String("start", string(t.Start)), slog.String("error", err.Error()))
	if !p.begun && r.Context().Err() == nil && rc.SetWriteDeadline(s.Now().Add(stallTimeout)) == nil {
		why := ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal)
		if errors.Is(err, marketplace.ErrEnded) { // before the first byte: refused like the next request
			why = ledger.Refuse(ledger.Forbidden, ledger.ReasonDenied)
		}
		s.fail(w, r, why)
		return
	}
	panic(http.ErrAbortHandler)
}

// begin sends the header of an answer.
func begin(w http.ResponseWriter, t *marketplace.Transfer, ranged bool) {
	h := w.Header()
	describe(h, t.Content)
	h.Set("Content-Length", strconv.FormatInt(t.Length, 10))
	h.Set("Cadastre-Receipt", string(t.Start))
	h.Set("X-Accel-Buffering", "no") // nginx: what it buffered would arrive after a cut
	code := http.StatusOK
	if ranged {
		code = http.StatusPartialContent
		h.Set("Content-Range", "bytes "+strconv.FormatInt(t.Offset, 10)+"-"+strconv.FormatInt(t.Offset+t.Length-1, 10)+"/"+
			strconv.FormatInt(t.Content.Bytes, 10))
	}
	w.WriteHeader(code)
}

// send writes the transfer. When it returns, everything written is flushed and the
// connection has no write deadline.
func (s *Server) send(r *http.Request, p *deadlineWriter, t *marketplace.Transfer) error {
	released := make(chan struct{})
	stop := context.AfterFunc(doneContext{r.Context(), t.Done()}, func() {
		defer close(released)
		if t.IsCut() {
			setReset(r, true)
		}
		_ = p.rc.SetWriteDeadline(longAgo)
	})
	err := t.Send(p)
	if !stop() {
		<-released // Done is also closed when the transfer ends
	}
	if err != nil {
		return err
	}
	if t.IsCut() { // it was complete before it could be cut
		setReset(r, false)
	}
	return p.rc.SetWriteDeadline(time.Time{})
}

// doneContext ends when the transfer ends, so that a write that blocks in the kernel
// returns at once.
type doneContext struct {
	context.Context //nolint:containedctx // only its values are used
	done            <-chan struct{}
}

func (c doneContext) Done() <-chan struct{} { return c.done }

// Err returns context.Canceled once Done is closed.
func (c doneContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// deadlineWriter gives each write a separate deadline, sends the header of the answer
// with the first write, and stops when done is closed. It flushes each write, because the
// end receipt must not count bytes that are still in a buffer.
type deadlineWriter struct {
	w     io.Writer
	rc    *http.ResponseController
	now   func() time.Time
	done  <-chan struct{}
	begin func()
	begun bool
}

func (p *deadlineWriter) Write(b []byte) (int, error) {
	if err := p.rc.SetWriteDeadline(p.now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	select {
	case <-p.done:
		return 0, marketplace.ErrEnded
	default:
	}
	p.begun = true
	p.begin()
	n, err := p.w.Write(b)
	if err != nil {
		return n, err
	}
	return n, p.rc.Flush()
}

// upload serves POST /v1/uploads: a stream of any length up to the node's limit.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	b, err := s.spend(r)
	if err == nil {
		err = ofParty(b)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	rc := http.NewResponseController(w)
	body := &deadlineReader{r: r.Body, rc: rc, now: s.Now}
	in, err := s.Market.Ingest(r.Context(), b.Party, body, r.ContentLength)
	_ = rc.SetWriteDeadline(s.Now().Add(stallTimeout)) // the time limit of the answer starts here
	if err != nil {
		if body.err != nil && !errors.Is(body.err, io.EOF) {
			panic(http.ErrAbortHandler) // the sender is gone
		}
		s.fail(w, r, err)
		return
	}
	s.json(w, r, http.StatusCreated, wire.Ingested(in))
}

// deadlineReader gives each read of an upload a separate deadline, and removes it at the
// end: a later read of the connection only detects that the sender has gone.
type deadlineReader struct {
	r   io.Reader
	rc  *http.ResponseController
	now func() time.Time
	err error
}

func (s *deadlineReader) Read(b []byte) (int, error) {
	if err := s.rc.SetReadDeadline(s.now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	n, err := s.r.Read(b)
	if s.err = err; errors.Is(err, io.EOF) {
		_ = s.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}
