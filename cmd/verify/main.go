// Command verify is for courts, and for anyone who does not trust a node. It checks a
// bundle of evidence with the trust file alone, or replays a whole ledger. It has no web
// server and no register. The program cadastre has the same two commands.
package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// description describes the program and its exit codes.
var description = ledger.Words{
	ZH: "核验数籍（Cadastre）的证据包，或审计整个账本。\n\n退出码：0 核验通过，1 失败，2 用法有误，3 被拒绝，4 暂不可用，5 未能核验。英文帮助与提示：--lang en。",
	EN: "Check a bundle of evidence of Cadastre, or audit a whole ledger.\n\nExit codes: 0 proven, 1 failed, 2 wrong usage, 3 refused, 4 unavailable, 5 not proven.",
}

type commands struct {
	JSON    bool   `zh:"输出 JSON，错误也是" en:"Print JSON, errors too."`
	Lang    string `zh:"帮助与提示的语言：zh 或 en" en:"Language of help and messages: zh or en." enum:"zh,en" default:"zh" env:"CADASTRE_LANG"`
	Profile string `zh:"监管单位的身份文件：节点只向监管单位提供日志条目" en:"Profile file of a regulator: a node gives the entries of its log to regulators only." env:"CADASTRE_PROFILE" placeholder:"FILE"`

	Node map[string]string `zh:"同一账本另一节点的地址（确知无误时给出），可重复" en:"Address of another node of the ledger, if you know that it is correct; repeat for each node." placeholder:"ORIGIN=URL"`

	Verify proving.Verify `cmd:"" default:"withargs" zh:"离线核验证据包" en:"Check an evidence bundle offline." example:"verify evidence.json --trust trust.json\nverify evidence.json --trust trust.json --file streets.csv"`
	Audit  proving.Audit  `cmd:"" zh:"重放整个账本并逐一判定交付" en:"Replay a whole ledger and check every delivery." example:"verify audit https://node.example --trust trust.json --profile regulator.json\nverify audit DIR --trust trust.json"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program. Its surroundings are parameters, so that tests can run it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c commands
	code := -1
	lang := terminal.Language(args, os.Getenv("CADASTRE_LANG"))
	parser, err := newParser(&c, lang, kong.Writers(out, errs), kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(errs, "verify:", err)
		return proving.ExitFailed
	}
	voice := terminal.Voice{Err: errs, Program: "verify", Lang: lang, JSON: terminal.AsksJSON(args)}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		voice.Misused(err)
		return proving.ExitUsage
	}
	k.BindTo(ctx, (*context.Context)(nil))
	s := &proving.Session{Out: out, Err: errs, JSON: c.JSON, Lang: c.Lang, Now: time.Now, Client: func(url string) (*client.Client, error) { return c.client(url, errs) }}
	if err := k.Run(s); err != nil {
		voice.Failed(err, proving.Title(err))
		return proving.ExitCode(err)
	}
	return proving.ExitOK
}

// newParser makes the parser of the commands, with help in the language.
func newParser(c *commands, lang string, options ...kong.Option) (*kong.Kong, error) {
	parser, err := kong.New(c, append(options, kong.Name("verify"), kong.Description(words.Of(lang, description)), kong.Help(terminal.Help(lang)))...)
	if err != nil {
		return nil, words.Errorf("读取命令表：%v", "read the table of commands: %v", err)
	}
	terminal.Speak(parser.Model, lang)
	return parser, nil
}

// client makes a client for the node at url, for the profile if --profile is given. It
// says so when the node has it wait.
func (c *commands) client(url string, errs io.Writer) (*client.Client, error) {
	p := client.Profile{URL: url}
	if c.Profile != "" {
		var err error
		if p, err = client.LoadProfile(c.Profile); err != nil {
			return nil, err
		}
		if url != "" {
			p.URL = url
		}
	}
	for _, origin := range slices.Sorted(maps.Keys(c.Node)) {
		p.Nodes = append(p.Nodes, trace.Place{Origin: origin, URL: c.Node[origin]})
	}
	n, err := client.New(p, c.Lang, time.Now)
	if err == nil {
		n.OnWait(terminal.Waits(errs, c.Lang))
	}
	return n, err
}
