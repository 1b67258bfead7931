package objects_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

// rawDisk is a disk store with its folder, as objectstest.Raw.
type rawDisk struct {
	*objects.Store
	dir  string
	next seal.Key
}

func (d rawDisk) RotateTo(ctx context.Context) (objects.Rotation, error) {
	return d.Rotate(ctx, d.next)
}

func (d rawDisk) Rotated(t testing.TB) objects.Objects { return openDisk(t, d.dir, d.next) }

func (d rawDisk) Names(t testing.TB) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(d.dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func (d rawDisk) Load(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (d rawDisk) Save(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d rawDisk) Remove(t testing.TB, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.Create(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func openDisk(t testing.TB, dir string, key seal.Key) rawDisk {
	t.Helper()
	s, err := objects.OpenDisk(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return rawDisk{s, dir, newKey(t)}
}

func put(t testing.TB, o objects.Objects, data []byte) objects.Info {
	t.Helper()
	info, err := o.Put(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestDisk(t *testing.T) {
	key := newKey(t)
	objectstest.Run(t, func(t *testing.T) objects.Objects {
		return openDisk(t, filepath.Join(t.TempDir(), "objects"), key)
	})
}

func TestDiskReopened(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	first := openDisk(t, dir, key)
	want := put(t, first, []byte("content"))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := openDisk(t, dir, key).Stat(t.Context(), want.ID)
	if err != nil || got.SHA256 != want.SHA256 {
		t.Fatalf("stat %v, %v; want %v", got, err, want)
	}
}

func TestDiskOtherMasterKey(t *testing.T) {
	dir, a, b := t.TempDir(), newKey(t), newKey(t)
	info := put(t, openDisk(t, dir, a), []byte("content"))
	_, err := openDisk(t, dir, b).Open(t.Context(), info.ID, 0, -1)
	if !errors.Is(err, seal.ErrWrongKey) || !strings.Contains(err.Error(), a.ID()) || !strings.Contains(err.Error(), b.ID()) {
		t.Fatalf("opened with another master key: %v", err)
	}
}

func TestDiskFilesAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "objects")
	put(t, openDisk(t, dir, newKey(t)), []byte("content"))
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", p, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDiskSweepsWhatAnInterruptedPutLeft(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	d := openDisk(t, dir, key)
	cut, whole := put(t, d, []byte("cut")), put(t, d, []byte("whole"))
	place := func(id string) string { return filepath.Join(dir, id[:2], id[2:4], id) }
	if err := os.Rename(place(cut.ID), filepath.Join(dir, "tmp", cut.ID)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{whole.ID, whole.ID + ".key." + key.ID(), "stray"} {
		d.Save(t, filepath.Join(dir, "tmp", name), []byte("half"))
	}
	again := openDisk(t, dir, key)
	if names := again.Names(t); len(names) != 2 {
		t.Errorf("left: %v", names)
	}
	if _, err := again.Stat(t.Context(), whole.ID); err != nil {
		t.Errorf("a whole object was swept: %v", err)
	}
}

// TestDiskStaysInItsFolder replaces a folder by a link that leads out.
func TestDiskStaysInItsFolder(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	d := openDisk(t, dir, newKey(t))
	id := put(t, d, []byte("content")).ID
	if err := os.Rename(filepath.Join(dir, id[:2]), filepath.Join(outside, id[:2])); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, id[:2]), filepath.Join(dir, id[:2])); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stat(t.Context(), id); err == nil {
		t.Error("an object was read outside the folder")
	}
	if err := d.Delete(t.Context(), id); err == nil {
		t.Error("an object was deleted outside the folder")
	}
}

func TestDiskIgnoresStrangers(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir, newKey(t))
	id := put(t, d, []byte("content")).ID
	for _, name := range []string{"README", id[:2] + "/x", id[:2] + "/" + id[2:4] + "/" + strings.Repeat("0", 32), "ab/cd/" + id + ".key."} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		d.Save(t, p, []byte("x"))
	}
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0); err != nil {
		t.Fatal(err)
	}
	var ids []string
	err := d.List(t.Context(), func(i objects.Info) error {
		ids = append(ids, i.ID)
		return nil
	})
	if err != nil || len(ids) != 1 || ids[0] != id {
		t.Fatalf("listed %v, %v", ids, err)
	}
}
