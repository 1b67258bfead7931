package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/internal/durable"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// only fails where the folder holds other names than these.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != len(names) {
		t.Fatalf("the folder holds %v (%v), not %v", list, err, names)
	}
	for i, e := range list {
		if e.Name() != names[i] {
			t.Errorf("the folder holds %s, not %s", e.Name(), names[i])
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old and longer"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "new" {
		t.Errorf("it holds %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	only(t, dir, "f")
}

// TestNothingIsLeft: where the name can't be given, no file stays beside it.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("new")); err == nil {
		t.Error("a folder was replaced by a file")
	}
	only(t, dir, "folder")
	if err := durable.WriteFile(filepath.Join(dir, "none", "f"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a folder that is not there: %v", err)
	}
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := durable.Create(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	if got := read(t, path); got != "first" {
		t.Errorf("it holds %q", got)
	}
	only(t, dir, "f")
}

// TestOfTwoOneWins: who reads while others write gets one of the contents whole.
func TestOfTwoOneWins(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	contents := map[string]bool{"a": true, "bbbbbbbbbbbbbbbb": true}
	var wait sync.WaitGroup
	for c := range contents {
		wait.Go(func() {
			for range 20 {
				if err := durable.WriteFile(path, []byte(c)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Go(func() {
		for range 200 {
			if b, err := os.ReadFile(path); err == nil && !contents[string(b)] {
				t.Errorf("a part: %q", b)
			}
		}
	})
	wait.Wait()
	only(t, dir, "f")
}

func TestRename(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, f), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	from, to := filepath.Join(dir, "a", "f"), filepath.Join(dir, "b", "g")
	if err := durable.Create(from, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := durable.Rename(from, to); err != nil || read(t, to) != "x" {
		t.Errorf("renamed: %v", err)
	}
	if err := durable.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("renamed again: %v", err)
	}
}
