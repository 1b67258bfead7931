package sqldb_test

import (
	"errors"
	"io"
	"math/rand/v2"
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

// TestSnapshotCopy copies a database while rows are written to it: the copy has exactly
// the rows of the moment at which the snapshot was opened.
func TestSnapshotCopy(t *testing.T) {
	for _, size := range []sqldb.PageSize{4096, sqldb.SmallPages} {
		dir := t.TempDir()
		path, to := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
		db, err := sqldb.Open(t.Context(), path, sqldb.SyncNormal, size)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		add := func(rows int) {
			_, err := db.W.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO x SELECT randomblob(900) FROM n`, rows)
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE x (b BLOB); CREATE INDEX y ON x (b)"); err != nil {
			t.Fatal(err)
		}
		add(2000)
		s, err := sqldb.OpenSnapshot(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(to)
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.Copy(t.Context(), writerFunc(func(b []byte) (int, error) {
			if rand.IntN(200) == 0 { // the node goes on
				add(3)
			}
			return f.Write(b)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := f.Stat(); err != nil || info.Size() != n {
			t.Errorf("%d bytes were copied, %v, %v", n, info.Size(), err)
		}
		if err := errors.Join(s.CheckIntegrity(t.Context()), s.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		copied := open(t, to)
		var rows int
		if err := copied.R.QueryRowContext(t.Context(), "SELECT count(*) FROM x").Scan(&rows); err != nil || rows != 2000 {
			t.Errorf("the copy has %d rows, %v, want 2000", rows, err)
		}
		if err := copied.CheckIntegrity(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestSnapshotCopyFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db := open(t, path)
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE x (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	s, err := sqldb.OpenSnapshot(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	full := errors.New("the disk is full")
	if _, err := s.Copy(t.Context(), writerFunc(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
		t.Errorf("the writer's error is %v", err)
	}
}

func BenchmarkSnapshotCopy(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.db")
	db, err := sqldb.Open(b.Context(), path, sqldb.SyncNormal, sqldb.SmallPages)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.W.ExecContext(b.Context(), `CREATE TABLE x (b BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
		INSERT INTO x SELECT randomblob(900) FROM n`); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := sqldb.OpenSnapshot(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		n, err := s.Copy(b.Context(), io.Discard)
		if err := errors.Join(err, s.Close()); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n)
	}
}
