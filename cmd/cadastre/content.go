package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type contentCmd struct {
	Add contentAddCmd `cmd:"" help:"Upload a file and record it as content."`

	kong.Plugins // the plain acts (fill)

	Remove contentRemoveCmd `cmd:"" help:"End the supply and delivery of an object; its record stays."`
	List   contentListCmd   `cmd:"" help:"List the content of a resource or product."`
}

type contentAddCmd struct {
	File    string     `arg:"" help:"File to upload." type:"existingfile"`
	Subject ledger.Ref `required:"" help:"resource/ID (holder) or product/ID (operator)." placeholder:"REF"`
	Name    string     `help:"Public file name; the file's own unless told." placeholder:"NAME"`
	writing
}

// Help shows both kinds.
func (contentAddCmd) Help() string {
	return `cadastre product content add streets.csv --subject resource/ID --profile holder.json
cadastre product content add streets.csv --subject product/ID --profile operator.json
With --check the file stays here: who may add it to what is checked, not whether the node would take the upload.`
}

// Run uploads, compares what the node kept with the file, and records it.
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
	up, err := c.upload(p, cl, hash, size)
	if err != nil {
		return err
	}
	if up.SHA256 != hash {
		return fmt.Errorf(p.say("文件在上传时发生变化（SHA-256 %s，节点收到 %s）：请再次运行", "the file changed while it was sent (SHA-256 %s, the node has %s): run the command again"), hash, up.SHA256)
	}
	a.Object, a.SHA256, a.Bytes, a.Ingest, a.Node = up.Object, up.SHA256, up.Bytes, up.Receipt, up.Node
	if a.Node == "" {
		a.Node = cl.Profile().Origin
	}
	return p.callWith(cl, ledger.FnContentAdd, a, func() []named {
		return []named{{"object", a.Object}, {"sha256", string(a.SHA256)}}
	})
}

// upload sends the file. Where nothing is to be recorded it stays here: the call is
// checked with the hash and size that it would have.
func (c *contentAddCmd) upload(p *program, cl *client.Client, hash ledger.Digest, size int64) (client.Upload, error) {
	if p.checking {
		return client.Upload{Object: "not-uploaded", SHA256: hash, Bytes: size, Receipt: hash}, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return client.Upload{}, fmt.Errorf("read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return client.Upload{}, fmt.Errorf("read: %w", err)
	}
	m := p.meter()
	defer m.done()
	return cl.Upload(p.ctx, &counted{r: f, tell: m.bytes, total: info.Size()})
}

type contentRemoveCmd struct {
	ID      ledger.ID  `arg:"" help:"Id of the content record."`
	Subject ledger.Ref `help:"Whose content it is, resource/ID or product/ID; needed unless --answers is told." placeholder:"REF"`
	answering
	writing
}

// Run removes.
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
	Subject ledger.Ref `arg:"" help:"resource/ID or product/ID."`
}

// Run lists.
func (c *contentListCmd) Run(p *program) error {
	path, err := contentPath(c.Subject)
	if err != nil {
		return err
	}
	return p.list(path, "id", "object", "bytes", "sha256", "name")
}

func contentPath(subject ledger.Ref) (string, error) {
	if err := subject.Validate("subject", ledger.KindResource, ledger.KindProduct); err != nil {
		return "", err
	}
	return "/v1/" + subject.Kind() + "s/" + subject.ID() + "/content", nil
}

// contents are the effective content records of a subject.
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
