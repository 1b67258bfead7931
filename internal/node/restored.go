package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// restoredFile marks the folder of a node that was put back from a copy.
const restoredFile = "restored"

// Restored is the mark in a node's folder that was put back from a copy. Others may hold
// checkpoints of later entries, which the node would contradict. So the node does not
// serve until the operator states the last checkpoint that anyone holds.
type Restored struct {
	At       time.Time        `json:"at"`               // when the folder was put back
	BackupAt time.Time        `json:"backup_at"`        // when the copy was made
	Ledger   *ledger.TreeHead `json:"ledger,omitempty"` // of the copy's ledger log; nil if the ledger is shared
	Receipts ledger.TreeHead  `json:"receipts"`         // of the copy's receipt log
}

// ReadRestored returns the mark of the folder dir, or nil if it has no mark.
func ReadRestored(dir string) (*Restored, error) {
	b, err := os.ReadFile(folder(dir).path(restoredFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a folder without a mark is the usual case
	}
	if err != nil {
		return nil, fmt.Errorf("read the mark of a restored folder: %w", err)
	}
	var r Restored
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return nil, words.Errorf("%s 无法读取：%v：请再次恢复该文件夹", "%s can't be read: %v: restore the folder again", folder(dir).path(restoredFile), err)
	}
	return &r, nil
}

// WriteRestored marks the folder dir as put back from a copy.
func WriteRestored(dir string, r Restored) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the mark of a restored folder: %w", err)
	}
	return durable.WriteFile(folder(dir).path(restoredFile), append(b, '\n'))
}
