package web

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

func (s *Server) traceRoutes() {
	if s.Tracer == nil {
		return
	}
	get(s, anyRecord, "/v1/trace", "trace", says("溯源", "Trace back to the right, or forward to every use"),
		says("从文件、回执、订单、编码等追溯到其所依据的权利，或向后追溯到每次使用。不带令牌时只给出公开部分。", "Goes from a file, receipt, order, code … back to the right it is based on, or forward to every use. Without a token only public steps are shown."), s.trace)
	add(s, huma.Operation{
		Extensions:  map[string]any{readsWord: anyRecord},
		OperationID: "evidence", Method: http.MethodGet, Path: "/v1/evidence", Summary: about(says("证据包", "The evidence bundle about a record")),
		Description: about(says("与所指记录有关的全部签名请求、回执与证明，可以 cadastre verify 离线核验；格式见 docs/evidence.md。",
			"All signed calls, receipts and proofs about the named record; cadastre verify checks the bundle offline. docs/evidence.md describes its format.")),
	}, s.evidence)
	add(s, huma.Operation{
		OperationID: "cosign", Method: http.MethodPost, Path: "/v1/cosignatures", MaxBodyBytes: s.MaxBody,
		Summary: about(says("检查点联署", "Store an auditor's cosignature of a checkpoint")),
		Description: about(says("保存审计人员重放账本后对检查点的联署，供其后的证据包使用。限可查看全部日志条目的单位；其效力由各核验者的信任文件决定。见 docs/evidence.md。",
			"Stores the cosignature of an auditor who replayed the ledger up to a checkpoint; later bundles include it. For parties that may read all entries of the log. Whether the cosignature is accepted depends on the trust file of each verifier. See docs/evidence.md.")),
	}, s.cosign)
	// huma does not know that a bundle is streamed.
	ok := s.api.OpenAPI().Paths["/v1/evidence"].Get.Responses["200"]
	ok.Description = about(says("证据包", "The bundle"))
	ok.Headers["Cadastre-Older-Deliveries"].Description = about(says("true：另有更早的交付未列入，可增大 deliveries",
		"true: there are older deliveries than those in the bundle; a larger deliveries includes more"))
	ok.Content = map[string]*huma.MediaType{"application/json": {
		Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[evidence.Bundle](), true, ""),
	}}
}

type traceInput struct {
	MaybeAuth
	trace.Question
	Forward bool `query:"forward" zh:"向后追溯到每次使用，而非向前追溯权利" en:"forward to every use, instead of back to the rights"`
}

func (s *Server) asker(ctx context.Context, header string) (*ledger.Party, error) {
	if header == "" {
		return nil, nil //nolint:nilnil // an anonymous reader
	}
	p, err := s.reader(ctx, header)
	return &p, err
}

func (s *Server) trace(ctx context.Context, in *traceInput) (*answer[[]trace.Trace], error) {
	p, err := s.asker(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	starts, err := s.Tracer.Start(ctx, in.Question)
	if err != nil {
		return nil, err
	}
	traces := []trace.Trace{}
	for _, from := range starts {
		t, err := s.Tracer.Trace(ctx, p, from, in.Forward)
		if err != nil {
			return nil, err
		}
		traces = append(traces, t)
	}
	return say(traces, nil)
}

type cosignInput struct {
	AuthHeader
	Body cosignature
}

type cosignature struct {
	Key        string `json:"key" maxLength:"400" form:"bytes=1..400" zh:"联署公钥（C2SP signed note，类型 4）" en:"verifier key of the cosigner (C2SP signed note, type 4)"`
	Checkpoint string `json:"checkpoint" maxLength:"8000" form:"bytes=1..8000" zh:"账本日志的检查点，含日志签名与该公钥的联署（C2SP tlog-cosignature）" en:"a checkpoint of the ledger log with the log's signature and this key's cosignature (C2SP tlog-cosignature)"`
}

type cosigned struct {
	Size int64 `json:"size" zh:"检查点的条数" en:"number of entries under the checkpoint"`
}

// cosign stores the cosignature of a party that may read all entries. The trust file of
// each verifier decides whether it is accepted.
func (s *Server) cosign(ctx context.Context, in *cosignInput) (*answer[cosigned], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	if err := s.Sight.Look(ctx, &p, s.entriesOf("ledger"), "checkpoint"); errors.Is(err, ledger.NotFound) {
		return nil, ledger.Refuse(ledger.Forbidden, ledger.ReasonRole)
	} else if err != nil {
		return nil, err
	}
	if s.Cosign == nil {
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonNoLog).At("checkpoint")
	}
	size, err := s.Cosign(ctx, in.Body.Key, in.Body.Checkpoint)
	return say(cosigned{size}, err)
}

// bundle is an answer that is sent unchanged, because its bytes are verified.
type bundle struct {
	ContentType string `header:"Content-Type"`
	Older       bool   `header:"Cadastre-Older-Deliveries"`
	Body        func(huma.Context)
}

type evidenceInput struct {
	MaybeAuth
	trace.Question
	Deliveries int `query:"deliveries" form:"range=1..2000" zh:"至多列入多少次交付，取最新者，默认 200" en:"Largest number of deliveries, the newest first; 200 by default"`
}

// defaultDeliveries is the number of deliveries in a bundle by default.
const defaultDeliveries = 200

// evidence answers with the bundle about the first record that the question names. One
// bundle of a party is made at a time, until it is sent.
func (s *Server) evidence(ctx context.Context, in *evidenceInput) (*bundle, error) {
	p, err := s.asker(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	starts, err := s.Tracer.Start(ctx, in.Question)
	if err != nil {
		return nil, err
	}
	var asker ledger.ID
	if p != nil {
		asker = p.ID
	}
	release, err := s.bundles.acquire(ctx, asker)
	if err != nil {
		return nil, err
	}
	b, older, err := s.Tracer.Evidence(ctx, p, starts[0], cmp.Or(in.Deliveries, defaultDeliveries))
	if err != nil {
		release()
		return nil, err
	}
	return &bundle{ContentType: "application/json", Older: older, Body: func(ctx huma.Context) {
		defer release()
		r, w := humachi.Unwrap(ctx)
		s.sendAll(w, r, b)
	}}, nil
}

// sendAll streams an answer. If the reader stalls or has gone, it aborts the connection, so
// that a part of the answer can't be taken for all of it.
func (s *Server) sendAll(w http.ResponseWriter, r *http.Request, from io.WriterTo) {
	out := bufio.NewWriterSize(&deadlineWriter{w: w, rc: http.NewResponseController(w), now: s.Now, done: r.Context().Done(), begin: func() {}}, 64<<10)
	_, err := from.WriteTo(out)
	if err = cmp.Or(err, out.Flush()); err != nil {
		s.log.DebugContext(r.Context(), "answer not sent", slog.String("error", err.Error()))
		panic(http.ErrAbortHandler)
	}
}
