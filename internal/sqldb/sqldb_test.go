package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/sqldb"
)

func open(t *testing.T, path string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func migration(sqls ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, s := range sqls {
		m["000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + s + "\n")}
	}
	return m
}

func count(t *testing.T, db *sql.DB, table string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPragmas(t *testing.T) {
	for _, name := range []string{"plain.db", "a b?mode=memory&x=%41#é.db"} {
		path := filepath.Join(t.TempDir(), name)
		db := open(t, path)
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the file is not where it was asked for: %v", err)
		}
		for _, c := range []struct {
			db         *sql.DB
			what, want string
		}{
			{db.W, "journal_mode", "wal"},
			{db.W, "synchronous", "2"},
			{db.W, "foreign_keys", "1"},
			{db.W, "busy_timeout", "5000"},
			{db.W, "temp_store", "2"},
			{db.R, "query_only", "1"},
			{db.R, "busy_timeout", "5000"},
		} {
			var got string
			if err := c.db.QueryRowContext(t.Context(), "PRAGMA "+c.what).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%s: PRAGMA %s = %q, want %q", name, c.what, got, c.want)
			}
		}
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	conn, err := db.R.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "PRAGMA query_only = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err == nil {
		t.Error("a reader wrote")
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "here.db")
	if _, err := os.Stat("here.db"); err != nil {
		t.Error(err)
	}
}

func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path)
	one := migration("CREATE TABLE a (x);")
	for range 2 { // the second run finds nothing to do
		if err := db.Migrate(t.Context(), "first", one); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Migrate(t.Context(), "second", migration("CREATE TABLE b (x);")); err != nil {
		t.Fatal(err)
	}
	two := migration("CREATE TABLE a (x);", "INSERT INTO a VALUES (7);")
	if err := db.Migrate(t.Context(), "first", two); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 0}, []int{count(t, db.R, "a"), count(t, db.R, "b")}); diff != "" {
		t.Error(diff)
	}
	err := db.Migrate(t.Context(), "first", one)
	if err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("an older program got %v", err)
	}
}

func TestMigrateFails(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	bad := migration("CREATE TABLE a (x);\nINSERT INTO nothing VALUES (1);")
	if err := db.Migrate(t.Context(), "first", bad); err == nil {
		t.Fatal("a bad migration passed")
	}
	if err := db.Migrate(t.Context(), "first", migration("CREATE TABLE a (x);")); err != nil {
		t.Errorf("a failed migration left something: %v", err)
	}
	if err := db.Migrate(t.Context(), "x; DROP", migration("SELECT 1;")); err == nil {
		t.Error("a bad name of a set passed")
	}
}

func TestInTx(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	insert := func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
		return err
	}
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	if err := sqldb.InTx(t.Context(), db.W, insert); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	err := sqldb.InTx(t.Context(), db.W, func(tx *sql.Tx) error { return errors.Join(insert(tx), mine) })
	if !errors.Is(err, mine) {
		t.Errorf("got %v, want the error of the function", err)
	}
	func() {
		defer func() {
			if r := recover(); r != "mine" {
				t.Errorf("recovered %v, want the panic of the function", r)
			}
		}()
		_ = sqldb.InTx(t.Context(), db.W, func(tx *sql.Tx) error { _ = insert(tx); panic("mine") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err = sqldb.InTx(ctx, db.W, func(tx *sql.Tx) error { defer cancel(); return insert(tx) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	for _, passed := range []bool{false, true} { // to the caller, or left to the commit
		ctx, cancel := context.WithCancel(t.Context())
		err := sqldb.InTx(ctx, db.W, func(tx *sql.Tx) error {
			cancel()
			err := insert(tx)
			for ; err == nil; err = insert(tx) { // until database/sql rolled back by itself
				runtime.Gosched()
			}
			if passed {
				return err
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after a rollback of database/sql got %v, want canceled", err)
		}
	}
	if n := count(t, db.R, "t"); n != 1 {
		t.Errorf("%d rows, want only the committed one", n)
	}
}

func TestCommitFailsThenWorks(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	_, err := db.W.ExecContext(t.Context(), `CREATE TABLE a (id INTEGER PRIMARY KEY);
		CREATE TABLE b (a REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)`)
	if err != nil {
		t.Fatal(err)
	}
	put := func(statement string) error {
		return sqldb.InTx(t.Context(), db.W, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), statement)
			return err
		})
	}
	if err := put("INSERT INTO b VALUES (9)"); err == nil {
		t.Fatal("the commit passed a broken reference")
	}
	if err := put("INSERT INTO a VALUES (1)"); err != nil {
		t.Fatalf("after a failed commit: %v", err)
	}
	if n := count(t, db.R, "b"); n != 0 {
		t.Errorf("a failed commit kept %d rows", n)
	}
}

func TestRefusesBadFile(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	db, err := sqldb.Open(t.Context(), good, sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE t (a); INSERT INTO t VALUES (hex(randomblob(50000)))"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"text":      {[]byte("this is a text that someone put here"), `"x.db" is not an SQLite database`},
		"short":     {whole[:7], `"x.db" is not an SQLite database`},
		"truncated": {whole[:5000], `"x.db" is damaged`},
		"header":    {append(append([]byte{}, whole[:16]...), make([]byte, 5000)...), `"x.db" is`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "restore it from a backup") {
				t.Errorf("got %q, want it to say %q and what to do", err, c.want)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.bytes, after); diff != "" {
				t.Error("the file was changed")
			}
		})
	}
}

func TestCheckIntegrity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE t (a); INSERT INTO t SELECT hex(randomblob(900)) FROM sqlite_schema, json_each('[1,2,3,4,5,6,7,8]')"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.CheckIntegrity(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw[len(raw)-4096:])
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	err = open(t, path).CheckIntegrity(t.Context())
	if err == nil || !strings.Contains(err.Error(), `"x.db" is damaged`) {
		t.Errorf("got %v", err)
	}
}

// TestPageSize holds that a new file has pages of the size given, and that one
// which exists retains its size.
func TestPageSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.db")
	for range 2 {
		db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull, sqldb.SmallPages)
		if err != nil {
			t.Fatal(err)
		}
		wantPages(t, db, 2048)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		wantPages(t, open(t, path), 2048)
	}
	wantPages(t, open(t, filepath.Join(t.TempDir(), "other.db")), 4096)
}

func wantPages(t *testing.T, db *sqldb.DB, want int) {
	t.Helper()
	var got int
	if err := db.R.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&got); err != nil || got != want {
		t.Errorf("pages of %d bytes, want %d (%v)", got, want, err)
	}
}

// TestOnlyTheOwnerMayReadADatabase: nor what SQLite writes beside it.
func TestOnlyTheOwnerMayReadADatabase(t *testing.T) {
	dir := t.TempDir()
	before := filepath.Join(dir, "before.db")
	if err := os.WriteFile(before, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(before, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{before, filepath.Join(dir, "new.db")} {
		db := open(t, path)
		if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE a (b)"); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s, %v", f.Name(), info.Mode(), err)
		}
	}
	if len(files) < 6 {
		t.Errorf("%d files: the ones beside the databases are missing", len(files))
	}
}
