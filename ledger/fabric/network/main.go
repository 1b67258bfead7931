package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var env []string
	for _, name := range inheritedVariables {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	os.Exit(run(ctx, os.Args[1:], env, os.Stdout, os.Stderr))
}

type commands struct {
	Folder string    `name:"run" help:"Run folder." default:".cache/fabric/run" type:"path" placeholder:"FOLDER"`
	Bin    string    `help:"Folder of Fabric's binaries." default:".cache/fabric/bin" type:"path" placeholder:"FOLDER"`
	Up     upCmd     `cmd:"" help:"Boot a new network."`
	Status statusCmd `cmd:"" help:"Report what runs, and whether the chaincode answers."`
	Kill   killCmd   `cmd:"" help:"End processes by SIGKILL."`
	Start  startCmd  `cmd:"" help:"Start processes again and wait until they listen."`
	Wipe   wipeCmd   `cmd:"" help:"Empty a peer's folder and make it rejoin the channel."`
	Down   downCmd   `cmd:"" help:"End everything and delete it, except the logs."`
}

// program has the input and output that all commands use.
type program struct {
	ctx   context.Context //nolint:containedctx // one command, one context
	run   string
	bin   string
	env   []string // environment for daemons and tools
	out   io.Writer
	err   io.Writer
	began time.Time
}

// say prints the progress of a command.
func (p *program) say(format string, args ...any) {
	fmt.Fprintf(p.err, "%5.1f s  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// run runs the program with the given arguments and environment.
func run(ctx context.Context, args, env []string, out, errs io.Writer) int {
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("network"), kong.Description("A Hyperledger Fabric network on this machine, without Docker."),
		kong.Writers(out, errs), kong.Exit(func(n int) { code = n }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(errs, "network:", err)
		return 1
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintf(errs, "network: %v\nRun network --help, or network COMMAND --help.\n", err)
		return 2
	}
	if err := k.Run(&program{ctx: ctx, run: c.Folder, bin: c.Bin, env: env, out: out, err: errs, began: time.Now()}); err != nil {
		fmt.Fprintln(errs, "network:", err)
		return 1
	}
	return 0
}
