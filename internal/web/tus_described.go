package web

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
)

// tusVersion has the header of every request of the protocol except HEAD and OPTIONS.
type tusVersion struct {
	Resumable string `header:"Tus-Resumable" form:"bytes=5..5" zh:"协议版本：1.0.0" en:"version of the protocol: 1.0.0"`
}

type tusBegin struct {
	AuthHeader
	tusVersion
	Length string `header:"Upload-Length" form:"bytes=1..19" zh:"全部字节数" en:"length in bytes"`
}

type tusOn struct {
	AuthHeader
	Object string `path:"object" form:"bytes=1..64" zh:"上传的编号，完成后即内容的 object" en:"id of the upload, and later the object of its content"`
}

type tusPiece struct {
	tusOn
	tusVersion
	Offset string `header:"Upload-Offset" form:"bytes=1..19" zh:"首字节的位置，即已存入的字节数" en:"place of the first byte: the number of bytes that are stored"`
	Type   string `header:"Content-Type" form:"bytes=31..31" zh:"总是 application/offset+octet-stream" en:"always application/offset+octet-stream"`
}

type tusCancel struct {
	tusOn
	tusVersion
}

// describeTus describes uploads in pieces.
func (s *Server) describeTus() {
	one := tusPath + "/{object}"
	empty := says("无内容，见响应头", "No content; see the headers")
	s.plain(http.MethodPost, tusPath, "begin-upload", says("开始可续传的上传", "Begin an upload that can be resumed"),
		says("按 tus 1.0 协议（creation、creation-with-upload、termination、expiration）。Location 为该上传的地址。令牌用后即失效。",
			"By the protocol tus 1.0 (creation, creation-with-upload, termination, expiration). Location is the address of the upload. The token is used up."),
		reflect.TypeFor[tusBegin](), http.StatusCreated, empty, nil)
	s.plain(http.MethodOptions, tusPath, "tus", says("所支持的 tus 扩展", "Extensions of tus that are offered"),
		says("协议版本、扩展与单个上传的上限。", "Version and extensions of the protocol, and the limit of one upload."),
		reflect.TypeFor[struct{}](), http.StatusOK, empty, nil)
	s.plain(http.MethodOptions, one, "tus-upload", says("所支持的 tus 扩展", "Extensions of tus that are offered"),
		says("同 /v1/uploads/tus。", "The same as /v1/uploads/tus."), reflect.TypeFor[struct {
			Object string `path:"object" form:"bytes=1..64" zh:"上传的编号，完成后即内容的 object" en:"id of the upload, and later the object of its content"`
		}](), http.StatusOK, empty, nil)
	s.plain(http.MethodHead, one, "upload-offset", says("已存入多少", "How much is stored"),
		says("Upload-Offset 为已存入的字节数，由此处继续。", "Upload-Offset is the number of bytes that are stored: continue there."),
		reflect.TypeFor[tusOn](), http.StatusOK, empty, nil)
	s.plain(http.MethodPatch, one, "continue-upload", says("继续上传", "Continue an upload"),
		says("自 Upload-Offset 起存入字节；连接中断时，已到达的字节仍保存。每次请求须用新的令牌。",
			"Stores bytes from Upload-Offset on. If the connection breaks, what has arrived remains stored. Each request needs a new token."),
		reflect.TypeFor[tusPiece](), http.StatusNoContent, empty, nil)
	s.api.OpenAPI().Paths[one].Patch.RequestBody = &huma.RequestBody{
		Required: true, Description: about(says("后续的字节", "The next bytes")), Content: map[string]*huma.MediaType{"application/offset+octet-stream": {}},
	}
	s.plain(http.MethodDelete, one, "cancel-upload", says("取消上传", "Cancel an upload"),
		says("删除尚未登记为内容的上传，不论是否完成。令牌用后即失效。", "Deletes an upload, whole or not, that no content record names. The token is used up."),
		reflect.TypeFor[tusCancel](), http.StatusNoContent, empty, nil)
	s.plain(http.MethodGet, one, "pending-upload", says("查看上传", "What became of an upload"),
		says("已存入多少；完成后另给出回执，以供 content.add 引用。", "How much is stored and, when the upload is whole, the receipt that content.add cites."),
		reflect.TypeFor[tusOn](), http.StatusOK, says("该上传", "The upload"), s.jsonOf(wire.Pending{}))
}
