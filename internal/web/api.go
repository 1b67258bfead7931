package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/sight"
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
	Authorization string `header:"Authorization" zh:"访问令牌" en:"Access token"`
}

// MaybeAuth is the header of reads that show more to a caller with a token.
type MaybeAuth struct {
	Authorization string `header:"Authorization" auth:"optional" zh:"访问令牌" en:"Access token"`
}

// ByID names a record.
type ByID struct {
	ID ledger.ID `path:"id" zh:"记录编号" en:"Id of the record"`
}

// Paging selects one page of a list.
type Paging struct {
	Cursor string `query:"cursor" form:"bytes=1..400" zh:"上一页的 next" en:"next of the previous page"`
	Limit  int    `query:"limit" form:"range=1..500" zh:"每页项数，默认 50" en:"items of a page, 50 by default"`
}

// pageOf is one page of a list.
type pageOf[T any] struct {
	Items []T    `json:"items" zh:"本页各项" en:"items of this page"`
	Next  string `json:"next,omitempty" zh:"下一页的 cursor；末页无此项" en:"cursor of the next page; absent on the last"`
}

// page makes a page. An empty list is [], never null.
func page[T any](items []T, next string) pageOf[T] {
	if items == nil {
		items = []T{}
	}
	return pageOf[T]{Items: items, Next: next}
}

// says makes a text in both languages.
func says(zh, en string) ledger.Words { return ledger.Words{ZH: zh, EN: en} }

// add registers an operation. Its errors become problems, and the tags of its input
// describe its parameters and check them.
func add[I, O any](s *Server, o huma.Operation, h func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		return out, s.problemOf(ctx, err)
	})
	s.describeInput(o.Method, o.Path, reflect.TypeFor[I]())
}

func (s *Server) routes() {
	add(s, huma.Operation{
		OperationID: "submit-call", Method: http.MethodPost, Path: callsPath,
		Summary: about(says("提交签名请求", "Record a signed call")), MaxBodyBytes: s.callBytes(),
		Description: about(says("对登记簿的每一次改变都是一个签名请求：类型为 cadastre-call+jws 的 compact JWS，由单位以自己的密钥按 ES256 签署。"+
			"已落盘且本节点的检索库可见后才回答；同一请求再次提交，返回首次结果。",
			"Every change of the register is a signed call. The call is a compact JWS of type cadastre-call+jws, signed with ES256 by the party's key. "+
				"The answer comes when the call is durable and the node's read model shows it. Sending the same call again returns its first result.")),
	}, func(ctx context.Context, in *callInput) (*answer[ledger.Outcome], error) {
		out, err := s.call(ctx, in)
		if a, known := actOf(in.Body.Call); err != nil && known {
			return out, s.problemOn(ctx, a, err)
		}
		return out, err
	})
	get(s, "", "/v1/about", "about", says("节点与账本", "This node and its ledger"),
		says("任何人可查：节点标识、账本编号与日志的验证公钥。", "For anyone: the node's origin, its ledger and the verifier keys of its logs."),
		func(context.Context, *struct{}) (*answer[wire.About], error) { return say(s.About, nil) })
	get(s, ledger.ReadCall, "/v1/calls/{party}/{call}", "call", says("已记录的请求", "A recorded call with its proof"),
		says("请求原文、事件与记录在账的证明。限办理单位与监管人员。", "The signed call, its event, and the proof that it is recorded. For the party that called and for regulators."), s.recorded)
	get(s, anyRecord, "/v1/policy/explain", "policy-explain", says("可见性说明", "Who may read a record, and why"),
		says("所问单位是否可查看该记录，由可见性表的哪一行决定。限可查看该记录的单位。", "Whether a party may read a record, and which row of the table of readers decides it. For parties that may read the record themselves."), s.readable)
	s.registryRoutes()
	s.licenseRoutes()
	s.marketRoutes()
	s.traceRoutes()
	s.actRoutes()
	s.describeStreams()
	s.describe()
}

type callInput struct{ Body callBody }

type callBody struct {
	Call string `json:"call" maxLength:"60000" form:"jws" zh:"签名请求，compact JWS" en:"the signed call, a compact JWS"`
}

func (s *Server) call(ctx context.Context, in *callInput) (*answer[ledger.Outcome], error) {
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

// actOf returns the act that a call names, even if the call is invalid in other ways.
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

type recordedInput struct {
	AuthHeader
	Party ledger.ID `path:"party" zh:"办理单位" en:"Party that called"`
	Call  ledger.ID `path:"call" zh:"请求编号" en:"Id of the call"`
}

// recorded answers with a recorded call.
func (s *Server) recorded(ctx context.Context, in *recordedInput) (*answer[ledger.Recorded], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	readers := ledger.CallReaders(in.Party)
	item := sight.Item{Ref: ledger.Ref(ledger.CallKey(in.Party, in.Call)), Readers: &readers}
	if err := s.Sight.Look(ctx, &p, item, "call"); err != nil {
		return nil, err
	}
	r, err := s.Ledger.Recorded(ctx, in.Party, in.Call)
	return say(r, err)
}

// notRecorded are fields of requests that name nothing on the ledger.
var notRecorded = []string{"path", "upload", "kid"}

// explainLost adds to the error about an unknown call or record that a restore has lost
// calls, if the ledger log goes on from a restored copy.
func (s *Server) explainLost(e *ledger.Error) *ledger.Error {
	if e.Code != ledger.NotFound || e.Reason != ledger.ReasonUnknown || slices.Contains(notRecorded, e.Field) {
		return e
	}
	for _, r := range s.About.Restored {
		if ledger.NodeOfLedger(r.Log) != "" {
			return ledger.Refuse(ledger.NotFound, ledger.ReasonLost).At(e.Field).With("size", strconv.FormatInt(r.Size, 10)).With("log", r.Old)
		}
	}
	return e
}
