package proving

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Audit is the command that replays a whole ledger.
type Audit struct {
	Where string `arg:"" optional:"" zh:"节点的地址或其文件夹；默认为身份文件所载地址" en:"Address of a node, or its folder; by default the profile's address." placeholder:"URL|DIR"`
	Trust string `required:"" zh:"信任文件，须得自节点之外" en:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
}

// Run replays the ledger and prints what was found; then the error is ErrUnproven.
func (c *Audit) Run(ctx context.Context, s *Session) error {
	trust, err := readTrust(c.Trust)
	if err != nil {
		return err
	}
	config := audit.Config{Trust: trust, Algorithms: ledger.Standard(), Progress: s.replaying()}
	end, err := c.sources(ctx, s, &config)
	if err != nil {
		return err
	}
	r, err := audit.Run(ctx, config)
	if err := errors.Join(err, end()); err != nil {
		return err
	}
	if s.JSON {
		err = s.json(r)
	} else {
		s.ledger(r)
	}
	if err == nil && !r.Whole() {
		err = unproven(words.Errorf("审计发现 %d 处不符", "the audit found %d faults", len(r.Findings)+r.More))
	}
	return err
}

// sources opens what is audited; end closes it.
func (c *Audit) sources(ctx context.Context, s *Session, config *audit.Config) (end func() error, err error) {
	if c.Where != "" && !strings.Contains(c.Where, "://") {
		return folderSources(ctx, c.Where, config)
	}
	cl, err := s.Client(c.Where)
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

// replaying shows progress, every 10,000 entries or so.
func (s *Session) replaying() func(done, size int64) {
	const every = 40 * audit.Bundle
	return func(done, size int64) {
		if done > 0 && done%every == 0 {
			fmt.Fprintf(s.Err, s.say("已重放 %d / %d 条\n", "replayed %d of %d entries\n"), done, size)
		}
	}
}
