package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type contentCmd struct {
	Add contentAddCmd `cmd:"" zh:"上传文件并登记为内容" en:"Upload a file and record it as content."`

	kong.Plugins // the plain acts (fill)

	Remove contentRemoveCmd `cmd:"" zh:"停止供给与交付某一内容；其记录保留" en:"End the supply and delivery of content; its record remains." example:"cadastre product content remove ID --subject product/ID --profile operator.json"`
	List   contentListCmd   `cmd:"" zh:"列出资源或产品的内容" en:"List the content of a resource or product." example:"cadastre product content list product/ID\ncadastre product content list resource/ID --profile holder.json"`
}

type contentAddCmd struct {
	File    string     `arg:"" zh:"要上传的文件" en:"File to upload." type:"existingfile"`
	Subject ledger.Ref `required:"" zh:"所属资源（数据持有单位）或产品（运营机构）：resource/ID 或 product/ID" en:"Record whose content it is: resource/ID (holder) or product/ID (operator)." placeholder:"REF"`
	Name    string     `zh:"公开的文件名；默认为文件本名" en:"Public file name; by default the file's own." placeholder:"NAME"`
	Again   bool       `zh:"同一文件已由其他节点保存时，仍在本节点再存一份" en:"Store the file at this node too if another node has the same file."`
	writing
}

// Page shows examples.
func (contentAddCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre product content add streets.csv --subject resource/ID --profile holder.json\ncadastre product content add streets.csv --subject product/ID --profile operator.json"},
		{
			ZH: "同一文件不会在同一节点重复登记；已由其他节点保存的，须加 --again。加 --check 时文件不离开本机：只检查谁可为何者添加内容，不检查节点是否接受上传。",
			EN: "A node does not store the same file twice for the same record; if another node stores it, add --again. With --check the file is not sent: the node checks whether the party may add content there, not whether it would accept the upload.",
		},
	}
}

// Run uploads the file, compares what the node stored with it, and records it.
func (c *contentAddCmd) Run(p *program) error {
	a := ledger.ContentArgs{ID: client.NewID(), Subject: c.Subject, Name: c.Name}
	if a.Name == "" {
		a.Name = filepath.Base(c.File)
	}
	if err := c.Subject.Validate("subject", ledger.KindResource, ledger.KindProduct); err != nil {
		return err
	}
	cl, err := p.actor()
	if err != nil {
		return err
	}
	hash, size, err := hashFile(c.File)
	if err != nil {
		return err
	}
	if err := c.notTwice(p, cl, hash); err != nil {
		return err
	}
	up, err := c.upload(p, cl, hash, size)
	if err != nil {
		return err
	}
	if up.SHA256 != hash {
		return fmt.Errorf(p.say("文件在上传时发生变化（SHA-256 %s，节点收到 %s）：请再次运行", "the file changed during the upload (SHA-256 %s, the node has %s): run the command again"), hash, up.SHA256)
	}
	a.Object, a.SHA256, a.Bytes, a.Ingest, a.Node = up.Object, up.SHA256, up.Bytes, up.Receipt, up.Node
	if a.Node == "" {
		a.Node = cl.Profile().Origin
	}
	return p.callWith(cl, ledger.FnContentAdd, a, func() []named {
		return []named{{"object", a.Object}, {"sha256", string(a.SHA256)}}
	})
}

// notTwice refuses, before the upload, a file that is already content of the subject: at
// this node as the ledger would, at another node unless --again is given.
func (c *contentAddCmd) notTwice(p *program, cl *client.Client, hash ledger.Digest) error {
	found, err := contents(p, cl, c.Subject)
	if err != nil && ledger.AsError(err) == nil {
		return err
	}
	for _, x := range found { // nothing if the node refuses the list: then it refuses the call too
		switch {
		case x.SHA256 != hash:
		case x.Node == cl.Profile().Origin:
			return ledger.Refuse(ledger.Conflict, ledger.ReasonSameContent).At("sha256").With("ref", string(ledger.RefTo(ledger.KindContent, x.ID)))
		case !c.Again:
			return fmt.Errorf(p.say("同一文件已由节点 %s 保存，登记为 %s：如需在本节点再存一份，请加 --again",
				"the node %s already stores the same file, as %s: add --again to store it at this node too"), x.Node, x.Name)
		}
	}
	return nil
}

// upload sends the file. With --check it does not: the call is checked with the hash and
// size of the file.
func (c *contentAddCmd) upload(p *program, cl *client.Client, hash ledger.Digest, size int64) (wire.Ingested, error) {
	if p.checking {
		return wire.Ingested{Object: "not-uploaded", SHA256: hash, Bytes: size, Receipt: hash}, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return wire.Ingested{}, words.Errorf("读取：%v", "read: %v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return wire.Ingested{}, words.Errorf("读取：%v", "read: %v", err)
	}
	m := p.meter()
	defer m.done()
	return cl.Upload(p.ctx, &counted{r: f, report: m.bytes, total: info.Size()})
}

type contentRemoveCmd struct {
	ID      ledger.ID  `arg:"" zh:"内容记录的编号" en:"Id of the content record."`
	Subject ledger.Ref `zh:"所属资源或产品，resource/ID 或 product/ID；未给 --answers 时必填" en:"Record whose content it is, resource/ID or product/ID; required without --answers." placeholder:"REF"`
	answering
	writing
}

// Run removes the content.
func (c *contentRemoveCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	if c.Answers == "" {
		if c.Subject == "" {
			return errors.New(p.say("请用 --subject 指明内容所属的资源或产品", "name the resource or product with --subject"))
		}
		found, err := contents(p, cl, c.Subject)
		if err != nil {
			return err
		}
		for _, x := range found {
			if x.ID == c.ID {
				c.Answers = x.Cite.Payload
			}
		}
		if c.Answers == "" {
			return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("id")
		}
	}
	return p.callBy(cl, ledger.FnContentRemove, ledger.AnswerArgs{ID: c.ID, Answers: c.Answers})
}

type contentListCmd struct {
	Subject ledger.Ref `arg:"" zh:"资源或产品：resource/ID 或 product/ID" en:"resource/ID or product/ID."`
}

// Run lists the content.
func (c *contentListCmd) Run(p *program) error {
	path, err := contentPath(c.Subject)
	if err != nil {
		return err
	}
	return p.list(path, ledger.Content{}, "id", "object", "bytes", "sha256", "name")
}

func contentPath(subject ledger.Ref) (string, error) {
	if err := subject.Validate("subject", ledger.KindResource, ledger.KindProduct); err != nil {
		return "", err
	}
	return "/v1/" + subject.Kind() + "s/" + subject.ID() + "/content", nil
}

// contents returns the current content records of a subject.
func contents(p *program, c *client.Client, subject ledger.Ref) ([]ledger.Content, error) {
	path, err := contentPath(subject)
	if err != nil {
		return nil, err
	}
	var page struct {
		Items []ledger.Content `json:"items"`
	}
	err = c.Get(p.ctx, path, &page)
	return page.Items, err
}
