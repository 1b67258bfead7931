package main

import (
	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/terminal"
)

type uploadsCmd struct {
	List   uploadsListCmd  `cmd:"" zh:"列出本单位尚未登记为内容的上传" en:"List the party's uploads that no content record names." example:"cadastre product content uploads list --profile operator.json"`
	Cancel uploadCancelCmd `cmd:"" zh:"取消上传，不论是否完成" en:"Cancel an upload, whole or not."`
}

type uploadsListCmd struct{ paging }

// Run lists the uploads.
func (c *uploadsListCmd) Run(p *program) error {
	return p.list(c.query("/v1/uploads"), wire.Pending{}, "id", "arrived", "bytes", "expires", "done.sha256")
}

type uploadCancelCmd struct {
	ID string `arg:"" zh:"上传的编号" en:"Id of the upload."`
}

// Page shows an example.
func (uploadCancelCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre product content uploads cancel ID --profile operator.json"},
		{
			ZH: "其字节随即删除，不再计入本单位尚未登记的上传。已登记的内容用 content remove。",
			EN: "Its bytes are deleted at once, and no longer count toward the party's uploads without a record. For recorded content use content remove.",
		},
	}
}

// Run cancels the upload.
func (c *uploadCancelCmd) Run(p *program) error {
	a, err := p.actor()
	if err != nil {
		return err
	}
	if err := a.CancelUpload(p.ctx, c.ID); err != nil {
		return err
	}
	if p.JSON {
		return p.json(map[string]string{"canceled": c.ID})
	}
	return p.line(p.say("上传 %s 已取消。", "Upload %s is canceled."), c.ID)
}
