package backup

import (
	"crypto/rand"
	"encoding/hex"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// version is the version of the form of a target and of its copies.
const version = 1

const formatText = "cadastre-backup 1\n"

// Head is the file head of a copy. It is in clear, and authenticated by the manifest.
type Head struct {
	Format    int           `json:"format"`
	ID        string        `json:"id"`
	At        ledger.Millis `json:"at"` // when the copied state was read
	Origin    string        `json:"origin"`
	Ledger    ledger.ID     `json:"ledger"`
	SealedFor string        `json:"sealed_for"`
	Master    string        `json:"master"` // id of the master key that seals the data keys of the content
	Key       []byte        `json:"key"`    // sealed
}

// Manifest is the file manifest of a copy.
type Manifest struct {
	Format   int              `json:"format"`
	ID       string           `json:"id"`
	At       ledger.Millis    `json:"at"`
	Program  string           `json:"program"` // version of the program that made the copy
	Origin   string           `json:"origin"`
	Ledger   ledger.ID        `json:"ledger"`
	Log      *ledger.TreeHead `json:"ledger_log,omitempty"` // nil if the ledger is shared
	Receipts ledger.TreeHead  `json:"receipt_log"`
	Files    []File           `json:"files"`
	Content  Content          `json:"content"`
	// Absent lists what the node needs and the copy does not have: files of the folder,
	// and paths outside it.
	Absent []string `json:"absent"`
}

// File is a file of a copy.
type File struct {
	Name   string        `json:"name"`   // below backups/ID/
	Bytes  int64         `json:"bytes"`  // in clear
	Stored int64         `json:"stored"` // in the target
	SHA256 ledger.Digest `json:"sha256"` // of what is stored
}

// Content describes the content of a copy.
type Content struct {
	Number int64 `json:"number"` // blobs of content, without data keys
	Bytes  int64 `json:"bytes"`  // stored
	InS3   bool  `json:"in_s3"`  // the node stored it in a bucket
}

// Names of a copy's files that are not of the node's folder.
const (
	headFile     = "head"
	manifestFile = "manifest"
	objectsFile  = "objects"
	keysFile     = "keys"
	folderPart   = "folder/"
	contentPart  = "objects/" // of the target
)

// newID returns an id that sorts by time.
func newID(at time.Time) (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", words.Errorf("生成编号：%v", "draw id: %v", err)
	}
	return at.UTC().Format("20060102T150405.000Z") + "-" + hex.EncodeToString(b[:]), nil
}

var idForm = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}$`)

// of returns the name of a file of a copy in the target.
func of(id, name string) string { return "backups/" + id + "/" + name }

// check refuses a manifest that this program did not write.
func (m *Manifest) check(h Head) error {
	switch {
	case m.Format != version:
		return words.Errorf("备份 %s 的格式为 %d，本程序所知为 %d：请使用制作它的程序", "backup %s has the format %d, but this program reads %d: use the program that made it", h.ID, m.Format, version)
	case m.ID != h.ID || m.At != h.At || m.Origin != h.Origin || m.Ledger != h.Ledger:
		return changed(h.ID, headFile)
	}
	for _, f := range m.Files {
		rest, inFolder := strings.CutPrefix(f.Name, folderPart)
		if f.Bytes < 0 || f.Stored < 0 || inFolder && (rest == "" || path.IsAbs(rest) || path.Clean(rest) != rest || strings.HasPrefix(rest, "..")) {
			return changed(h.ID, manifestFile)
		}
	}
	return nil
}

// file returns the entry of a file.
func (m *Manifest) file(name string) (File, bool) {
	for _, f := range m.Files {
		if f.Name == name {
			return f, true
		}
	}
	return File{}, false
}

// ErrChanged reports that a copy is not as it was made.
var ErrChanged = words.Errorf("备份已被改动", "the backup was changed")

// changed names the file of a copy that is not as it was made.
func changed(id, name string) error {
	return words.Errorf("%v：备份 %s 的 %s 与制作时不同：请用另一份备份", "%[1]v: %[3]s of backup %[2]s is not what was written: use another backup", ErrChanged, id, name)
}

func lost(id, name string) error {
	return words.Errorf("%v：备份 %s 缺少 %s：请用另一份备份", "%[1]v: %[3]s of backup %[2]s is missing: use another backup", ErrChanged, id, name)
}

func changedIf(err error, id, name string) error {
	if err == nil {
		return nil
	}
	return changed(id, name)
}
