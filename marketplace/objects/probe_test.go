package objects_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// TestProbe: a probe leaves nothing, works after one that was interrupted, and fails when
// the store does.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	key, err := seal.Create(filepath.Join(dir, "master"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := objects.OpenDisk(filepath.Join(dir, "objects"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	tmp := filepath.Join(dir, "objects", "tmp")
	for _, left := range []bool{false, true} {
		if left {
			if err := os.WriteFile(filepath.Join(tmp, "probe"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Probe(t.Context()); err != nil {
			t.Errorf("left %v: %v", left, err)
		}
		if list, err := os.ReadDir(tmp); err != nil || len(list) > 0 {
			t.Errorf("left %v: the probe leaves %v, %v", left, list, err)
		}
	}
	if err := os.Remove(tmp); err != nil {
		t.Fatal(err)
	}
	if err := s.Probe(t.Context()); err == nil {
		t.Error("a store without its folder works")
	}
}
