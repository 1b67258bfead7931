package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/datacadastre/cadastre/internal/bench"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
)

type benchCmd struct {
	Ledger benchLedgerCmd `cmd:"" zh:"测量账本：请求、导入与回执" en:"Measure a ledger: calls, an import, receipts."`
}

type benchLedgerCmd struct {
	fabricFlags
	Ledger   string `zh:"测量哪种账本" en:"Which ledger to measure." enum:"embedded,fabric" default:"embedded"`
	Writers  []int  `zh:"同时写入者的数目" en:"Numbers of concurrent writers." default:"1,16,128"`
	Each     int    `zh:"每轮中每个写入者的请求数；0 为按账本取适当的数" en:"Calls of each writer in a round; by default a number that suits the ledger." placeholder:"N"`
	Records  int    `zh:"导入的记录数" en:"Number of records to import." default:"2000"`
	Receipts int    `zh:"回执数" en:"Number of receipts." default:"50000"`
}

// Page describes what is measured.
func (benchLedgerCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre bench ledger --json\ncadastre bench ledger --ledger fabric --network network.json --profile authority.json"},
		{
			ZH: "写入演示账本：临时文件夹中的新账本，或已启动的 Fabric 网络。数值因机器而异，比值则可通用。",
			EN: "It writes to a demonstration ledger: a new one in a temporary folder, or on a running Fabric network. The figures depend on the machine; the ratios apply elsewhere too.",
		},
	}
}

// Run measures and prints the results.
func (c *benchLedgerCmd) Run(p *program) error {
	for _, n := range c.Writers {
		if n < 1 || n > 4096 {
			return words.Errorf("--writers 须为 1 至 4096 的数", "--writers takes numbers from 1 to 4096")
		}
	}
	dir, err := os.MkdirTemp("", "cadastre-bench-")
	if err != nil {
		return words.Errorf("临时文件夹：%v", "temporary folder: %v", err)
	}
	defer os.RemoveAll(dir)
	o := bench.Options{Writers: c.Writers, Each: c.Each, Records: c.Records, Receipts: c.Receipts, Dir: dir, Now: now, Report: func(zh, en string, args ...any) {
		fmt.Fprintf(p.err, p.say(zh, en)+"\n", args...)
	}}
	if o.Each == 0 {
		o.Each = map[string]int{"embedded": 200, "fabric": 15}[c.Ledger]
	}
	s, closed, err := c.subject(p, dir)
	if err != nil {
		return errors.Join(err, closed())
	}
	r, err := bench.Run(p.ctx, s, o)
	if err := errors.Join(err, closed()); err != nil {
		return err
	}
	if p.JSON {
		return p.json(r)
	}
	c.print(p, r)
	return nil
}

// subject opens the ledger to measure.
func (c *benchLedgerCmd) subject(p *program, dir string) (bench.Subject, func() error, error) {
	if c.Ledger == "embedded" {
		return bench.Embedded(p.ctx, dir, now)
	}
	n, err := c.open(p)
	if err != nil {
		return bench.Subject{}, func() error { return nil }, err
	}
	of := bench.Network{
		Profile: n.own.Profile, Channel: n.Channel, Chaincode: n.Chaincode, Organization: n.own.Name, User: n.own.User,
		Genesis: n.genesis, Authority: bench.Signer{Party: n.profile.Party, Key: n.key},
	}
	if n.Bare != "" {
		of.Bare = "bare"
	}
	return bench.Fabric(p.ctx, of, logger(p.err), now)
}

// print prints the results for people.
func (c *benchLedgerCmd) print(p *program, r bench.Result) {
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
