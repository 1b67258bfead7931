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
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// RestoreOptions configure a restore.
type RestoreOptions struct {
	Dir   string // new or empty
	ID    string // of the backup; empty for the newest
	Opens backup.Opens
	Now   func() time.Time
	Done  func(bytes int64) // is called with the number of further bytes that were read
}

// RestoreReport is what was restored.
type RestoreReport struct {
	ID       string           `json:"id"`
	At       ledger.Millis    `json:"at"` // when the copied state was read
	Dir      string           `json:"dir"`
	Origin   string           `json:"origin"`
	LedgerID ledger.ID        `json:"ledger_id"`
	Ledger   *ledger.TreeHead `json:"ledger,omitempty"` // nil if the ledger is shared
	Receipts ledger.TreeHead  `json:"receipts"`
	Objects  int64            `json:"objects"` // blobs of content
	Absent   []string         `json:"absent"`  // what the node needs and the backup did not have
	// FromS3 reports that the node stored content in a bucket. It is in the folder now, and
	// node.json names the bucket no more.
	FromS3 bool `json:"from_s3"`
}

// Restore puts the node of a backup into a new or empty folder, marked as restored. It
// reads everything, opens the databases and the keys, and compares the logs with the
// backup before the folder becomes a node's; if anything is wrong, nothing remains in it.
func Restore(ctx context.Context, o RestoreOptions, from *backup.Target) (r RestoreReport, err error) {
	dir, err := freeFolder(o.Dir)
	if err != nil {
		return r, err
	}
	b, err := from.Load(ctx, o.ID, o.Opens)
	if err != nil {
		return r, err
	}
	_, missing := os.Stat(dir)
	tmp, err := makeIn(dir)
	if err != nil {
		return r, err
	}
	defer func() {
		if err == nil {
			return
		}
		err = errors.Join(err, os.RemoveAll(tmp))
		if missing != nil {
			_ = os.Remove(dir) // it was made here, and stays if something is in it
		}
	}()
	d := folder(tmp)
	if err = d.fillFrom(ctx, b, o.Done); err != nil {
		return r, err
	}
	m := b.Manifest
	r = RestoreReport{ID: m.ID, At: m.At, Dir: dir, Origin: m.Origin, LedgerID: m.Ledger, Ledger: m.Log, Receipts: m.Receipts, Objects: m.Content.Number, FromS3: m.Content.InS3, Absent: []string{}}
	for _, name := range m.Absent {
		if name == "keys/master" {
			err = d.newFile(name, func(w io.Writer) error {
				_, err := w.Write(b.MasterFile())
				return err
			})
			continue
		}
		r.Absent = append(r.Absent, name)
	}
	if err = errors.Join(err, d.checkRestored(ctx, m)); err != nil {
		return r, err
	}
	mark := Restored{At: o.Now(), BackupAt: time.UnixMilli(int64(m.At)), Ledger: m.Log, Receipts: m.Receipts}
	if err = errors.Join(WriteRestored(tmp, mark), d.syncAll()); err != nil {
		return r, err
	}
	return r, moveUp(tmp, dir)
}

// makeIn makes a temporary folder in dir, which is made if it is missing. Others lose
// access to dir.
func makeIn(dir string) (tmp string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", words.Errorf("建立文件夹：%v", "make folder: %v", err)
	}
	if err := private(dir, 0o700); err != nil {
		return "", err
	}
	if tmp, err = os.MkdirTemp(dir, ".restoring-*"); err != nil {
		return "", words.Errorf("建立文件夹：%v", "make folder: %v", err)
	}
	return tmp, nil
}

// moveUp moves everything in tmp to dir. The file format, which makes dir a node's folder,
// is the last.
func moveUp(tmp, dir string) error {
	entries, err := os.ReadDir(tmp)
	for _, e := range entries {
		if err == nil && e.Name() != formatFile {
			err = os.Rename(filepath.Join(tmp, e.Name()), filepath.Join(dir, e.Name()))
		}
	}
	if err == nil {
		err = errors.Join(durable.SyncFolder(dir), durable.Rename(filepath.Join(tmp, formatFile), filepath.Join(dir, formatFile)), os.Remove(tmp))
	}
	if err != nil {
		return words.Errorf("移动恢复的文件：%v：请清空 %s 后重试", "move the restored files: %v: empty %s and restore again", err, dir)
	}
	return nil
}

// freeFolder returns the absolute path of a folder that is empty or missing.
func freeFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", words.Errorf("打开文件夹：%v", "open folder: %v", err)
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return dir, nil
	case err != nil:
		return "", words.Errorf("打开文件夹：%v", "open folder: %v", err)
	case len(entries) > 0:
		return "", words.Errorf("%s 不是空文件夹：请另选新的或空的文件夹", "%s is not empty: choose a new or empty folder", dir)
	}
	return dir, nil
}

// fillFrom writes the files and the content of a backup.
func (d folder) fillFrom(ctx context.Context, b *backup.Backup, done func(int64)) error {
	for _, sub := range []string{"", "keys", "objects"} {
		if err := d.newFolder(sub); err != nil {
			return err
		}
	}
	for _, name := range b.InFolder() {
		if dir := filepath.Dir(name); dir != "." && dir != "keys" {
			return words.Errorf("备份中的 %s 不属于节点的文件夹", "%s in the backup belongs to no node's folder", name)
		}
		err := d.newFile(name, func(w io.Writer) error { return b.Folder(ctx, name, counting{w, done}) })
		if err != nil {
			return err
		}
	}
	return b.Objects(ctx, func(name string, write func(io.Writer) error) error {
		name = "objects/" + name
		for _, sub := range []string{filepath.Dir(filepath.Dir(name)), filepath.Dir(name)} {
			if err := d.newFolder(sub); err != nil {
				return err
			}
		}
		return d.newFile(name, func(w io.Writer) error { return write(counting{w, done}) })
	})
}

// counting reports how much is written.
type counting struct {
	io.Writer
	done func(int64)
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.done(int64(n))
	return n, err
}

// newFolder makes a folder that only its owner may access, whatever the umask is.
func (d folder) newFolder(name string) error {
	path := d.path(filepath.FromSlash(name))
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return words.Errorf("建立文件夹：%v", "make folder: %v", err)
	}
	return private(path, 0o700)
}

// private restricts a path to its owner, or refuses it.
func private(path string, mode fs.FileMode) error {
	err := os.Chmod(path, mode)
	if err != nil {
		return words.Errorf("限制他人访问 %s：%v", "restrict access to %s: %v", path, err)
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = words.Errorf("%s 的权限为 %04o，该文件系统不能限制他人访问：请另选位置", "%s has mode %04o, and this file system can't restrict access: choose another place", path, info.Mode().Perm())
	}
	return err
}

// newFile writes a file that only its owner may access, durably.
func (d folder) newFile(name string, fill func(io.Writer) error) error {
	path := d.path(filepath.FromSlash(name))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return words.Errorf("写入 %s：%v", "write %s: %v", name, err)
	}
	return errors.Join(private(path, 0o600), fill(f), durable.Close(f))
}

// checkRestored opens what was restored, and compares it with the backup.
func (d folder) checkRestored(ctx context.Context, m backup.Manifest) error {
	s, err := d.settings()
	if err != nil {
		return err
	}
	if _, err := d.keys(s.Backend); err != nil {
		return err
	}
	o, err := d.snapshot(ctx, s)
	if err != nil {
		return err
	}
	own, log, err := o.heads(ctx)
	if err = errors.Join(err, o.Close()); err != nil {
		return err
	}
	if (own == nil) != (m.Log == nil) || own != nil && *own != *m.Log || log != m.Receipts || s.Origin != m.Origin || s.Ledger != m.Ledger {
		return words.Errorf("恢复的日志与备份所载不符", "the restored logs are not those that the backup describes")
	}
	for _, db := range []string{"ledger.db", "receipts.db", "node.db"} { // of reading them
		for _, beside := range []string{"-wal", "-shm"} {
			if err := os.Remove(d.path(db + beside)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove %s: %w", db+beside, err)
			}
		}
	}
	if m.Content.InS3 {
		s.Objects = nil
		return d.saveSettings(s)
	}
	return nil
}

// syncAll makes all names in the folder durable.
func (d folder) syncAll() error {
	var folders []string
	err := filepath.WalkDir(string(d), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	for _, path := range slices.Backward(folders) {
		if err == nil {
			err = durable.SyncFolder(path)
		}
	}
	if err != nil {
		return words.Errorf("写入 %s：%v", "write %s: %v", strings.TrimSuffix(string(d), "/"), err)
	}
	return nil
}
