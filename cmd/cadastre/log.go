package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

type logCmd struct {
	kong.Plugins
	Begin logBeginCmd `cmd:"" zh:"节点自较旧的副本恢复后，其日志以新名称接续（节点须已停止）" en:"After a restore from a copy that is too old, let the logs of the stopped node go on under new names."`
	Sign  logSignCmd  `cmd:"" zh:"签署节点的 log.request（在数据管理部门自己的机器上）" en:"Sign a node's log.request (on the data authority's own machine)." example:"cadastre log sign log.request --profile authority.json > log.jws"`
	Lost  logLostCmd  `cmd:"" zh:"列出所持证据包中因恢复而失去的请求" en:"List the calls in your evidence bundles that a restore has lost." example:"cadastre log lost evidence.json --profile buyer.json"`
}

type logBeginCmd struct {
	Dir    string   `required:"" zh:"节点的文件夹" en:"Folder of the node." placeholder:"DIR"`
	Held   []string `zh:"他人所持的、比副本更新的检查点，可重复" en:"A checkpoint that someone holds and that is later than the copy; may be repeated." type:"existingfile" placeholder:"FILE"`
	Signed string   `zh:"已签署的请求，即 log sign 的输出" en:"The signed request, as log sign prints it." type:"existingfile" placeholder:"FILE"`
}

// Page shows the steps.
func (logBeginCmd) Page() terminal.Page {
	return terminal.Page{
		{
			ZH: "只在没有更新的备份时使用：副本之后的请求与回执就此失去。在节点上：", EN: "Use this only if there is no newer backup: the calls and receipts after the copy are lost. On the node:",
			Lines: "cadastre log begin --dir D --held checkpoint.txt",
		},
		{
			ZH: "在数据管理部门自己的机器上（其密钥在失去的部分时，用恢复密钥的身份文件）：", EN: "On the data authority's own machine (if its key is in the lost part, with the profile of the recovery key):",
			Lines: "cadastre log sign log.request --profile authority.json > log.jws",
		},
		{ZH: "再到节点上，24 小时之内：", EN: "On the node again, within 24 hours:", Lines: "cadastre log begin --dir D --signed log.jws\ncadastre serve --dir D"},
	}
}

// Run makes the request, or records it after it was signed.
func (c *logBeginCmd) Run(p *program) error {
	o := node.Options{Dir: c.Dir, Log: slog.New(slog.DiscardHandler), Now: now, Version: version(), Checkers: verdict.Checkers()}
	if c.Signed == "" {
		var err error
		if o.Held, err = readFiles(c.Held); err != nil {
			return err
		}
		r, err := node.RequestLogs(p.ctx, o)
		if err != nil {
			return err
		}
		if p.JSON {
			return p.json(r)
		}
		p.describeLogs(p.out, r)
		return p.line("%s %s\n%s", p.say("已生成", "Made"), filepath.Join(c.Dir, "log.request"),
			p.say("请由数据管理部门在其自己的机器上签署：cadastre log sign log.request", "The data authority must sign it on its own machine: cadastre log sign log.request"))
	}
	signed, err := os.ReadFile(c.Signed)
	if err != nil {
		return words.Errorf("已签署的请求：%v", "signed request: %v", err)
	}
	if err := node.BeginLogs(p.ctx, o, strings.Fields(string(signed))); err != nil {
		return err
	}
	return p.line("%s", p.say("日志已以新名称接续：现在可运行 cadastre serve", "The logs go on under their new names: run cadastre serve"))
}

// describeLogs prints what a request asks for.
func (p *program) describeLogs(w io.Writer, r node.LogRequest) {
	for _, a := range r.Logs {
		fmt.Fprintf(w, p.say("日志 %s 自第 %d 条起恢复，以 %s 接续\n", "the log %s is restored at %d and goes on as %s\n"), a.Old.Origin, a.Old.Size, a.Origin)
	}
}

// readFiles reads small files as text.
func readFiles(names []string) ([]string, error) {
	list := make([]string, len(names))
	for i, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, words.Errorf("检查点：%v", "checkpoint: %v", err)
		}
		list[i] = string(b)
	}
	return list, nil
}

type logSignCmd struct {
	Request string `arg:"" zh:"节点的 log.request" en:"The node's log.request." type:"existingfile"`
}

// Run signs with the profile and prints one call a line.
func (c *logSignCmd) Run(p *program) error {
	b, err := os.ReadFile(c.Request)
	if err != nil {
		return words.Errorf("请求：%v", "request: %v", err)
	}
	var r node.LogRequest
	if err := ledger.DecodeStrict(b, &r); err != nil {
		return words.Errorf("请求：%v", "request: %v", err)
	}
	prof, err := p.profile()
	if err != nil {
		return err
	}
	if prof.Ledger != r.Ledger {
		return words.Errorf("该请求属于账本 %s，身份文件属于 %s", "the request belongs to ledger %s, the profile to %s", r.Ledger, prof.Ledger)
	}
	key, err := prof.Signer()
	if err != nil {
		return err
	}
	calls, err := node.SignLogs(r, prof.Party, key, now())
	if err != nil {
		return err
	}
	p.describeLogs(p.err, r)
	_, err = fmt.Fprintln(p.out, strings.Join(calls, "\n"))
	return err
}

type logLostCmd struct {
	Bundles []string `arg:"" zh:"所持的证据包文件" en:"Evidence bundles that you hold." type:"existingfile"`
}

// Run asks the node from where its log was restored, and lists the calls of the bundles
// that were recorded after that.
func (c *logLostCmd) Run(p *program) error {
	cl, err := p.client()
	if err != nil {
		return err
	}
	var about wire.About
	if err := cl.Get(p.ctx, "/v1/about", &about); err != nil {
		return err
	}
	lost := []evidence.Listed{}
	for _, file := range c.Bundles {
		more, err := lostIn(file, about.Restored)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, x := range more {
			if !slices.Contains(lost, x) {
				lost = append(lost, x)
			}
		}
	}
	if p.JSON {
		return p.json(lost)
	}
	for _, x := range lost {
		fmt.Fprintf(p.out, "%8d  %s  %s  %s  %s\n", x.Seq, terminal.Moment(p.Lang, x.Time), words.Act(p.Lang, x.Function), x.Party, x.Call)
	}
	if len(lost) == 0 {
		return p.line("%s", p.say("所给证据包中没有因恢复而失去的请求", "No call in these bundles was lost in a restore"))
	}
	return p.line(p.say("以上 %d 个请求已失去：请由各自的签署单位重新签署并提交", "These %d calls are lost: the parties that signed them must sign and send them again"), len(lost))
}

// lostIn lists the calls of a bundle that a restore has lost: those after the smallest
// copy that the log of its checkpoint, or one that continues it, was restored from.
func lostIn(file string, list []ledger.Restored) ([]evidence.Listed, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, words.Errorf("证据包：%v", "bundle: %v", err)
	}
	bundle, err := evidence.Parse(b)
	if err != nil {
		return nil, err
	}
	calls, err := bundle.List()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(calls, func(x evidence.Listed) bool {
		return !slices.ContainsFunc(list, func(r ledger.Restored) bool { return ledger.Continues(r.Old, x.Log) && x.Seq >= uint64(r.Size) })
	}), nil
}
