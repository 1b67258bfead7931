package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Heads are the logs of a folder.
type Heads struct {
	Origin   string    `json:"origin"`
	LedgerID ledger.ID `json:"ledger_id"`
	Ledger   *LogHead  `json:"ledger,omitempty"` // nil if the ledger is shared
	Receipts LogHead   `json:"receipts"`
}

// LogHead is the head of a log, computed from its entries.
type LogHead struct {
	ledger.TreeHead
	Last ledger.Millis `json:"last,omitempty"` // time of the last entry; 0 if there is no entry
}

// ReadHeads computes sizes and roots of the logs in the folder dir, which no process may
// serve, and compares them with their tiles and checkpoints. It changes nothing.
func ReadHeads(ctx context.Context, dir string) (Heads, error) {
	d := folder(dir)
	s, err := d.settings()
	if err != nil {
		return Heads{}, err
	}
	if s.Ledger == "" {
		return Heads{}, words.Errorf("%s 的账本尚未创建：没有日志", "the ledger of %s has not begun: there are no logs", d)
	}
	if err := d.notServed(); err != nil {
		return Heads{}, err
	}
	o, err := d.snapshot(ctx, s)
	if err != nil {
		return Heads{}, err
	}
	h := Heads{Origin: s.Origin, LedgerID: s.Ledger}
	own, log, err := o.heads(ctx)
	if err == nil {
		h.Receipts, err = lastOf(ctx, log, o.receipts)
	}
	if err == nil && own != nil {
		var head LogHead
		head, err = lastOf(ctx, *own, o.ledger)
		h.Ledger = &head
	}
	return h, errors.Join(err, o.Close())
}

// lastOf adds the time of the last entry.
func lastOf(ctx context.Context, head ledger.TreeHead, log interface {
	Entries(ctx context.Context, from int64, n int) ([][]byte, error)
},
) (LogHead, error) {
	h := LogHead{TreeHead: head}
	if head.Size == 0 {
		return h, nil
	}
	last, err := log.Entries(ctx, head.Size-1, 1)
	if err != nil {
		return h, err
	}
	var e struct {
		Time ledger.Millis `json:"time"`
	}
	if err := json.Unmarshal(last[0], &e); err != nil {
		return h, fmt.Errorf("read entry %d: %w", head.Size-1, err)
	}
	h.Last = e.Time
	return h, nil
}

// notServed refuses a folder whose node is running.
func (d folder) notServed() error {
	f, err := os.Open(d.path("lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read lock: %w", err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return words.Errorf("%s 中的节点正在运行：请读取其检查点，或先停止它", "the node in %s is running: read its checkpoints, or stop it first", d)
	}
	return nil
}
