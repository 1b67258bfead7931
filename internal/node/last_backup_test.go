package node

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func TestLastBackup(t *testing.T) {
	dir := t.TempDir()
	if n, err := LastBackup(dir); n != nil || err != nil {
		t.Fatalf("a folder that was never copied: %v, %v", n, err)
	}
	want := Backed{
		At: 1796068800000, ID: "20261130T200000.000Z-01234567", Target: "s3://bucket/prefix",
		Ledger: &ledger.TreeHead{Size: 7, Root: ledger.DigestOf([]byte("root"))},
	}
	if err := folder(dir).noteBackup(want); err != nil {
		t.Fatal(err)
	}
	got, err := LastBackup(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&want, got); d != "" {
		t.Error(d)
	}
	path := filepath.Join(dir, backupFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte(`{"at": 1`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LastBackup(dir); err == nil {
		t.Error("a damaged note was read")
	}
}
