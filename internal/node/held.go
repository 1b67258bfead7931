package node

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/datacadastre/cadastre/internal/checkpoint"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// heldTrees are the latest trees of a node's logs that others are known to hold, each
// with its checkpoint; nil where nothing is known.
type heldTrees struct {
	ledger, receipts         *ledger.TreeHead
	ledgerNote, receiptsNote string
}

// readHeld reads checkpoints that others hold, and the checkpoints of bundles of evidence.
// Each must be signed by the key of one of the node's logs; of each log the largest counts.
func readHeld(k keys, list []string) (h heldTrees, err error) {
	for _, msg := range list {
		if strings.HasPrefix(strings.TrimSpace(msg), "{") {
			if msg, err = checkpointOf(msg); err != nil {
				return h, err
			}
		}
		msg = strings.TrimRight(strings.ReplaceAll(msg, "\r\n", "\n"), "\n") + "\n" // as editors and tools leave files
		switch checkpoint.Origin([]byte(msg)) {
		case k.receipts.Origin():
			err = storeLater(msg, k.receipts, &h.receipts, &h.receiptsNote)
		case k.ledgerOrigin():
			err = storeLater(msg, k.ledger, &h.ledger, &h.ledgerNote)
		default:
			err = words.Errorf("该文件不是本节点日志的检查点，其首行为 %q", "this is not a checkpoint of a log of this node: its first line is %q", fmt.Sprintf("%.80s", checkpoint.Origin([]byte(msg))))
		}
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

// checkpointOf returns the checkpoint of the ledger log in a bundle of evidence.
func checkpointOf(bundle string) (string, error) {
	var b struct {
		Proof struct {
			Common struct {
				Checkpoint string `json:"checkpoint"`
			} `json:"common"`
		} `json:"proof"`
	}
	err := json.Unmarshal([]byte(bundle), &b)
	if err == nil && b.Proof.Common.Checkpoint == "" {
		err = words.Errorf("其中没有 proof.common.checkpoint", "it has no proof.common.checkpoint")
	}
	if err != nil {
		return "", words.Errorf("该文件既非检查点，也非含有检查点的证据包：%v", "this is neither a checkpoint nor a bundle of evidence with one: %v", err)
	}
	return b.Proof.Common.Checkpoint, nil
}

func storeLater(msg string, key *tlog.Key, last **ledger.TreeHead, note *string) error {
	size, root, err := checkpoint.Parse([]byte(msg), key.Verifier())
	if err != nil {
		return words.Errorf("检查点不完整，或非由本节点的日志密钥签署：%v", "the checkpoint is not whole, or was not signed by the key of this node's log: %v", err)
	}
	bare, err := checkpoint.Bare([]byte(msg), key.Verifier())
	if err == nil && (*last == nil || (*last).Size < size) {
		*last, *note = &ledger.TreeHead{Size: size, Root: ledger.Digest(hex.EncodeToString(root[:]))}, string(bare)
	}
	return err
}

// ledgerOrigin returns the name of the ledger log; empty if the ledger is shared.
func (k keys) ledgerOrigin() string {
	if k.ledger == nil {
		return ""
	}
	return k.ledger.Origin()
}

// checkRestored refuses a restored folder until the operator states what others hold.
func (n *Node) checkRestored() (err error) {
	if n.restored, err = ReadRestored(n.opts.Dir); err != nil {
		return err
	}
	if n.held, err = readHeld(n.keys, n.opts.Held); err != nil {
		return err
	}
	if n.restored != nil && len(n.opts.Held) == 0 && !n.opts.NothingHeld {
		return words.Errorf("%s 自 %s 的备份恢复：其后的请求与回执可能已为他人所持有。请用 --last-checkpoint FILE 给出他人所持的最新检查点，如确无他人持有，用 --last-checkpoint nobody",
			"%s was restored from a backup of %s, and others may hold what followed it: give the last checkpoint that anyone holds with --last-checkpoint FILE, or, if nobody holds one, --last-checkpoint nobody",
			n.opts.Dir, n.restored.BackupAt.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return nil
}

// checkHeldLedger refuses a ledger that is older than a checkpoint that someone holds, or
// differs from it.
func (n *Node) checkHeldLedger(ctx context.Context) error {
	held := n.held.ledger
	if held == nil || n.own == nil {
		return nil
	}
	size := n.own.Size()
	if held.Size > size {
		return words.Errorf("%[1]s 的账本有 %[2]d 条，而他人持有 %[3]d 条的检查点：其后的 %[4]d 条已失去。请先找更新的备份；若无，运行 cadastre log begin --dir %[1]s --held FILE，由数据管理部门签署，再启动",
			"the ledger of %[1]s has %[2]d entries, but someone holds a checkpoint of %[3]d: the last %[4]d are lost. Look for a newer backup; if there is no such backup, run cadastre log begin --dir %[1]s --held FILE, have the data authority sign it, then serve",
			n.opts.Dir, size, held.Size, held.Size-size)
	}
	have, err := n.own.TreeAt(ctx, held.Size)
	if err != nil {
		return err
	}
	if have != *held {
		return words.Errorf("%s 的前 %d 条与他人所持的检查点不同：这不是同一日志，请恢复本节点的最新备份", "the first %[2]d entries of %[1]s differ from the checkpoint that someone holds: it is not the same log; restore the newest backup of this node", n.opts.Dir, held.Size)
	}
	return nil
}

// explainBehind adds what to do to an error of receipts that are older than what others
// hold.
func (n *Node) explainBehind(err error) error {
	if !errors.Is(err, receipts.ErrBehind) {
		return err
	}
	held := ""
	if n.held.receipts != nil {
		held = " --held FILE"
	}
	return words.Errorf("%[1]v。请先找更新的备份；若无，运行 cadastre log begin --dir %[2]s%[3]s，由数据管理部门签署，再启动",
		"%[1]v. Look for a newer backup; if there is no such backup, run cadastre log begin --dir %[2]s%[3]s, have the data authority sign it, then serve", err, n.opts.Dir, held)
}

// forgetRestored removes the mark of a restored folder whose logs contradict nothing that
// others are known to hold.
func (n *Node) forgetRestored(ctx context.Context) error {
	if n.restored == nil {
		return nil
	}
	attrs := []any{slog.Time("backup_at", n.restored.BackupAt), slog.Time("restored_at", n.restored.At), slog.Bool("nothing_held", n.opts.NothingHeld)}
	if n.held.ledger != nil {
		attrs = append(attrs, slog.Int64("ledger_checkpoint", n.held.ledger.Size))
	}
	if n.held.receipts != nil {
		attrs = append(attrs, slog.Int64("receipts_checkpoint", n.held.receipts.Size))
	}
	n.opts.Log.WarnContext(ctx, "restored folder is served", attrs...)
	return folder(n.opts.Dir).remove(restoredFile)
}
