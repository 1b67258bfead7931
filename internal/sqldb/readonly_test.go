package sqldb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
)

// TestAReadOnlyDatabaseIsNotChanged: it is read and can't be written, no file appears beside
// a file that is still, and a version other than the program's is refused.
func TestAReadOnlyDatabaseIsNotChanged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	first := migration("CREATE TABLE a (v TEXT);")
	db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), "own", first); err != nil {
		t.Fatal(err)
	}
	if _, err := db.W.ExecContext(t.Context(), "INSERT INTO a VALUES ('row')"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if db, err = sqldb.OpenReadOnly(t.Context(), path, true); err != nil {
		t.Fatal(err)
	}
	var v string
	for _, q := range []interface{ Scan(...any) error }{
		db.R.QueryRowContext(t.Context(), "SELECT v FROM a"), db.W.QueryRowContext(t.Context(), "SELECT v FROM a"),
	} {
		if err := q.Scan(&v); err != nil || v != "row" {
			t.Errorf("read %q, %v", v, err)
		}
	}
	if _, err := db.W.ExecContext(t.Context(), "DELETE FROM a"); err == nil {
		t.Error("it was written")
	}
	if err := db.Migrate(t.Context(), "own", first); err != nil {
		t.Errorf("the same version: %v", err)
	}
	if err := db.Migrate(t.Context(), "own", migration("CREATE TABLE a (v TEXT);", "CREATE TABLE b (v TEXT);")); err == nil || !strings.Contains(err.Error(), "older program") {
		t.Errorf("an older version: %v", err)
	}
	if err := db.CheckIntegrity(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("beside it: %v, %v", files, err)
	}
	if _, err := sqldb.OpenReadOnly(t.Context(), filepath.Join(dir, "missing.db"), true); err == nil {
		t.Error("a missing file was opened")
	}
}
