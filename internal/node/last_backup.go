package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// backupFile notes in a node's folder when it was last copied.
const backupFile = "backup.json"

// Backed is the note of a node's last complete backup.
type Backed struct {
	At     ledger.Millis    `json:"at"`               // when the copied state was read, in milliseconds since 1970
	ID     string           `json:"id"`               // of the backup in its target
	Target string           `json:"target"`           // a folder or s3://…, without credentials
	Ledger *ledger.TreeHead `json:"ledger,omitempty"` // of the copied ledger log; nil if the ledger is shared
}

// LastBackup returns the note of the last backup of the folder dir that was complete and
// checked, or nil if there is no note. A running node may call it: the note is replaced as
// a whole.
func LastBackup(dir string) (*Backed, error) {
	b, err := os.ReadFile(folder(dir).path(backupFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a folder that was never copied
	}
	if err != nil {
		return nil, fmt.Errorf("read the note of the last backup: %w", err)
	}
	var n Backed
	if err := ledger.DecodeStrict(b, &n); err != nil {
		return nil, words.Errorf("%s 无法读取：%v：请删除它，下次备份会重新写入", "%s can't be read: %v: delete it, the next backup writes it again", folder(dir).path(backupFile), err)
	}
	return &n, nil
}

func (d folder) noteBackup(n Backed) error {
	b, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the note of the last backup: %w", err)
	}
	return durable.WriteFile(d.path(backupFile), append(b, '\n'))
}
