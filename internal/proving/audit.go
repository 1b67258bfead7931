package proving

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Chain is an opened register on Fabric.
type Chain interface {
	audit.Chain
	Close() error
}

// Opener opens the blocks of the register that a trust file describes.
type Opener func(t evidence.Trust) (Chain, error)

// Audit is the command that replays a whole ledger.
type Audit struct {
	Where string `arg:"" optional:"" zh:"节点的地址或其文件夹；默认为身份文件所载地址" en:"Address of a node, or its folder; by default the profile's address." placeholder:"URL|DIR"`
	Trust string `required:"" zh:"信任文件，须得自节点之外" en:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
	Sign  string `zh:"未发现不符且全部读取时，以此文件的密钥（keygen --use cosign）联署检查点，并交给节点" en:"If the audit read everything and found no fault, cosign the checkpoint with the key in this file (keygen --use cosign) and send it to the node." type:"existingfile" placeholder:"KEYFILE"`
	Chain Opener `kong:"-"` // opens a register on Fabric; nil if the register is a log
	Out   string `zh:"将联署的检查点写入此文件；按文件夹审计或没有身份文件时，以此代替交给节点" en:"Write the cosigned checkpoint to this file. When a folder is audited, or without a profile, it is not sent to the node." placeholder:"FILE"`
}

// Validate is called by kong. It checks that a cosigned checkpoint has a destination.
func (c *Audit) Validate() error {
	switch {
	case c.Out != "" && c.Sign == "":
		return words.Errorf("--out 是联署的检查点的去处：请加 --sign KEYFILE", "--out writes the cosigned checkpoint: add --sign KEYFILE")
	case c.Sign != "" && c.Out == "" && c.OfFolder():
		return words.Errorf("文件夹不接收联署：请用 --out 指明检查点的文件，或按节点地址审计", "a folder can't receive a cosignature: name a file for the checkpoint with --out, or audit the node by its address")
	}
	return nil
}

// OfFolder reports whether a folder is audited, and not a node by its address.
func (c *Audit) OfFolder() bool { return c.Where != "" && !strings.Contains(c.Where, "://") }

// Run replays the ledger and prints the findings; with findings the error is
// ErrUnproven.
func (c *Audit) Run(ctx context.Context, s *Session) error {
	trust, err := readTrust(c.Trust)
	if err != nil {
		return err
	}
	config := audit.Config{Trust: trust, Algorithms: ledger.Standard(), Progress: s.replaying()}
	var key *client.AuditorKey
	if c.Sign != "" {
		if key, err = client.LoadAuditorKey(c.Sign); err != nil {
			return err
		}
		config.Signed = func(origin string) (int64, ledger.Digest) {
			last := key.Last(origin)
			return last.Size, last.Root
		}
	}
	end, err := c.sources(ctx, s, &config)
	if err != nil {
		return err
	}
	r, err := audit.Run(ctx, config)
	if err := errors.Join(err, end()); err != nil {
		return err
	}
	unsigned := s.outcome(r)
	if key != nil && unsigned == nil {
		unsigned = c.sign(ctx, s, key, &r)
	}
	if s.JSON {
		err = s.json(r)
	} else {
		s.ledger(r)
	}
	return cmp.Or(err, unsigned)
}

// sign cosigns the replayed checkpoint and sends it to the node, or writes it to a
// file, or both.
func (c *Audit) sign(ctx context.Context, s *Session, key *client.AuditorKey, r *audit.Report) error {
	signed, err := key.Cosign(r.Checkpoint, client.Tree{Origin: r.Origin, Size: r.Size, Root: r.Root}, s.Now())
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := durable.WriteFile(c.Out, signed); err != nil {
			return words.Errorf("写入检查点：%v", "write checkpoint: %v", err)
		}
	}
	r.Cosigner = key.Name()
	if c.OfFolder() {
		return nil
	}
	cl, err := s.Client(c.Where)
	if err != nil || c.Out != "" && cl.Profile().Key == "" { // without a key, a caller who asked for a file gets only the file
		return err
	}
	if err := cl.Cosign(ctx, key.VKey(), signed); err != nil {
		return words.Errorf("节点未保存联署：%v", "the node did not store the cosignature: %v", err)
	}
	return nil
}

// outcome returns an error if the audit found something, or if anchored deliveries
// could not be read; in the second case the same audit can be run again.
func (s *Session) outcome(r audit.Report) error {
	if !r.Whole() {
		return unproven(words.Errorf("审计发现 %d 处不符", "the audit found %d faults", len(r.Findings)+r.More))
	}
	if n := r.Unread(); n > 0 {
		return words.Errorf("%[1]v：账本锚定的 %[2]d 个回执日志未能读取，其中的交付未经核对：请用 --node 标识=网址 指明其节点",
			"%[1]v: %[2]d receipt logs that the ledger anchors could not be read, so their deliveries were not checked: name their nodes with --node ORIGIN=URL", ErrUnread, n)
	}
	return nil
}

// sources opens what is audited; end closes it.
func (c *Audit) sources(ctx context.Context, s *Session, config *audit.Config) (end func() error, err error) {
	if c.Chain != nil {
		return c.chainSources(ctx, s, config)
	}
	if c.OfFolder() {
		return folderSources(ctx, s, c.Where, config)
	}
	cl, err := s.Client(c.Where)
	if err != nil {
		return nil, err
	}
	home := cl.Profile().Origin
	if home == "" {
		var about wire.About
		if err := cl.Get(ctx, "/v1/about", &about); err != nil {
			return nil, err
		}
		home = about.Origin
	}
	config.Ledger = cl.LedgerLog()
	config.Receipts = func(_ context.Context, n audit.Node) (audit.Log, error) {
		if n.Origin == home {
			return cl.ReceiptLog(), nil
		}
		return otherNodeLog(cl, n)
	}
	return func() error { return nil }, nil
}

// otherNodeLog returns the receipt log of another node, if its address is known to be
// right.
func otherNodeLog(cl *client.Client, n audit.Node) (audit.Log, error) {
	other, err := cl.At(trace.Place{Origin: n.Origin, URL: n.URL})
	if err != nil {
		return nil, err
	}
	return other.ReceiptLog(), nil
}

// folderSources opens the databases of a folder, the ledger first: so the ledger never
// anchors more receipts than the receipt database has.
func folderSources(ctx context.Context, s *Session, dir string, config *audit.Config) (end func() error, err error) {
	register, err := embedded.OpenSnapshot(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	log, err := receipts.OpenSnapshot(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, register.Close())
	}
	config.Ledger, config.Folder = register, register
	config.Receipts = ownReceipts(s, log)
	return func() error { return errors.Join(register.Close(), log.Close()) }, nil
}

// ownReceipts returns a function that reads the receipts of the folder's node, and asks
// other nodes at their addresses.
func ownReceipts(s *Session, log *receipts.Snapshot) func(context.Context, audit.Node) (audit.Log, error) {
	return func(ctx context.Context, n audit.Node) (audit.Log, error) {
		msg, err := log.Checkpoint(ctx)
		if err != nil {
			return nil, err
		}
		if name, _, _ := strings.Cut(string(msg), "\n"); ledger.NodeOfReceipts(name) == n.Origin {
			return log, nil
		}
		cl, err := s.Client("")
		if err != nil {
			return nil, err
		}
		return otherNodeLog(cl, n)
	}
}

// chainSources opens the blocks of a register on Fabric. Receipts are read from a
// folder, or from all nodes at their addresses.
func (c *Audit) chainSources(ctx context.Context, s *Session, config *audit.Config) (end func() error, err error) {
	chain, err := c.Chain(config.Trust)
	if err != nil {
		return nil, err
	}
	config.Chain = chain
	if c.OfFolder() {
		log, err := receipts.OpenSnapshot(ctx, c.Where)
		if err != nil {
			return nil, errors.Join(err, chain.Close())
		}
		config.Receipts = ownReceipts(s, log)
		return func() error { return errors.Join(chain.Close(), log.Close()) }, nil
	}
	cl, err := s.Client(c.Where)
	if err != nil {
		return nil, errors.Join(err, chain.Close())
	}
	config.Receipts = func(_ context.Context, n audit.Node) (audit.Log, error) {
		if n.Origin == cl.Profile().Origin {
			return cl.ReceiptLog(), nil
		}
		return otherNodeLog(cl, n)
	}
	return chain.Close, nil
}

// replaying returns a function that prints the progress about every 10,000 entries.
func (s *Session) replaying() func(done, size int64) {
	const every = 40 * audit.Bundle
	return func(done, size int64) {
		if done > 0 && done%every == 0 {
			fmt.Fprintf(s.Err, s.say("已重放 %d / %d 条\n", "replayed %d of %d entries\n"), done, size)
		}
	}
}
