package sqldb_test

import (
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
)

// TestReplaceShowsTheOldOrTheNewContent: a reader that has begun sees the old rows to its
// end, later readers and the writer see the new ones, and the next opening too.
func TestReplaceShowsTheOldOrTheNewContent(t *testing.T) {
	dir := t.TempDir()
	make := func(name, row string, rows int) *sqldb.DB {
		db, err := sqldb.Open(t.Context(), filepath.Join(dir, name), sqldb.SyncNormal, sqldb.SmallPages)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE "+row+" (v TEXT)"); err != nil {
			t.Fatal(err)
		}
		for range rows {
			if _, err := db.W.ExecContext(t.Context(), "INSERT INTO "+row+" VALUES ('"+row+"')"); err != nil {
				t.Fatal(err)
			}
		}
		return db
	}
	db, next := make("old.db", "a", 3), make("new.db", "b", 500)
	count := func(q interface {
		Scan(dest ...any) error
	},
	) (n int) {
		t.Helper()
		if err := q.Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(db.R.QueryRowContext(t.Context(), "SELECT count(*) FROM a")); n != 3 {
		t.Fatalf("%d old rows", n)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	reading, err := db.R.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	count(reading.QueryRowContext(t.Context(), "SELECT count(*) FROM a"))
	if err := db.Replace(t.Context(), filepath.Join(dir, "new.db")); err != nil {
		t.Fatal(err)
	}
	if n := count(reading.QueryRowContext(t.Context(), "SELECT count(*) FROM a")); n != 3 {
		t.Errorf("the running reader sees %d old rows", n)
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
	for range 6 { // every connection
		if n := count(db.R.QueryRowContext(t.Context(), "SELECT count(*) FROM b")); n != 500 {
			t.Errorf("a later reader sees %d new rows", n)
		}
	}
	if err := db.R.QueryRowContext(t.Context(), "SELECT count(*) FROM a").Scan(new(int)); err == nil {
		t.Error("the old table is still there")
	}
	if _, err := db.W.ExecContext(t.Context(), "INSERT INTO b VALUES ('later')"); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = sqldb.Open(t.Context(), filepath.Join(dir, "old.db"), sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(db.R.QueryRowContext(t.Context(), "SELECT count(*) FROM b")); n != 501 {
		t.Errorf("%d rows after the next opening", n)
	}
	if err := db.CheckIntegrity(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
