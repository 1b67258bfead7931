package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

type auditCmd struct {
	Where string `arg:"" optional:"" help:"Address of a node, or its folder; the profile's address unless told." placeholder:"URL|DIR"`
	Trust string `required:"" help:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
}

// Help shows examples.
func (auditCmd) Help() string {
	return `cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json
cadastre audit /var/lib/cadastre --trust trust.json
A node gives the entries of its log to regulators. Of a folder, running or not, the rows of the state are
compared too. Exit code 5 says that something was found.`
}

// Run replays the ledger and prints what was found.
func (c *auditCmd) Run(p *program) error {
	raw, err := os.ReadFile(c.Trust)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	trust, err := evidence.ParseTrust(raw)
	if err != nil {
		return err
	}
	config := audit.Config{Trust: trust, Algorithms: ledger.Standard(), Progress: p.replaying()}
	end, err := c.sources(p.ctx, p, &config)
	if err != nil {
		return err
	}
	r, err := audit.Run(p.ctx, config)
	if err := errors.Join(err, end()); err != nil {
		return err
	}
	if p.JSON {
		err = p.json(r)
	} else {
		c.tell(p, r)
	}
	if err == nil && !r.Whole() {
		err = errors.Join(errUnproven, fmt.Errorf(p.say("审计发现 %d 处不符", "the audit found %d faults"), len(r.Findings)+r.More))
	}
	return err
}

// sources opens what is audited; end closes it.
func (c *auditCmd) sources(ctx context.Context, p *program, config *audit.Config) (end func() error, err error) {
	if c.Where != "" && !strings.Contains(c.Where, "://") {
		return folderSources(ctx, c.Where, config)
	}
	if c.Where != "" {
		p.URL = c.Where
	}
	cl, err := p.client()
	if err != nil {
		return nil, err
	}
	config.Ledger, config.Receipts = cl.LedgerLog(), []audit.Log{cl.ReceiptLog()}
	return func() error { return nil }, nil
}

// folderSources opens the databases of a folder, the ledger first: what it says of
// the receipts is never more than they hold.
func folderSources(ctx context.Context, dir string, config *audit.Config) (end func() error, err error) {
	register, err := embedded.OpenSnapshot(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	log, err := receipts.OpenSnapshot(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, register.Close())
	}
	config.Ledger, config.Folder, config.Receipts = register, register, []audit.Log{log}
	return func() error { return errors.Join(register.Close(), log.Close()) }, nil
}

// replaying shows progress on a terminal, at most every second.
func (p *program) replaying() func(done, size int64) {
	last := now()
	return func(done, size int64) {
		if now().Sub(last) < time.Second {
			return
		}
		last = now()
		fmt.Fprintf(p.err, p.say("已重放 %d / %d 条\n", "replayed %d of %d entries\n"), done, size)
	}
}

func (c *auditCmd) tell(p *program, r audit.Report) {
	if r.Whole() {
		fmt.Fprintf(p.out, "%s %s\n", p.say("审计通过：", "Whole:"), r.Name)
	} else {
		fmt.Fprintf(p.out, "%s %s\n", p.say("审计发现不符：", "Faults found:"), r.Name)
	}
	if r.Demo {
		fmt.Fprintln(p.out, p.say("演示账本：不具有法律效力", "A demonstration ledger: no legal effect"))
	}
	fmt.Fprintf(p.out, p.say("  检查点 %d 条，根 %s；重放 %d 条，最后一条 %s\n", "  checkpoint of %d entries, root %s; %d replayed, the last one of %s\n"),
		r.Size, r.Root, r.Replayed, time.UnixMilli(int64(r.Last)).Format(time.RFC3339))
	for _, l := range r.Logs {
		if !l.Read {
			fmt.Fprintf(p.out, p.say("  回执日志 %s：账本中有其锚定，但未提供，未予审计\n", "  receipt log %s: anchored on the ledger, but not read\n"), l.Origin)
			continue
		}
		fmt.Fprintf(p.out, p.say("  回执日志 %s：%d 条，已锚定 %d 条，按交付规则核对交付 %d 次，另有 %d 次晚于检查点\n",
			"  receipt log %s: %d receipts, %d anchored, %d deliveries judged, %d younger than the checkpoint\n"),
			l.Origin, l.Size, l.Anchored, l.Judged, l.Newer)
	}
	if r.Records > 0 {
		fmt.Fprintf(p.out, p.say("  已比对账本状态 %d 行\n", "  %d rows of the state compared\n"), r.Records)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(p.out, "  ✗ %-10s %s  %s\n", f.Check, f.At, f.Detail)
	}
	if r.More > 0 {
		fmt.Fprintf(p.out, p.say("  另有 %d 处\n", "  and %d more\n"), r.More)
	}
}
