package sqldb_test

import (
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
)

// TestStatementsAreKept runs one query inside its own rows, after a failure and
// after its table changed: reusing a statement must not be visible.
func TestStatementsAreKept(t *testing.T) {
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "kept.db"), sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.W.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE pair (a INTEGER PRIMARY KEY, b INTEGER)")
	for i := range 3 {
		exec("INSERT INTO pair (a, b) VALUES (?, ?)", i, i+1)
	}
	tx, err := db.W.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	const query = "SELECT b FROM pair WHERE a >= ? ORDER BY a"
	outer, err := tx.QueryContext(t.Context(), query, 0)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for outer.Next() {
		var b, c int
		if err := outer.Scan(&b); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRowContext(t.Context(), query, b-1).Scan(&c); err != nil || c != b {
			t.Errorf("inside its own rows: %d, %v, want %d", c, err, b)
		}
		sum += b
	}
	if err := outer.Err(); err != nil || sum != 6 {
		t.Errorf("the outer rows: %d, %v", sum, err)
	}
	if err := outer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	const insert = "INSERT INTO pair (a, b) VALUES (?, ?)"
	if _, err := db.W.ExecContext(t.Context(), insert, 1, 1); err == nil {
		t.Error("a key was taken twice")
	}
	exec(insert, 9, 9)
	exec("ALTER TABLE pair ADD COLUMN c INTEGER DEFAULT 7")
	var a, b, c int
	if err := db.W.QueryRowContext(t.Context(), "SELECT * FROM pair WHERE a = ?", 9).Scan(&a, &b, &c); err != nil || c != 7 {
		t.Errorf("after the table changed: %d %d %d, %v", a, b, c, err)
	}
	exec("DROP TABLE pair")
	if _, err := db.W.ExecContext(t.Context(), insert, 10, 10); err == nil {
		t.Error("a statement outlived its table")
	}
}
