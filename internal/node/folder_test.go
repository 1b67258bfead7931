package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/marketplace"
)

// TestOtherLayoutsAreRefused: a folder of an older or a newer program is not opened,
// and the sentence names both layouts and what to do.
func TestOtherLayoutsAreRefused(t *testing.T) {
	w := lay(t, node.DefaultLimits())
	file := filepath.Join(w.dir, "format")
	own, err := os.ReadFile(file)
	w.ok(err)
	for _, other := range []string{"cadastre-node 4\n", "cadastre-node 6\n", ""} {
		w.ok(os.WriteFile(file, []byte(other), 0o600))
		_, err := node.Open(t.Context(), w.options())
		if err == nil {
			t.Fatalf("%q is opened", other)
		}
		for _, says := range []string{strings.TrimSpace(other), strings.TrimSpace(string(own)), "use the program that made it"} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v; want %q in it", other, err, says)
			}
		}
	}
	w.ok(os.WriteFile(file, own, 0o600))
	w.open()
}

// TestOnlyTheOwnerMayReadAFolder: whatever modes stood there before, a node that runs has
// a folder that nobody else may read, with all its files.
func TestOnlyTheOwnerMayReadAFolder(t *testing.T) {
	w := lay(t, node.DefaultLimits())
	stop := w.run()
	w.admit()
	w.upload("operator", data(1000))
	stop()
	files := 0
	w.ok(filepath.WalkDir(w.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(path, 0o755)
		}
		if filepath.Dir(path) == filepath.Join(w.dir, "keys") { // those are refused, see below
			return nil
		}
		files++
		return os.Chmod(path, 0o666)
	}))
	w.open()
	w.ok(filepath.WalkDir(w.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	}))
	if files < 9 {
		t.Errorf("only %d files", files)
	}
}

// TestKeysThatOthersMayUseAreRefused: someone may have read them, so they are not restricted
// without a word.
func TestKeysThatOthersMayUseAreRefused(t *testing.T) {
	w := lay(t, node.DefaultLimits())
	w.run()()
	keys, err := filepath.Glob(filepath.Join(w.dir, "keys", "*"))
	w.ok(err)
	if len(keys) < 4 {
		t.Fatalf("only %v", keys)
	}
	for _, key := range keys {
		w.ok(os.Chmod(key, 0o640))
		if _, err := node.Open(t.Context(), w.options()); err == nil || !strings.Contains(err.Error(), key+" has mode 0640") {
			t.Errorf("%s: %v", key, err)
		}
		w.ok(os.Chmod(key, 0o600))
	}
	w.open()
}

// TestABoundThatNoUploadFitsIsRefused: an upload adds at least marketplace.MinCounted.
func TestABoundThatNoUploadFitsIsRefused(t *testing.T) {
	l := node.DefaultLimits()
	for bound, ok := range map[int64]bool{0: false, marketplace.MinCounted - 1: false, marketplace.MinCounted: true} {
		l.Unnamed = bound
		if err := l.Validate(); (err == nil) != ok {
			t.Errorf("%d bytes of a party: %v", bound, err)
		}
	}
}
