package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// tusPath is where uploads in pieces begin, by the protocol tus 1.0.
const tusPath = uploadsPath + "/tus"

// tusRoutes registers the routes of tus: creation, offset, pieces and termination, and
// GET for what became of an upload.
func (s *Server) tusRoutes(r chi.Router) error {
	stores := handler.NewStoreComposer()
	stores.UseCore(tusStore{s.Market})
	stores.UseTerminater(tusStore{s.Market})
	memorylocker.New().UseIn(stores)
	config := handler.Config{
		StoreComposer: stores, BasePath: tusPath, DisableDownload: true, Cors: &handler.CorsConfig{Disable: true}, NetworkTimeout: stallTimeout,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), // the node logs requests itself
	}
	if s.Market != nil { // it is nil where only the document is made
		config.MaxSize = s.Market.MaxUpload
	}
	h, err := handler.NewUnroutedHandler(config)
	if err != nil {
		return err
	}
	spent := func(r *http.Request) (auth.Bearer, error) { return s.spend(r) }
	open := func(*http.Request) (auth.Bearer, error) { return auth.Bearer{}, nil }
	r.Options(tusPath, s.tus(h, open, nil))
	r.Options(tusPath+"/{object}", s.tus(h, open, nil))
	r.Post(tusPath, s.tus(h, spent, h.PostFile))
	r.Head(tusPath+"/{object}", s.tus(h, s.bearer, h.HeadFile))
	r.Patch(tusPath+"/{object}", s.tus(h, spent, h.PatchFile))
	r.Delete(tusPath+"/{object}", s.tus(h, spent, h.DelFile))
	r.Get(tusPath+"/{object}", s.pendingUpload)
	return nil
}

// tus serves a request of the protocol with next. Errors are answered as problems, with
// the status that the protocol says.
func (s *Server) tus(h *handler.UnroutedHandler, token func(*http.Request) (auth.Bearer, error), next http.HandlerFunc) http.HandlerFunc {
	served := h.Middleware(next)
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := token(r)
		if err == nil {
			err = ofParty(b)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		call := &tusCall{party: b.Party}
		in := r.WithContext(context.WithValue(r.Context(), tusCallKey{}, call))
		in.Header.Del("X-HTTP-Method-Override")
		at := *r.URL
		at.Path = chi.URLParam(r, "object")
		in.URL = &at
		in.Body = &tusBody{deadlineReader{r: r.Body, rc: http.NewResponseController(w), now: s.Now}, r.Body}
		out := &tusWriter{ResponseWriter: w, call: call}
		served.ServeHTTP(out, in)
		if out.status >= http.StatusBadRequest {
			s.fail(w, r, errors.Join(out.problem(s.Market.MaxUpload), s.dropBegun(r.Context(), call)))
		}
	}
}

// dropBegun cancels an upload that began with a request that failed: its sender does not
// learn its address.
func (s *Server) dropBegun(ctx context.Context, call *tusCall) error {
	if call.begun == "" {
		return nil
	}
	return s.Market.CancelUpload(context.WithoutCancel(ctx), call.party, call.begun)
}

// pendingUpload answers GET /v1/uploads/tus/{object}: how far the upload is, and its receipt
// when it is whole.
func (s *Server) pendingUpload(w http.ResponseWriter, r *http.Request) {
	b, err := s.bearer(r)
	if err == nil {
		err = ofParty(b)
	}
	var p marketplace.Pending
	if err == nil {
		p, err = s.Market.PendingUpload(r.Context(), b.Party, chi.URLParam(r, "object"))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.json(w, r, http.StatusOK, pendingOf(p))
}

func pendingOf(p marketplace.Pending) wire.Pending {
	return wire.Pending{ID: p.ID, Bytes: p.Bytes, Arrived: p.Arrived, Expires: p.Expires, Done: (*wire.Ingested)(p.Done)}
}

// tusBody is the body of a request, with a separate deadline for each read.
type tusBody struct {
	deadlineReader
	io.Closer
}

// tusCall is what the store learns of a request, and what it says to its answer.
type tusCall struct {
	party   ledger.ID
	begun   string // the upload that it began
	expires ledger.Millis
	err     error // why the store refused
}

type tusCallKey struct{}

func tusCallOf(ctx context.Context) *tusCall {
	if c, ok := ctx.Value(tusCallKey{}).(*tusCall); ok {
		return c
	}
	return &tusCall{}
}

// refuse records why the store refused. The error that it returns only stops the
// handler: tusWriter answers with the reason.
func (c *tusCall) refuse(err error) error {
	if err == nil {
		return nil
	}
	c.err = err
	return handler.NewError("ERR_REFUSED", "", http.StatusInternalServerError)
}

// tusStore is tusd's view of uploads in pieces.
type tusStore struct{ m *marketplace.Market }

var _ handler.TerminaterDataStore = tusStore{}

// NewUpload begins an upload. Names and types that a client sends are not stored:
// content.add has the name.
func (t tusStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	c := tusCallOf(ctx)
	p, err := t.m.BeginUpload(ctx, c.party, info.Size)
	if err != nil {
		return nil, c.refuse(err)
	}
	c.begun = p.ID
	return t.upload(ctx, p.ID), nil
}

// GetUpload finds an upload of the request's party.
func (t tusStore) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	return t.upload(ctx, id), nil
}

// AsTerminatableUpload returns the same upload.
func (tusStore) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	t, ok := u.(tusUpload)
	if !ok {
		return nil
	}
	return t
}

func (t tusStore) upload(ctx context.Context, id string) tusUpload {
	return tusUpload{t.m, tusCallOf(ctx), id}
}

// tusUpload is one upload.
type tusUpload struct {
	m    *marketplace.Market
	call *tusCall
	id   string
}

// GetInfo says how far the upload is.
func (u tusUpload) GetInfo(ctx context.Context) (handler.FileInfo, error) {
	p, err := u.m.PendingUpload(ctx, u.call.party, u.id)
	if err != nil {
		return handler.FileInfo{}, u.call.refuse(err)
	}
	u.call.expires = p.Expires
	return handler.FileInfo{ID: p.ID, Size: p.Bytes, Offset: p.Arrived}, nil
}

// WriteChunk stores what a request brings.
func (u tusUpload) WriteChunk(ctx context.Context, offset int64, r io.Reader) (int64, error) {
	n, err := u.m.ContinueUpload(ctx, u.call.party, u.id, offset, r)
	return n, u.call.refuse(err)
}

// FinishUpload makes the upload whole.
func (u tusUpload) FinishUpload(ctx context.Context) error {
	p, err := u.m.PendingUpload(ctx, u.call.party, u.id)
	if err == nil {
		u.call.expires = p.Expires
	}
	return u.call.refuse(err)
}

// GetReader is not offered: content is delivered, not read back.
func (tusUpload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotImplemented
}

// Terminate deletes the upload.
func (u tusUpload) Terminate(ctx context.Context) error {
	return u.call.refuse(u.m.CancelUpload(ctx, u.call.party, u.id))
}

// tusWriter passes answers on, with the headers of the protocol that tusd does not know,
// and holds errors back.
type tusWriter struct {
	http.ResponseWriter
	call   *tusCall
	status int
	text   []byte // of an error
}

// Unwrap serves http.ResponseController.
func (w *tusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader completes the header of an answer.
func (w *tusWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if status >= http.StatusBadRequest {
		h.Del("Content-Length")
		return
	}
	if e := h.Get("Tus-Extension"); e != "" {
		h.Set("Tus-Extension", e+",expiration")
	}
	if to, ok := strings.CutPrefix(h.Get("Location"), "http"); ok { // a proxy may have another address
		_, path, _ := strings.Cut(to, tusPath)
		h.Set("Location", tusPath+path)
	}
	if w.call.expires > 0 {
		h.Set("Upload-Expires", time.UnixMilli(int64(w.call.expires)).UTC().Format(http.TimeFormat))
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write holds back the text of an error.
func (w *tusWriter) Write(b []byte) (int, error) {
	if w.status < http.StatusBadRequest {
		return w.ResponseWriter.Write(b)
	}
	if len(w.text) < 200 {
		w.text = append(w.text, b...)
	}
	return len(b), nil
}

// problem returns the error that the request is answered with. limit is that of an upload.
func (w *tusWriter) problem(limit int64) error {
	if w.call.err != nil {
		return w.call.err
	}
	name, _, _ := strings.Cut(string(w.text), ":")
	field := map[string]string{
		handler.ErrUnsupportedVersion.ErrorCode: "tus-resumable", handler.ErrInvalidContentType.ErrorCode: "content-type",
		handler.ErrInvalidUploadLength.ErrorCode: "upload-length", handler.ErrInvalidOffset.ErrorCode: "upload-offset",
		handler.ErrMismatchOffset.ErrorCode: "upload-offset", handler.ErrNotImplemented.ErrorCode: "upload-defer-length",
	}[name]
	switch w.status {
	case http.StatusRequestEntityTooLarge:
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body").By("upload_bytes").With("limit", strconv.FormatInt(limit, 10))
	case http.StatusConflict:
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At(field)
	case http.StatusLocked:
		return problem(w.status, ledger.Refuse(ledger.Conflict, ledger.ReasonBusy))
	case http.StatusInternalServerError: // the sender is gone or silent
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	}
	if name == handler.ErrUploadInterrupted.ErrorCode || name == handler.ErrUnexpectedEOF.ErrorCode {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	}
	e := ledger.AsError(ledger.Invalid(field, "tus"))
	return problem(w.status, e)
}
