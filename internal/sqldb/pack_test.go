package sqldb_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
)

func TestPack(t *testing.T) {
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "packed.db"), sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE packed (n INTEGER PRIMARY KEY, value BLOB)"); err != nil {
		t.Fatal(err)
	}
	texts := []string{"", `{"a":"公交"}`, strings.Repeat("公交车辆到离站信息", 500)}
	for n, text := range texts {
		packed := sqldb.Pack([]byte(text))
		if n == 2 && len(packed)*10 > len(text) {
			t.Errorf("%d bytes are packed into %d", len(text), len(packed))
		}
		if _, err := db.W.ExecContext(t.Context(), "INSERT INTO packed VALUES (?, ?)", n, packed); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for n, want := range texts {
		all.Go(func() {
			var got, kind string
			err := db.R.QueryRowContext(t.Context(), "SELECT unpack(value), typeof(unpack(value)) FROM packed WHERE n = ?", n).Scan(&got, &kind)
			if err != nil || got != want || kind != "text" {
				t.Errorf("text %d comes back as %s %.30q (%v)", n, kind, got, err)
			}
		})
	}
	all.Wait()
	for _, bad := range []any{"text", nil, 7, []byte("damaged")} {
		var got any
		if err := db.R.QueryRowContext(t.Context(), "SELECT unpack(?)", bad).Scan(&got); err == nil {
			t.Errorf("%v is unpacked to %v", bad, got)
		}
	}
}
