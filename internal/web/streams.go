package web

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// rangeInput has the headers of a delivery that resumes an interrupted one.
type rangeInput struct {
	Range   string `header:"Range" form:"bytes=0..100" zh:"一段字节：bytes=a-b、a- 或 -n" en:"one range of bytes: bytes=a-b, a- or -n"`
	IfRange string `header:"If-Range" form:"bytes=0..100" zh:"ETag：内容已变则发送全部" en:"an ETag: if the content has another one, all of it is sent"`
}

type orderedInput struct {
	AuthHeader
	ID     ledger.ID `path:"id" zh:"订单" en:"Order"`
	Object string    `path:"object" form:"bytes=1..64" zh:"内容记录的 object" en:"object of a content record"`
}

type suppliedInput struct {
	AuthHeader
	ID       ledger.ID `path:"id" zh:"授权" en:"License"`
	Resource ledger.ID `path:"resource" zh:"资源" en:"Resource"`
	Object   string    `path:"object" form:"bytes=1..64" zh:"内容记录的 object" en:"object of a content record"`
}

// describeStreams describes the operations that stream bytes, and those of health. Their
// routes are in chi, which huma does not know.
func (s *Server) describeStreams() {
	delivery := says("依有效订单交付买方所购的文件。首字节发出之前，回执已落盘；断线后可用 Range 续传。",
		"Delivers a file of an active order to its buyer. The receipt is durable before the first byte; Range resumes an interrupted delivery.")
	supply := says("依有效授权向授权所列的受控环境供给资源的文件，以该环境的密钥索取。",
		"Supplies a file of a resource to a controlled environment listed in the license. The request needs the key of that environment.")
	look := says("只给出大小、名称与 SHA-256：不发送内容，不留回执。", "Only size, name and SHA-256: no content is sent and no receipt is made.")
	orders, licenses := "/v1/orders/{id}/content/{object}", "/v1/licenses/{id}/resources/{resource}/content/{object}"
	s.contentAt(orders, "deliver", says("交付", "Delivery"), delivery, look, reflect.TypeFor[orderedInput]())
	s.contentAt(licenses, "supply", says("供给", "Supply"), supply, look, reflect.TypeFor[suppliedInput]())
	s.plain(http.MethodPost, uploadsPath, "upload", says("上传内容", "Upload content"),
		says("存入任意长度的字节流并留下回执；再以 content.add 登记为资源或产品的内容。令牌用后即失效。",
			"Stores a stream of any length with a receipt; content.add then records it as content of a resource or product. The token is used up."),
		reflect.TypeFor[AuthHeader](), http.StatusCreated, says("所存入的", "The stored content"), s.jsonOf(wire.Ingested{}))
	s.api.OpenAPI().Paths[uploadsPath].Post.RequestBody = &huma.RequestBody{
		Required: true, Description: about(says("内容的字节", "The bytes of the content")), Content: octets(),
	}
	s.describeTus()
	s.plain(http.MethodGet, "/healthz", "alive", says("存活", "Is it alive"), says("进程在运行。", "The process runs."),
		reflect.TypeFor[struct{}](), http.StatusNoContent, says("在运行", "It runs"), nil)
	s.plain(http.MethodGet, "/readyz", "ready", says("就绪", "Is it ready"),
		says("节点各项功能是否可用；不可用时为 503。原因与各部分的状态只告知本机，或持节点自身单位令牌者（projection_behind、anchor_lag：不开始新的交付；disk_full：不接受上传；store_away：内容存储不可用；clock：时钟不可信）。", "Whether the node can do everything; 503 if not. The reason and the state of the parts are for programs on the node's machine, and with a token of the node's own party (projection_behind, anchor_lag: no new deliveries; disk_full: no uploads; store_away: the store of content does not work; clock: the clock can't be trusted)."),
		reflect.TypeFor[MaybeAuth](), http.StatusOK, says("就绪", "It is ready"), s.jsonOf(wire.Health{}))
	s.plain(http.MethodGet, "/metrics", "metrics", says("监测指标", "Metrics"),
		says("节点的监测指标，Prometheus 格式。限本机，或持节点自身单位的令牌。", "What the node measures of itself, in the format of Prometheus. For programs on the node's machine, and with a token of the node's own party."),
		reflect.TypeFor[MaybeAuth](), http.StatusOK, says("指标", "The metrics"), map[string]*huma.MediaType{"text/plain": {}})
	ready := s.api.OpenAPI().Paths["/readyz"].Get
	ready.Responses["503"] = &huma.Response{Description: about(says("不就绪", "It is not ready")), Content: s.jsonOf(wire.Health{})}
}

// contentAt describes GET and HEAD of content at a path.
func (s *Server) contentAt(path, id string, title, does, look ledger.Words, input reflect.Type) {
	s.plain(http.MethodGet, path, id, title, does, input, http.StatusOK, says("全部内容", "All of the content"), octets())
	get := s.api.OpenAPI().Paths[path].Get
	get.Responses["206"] = &huma.Response{Description: about(says("所请求的一段", "The requested range")), Content: octets()}
	get.Parameters = append(get.Parameters, parametersOf(reflect.TypeFor[rangeInput]())...)
	s.describeInput(http.MethodGet, path, reflect.TypeFor[rangeInput]())
	s.plain(http.MethodHead, path, id+"-head", says(title.ZH+"：查看", title.EN+": look"), look, input, http.StatusOK, says("大小与 SHA-256", "Size and SHA-256"), nil)
}

// plain describes an operation whose route is in chi.
func (s *Server) plain(method, path, id string, title, does ledger.Words, input reflect.Type, status int, answer ledger.Words, content map[string]*huma.MediaType) {
	problem := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: about(title), Description: about(does), Parameters: parametersOf(input),
		Responses: map[string]*huma.Response{
			strconv.Itoa(status): {Description: about(answer), Content: content},
			"default":            {Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}},
		},
	})
	s.describeInput(method, path, input)
}

// parametersOf lists the parameters named in the tags of an input.
func parametersOf(input reflect.Type) []*huma.Param {
	var list []*huma.Param
	for _, f := range reflect.VisibleFields(input) {
		for _, in := range []string{"path", "query", "header"} {
			if name := f.Tag.Get(in); name != "" {
				list = append(list, &huma.Param{Name: name, In: in, Required: in == "path", Schema: &huma.Schema{Type: huma.TypeString}})
			}
		}
	}
	return list
}

func octets() map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/octet-stream": {}}
}

// jsonOf returns a JSON body with the schema of v.
func (s *Server) jsonOf(v any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")}}
}
