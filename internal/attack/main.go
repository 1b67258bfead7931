// Command attack tries on running nodes what a hostile client with ordinary accounts can
// do, and prints one line for each attempt: what was tried, the figure of an older program,
// the figure now, and the bound. It fails if a bound is crossed. The nodes are built by
// "cadastre demo" and are attacked only through their command line and their HTTP API, so
// that any version of the program can be measured.
//
//	attack -now BINARY [-then BINARY] [-short] [-only 1a,7]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// attempt is one row: what is tried, and what it may yield at most.
type attempt struct {
	id, tried string
	figure    string // a format for the measured number
	most      float64
	why       string // why this is the bound
	long      bool   // left out by -short
	before    string // the older figure, where its program can't be measured
	try       func(context.Context, *node) (float64, error)
}

// line is the format of a row.
const line = "%-4s %-66s %-24s %-24s %-38s %s\n"

// errSkip reports that an attempt is not possible on this machine.
var errSkip = errors.New("not possible here")

func main() {
	now := flag.String("now", "", "program to attack")
	then := flag.String("then", "", "older program to compare with; may be empty")
	short := flag.Bool("short", false, "smaller sizes, and only the attempts that take seconds")
	only := flag.String("only", "", "attempts to make, separated by commas; all if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *now, *then, *only, *short)
	if err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// run makes the attempts and prints a line for each. It reports whether all bounds hold.
func run(ctx context.Context, now, then, only string, short bool) (bool, error) {
	if now == "" {
		return false, errors.New("-now is missing: name the program to attack")
	}
	size := int64(128 << 20)
	if short {
		size = 64 << 20
	}
	fmt.Printf(line, "row", "tried", "then", "now", "bound", "")
	good := true
	for _, a := range attempts {
		if short && a.long || only != "" && !slices.Contains(strings.Split(only, ","), a.id) {
			continue
		}
		before := a.before
		if then != "" && before == "" {
			before = a.text(measure(ctx, a, then, size))
		}
		f, err := measure(ctx, a, now, size)
		verdict := ""
		switch {
		case errors.Is(err, errSkip):
		case err != nil || f > a.most:
			verdict, good = "CROSSED", false
		}
		fmt.Printf(line, a.id, a.tried, before, a.text(f, err), a.why, verdict)
	}
	return good, ctx.Err()
}

func (a attempt) text(f float64, err error) string {
	switch {
	case errors.Is(err, errSkip):
		return "not possible here"
	case err != nil:
		return "failed: " + err.Error()
	}
	return fmt.Sprintf(a.figure, f)
}

// measure makes an attempt on a new node of a program.
func measure(ctx context.Context, a attempt, program string, size int64) (f float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	n, err := begin(ctx, program, size)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, n.end()) }()
	return a.try(ctx, n)
}
