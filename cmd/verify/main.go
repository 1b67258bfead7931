// Command verify is for courts and for whoever does not trust a node: it checks a
// bundle of evidence with the trust file alone, or replays a whole ledger. It holds
// no web server and no register. The program cadastre has the same two commands.
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
	"github.com/datacadastre/cadastre/internal/trace"
)

const description = `核验数籍（Cadastre）的证据包，或审计整个账本。
Check a bundle of evidence of Cadastre, or audit a whole ledger.

  verify evidence.json --trust trust.json
  verify evidence.json --trust trust.json --file streets.csv
  verify audit https://node.example --trust trust.json --profile regulator.json
  verify audit DIR --trust trust.json

Exit codes: 0 proven, 1 failed, 2 wrong usage, 3 refused, 4 unavailable, 5 not proven.`

type commands struct {
	JSON    bool   `help:"Print JSON."`
	Lang    string `help:"Language of messages: zh or en." enum:"zh,en" default:"zh" env:"CADASTRE_LANG"`
	Profile string `help:"Profile file of a regulator, whom the node gives the entries of its log." env:"CADASTRE_PROFILE" placeholder:"FILE"`

	Node map[string]string `help:"Address of another node of the ledger, when you know that it is right; repeat for each." placeholder:"ORIGIN=URL"`

	Verify proving.Verify `cmd:"" default:"withargs" help:"Check an evidence bundle offline."`
	Audit  proving.Audit  `cmd:"" help:"Replay a whole ledger and judge every delivery."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program with its surroundings handed in, so that tests can run it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("verify"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(out, errs), kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(errs, "verify:", err)
		return proving.ExitFailed
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintf(errs, "verify: %s\nRun verify --help.\n", err)
		return proving.ExitUsage
	}
	k.BindTo(ctx, (*context.Context)(nil))
	s := &proving.Session{Out: out, Err: errs, JSON: c.JSON, Lang: c.Lang, Now: time.Now, Client: c.client}
	if err := k.Run(s); err != nil {
		fmt.Fprintln(errs, "verify:", err)
		return proving.ExitCode(err)
	}
	return proving.ExitOK
}

// client makes a client for the node at url, for the profile if one is named.
func (c *commands) client(url string) (*client.Client, error) {
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
	return client.New(p, c.Lang, time.Now)
}
