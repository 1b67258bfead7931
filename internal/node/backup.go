package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// BackupOptions configure a backup.
type BackupOptions struct {
	Dir     string
	Store   StoreCredentials // of the node's content, as in Options
	Seals   backup.Seals     // without Master, which is the node's
	Version string
	Reread  bool // reads all content in the target, too, and copies again what was changed there
	Now     func() time.Time
	Done    func(bytes int64) // is called with the number of further bytes that were written
}

// BackupReport is what a backup has.
type BackupReport struct {
	Backed
	Origin    string          `json:"origin"`
	SealedFor string          `json:"sealed_for"`
	Receipts  ledger.TreeHead `json:"receipts"`
	Objects   int64           `json:"objects"`     // blobs of content
	New       int64           `json:"new_objects"` // blobs that were not in the target before
	NewBytes  int64           `json:"new_bytes"`   // of these
	Damaged   []string        `json:"damaged"`     // content that is not what was put there
	Absent    []string        `json:"absent"`      // what a restored node needs and the backup does not have
}

// listFile has the hashes of the content that was copied before. If it is lost, the next
// backup reads the content again.
const listFile = "backup.objects"

// unfinishedList matches the lists of backups that are being made.
const unfinishedList = listFile + ".*.tmp"

// Backup copies the folder of a node, which may be serving, to a target. Everything that
// the node acknowledged before the call is in the copy.
//
// The databases are copied as they were at one moment each: first the ledger, then the
// receipts, then node.db. What one refers to in the next was written there before, so the
// receipts are never older than their last anchor on the ledger. Content is copied last,
// because a record names an object that exists already. All copied databases were checked,
// the roots of the logs computed again, and everything new was read back.
func Backup(ctx context.Context, o BackupOptions, to *backup.Target) (BackupReport, error) {
	d := folder(o.Dir)
	s, err := d.settings()
	if err != nil {
		return BackupReport{}, err
	}
	if s.Ledger == "" {
		return BackupReport{}, words.Errorf("%s 的账本尚未创建：没有可备份的内容", "the ledger of %s has not begun: there is nothing to back up", d)
	}
	master, err := d.master()
	if err != nil {
		return BackupReport{}, err
	}
	o.Seals.Master = master
	c, err := to.Begin(ctx, s.Origin, s.Ledger, o.Seals, o.Done)
	if err != nil {
		return BackupReport{}, err
	}
	r := BackupReport{Backed: Backed{At: c.At(), ID: c.ID(), Target: to.String()}, Origin: s.Origin, SealedFor: o.Seals.Kind(), Damaged: []string{}, Absent: []string{}}
	m := backup.Manifest{Program: o.Version}
	if err := d.copyDatabases(ctx, s, c, &m); err != nil {
		return r, err
	}
	r.Ledger, r.Receipts = m.Log, m.Receipts
	if err := d.copyFiles(ctx, s, c, &m); err != nil {
		return r, err
	}
	c.Reread = o.Reread
	copied, list, err := d.copyContent(ctx, s, o, c)
	if err != nil {
		return r, err
	}
	defer func() { _ = os.Remove(list) }()
	m.Content = copied.Content
	r.Objects, r.New, r.NewBytes = copied.Content.Number, copied.New, copied.Bytes
	r.Damaged, r.Absent = append(r.Damaged, copied.Damaged...), m.Absent
	if now, err := d.master(); err != nil || now.ID() != master.ID() {
		return r, words.Errorf("备份期间主密钥已更换：请重新备份", "the master key was replaced during the backup: back up again")
	}
	if err := c.Finish(ctx, m); err != nil {
		return r, err
	}
	return r, errors.Join(durable.Rename(list, d.path(listFile)), d.noteBackup(r.Backed))
}

// master loads the master key of a folder whose key is not being replaced.
func (d folder) master() (seal.Key, error) {
	if err := d.midRotation(); err != nil {
		return seal.Key{}, err
	}
	k, err := seal.Load(d.path("keys", "master"))
	if err != nil {
		return k, fmt.Errorf("load master key: %w", err)
	}
	return k, nil
}

// notCopied reports whether a file of the folder is not in a backup: databases are copied
// from snapshots, and the rest is made again or belongs to this folder only.
func notCopied(name string) bool {
	return name == "lock" || name == backupFile || name == listFile || strings.Contains(name, ".db") || strings.HasSuffix(name, ".tmp")
}

// copyFiles copies the files of the folder and of keys/, but no other folder in them. The master key is copied only if
// the copy is not sealed by it.
func (d folder) copyFiles(ctx context.Context, s Settings, c *backup.Copy, m *backup.Manifest) error {
	m.Absent = []string{}
	for _, sub := range []string{"", "keys"} {
		entries, err := os.ReadDir(d.path(sub))
		if err != nil {
			return words.Errorf("读取 %s：%v", "read %s: %v", d.path(sub), err)
		}
		for _, e := range entries {
			name := filepath.ToSlash(filepath.Join(sub, e.Name()))
			switch {
			case e.IsDir() && sub == "" && name != "keys" && name != "objects" || e.IsDir() && sub == "keys":
				m.Absent = append(m.Absent, name+"/")
				continue
			case !e.Type().IsRegular() || sub == "" && notCopied(name) || strings.HasSuffix(name, ".tmp"):
				continue
			case name == "keys/master" && c.SealedFor() == backup.ForMaster:
				m.Absent = append(m.Absent, name)
				continue
			}
			if err := c.Folder(ctx, name, d.fill(name)); err != nil {
				return err
			}
		}
	}
	m.Absent = append(m.Absent, d.outside(s)...)
	return nil
}

func (d folder) fill(name string) func(io.Writer) error {
	return func(w io.Writer) error {
		f, err := os.Open(d.path(filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		return errors.Join(err, f.Close())
	}
}

// outside returns the files that node.json names and that are not in the folder or keys/.
func (d folder) outside(s Settings) (paths []string) {
	named := []string{s.Backend.Profile}
	if s.Objects != nil {
		named = append(named, s.Objects.CredentialsFile, s.Objects.CAFile)
	}
	for _, p := range named {
		if p == "" {
			continue
		}
		in := p
		if filepath.IsAbs(p) {
			in, _ = filepath.Rel(string(d), p) // then it is outside
		}
		if sub := filepath.Dir(in); in == "" || sub != "." && sub != "keys" {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// copyContent copies the content. It returns a new list of hashes, in a temporary file of
// the folder.
func (d folder) copyContent(ctx context.Context, s Settings, o BackupOptions, c *backup.Copy) (copied backup.Copied, list string, err error) {
	from, err := d.storedContent(ctx, s, o.Seals.Master, o.Store)
	if err != nil {
		return copied, "", err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	known, err := os.Open(d.path(listFile))
	if errors.Is(err, fs.ErrNotExist) {
		known, err = os.Open(os.DevNull)
	}
	if err != nil {
		return copied, "", fmt.Errorf("read the list of content: %w", err)
	}
	defer known.Close()
	if err := d.removeUnfinished(unfinishedList); err != nil {
		return copied, "", fmt.Errorf("remove the list of an interrupted backup: %w", err)
	}
	f, err := os.CreateTemp(string(d), unfinishedList)
	if err == nil {
		err = lockFile(f)
	}
	if err != nil {
		return copied, "", fmt.Errorf("write the list of content: %w", err)
	}
	copied, err = c.Objects(ctx, from, known, f)
	if err = errors.Join(err, durable.Close(f)); err != nil {
		return copied, "", errors.Join(err, os.Remove(f.Name()))
	}
	copied.Content.InS3 = s.Objects != nil && s.Objects.Kind == inS3
	return copied, f.Name(), nil
}

// examineObjects opens the content to read it only.
func (d folder) examineObjects(s Settings, master seal.Key, given StoreCredentials) (*objects.Store, error) {
	if s.Objects == nil || s.Objects.Kind == onDisk {
		return objects.ExamineDisk(d.path("objects"), master)
	}
	return objects.ExamineS3(d.s3Config(s, given), master)
}

// storedContent is the content of a node as it is stored, and what reads it.
type storedContent struct {
	*objects.Raw
	store *objects.Store
}

// storedContent opens the content, beside a running node.
func (d folder) storedContent(ctx context.Context, s Settings, master seal.Key, given StoreCredentials) (*storedContent, error) {
	raw, err := d.rawObjects(ctx, s, given)
	if err != nil {
		return nil, err
	}
	store, err := d.examineObjects(s, master, given)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return &storedContent{raw, store}, nil
}

// Check reads content, see backup.Source.
func (c *storedContent) Check(ctx context.Context, b objects.Blob) error {
	return c.store.Check(ctx, b)
}

// Close closes both.
func (c *storedContent) Close() error { return errors.Join(c.Raw.Close(), c.store.Close()) }

// rawObjects opens the stored form of the content, beside a running node.
func (d folder) rawObjects(ctx context.Context, s Settings, given StoreCredentials) (*objects.Raw, error) {
	if s.Objects == nil || s.Objects.Kind == onDisk {
		return objects.RawDisk(d.path("objects"))
	}
	return objects.RawS3(ctx, d.s3Config(s, given))
}
