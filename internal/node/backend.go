package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Kinds of ledger that a node can use.
const (
	KindEmbedded = "embedded" // in the node's folder, used by this node only
	KindFabric   = "fabric"   // a channel of a Hyperledger Fabric network, shared with other nodes
)

// Backend is ledger_backend of node.json: where the register is stored. The zero
// value is the embedded ledger.
type Backend struct {
	Kind         string `json:"kind"`
	Profile      string `json:"profile,omitempty"` // file with the connection profile
	Channel      string `json:"channel,omitempty"`
	Chaincode    string `json:"chaincode,omitempty"`
	Organization string `json:"organization,omitempty"` // one of the profile's; the node asks its peers first
	User         string `json:"user,omitempty"`
	Version      string `json:"chaincode_version,omitempty"` // empty accepts any version
}

// Shared reports whether other nodes use the same ledger.
func (b Backend) Shared() bool { return b.Kind == KindFabric }

func (b Backend) validate() error {
	fields := []struct{ name, value string }{
		{"profile", b.Profile},
		{"channel", b.Channel},
		{"chaincode", b.Chaincode},
		{"organization", b.Organization},
		{"user", b.User},
	}
	switch b.Kind {
	case "", KindEmbedded:
		fields = append(fields, struct{ name, value string }{"chaincode_version", b.Version})
		for _, f := range fields {
			if f.value != "" {
				return words.Errorf("node.json：ledger_backend.%s 用于种类 %q：请删去，或设定该种类", "node.json: ledger_backend.%s is for kind %q: take it out, or set the kind", f.name, KindFabric)
			}
		}
	case KindFabric:
		for _, f := range fields {
			if f.value == "" {
				return words.Errorf("node.json：缺少 ledger_backend.%s，种类 %q 需要它", "node.json: ledger_backend.%s is missing: kind %q needs it", f.name, KindFabric)
			}
		}
	default:
		return words.Errorf("node.json：ledger_backend.kind 为 %q，应为 %q 或 %q", "node.json: ledger_backend.kind is %q: choose %q or %q", b.Kind, KindEmbedded, KindFabric)
	}
	return nil
}

// opened is an open ledger with the function that closes it.
type opened struct {
	ledger.Ledger
	own   *embedded.Ledger  // nil for a shared ledger
	algs  ledger.Algorithms // of own: it knows what the edge of the node has verified
	close func() error
}

// shut closes the ledger unless a caller passed it in open.
func (o opened) shut() error {
	if o.close == nil {
		return nil
	}
	return o.close()
}

// opener opens the ledger of a node.
type opener func(ctx context.Context, d folder, s Settings, k keys, log *slog.Logger, now func() time.Time) (opened, error)

// openLedger opens the ledger named in the settings. Only the genesis of the settings may
// be its first call.
func openLedger(ctx context.Context, d folder, s Settings, k keys, log *slog.Logger, now func() time.Time) (opened, error) {
	if s.Backend.Shared() {
		return openFabric(ctx, d, s, log, now)
	}
	algs := auth.Remember(ledger.Standard())
	l, err := embedded.Open(ctx, embedded.Config{
		Path: d.path("ledger.db"), Key: k.ledger, Algorithms: algs, Genesis: s.GenesisSHA256, Now: now,
	})
	if err != nil {
		return opened{}, err
	}
	return opened{Ledger: l, own: l, algs: algs, close: l.Close}, nil
}

// trust returns what a verifier needs to know about this node's ledger: for an embedded
// ledger it follows from the keys, for a shared one it is read from trust.json.
func (d folder) trust(s Settings, k keys) (evidence.Trust, error) {
	if !s.Backend.Shared() {
		return evidence.Trust{Ledger: s.Ledger, Genesis: s.GenesisSHA256, Logs: []string{k.ledger.VKey()}}, nil
	}
	b, err := os.ReadFile(d.path("trust.json"))
	if err != nil {
		return evidence.Trust{}, words.Errorf("读取 trust.json：%v：请复制回来，它是本节点创建或加入时所用的信任文件", "read trust.json: %v: copy back the trust file with which this node was created or joined", err)
	}
	t, err := evidence.ParseTrust(b)
	if err == nil && (t.Ledger != s.Ledger || t.Genesis != s.GenesisSHA256) {
		err = words.Errorf("trust.json 属于账本 %s，node.json 属于 %s：请复制回本节点创建或加入时所用的信任文件", "trust.json belongs to ledger %s, node.json to %s: copy back the trust file with which this node was created or joined", t.Ledger, s.Ledger)
	}
	return t, err
}

func (d folder) saveTrust(t evidence.Trust) error {
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("encode trust: %w", err)
	}
	return durable.WriteFile(d.path("trust.json"), append(b, '\n'))
}

// checkLedger refuses a ledger other than the one of the settings, and a ledger that has
// not admitted this node's receipt log.
func (n *Node) checkLedger(ctx context.Context, d folder) (err error) {
	n.genesis, err = value[ledger.Genesis](ctx, n.ledger, ledger.GenesisRef)
	if errors.Is(err, ledger.NotFound) {
		return words.Errorf("账本尚未创建：请在创建账本的节点上提交数据管理部门签署的创世请求，cadastre init --dir %s --genesis FILE", "the ledger has not begun: submit the genesis that the data authority signed, cadastre init --dir %s --genesis FILE, on the node that begins it", d)
	}
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	if n.genesis.Ledger != n.settings.Ledger {
		return words.Errorf("ledger_backend 指向账本 %s，而本节点属于 %s：请改正 node.json", "ledger_backend leads to ledger %s, but this node belongs to %s: fix node.json", n.genesis.Ledger, n.settings.Ledger)
	}
	if err := n.checkGenesis(ctx, d); err != nil {
		return err
	}
	if !n.settings.Backend.Shared() {
		n.trust.Logs = []string{n.genesis.LedgerKey}
	}
	return n.checkLogs(ctx, d)
}

// checkLogs refuses logs that the ledger does not know with the keys of this folder.
func (n *Node) checkLogs(ctx context.Context, d folder) (err error) {
	origin := n.keys.receipts.Origin()
	n.log, err = value[ledger.LogRecord](ctx, n.ledger, ledger.RefTo(ledger.KindLog, origin))
	if errors.Is(err, ledger.NotFound) {
		return words.Errorf("本节点尚未准入：请数据管理部门运行 cadastre party admit %s，然后重新启动", "this node is not admitted yet: have the data authority run cadastre party admit %s, then start again", d.path(applicationFile))
	}
	if err != nil {
		return fmt.Errorf("read log record: %w", err)
	}
	if own := ledger.NodeOfReceipts(origin); own != n.settings.Origin {
		return words.Errorf("node.json：origin 为 %q，而 keys/receipt-log 属于 %q：请改回后者，或恢复该文件", "node.json: origin is %q, but keys/receipt-log is of %q: set it to that, or restore the file", n.settings.Origin, own)
	}
	if n.log.Key == n.keys.receipts.VKey() && n.log.Owner != n.settings.Platform {
		return words.Errorf("node.json：platform 为 %q，而账本记载该日志属于 %q：请改为后者", "node.json: platform is %q, but on the ledger the log belongs to %q: set it to that", n.settings.Platform, n.log.Owner)
	}
	if n.log.Key != n.keys.receipts.VKey() {
		return words.Errorf("已有另一节点以 %s 准入：请以另一标识重新创建，或恢复已准入的文件夹", "another node was admitted as %s: create this node again with another origin, or restore the folder that was admitted", n.settings.Origin)
	}
	if n.log.Next != "" {
		return words.Errorf("恢复后日志 %s 已由 %s 接续：请再次运行 cadastre log begin --dir %s --signed FILE，或恢复其后的备份", "since a restore %[2]s continues the log %[1]s: run cadastre log begin --dir %[3]s --signed FILE again, or restore a backup made after it", origin, n.log.Next, d)
	}
	for _, log := range []string{n.keys.ledgerOrigin(), origin} {
		begun, err := begunLogs(ctx, n.ledger, log)
		if err != nil {
			return err
		}
		n.begun = append(n.begun, begun...)
	}
	return nil
}

// begunLogs lists how a log and those before it began after a restore, the newest first.
func begunLogs(ctx context.Context, on ledger.Ledger, log string) (list []ledger.Restored, err error) {
	for log != "" && log != ledger.LedgerLog(ledger.NodeOfLedger(log)) {
		l, err := value[ledger.LogRecord](ctx, on, ledger.RefTo(ledger.KindLog, log))
		if err != nil {
			return nil, fmt.Errorf("read log record: %w", err)
		}
		if log = ""; l.Begun != nil {
			list, log = append(list, l.Restored()), l.Begun.Old.Origin
		}
	}
	return list, nil
}

// checkGenesis refuses settings with another hash of the genesis than that of the first
// entry of the embedded ledger: the node serves it to those who begin to verify. A shared
// ledger compares it when it is opened.
func (n *Node) checkGenesis(ctx context.Context, d folder) error {
	if n.own == nil {
		return nil
	}
	for b, err := range n.own.Blocks(ctx, 0) {
		if err != nil {
			return fmt.Errorf("read the first entry: %w", err)
		}
		return d.compareGenesis(n.settings, b.Calls[0])
	}
	return ctx.Err()
}

// compareGenesis compares the settings with the first call of the ledger.
func (d folder) compareGenesis(s Settings, first ledger.Committed) error {
	got := ledger.DigestOf([]byte(first.JWS))
	if got == s.GenesisSHA256 {
		return nil
	}
	return words.Errorf("%[1]s 中 genesis_sha256 为 %[2]s，而账本首条记录的 SHA-256 为 %[3]s：请恢复 node.json；若与信任文件一致，也可改为 %[3]s",
		"%[1]s has genesis_sha256 %[2]s, but the first entry of the ledger has the SHA-256 %[3]s: restore node.json, or, if a trust file elsewhere has it too, set it to %[3]s",
		d.path("node.json"), s.GenesisSHA256, got)
}
