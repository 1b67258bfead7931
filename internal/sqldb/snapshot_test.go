package sqldb_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
)

func TestSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db := open(t, path)
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE x (n INTEGER); INSERT INTO x VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	s, err := sqldb.OpenSnapshot(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.W.ExecContext(t.Context(), "INSERT INTO x VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.QueryRowContext(t.Context(), "SELECT count(*) FROM x").Scan(&n); err != nil || n != 1 {
		t.Errorf("the snapshot holds %d rows, %v, want 1", n, err)
	}
	if _, err := s.ExecContext(t.Context(), "DELETE FROM x"); err == nil {
		t.Error("a snapshot can be written to")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSnapshotOfNothing(t *testing.T) {
	dir := t.TempDir()
	none, text := filepath.Join(dir, "none.db"), filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte("no database at all, whatever its name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{none, text} {
		if s, err := sqldb.OpenSnapshot(t.Context(), path); err == nil {
			t.Errorf("%s was opened: %v", path, s.Close())
		}
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a file was made")
	}
}
