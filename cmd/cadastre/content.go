package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

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

	Remove  contentRemoveCmd `cmd:"" zh:"停止供给与交付某一内容；其记录保留" en:"End the supply and delivery of content; its record remains." example:"cadastre product content remove ID --subject product/ID --profile operator.json"`
	Uploads uploadsCmd       `cmd:"" zh:"尚未登记为内容的上传" en:"Uploads that no content record names yet."`

	List contentListCmd `cmd:"" zh:"列出资源或产品的内容" en:"List the content of a resource or product." example:"cadastre product content list product/ID\ncadastre product content list resource/ID --profile holder.json"`
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
			ZH: "同一文件不会在同一节点重复登记；已由其他节点保存的，须加 --again。",
			EN: "A node does not store the same file twice for the same record; if another node stores it, add --again.",
		},
		{
			ZH: "上传可续传：中断后再次运行同一命令，即从节点已存入处继续；streets.csv.upload 记载所上传的是哪一份，登记后删除。",
			EN: "The upload can be resumed: after an interruption run the same command, and it continues with what the node has not stored yet. streets.csv.upload says which upload it is, until the content is recorded.",
		},
		{
			ZH: "加 --check 时文件不离开本机：只检查谁可为何者添加内容，不检查节点是否接受上传。",
			EN: "With --check the file is not sent: the node checks whether the party may add content there, not whether it would accept the upload.",
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
	if err := c.wouldBe(p, cl, a, hash, size); err != nil {
		return err
	}
	up, err := c.upload(p, cl, hash, size)
	if err != nil {
		return err
	}
	if up.SHA256 != hash {
		return fmt.Errorf(p.say("文件在上传时发生变化（SHA-256 %s，节点收到 %s）：请再次运行", "the file changed during the upload (SHA-256 %s, the node has %s): run the command again"), hash, up.SHA256)
	}
	a = uploaded(a, up, cl)
	err = p.callWith(cl, ledger.FnContentAdd, a, func() []named {
		return []named{{"object", a.Object}, {"sha256", string(a.SHA256)}}
	})
	if err != nil || p.checking {
		return err
	}
	if err := os.Remove(client.NoteOf(c.File)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return words.Errorf("内容已登记；请删除 %s：%v", "the content is recorded; remove %s: %v", client.NoteOf(c.File), err)
	}
	return nil
}

// uploaded returns the arguments for what the node stored.
func uploaded(a ledger.ContentArgs, up wire.Ingested, cl *client.Client) ledger.ContentArgs {
	a.Object, a.SHA256, a.Bytes, a.Ingest, a.Node = up.Object, up.SHA256, up.Bytes, up.Receipt, cmp.Or(up.Node, cl.Profile().Origin)
	return a
}

// notUploaded stands for what the node would store.
func notUploaded(hash ledger.Digest, size int64) wire.Ingested {
	return wire.Ingested{Object: "not-uploaded", SHA256: hash, Bytes: size, Receipt: hash}
}

// wouldBe asks, before the upload, whether the call would be refused for the file.
func (c *contentAddCmd) wouldBe(p *program, cl *client.Client, a ledger.ContentArgs, hash ledger.Digest, size int64) error {
	if p.checking {
		return nil // it is asked below
	}
	err := cl.Check(p.ctx, ledger.FnContentAdd, uploaded(a, notUploaded(hash, size), cl))
	if errors.Is(err, ledger.Forbidden) || errors.Is(err, ledger.Conflict) {
		return err
	}
	return nil // whatever else is wrong, the upload or the call itself says it
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
		return notUploaded(hash, size), nil
	}
	m := p.meter()
	up, err := cl.UploadFile(p.ctx, c.File, hash, size, m.bytes)
	m.done()
	if stopped, ok := errors.AsType[*client.StoppedError](err); ok {
		stopped.Command = shellWords(append([]string{os.Args[0]}, p.args...))
	}
	return up, err
}

// shellWords writes a command as a shell reads it.
func shellWords(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.ContainsFunc(a, func(r rune) bool {
			return r <= unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:=@,+", r)
		}) {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
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
