package node

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

// format is the version of the folder's layout. Since 4 the ledger has indexes of
// files, which its earlier entries have not written.
const format = "cadastre-node 5\n"

// formatFile has the format. A folder without it is no node's.
const formatFile = "format"

// Settings is node.json: what the node is, and its limits. Unknown members are refused.
type Settings struct {
	Name          string        `json:"name"`
	Region        ledger.Region `json:"region"`
	Origin        string        `json:"origin"`
	Ledger        ledger.ID     `json:"ledger,omitempty"`
	GenesisSHA256 ledger.Digest `json:"genesis_sha256,omitempty"`
	Platform      ledger.ID     `json:"platform"`
	URL           string        `json:"url,omitempty"` // where clients of other nodes reach it
	Backend       Backend       `json:"ledger_backend"`
	Limits        Limits        `json:"limits"`
	Objects       *ContentStore `json:"objects,omitempty"`
}

// Limits restrict what one client can make the node do.
type Limits struct {
	Body         int64 `json:"body_bytes"`             // of a request other than an upload
	Upload       int64 `json:"upload_bytes"`           // of one upload
	Deliveries   int   `json:"running_deliveries"`     // of one party at a time
	MaxAnchorLag int   `json:"max_anchor_lag_seconds"` // deliveries stop when receipts wait longer for an anchor
	Rate         int   `json:"rate"`                   // requests a second of an address without a token; 0: no limits

	// Absent or zero, these have their defaults.
	Unnamed        int64 `json:"unnamed_upload_bytes,omitempty"`   // uploaded by one party and not recorded as content
	FreeForUploads int64 `json:"upload_free_disk_bytes,omitempty"` // uploads are refused below it; by default 5 % of the disk, at least 2 GiB
	FreeForCalls   int64 `json:"write_free_disk_bytes,omitempty"`  // everything that writes is refused below it
}

// DefaultLimits returns the limits of a node whose settings name no limits: bodies of 128 KiB,
// uploads of 64 GiB, 64 running deliveries of a party, 15 minutes without an anchor, 20
// requests a second of an address without a token, 10 GiB of a party that are not recorded as
// content, and 256 MiB of free disk for everything that writes. The arguments of a call have
// at most 40 KiB, or 80 KiB in a body that escapes all characters of Chinese.
func DefaultLimits() Limits {
	return Limits{
		Body: 128 << 10, Upload: 64 << 30, Deliveries: 64, MaxAnchorLag: 15 * 60, Rate: 20,
		Unnamed: 10 << 30, FreeForCalls: 256 << 20,
	}
}

// withDefaults fills in the limits that may be absent.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	l.Unnamed, l.FreeForCalls = cmp.Or(l.Unnamed, d.Unnamed), cmp.Or(l.FreeForCalls, d.FreeForCalls)
	return l
}

func (l Limits) validate() error {
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"body_bytes", l.Body >= 64<<10},
		{"upload_bytes", l.Upload > 0},
		{"running_deliveries", l.Deliveries > 0},
		{"max_anchor_lag_seconds", l.MaxAnchorLag > 0},
		{"rate", l.Rate >= 0 && l.Rate <= 1_000_000},
		{"unnamed_upload_bytes", l.Unnamed >= marketplace.MinCounted},
		{"upload_free_disk_bytes", l.FreeForUploads >= 0},
		{"write_free_disk_bytes", l.FreeForCalls > 0},
	} {
		if !c.ok {
			return words.Errorf("node.json：limits.%s 超出范围，请恢复默认值", "node.json: limits.%s is out of range: restore the default", c.field)
		}
	}
	return nil
}

// folder is the path of a node's folder.
type folder string

func (d folder) path(name ...string) string {
	return filepath.Join(append([]string{string(d)}, name...)...)
}

// Files in keys/ with the keys of the node's logs.
const (
	ledgerLogKey  = "ledger-log"
	receiptLogKey = "receipt-log"
)

// keys are the secrets of a node.
type keys struct {
	master   seal.Key
	platform *ledger.Key
	ledger   *tlog.Key // nil for a shared ledger
	receipts *tlog.Key
}

// create makes a new folder with new keys. It refuses a folder that has a node, or keys
// left by an interrupted init. The folder becomes a node's when finish writes its format.
func (d folder) create(origin string, b Backend) (keys, error) {
	if _, err := os.Stat(d.path(formatFile)); err == nil {
		return keys{}, words.Errorf("%s 中已有节点：请用 serve 启动，或选择空文件夹", "%s already has a node: start it with serve, or choose an empty folder", d)
	}
	for _, sub := range []string{"", "keys", "objects"} {
		if err := os.MkdirAll(d.path(sub), 0o700); err != nil {
			return keys{}, fmt.Errorf("make folder: %w", err)
		}
	}
	if err := d.hasRun(); err != nil {
		return keys{}, err
	}
	if _, err := seal.Create(d.path("keys", "master")); errors.Is(err, fs.ErrExist) {
		return keys{}, words.Errorf("%s 中有密钥而没有节点：若为中断的 init 所留，请删除该文件夹，否则另选一个", "%s has keys but no node: if an interrupted init left them, remove the folder; else choose another", d)
	} else if err != nil {
		return keys{}, fmt.Errorf("make master key: %w", err)
	}
	platform, err := ledger.NewKey()
	if err != nil {
		return keys{}, err
	}
	raw, err := platform.Bytes()
	if err != nil {
		return keys{}, fmt.Errorf("encode node key: %w", err)
	}
	if err := d.saveSecret("platform", raw); err != nil {
		return keys{}, err
	}
	logs := map[string]string{receiptLogKey: ledger.ReceiptLog(origin)}
	if !b.Shared() {
		logs[ledgerLogKey] = ledger.LedgerLog(origin)
	}
	for name, log := range logs {
		skey, _, err := tlog.NewKey(log)
		if err != nil {
			return keys{}, fmt.Errorf("make log key: %w", err)
		}
		if err := d.saveSecret(name, []byte(skey)); err != nil {
			return keys{}, err
		}
	}
	return d.keys(b)
}

// finish marks a complete folder as a node's by writing its format.
func (d folder) finish() error { return durable.WriteFile(d.path(formatFile), []byte(format)) }

// saveSecret seals a key with the master key and writes it.
func (d folder) saveSecret(name string, secret []byte) error {
	master, err := seal.Load(d.path("keys", "master"))
	if err != nil {
		return fmt.Errorf("load master key: %w", err)
	}
	sealed, err := master.Seal(secret, nodeKey(name))
	if err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	return durable.WriteFile(d.path("keys", name), sealed)
}

// secret reads a key that saveSecret wrote.
func (d folder) secret(master seal.Key, name string) ([]byte, error) {
	b, err := os.ReadFile(d.path("keys", name))
	if err != nil {
		return nil, err //nolint:wrapcheck // badKey names the file
	}
	return master.Open(b, nodeKey(name))
}

func (d folder) keys(b Backend) (keys, error) {
	var k keys
	err := d.midRotation()
	if err != nil {
		return k, err
	}
	if k.master, err = seal.Load(d.path("keys", "master")); err != nil {
		return k, badKey(d.path("keys", "master"), err)
	}
	for _, name := range sealedFiles(b) {
		if err := d.unsealKey(&k, name); err != nil {
			return k, badKey(d.path("keys", name), err)
		}
	}
	return k, nil
}

// unsealKey reads a file of keys/ that is sealed with the master key of k into k.
func (d folder) unsealKey(k *keys, name string) error {
	secret, err := d.secret(k.master, name)
	if err != nil {
		return err
	}
	switch name {
	case "platform":
		k.platform, err = ledger.ParseKey(secret)
	case ledgerLogKey:
		k.ledger, err = tlog.ParseKey(string(secret))
	case receiptLogKey:
		k.receipts, err = tlog.ParseKey(string(secret))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", seal.ErrDamaged, err)
	}
	return nil
}

// badKey names the file of a key that can't be used.
func badKey(path string, err error) error {
	if !errors.Is(err, seal.ErrDamaged) && !errors.Is(err, seal.ErrWrongKey) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, err) // the error says what to do
	}
	return words.Errorf("%[1]s 无法使用（%[2]v）：请从最新备份恢复此文件", "%[1]s can't be used (%[2]v): restore this file from the newest backup", path, err)
}

// hasRun refuses a folder without format in which a node was served: the first start makes
// the receipts.
func (d folder) hasRun() error {
	if _, err := os.Lstat(d.path("receipts.db")); err != nil {
		return nil //nolint:nilerr // there is no node, or only an interrupted init
	}
	return words.Errorf("%s 中有节点，但缺少文件 format：请从备份恢复 format", "%s has a node, but its file format is missing: restore format from a backup", d)
}

func (d folder) settings() (Settings, error) {
	var s Settings
	layout, err := os.ReadFile(d.path(formatFile))
	if errors.Is(err, fs.ErrNotExist) {
		if err := d.hasRun(); err != nil {
			return s, err
		}
		return s, words.Errorf("%s 中没有节点：请用 cadastre init --dir %s 创建", "%s has no node: make one with cadastre init --dir %s", d, d)
	}
	if err != nil {
		return s, fmt.Errorf("read format: %w", err)
	}
	if !bytes.Equal(layout, []byte(format)) {
		return s, words.Errorf("%s 的布局为 %q，本程序所知为 %q：请使用创建它的程序", "%s has the layout %q, but this program reads %q: use the program that made it",
			d, bytes.TrimSpace(layout), strings.TrimSpace(format))
	}
	b, err := os.ReadFile(d.path("node.json"))
	if err != nil {
		return s, fmt.Errorf("read node.json: %w", err)
	}
	s.Limits.Rate = DefaultLimits().Rate // node.json may have been written before there was a rate
	if err := ledger.DecodeStrict(b, &s); err != nil {
		return s, fmt.Errorf("node.json: %w", err)
	}
	if err := s.Objects.validate(); err != nil {
		return s, fmt.Errorf("node.json: %w", err)
	}
	s.Limits = s.Limits.withDefaults()
	return s, errors.Join(s.Backend.validate(), s.Limits.validate())
}

func (d folder) saveSettings(s Settings) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode node.json: %w", err)
	}
	return durable.WriteFile(d.path("node.json"), append(b, '\n'))
}
