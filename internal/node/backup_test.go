package node_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// tryRestore restores the newest backup of a target into dir.
func tryRestore(t *testing.T, target, dir string, opens backup.Opens) (node.RestoreReport, error) {
	t.Helper()
	from, err := backup.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	return node.Restore(t.Context(), node.RestoreOptions{Dir: dir, Opens: opens, Now: time.Now, Done: func(int64) {}}, from)
}

// TestBackupWithoutMasterKey seals a copy by the master key, which is not in it: without
// that key the copy is of no use, and with it the node is as it was.
func TestBackupWithoutMasterKey(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(200_000)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	stop()
	w.ok(os.WriteFile(filepath.Join(w.dir, "keys", "s3.json"), []byte(`{}`), 0o600))
	w.ok(os.Mkdir(filepath.Join(w.dir, "profiles"), 0o700))
	target := filepath.Join(t.TempDir(), "target")
	r := w.backUp(target, backup.Seals{})
	if !slices.Equal(r.Absent, []string{"profiles/", "keys/master"}) || r.SealedFor != backup.ForMaster {
		t.Errorf("made %+v", r)
	}
	if _, err := tryRestore(t, target, t.TempDir(), backup.Opens{}); err == nil || !strings.Contains(err.Error(), w.masterKey()) {
		t.Errorf("without the master key: %v", err)
	}
	var opens backup.Opens
	w.ok(opens.AddMaster(w.dir))
	master := w.masterKey()
	if got := w.restore(target, node.RestoreOptions{Opens: opens}); !slices.Equal(got.Absent, []string{"profiles/"}) || w.masterKey() != master {
		t.Errorf("restored %+v", got)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "keys", "s3.json")); err != nil {
		t.Error(err)
	}
	w.resume()
	w.again()
	w.fetches("sale", up.Object, file)
}

// TestRestoreRefuses refuses folders that have something, and changed copies, and leaves
// nothing.
func TestRestoreRefuses(t *testing.T) {
	w := serve(t, nil)
	w.upload("operator", data(1000))
	parent := t.TempDir()
	target, dir := filepath.Join(parent, "target"), filepath.Join(parent, "new")
	identity, err := age.GenerateX25519Identity()
	w.ok(err)
	r := w.backUp(target, backup.Seals{Recipients: []age.Recipient{identity.Recipient()}})
	opens := backup.Opens{Identities: []age.Identity{identity}}
	if _, err := tryRestore(t, target, w.dir, opens); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("over a node: %v", err)
	}
	left := func(why string) {
		t.Helper()
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the folder is left, %v", why, err)
		}
	}
	w.ok(filepath.WalkDir(target, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(target, path)
		if err != nil || e.IsDir() || name == "lock" || name == "format" {
			return err
		}
		whole, err := os.ReadFile(path)
		w.ok(err)
		for _, changed := range [][]byte{whole[:len(whole)/2], append(slices.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^4)} {
			w.ok(os.WriteFile(path, changed, 0o600))
			if _, err := tryRestore(t, target, dir, opens); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "backups/"+r.ID+"/")) {
				t.Errorf("%s: %v", name, err)
			}
			left(name)
		}
		return os.WriteFile(path, whole, 0o600)
	}))
	w.ok(os.Mkdir(dir, 0o700)) // it is there, empty
	w.ok(os.Chmod(dir, 0o755))
	if _, err := tryRestore(t, target, dir, backup.Opens{}); err == nil {
		t.Error("restored without an identity")
	}
	old := syscall.Umask(0)
	_, err = tryRestore(t, target, dir, opens)
	syscall.Umask(old)
	w.ok(err)
	w.ok(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		w.ok(err)
		i, err := os.Stat(path)
		w.ok(err)
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; i.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, i.Mode())
		}
		return nil
	}))
	mark, err := node.ReadRestored(dir)
	if err != nil || mark == nil || *mark.Ledger != *r.Ledger || mark.Receipts != r.Receipts {
		t.Errorf("the mark is %+v, %v", mark, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".restoring*")); err != nil || len(left) > 0 {
		t.Errorf("%v are beside the databases, %v", left, err)
	}
}

// TestBackupOfDamage copies no damaged database, and the earlier copy is the newest still.
func TestBackupOfDamage(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	stop()
	target := t.TempDir()
	first := w.backUp(target, backup.Seals{})
	w.exec("UPDATE entry SET data = x'00' WHERE seq = 1")
	to, err := backup.Create(t.Context(), target, backup.Options{Now: time.Now})
	w.ok(err)
	_, err = node.Backup(t.Context(), node.BackupOptions{Dir: w.dir, Now: time.Now, Done: func(int64) {}}, to)
	if err == nil || !strings.Contains(err.Error(), "ledger.db") {
		t.Errorf("copied with %v", err)
	}
	list, err := to.List(t.Context())
	if err = errors.Join(err, to.Close()); err != nil || len(list) != 1 || list[0].ID != first.ID {
		t.Errorf("the copies are %v, %v", list, err)
	}
	if noted, err := node.LastBackup(w.dir); err != nil || noted.ID != first.ID {
		t.Errorf("the folder notes %+v, %v", noted, err)
	}
}

// TestAKilledBackupLeavesNothing: the next backup, and the next start, remove the list that a
// killed backup left. That of a running backup stays.
func TestAKilledBackupLeavesNothing(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	w.upload("operator", data(1000))
	left := filepath.Join(w.dir, "backup.objects.1234.tmp")
	w.ok(os.WriteFile(left, []byte("x"), 0o600))
	w.backUp(t.TempDir(), backup.Seals{})
	gone := func(after string) {
		t.Helper()
		if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after %s the list is left: %v", after, err)
		}
	}
	gone("a backup")
	stop()
	w.ok(os.WriteFile(left, []byte("x"), 0o600))
	w.run()()
	gone("a start")
	f, err := os.Create(left)
	w.ok(err)
	defer f.Close()
	w.ok(syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	w.backUp(t.TempDir(), backup.Seals{})
	if _, err := os.Lstat(left); err != nil {
		t.Errorf("the list of a running backup: %v", err)
	}
}

// TestFirstBackupOfADamagedObject: what was damaged before any backup is found by its key,
// by the first backup and by each later one.
func TestFirstBackupOfADamagedObject(t *testing.T) {
	w := serve(t, nil)
	w.upload("operator", data(3000))
	up := w.upload("operator", data(200_000))
	name := up.Object[:2] + "/" + up.Object[2:4] + "/" + up.Object
	file := filepath.Join(w.dir, "objects", filepath.FromSlash(name))
	whole, err := os.ReadFile(file)
	w.ok(err)
	whole[100_000] ^= 1
	w.ok(os.WriteFile(file, whole, 0o600))
	target := t.TempDir()
	for range 2 {
		if r := w.backUp(target, backup.Seals{}); !slices.Equal(r.Damaged, []string{name}) {
			t.Errorf("damaged: %v, want %s", r.Damaged, name)
		}
	}
	whole[100_000] ^= 1
	w.ok(os.WriteFile(file, whole, 0o600))
	if r := w.backUp(target, backup.Seals{}); len(r.Damaged) > 0 || r.New != 1 {
		t.Errorf("mended, and backed up again: %v damaged, %d new", r.Damaged, r.New)
	}
}

func TestHeadOfServed(t *testing.T) {
	w := serve(t, nil)
	if _, err := node.ReadHeads(t.Context(), w.dir); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("heads of a folder that is served: %v", err)
	}
}
