// Command cadastre is the one binary of Cadastre (数籍). It runs a node, and it is the
// client with which holders, operators, buyers, registry bodies and regulators use a
// node. Signing keys stay with the user of the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// description describes the program and its exit codes.
var description = ledger.Words{
	ZH: "数籍：公共数据的开放登记与交易平台。\n\n" +
		"退出码：0 完成，1 失败，2 用法有误，3 被拒绝，4 暂不可用（请再次运行），5 未能核验（verify、audit）。英文帮助与提示：--lang en。",
	EN: "Cadastre: the open register and marketplace for public data.\n\n" +
		"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 unavailable (run it again), 5 not proven (verify, audit).",
}

// program has what every command needs.
type program struct {
	globals
	ctx context.Context //nolint:containedctx // one command, one context
	out io.Writer
	err io.Writer

	args     []string
	checking bool // ask whether calls would be refused, and record nothing
}

type globals struct {
	JSON    bool   `zh:"输出 JSON，错误也是" en:"Print JSON, errors too."`
	Lang    string `zh:"帮助与提示的语言：zh 或 en" en:"Language of help and messages: zh or en." enum:"zh,en" default:"zh" env:"CADASTRE_LANG"`
	Profile string `zh:"办理单位的身份文件" en:"Profile file of the party." env:"CADASTRE_PROFILE" placeholder:"FILE"`
	URL     string `zh:"节点的地址；默认为身份文件所载地址" en:"Address of the node; by default that of the profile." placeholder:"URL"`

	Node map[string]string `zh:"同一账本另一节点的地址（确知无误时给出），可重复" en:"Address of another node of the ledger, if you know that it is correct; repeat for each node." placeholder:"ORIGIN=URL"`
}

type commands struct {
	globals
	kong.Plugins
	Init     initCmd     `cmd:"" zh:"建立节点的文件夹、密钥与创世请求；加 --demo 则同时创建演示账本" en:"Make a node's folder, keys and genesis request; with --demo also begin a demonstration ledger."`
	Genesis  genesisCmd  `cmd:"" zh:"签署新账本的创世请求（在数据管理部门自己的机器上）" en:"Sign the genesis of a new ledger (on the data authority's own machine)."`
	Serve    serveCmd    `cmd:"" zh:"运行节点" en:"Run a node."`
	Demo     demoCmd     `cmd:"" zh:"在新节点上实时演示全流程" en:"Play the whole demonstration on a new node, in real time."`
	Keygen   keygenCmd   `cmd:"" zh:"生成密钥与身份文件" en:"Make a key and a profile."`
	Token    tokenCmd    `cmd:"" zh:"生成访问本节点的令牌" en:"Print a token for the profile's node."`
	Party    partyCmd    `cmd:"" zh:"单位：申请准入、准入、查询、暂停与恢复" en:"Parties: apply for admission, admit, look up, suspend, resume."`
	Registry registryCmd `cmd:"" zh:"登记：检索、导入、申请与凭证" en:"Register resources: search, import, applications, certificates."`
	License  licenseCmd  `cmd:"" zh:"授权：要约、撤回、接受、谢绝、暂停、恢复、终止与判定说明" en:"Licenses: offer, withdraw, accept, decline, suspend, resume, terminate, explain."`
	Policy   policyCmd   `cmd:"" zh:"可见性：谁可查看什么" en:"Explain who may read what."`
	Product  productCmd  `cmd:"" zh:"产品与内容" en:"Products and content."`
	Order    orderCmd    `cmd:"" zh:"订单" en:"Orders."`
	Fetch    fetchCmd    `cmd:"" zh:"取回订单所购内容，断线可续传，并核对哈希" en:"Fetch the content of an order, and check its hash; it resumes after an interruption."`
	Trace    traceCmd    `cmd:"" zh:"从文件、回执、订单、产品、资源或编码追溯其所依据的权利" en:"Trace a file, receipt, order, product, resource or certificate to the rights that it rests on."`
	Verify   verifyCmd   `cmd:"" zh:"离线核验证据包" en:"Check an evidence bundle offline." example:"cadastre verify evidence.json --trust trust.json\ncadastre verify evidence.json --trust trust.json --json"`
	Audit    auditCmd    `cmd:"" zh:"重放整个账本并逐一判定交付：按节点地址，或按其文件夹" en:"Replay a whole ledger and check every delivery: a node's log by its address, or its folder."`
	Calendar calendarCmd `cmd:"" zh:"工作日：拟定年度安排、推算期限" en:"Working days: propose a year's list, compute a due day."`
	Acts     actsCmd     `cmd:"" zh:"列出账本的全部功能：谁可办理、对何种记录、结果如何" en:"Print every function of the ledger: who may call it, on which record, with which result."`
	Call     callCmd     `cmd:"" zh:"以 JSON 文件为参数签署并提交任一请求" en:"Sign and send any call with arguments from a JSON file."`
	Backup   backupCmd   `cmd:"" zh:"备份节点，无论其是否运行；列出、核对备份" en:"Back up a node, whether it runs or not; list and check backups."`
	Restore  restoreCmd  `cmd:"" zh:"由备份恢复节点的文件夹" en:"Restore the folder of a node from a backup."`
	Head     headCmd     `cmd:"" zh:"已停止节点的账本与回执日志：条数与根" en:"Sizes and roots of both logs of a stopped node." example:"cadastre head D"`
	Log      logCmd      `cmd:"" zh:"节点自副本恢复后接续其日志，列出失去的请求" en:"After a restore: let a node's logs go on, and list what is lost."`
	Rotate   rotateCmd   `cmd:"" name:"rotate-master-key" zh:"为已停止的节点更换主密钥，并重新密封其保管的一切" en:"Replace the master key of a stopped node, and seal everything again with the new key."`
	Rebuild  rebuildCmd  `cmd:"" zh:"由账本重建检索与展示所用的 read.db" en:"Build read.db, which serves for searching and showing, again from the ledger."`
	Doctor   doctorCmd   `cmd:"" zh:"检查已停止节点的文件夹，指明每处损坏及处理办法" en:"Examine the folder of a stopped node: name each damage and what to do."`
	Bench    benchCmd    `cmd:"" zh:"在本机测量账本性能" en:"Measure a ledger on this machine."`
	Version  versionCmd  `cmd:"" zh:"显示版本" en:"Print the version." example:"cadastre version --json"`

	Completion  completionCmd `cmd:"" zh:"输出供 shell 补全命令的设置" en:"Print the lines that make a shell complete commands."`
	Man         manCmd        `cmd:"" zh:"输出手册页（man）" en:"Print the manual page." example:"cadastre man --lang en | man -l -"`
	ShowVersion versionFlag   `name:"version" zh:"显示版本" en:"Print the version."`
}

// run runs the program. Its surroundings are parameters, so that tests can run it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c commands
	code := -1
	lang := terminal.Language(args, os.Getenv("CADASTRE_LANG"))
	parser, err := newParser(&c, lang, kong.Writers(out, errs), kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(errs, "cadastre:", err)
		return proving.ExitFailed
	}
	voice := terminal.Voice{Err: errs, Program: "cadastre", Lang: lang, JSON: terminal.AsksJSON(args)}
	if complete(parser, func(n int) { code = n }); code >= 0 {
		return code
	}
	k, err := parser.Parse(placeKeyIDs(args))
	if code >= 0 {
		return code
	}
	if err != nil {
		voice.Misused(err)
		return proving.ExitUsage
	}
	p := &program{globals: c.globals, ctx: ctx, out: out, err: errs, args: args, checking: isChecking(k)}
	if err := k.Run(p, k); err != nil && !errors.Is(err, errChecked) {
		voice.Failed(err, proving.Title(err))
		return proving.ExitCode(err)
	}
	return proving.ExitOK
}

// placeKeyIDs makes values of key ids that begin with a hyphen, as one in 64 does, which
// would be read as flags.
func placeKeyIDs(args []string) []string {
	if slices.Contains(args, "--") {
		return args
	}
	var list, ids []string
	for i, a := range args {
		switch {
		case !strings.HasPrefix(a, "-") || !keyID.MatchString(a):
			list = append(list, a)
		case i > 0 && args[i-1] == "--old": // the only flag with a key id, see party prove-key
			list[len(list)-1] += "=" + a
		default:
			ids = append(ids, a)
		}
	}
	if len(ids) > 0 {
		list = append(append(list, "--"), ids...)
	}
	return list
}

// keyID is the form of a key's id: a SHA-256 in base64url (RFC 7638).
var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// newParser makes the parser of the commands, with help in the language.
func newParser(c *commands, lang string, options ...kong.Option) (*kong.Kong, error) {
	c.fill()
	parser, err := kong.New(c, append(options, kong.Name("cadastre"), kong.Description(words.Of(lang, description)), kong.Help(terminal.Help(lang)))...)
	if err != nil {
		return nil, words.Errorf("读取命令表：%v", "read the table of commands: %v", err)
	}
	terminal.Speak(parser.Model, lang)
	return parser, nil
}
