package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// answer wraps a body for huma.
type answer[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

func say[T any](v T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{CacheControl: "no-cache", Body: v}, nil
}

// AuthHeader is the header that private reads need.
type AuthHeader struct {
	Authorization string `header:"Authorization" doc:"Bearer token: cadastre token makes one"`
}

// ByID names a record.
type ByID struct {
	ID ledger.ID `path:"id" doc:"the record's UUID" maxLength:"36"`
}

// Paging bounds a listing.
type Paging struct {
	Cursor string `query:"cursor" doc:"next of the page before" maxLength:"400"`
	Limit  int    `query:"limit" doc:"1 to 500, 50 unless told" minimum:"1" maximum:"500"`
}

// pageOf is one page of a listing.
type pageOf[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; absent on the last"`
}

// page makes a page; none found is an empty list, never null.
func page[T any](items []T, next string) pageOf[T] {
	if items == nil {
		items = []T{}
	}
	return pageOf[T]{Items: items, Next: next}
}

// get registers a read; its errors become problems.
func get[I, O any](s *Server, path, id, summary string, h func(context.Context, *I) (*answer[O], error)) {
	huma.Register(s.api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
		MaxBodyBytes: s.MaxBody,
	}, func(ctx context.Context, in *I) (*answer[O], error) {
		out, err := h(ctx, in)
		return out, s.problemOf(err)
	})
	s.closeQuery(path, reflect.TypeFor[I]())
}

func (s *Server) routes() {
	huma.Register(s.api, huma.Operation{
		OperationID: "submit-call", Method: http.MethodPost, Path: "/v1/calls",
		Summary: "Record a signed call 提交签名请求", MaxBodyBytes: s.MaxBody,
		Description: "Whatever changes the register is a signed call. The call is a compact JWS of type cadastre-call+jws, signed with ES256 by the party's own key. " +
			"It is answered when it is durable and the node's read model shows it. The same call sent again returns its first result.",
	}, func(ctx context.Context, in *callInput) (*answer[ledger.Outcome], error) {
		out, err := s.call(ctx, in)
		if a, known := actOf(in.Body.Call); err != nil && known {
			return out, s.problemOn(a, err)
		}
		return out, s.problemOf(err)
	})
	get(s, "/v1/about", "about", "This node and its ledger 节点与账本", func(context.Context, *struct{}) (*answer[About], error) {
		return say(s.About, nil)
	})
	get(s, "/v1/calls/{party}/{call}", "call", "A recorded call with its proof 已记录的请求", s.recorded)
	s.registryRoutes()
	s.licenseRoutes()
	s.marketRoutes()
	s.traceRoutes()
	s.actRoutes()
	s.describe()
}

type callInput struct{ Body callBody }

type callBody struct {
	Call string `json:"call" doc:"compact JWS" maxLength:"60000"`
}

func (s *Server) call(ctx context.Context, in *callInput) (*answer[ledger.Outcome], error) {
	if err := s.consider(ctx, in.Body.Call); err != nil {
		return nil, err
	}
	out, err := s.Ledger.Submit(ctx, in.Body.Call)
	if e := ledger.AsError(err); e != nil && e.Code == ledger.Unavailable && e.Reason == ledger.ReasonBusy {
		s.log.WarnContext(ctx, "ledger does not answer", slog.String("error", err.Error()))
		away := ledger.Refuse(ledger.Unavailable, ledger.ReasonLedgerAway)
		away.Params = e.Params
		return nil, away
	}
	if err != nil {
		return nil, err
	}
	return say(out, s.Wait(ctx, out.Position.Block))
}

// actOf is the act that a call asks for, whatever else is wrong with it.
func actOf(jws string) (ledger.Act, bool) {
	var c struct {
		Function ledger.Function `json:"function"`
	}
	j, err := ledger.ParseJWS(jws, ledger.TypeCall, ledger.MaxCall)
	if err != nil || json.Unmarshal(j.Payload, &c) != nil {
		return ledger.Act{}, false
	}
	return ledger.ActOf(c.Function)
}

// consider has the market decide on an order before it is recorded (protocol §8).
// What is no good call the ledger refuses, and one that it has recorded before
// keeps its first result, whatever has ended since.
func (s *Server) consider(ctx context.Context, jws string) error {
	c, err := ledger.ParseCall(jws)
	if err != nil {
		return nil //nolint:nilerr // the ledger has the word for it
	}
	err = s.decide(ctx, c.Call.Function, c.Call.Args)
	if ledger.AsError(err) != nil && s.before(ctx, c.Call) {
		err = nil
	}
	return err
}

// decide returns the market's decision on a call that needs one: an order.
func (s *Server) decide(ctx context.Context, fn ledger.Function, args json.RawMessage) error {
	var a ledger.OrderPlaceArgs
	if fn != ledger.FnOrderPlace || ledger.DecodeStrict(args, &a) != nil || a.Validate() != nil {
		return nil //nolint:nilerr // the contract has the word for it
	}
	return s.Market.Consider(ctx, a)
}

// before reports whether a call is recorded already.
func (s *Server) before(ctx context.Context, c ledger.Call) bool {
	_, err := s.Ledger.Value(ctx, ledger.CallKey(c.Party, c.ID))
	return err == nil
}

type recordedInput struct {
	AuthHeader
	Party ledger.ID `path:"party"`
	Call  ledger.ID `path:"call"`
}

// recorded shows a call to who made it, and to whoever reads everything.
func (s *Server) recorded(ctx context.Context, in *recordedInput) (*answer[ledger.Recorded], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	if p.ID != in.Party {
		if err := s.watched(ctx, p, ledger.Ref(ledger.CallKey(in.Party, in.Call)), "call"); err != nil {
			return nil, err
		}
	}
	return say(s.Ledger.Recorded(ctx, in.Party, in.Call))
}
