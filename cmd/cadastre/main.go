// Command cadastre is the one binary of Cadastre (数籍): it runs a node, and it
// is the client with which holders, operators, buyers, registry bodies and
// regulators act on one. Signing keys stay with whoever runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/proving"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const description = `数籍 Cadastre：公共数据的开放登记与交易平台。 The open register and marketplace for public data.

退出码：0 完成，1 失败，2 用法有误，3 被拒绝，4 暂不可用（请再次运行），5 未能核验（verify、audit）。各命令的说明为中英文，选项的说明为英文；提示默认为中文（--lang）。

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 unavailable (run it again), 5 not proven (verify, audit). Commands are described in both
languages, flags in English; messages are Chinese unless --lang says otherwise.`

// program is what every command is given.
type program struct {
	globals
	ctx context.Context //nolint:containedctx // one command, one context
	out io.Writer
	err io.Writer

	checking bool // ask whether calls would be refused, record none
}

type globals struct {
	JSON    bool   `help:"Print JSON."`
	Lang    string `help:"Language of messages: zh or en." enum:"zh,en" default:"zh" env:"CADASTRE_LANG"`
	Profile string `help:"Profile file of the party that acts." env:"CADASTRE_PROFILE" placeholder:"FILE"`
	URL     string `help:"Address of the node; the profile's unless told." placeholder:"URL"`

	Node map[string]string `help:"Address of another node of the ledger, when you know that it is right; repeat for each." placeholder:"ORIGIN=URL"`
}

type commands struct {
	globals
	kong.Plugins
	Init     initCmd     `cmd:"" help:"Make a node's folder, keys and genesis request; with --demo also begin a demonstration ledger."`
	Genesis  genesisCmd  `cmd:"" help:"Sign the genesis of a new ledger (on the data authority's own machine)."`
	Serve    serveCmd    `cmd:"" help:"Run a node."`
	Demo     demoCmd     `cmd:"" help:"Tell the whole story on a fresh node, in real time."`
	Keygen   keygenCmd   `cmd:"" help:"Make a key and a profile."`
	Token    tokenCmd    `cmd:"" help:"Print a token for the profile's node."`
	Party    partyCmd    `cmd:"" help:"Apply for admission, admit, look up, suspend and resume parties."`
	Registry registryCmd `cmd:"" help:"Register resources: search, import, applications, certificates."`
	License  licenseCmd  `cmd:"" help:"Licenses: offer, accept, suspend, resume, terminate, explain."`
	Policy   policyCmd   `cmd:"" help:"Who may read what: explain."`
	Product  productCmd  `cmd:"" help:"Products and content."`
	Order    orderCmd    `cmd:"" help:"Orders."`
	Fetch    fetchCmd    `cmd:"" help:"Fetch what an order bought, resumably, and check it."`
	Trace    traceCmd    `cmd:"" help:"Trace a file, receipt, order, product, resource or certificate to the right it rests on."`
	Verify   verifyCmd   `cmd:"" help:"Check an evidence bundle offline."`
	Audit    auditCmd    `cmd:"" help:"Replay a whole ledger and judge every delivery: a node's log by its address, or its folder."`
	Calendar calendarCmd `cmd:"" help:"Working days: propose a year's list, reckon a due day."`
	Acts     actsCmd     `cmd:"" help:"Print every function of the ledger: who may call it, on what, and where it leads."`
	Call     callCmd     `cmd:"" help:"Sign and send any call, its arguments from a JSON file."`
	Rotate   rotateCmd   `cmd:"" name:"rotate-master-key" help:"Replace the master key of a stopped node and seal by the new one all that it sealed."`
	Bench    benchCmd    `cmd:"" help:"Measure a ledger on this machine."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// run is the program with its surroundings handed in, so that tests can run it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c commands
	code := -1
	parser, err := newParser(&c, kong.Writers(out, errs), kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(errs, "cadastre:", err)
		return proving.ExitFailed
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintf(errs, "cadastre: %s\nRun cadastre --help, or cadastre COMMAND --help.\n", usage(err))
		return proving.ExitUsage
	}
	p := &program{globals: c.globals, ctx: ctx, out: out, err: errs, checking: isChecking(k)}
	if err := k.Run(p); err != nil && !errors.Is(err, errChecked) {
		fmt.Fprintln(errs, "cadastre:", explain(err, p.Lang))
		return proving.ExitCode(err)
	}
	return proving.ExitOK
}

func newParser(c *commands, options ...kong.Option) (*kong.Kong, error) {
	c.fill()
	parser, err := kong.New(c, append(options, kong.Name("cadastre"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}))...)
	if err != nil {
		return nil, fmt.Errorf("read the table of commands: %w", err)
	}
	exemplify(parser.Model.Node)
	speakBoth(parser.Model.Node)
	return parser, nil
}
