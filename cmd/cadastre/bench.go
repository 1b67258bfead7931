package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/datacadastre/cadastre/internal/bench"
)

type benchCmd struct {
	Ledger benchLedgerCmd `cmd:"" help:"Measure a ledger: calls, an import, receipts."`
}

type benchLedgerCmd struct {
	Ledger   string `help:"Which ledger." enum:"embedded,fabric" default:"embedded"`
	Writers  []int  `help:"How many write at once." default:"1,16,128"`
	Each     int    `help:"Calls of each writer in a round; 0: as many as suit the ledger." placeholder:"N"`
	Records  int    `help:"Records of the import." default:"2000"`
	Receipts int    `help:"Receipts." default:"50000"`
}

// Help tells what is measured.
func (benchLedgerCmd) Help() string {
	return `Writes to a demonstration ledger: a fresh one in a temporary folder, or on Fabric the one that is up.
Figures are this machine's; the ratios hold on others.

  cadastre bench ledger --json`
}

// Run measures and prints.
func (c *benchLedgerCmd) Run(p *program) error {
	for _, n := range c.Writers {
		if n < 1 || n > 4096 {
			return errors.New("--writers takes numbers from 1 to 4096")
		}
	}
	dir, err := os.MkdirTemp("", "cadastre-bench-")
	if err != nil {
		return fmt.Errorf("temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	o := bench.Options{Writers: c.Writers, Each: c.Each, Records: c.Records, Receipts: c.Receipts, Dir: dir, Now: now, Tell: func(zh, en string, args ...any) {
		fmt.Fprintf(p.err, p.say(zh, en)+"\n", args...)
	}}
	if o.Each == 0 {
		o.Each = 200
	}
	s, l, err := bench.Embedded(p.ctx, dir, now)
	if l != nil {
		defer l.Close()
	}
	if err != nil {
		return err
	}
	r, err := bench.Run(p.ctx, s, o)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(r)
	}
	c.tell(p, r)
	return nil
}

func (c *benchLedgerCmd) tell(p *program, r bench.Result) {
	fmt.Fprintf(p.out, p.say("%s 账本，%d 核\n", "Ledger %s, %d CPUs\n"), r.Ledger, r.CPUs)
	fmt.Fprintf(p.out, "%8s %12s %10s %10s %12s %6s\n", p.say("并发", "writers"), p.say("次/秒", "calls/s"), "p50 ms", "p99 ms", p.say("基准/秒", "bare/s"), p.say("比", "ratio"))
	for _, l := range r.Levels {
		bare, ratio := "-", "-"
		if l.Bare != nil {
			bare, ratio = fmt.Sprintf("%.0f", l.Bare.Second), fmt.Sprintf("%.2f", l.Ratio)
		}
		fmt.Fprintf(p.out, "%8d %12.0f %10.2f %10.2f %12s %6s\n", l.Writers, l.Calls.Second, l.Calls.P50, l.Calls.P99, bare, ratio)
	}
	fmt.Fprintf(p.out, p.say("导入：%d 条，%.0f 条/秒\n", "Import: %d records, %.0f a second\n"), r.Import.Records, r.Import.Second)
	fmt.Fprintf(p.out, p.say("回执：%d 份落盘并锚定，%.0f 份/秒；逐份上链 %.0f 份/秒，%.0f 倍\n",
		"Receipts: %d durable and anchored, %.0f a second; one transaction each: %.0f, a ratio of %.0f\n"),
		r.Receipts.Count, r.Receipts.Second, r.Receipts.Transactions, r.Receipts.Ratio)
}
