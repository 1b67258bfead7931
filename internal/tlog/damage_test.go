package tlog_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/tlog"
)

// damages are changes to a log of 600 entries, of which 500 are published.
// Those of the newest rows must be found when the log is opened, the others
// by Check.
var damages = []struct {
	name, sql string
	atOpen    bool
	want      string
}{
	{"last tile changed", "UPDATE tile SET data = zeroblob(length(data)) WHERE level = 0 AND n = 2", true, "does not have the recorded hash"},
	{"last tile short", "UPDATE tile SET data = substr(data, 1, length(data) - 32) WHERE level = 0 AND n = 2", true, "another number"},
	{"last tile gone", "DELETE FROM tile WHERE level = 0 AND n = 2", true, "another number"},
	{"all tiles of a level gone", "DELETE FROM tile WHERE level = 0", true, "is missing"},
	{"upper tile changed", "UPDATE tile SET data = zeroblob(length(data)) WHERE level = 1", true, "its tiles do not match its root"},
	{"upper tile gone", "DELETE FROM tile WHERE level = 1", true, "another number"},
	{"tail entry changed", "UPDATE entry SET data = x'00' WHERE seq = 599", true, "entry 599 does not have the recorded hash"},
	{"first of the tail changed", "UPDATE entry SET data = x'00' WHERE seq = 512", true, "entry 512 does not have the recorded hash"},
	{"tail entry gone", "DELETE FROM entry WHERE seq = 560", true, "entry 560 is missing"},
	{"last entry gone", "DELETE FROM entry WHERE seq = 599", true, "another number"},
	{"first entry gone", "DELETE FROM entry WHERE seq = 0", true, "entry 0 is missing"},
	{"entries gone to a full tile", "DELETE FROM entry WHERE seq >= 512", true, "another number"},
	{"all entries gone", "DELETE FROM entry", true, "another number"},
	{"checkpoint gone", "DELETE FROM signed", true, "last signed checkpoint is missing"},
	{"checkpoint row newer than its note", "UPDATE signed SET size = 601", true, "another size or root"},
	{"checkpoint note changed", "UPDATE signed SET note = CAST(replace(note, '500', '501') AS BLOB)", true, "not signed by the key"},
	{"early tile changed", "UPDATE tile SET data = zeroblob(8192) WHERE level = 0 AND n = 0", false, "tile 0/0"},
	{"tile under the checkpoint gone", "DELETE FROM tile WHERE level = 0 AND n = 1", true, "tile 0/1 is missing"},
	{"early tile gone", "DELETE FROM tile WHERE level = 0 AND n = 0", false, "tile 0/0 is missing"},
	{"early entry changed", "UPDATE entry SET data = x'00' WHERE seq = 300", false, "the hash of entry 300: the entry, or the tile"},
	{"early entry gone", "DELETE FROM entry WHERE seq = 300", false, "entry 300 is missing"},
}

func damagedFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.add(t, 500)
	f.publish(t)
	f.add(t, 100)
	return f
}

func TestDamage(t *testing.T) {
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			f := damagedFixture(t)
			f.exec(t, d.sql)
			err := f.openLog()
			if (err != nil) != d.atOpen {
				t.Fatalf("open gave %v", err)
			}
			if err == nil {
				err = f.Check(t.Context())
			}
			if !errors.Is(err, tlog.ErrDamaged) {
				t.Fatalf("got %v, want ErrDamaged", err)
			}
			for _, want := range []string{origin, d.want, "restore the newest backup"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestOlderThanPublished(t *testing.T) {
	f := newFixture(t)
	f.add(t, 300)
	f.publish(t)
	// The same log as it was when it had 200 entries, with the checkpoint of later.
	old := newFixture(t)
	old.key = f.key
	old.exec(t, "DELETE FROM signed")
	cp := f.Published()
	if err := old.openLog(); err != nil {
		t.Fatal(err)
	}
	old.add(t, 200)
	old.exec(t, "UPDATE signed SET size = ?, root = ?, note = ?", cp.Size, cp.Root[:], cp.Note)
	err := old.openLog()
	want := `the log "example.org/log" contains 200 entries but its last signed checkpoint covers 300: ` +
		`the folder is older than its published log; restore the newest backup`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}

func TestForkOfPublished(t *testing.T) {
	f := newFixture(t)
	f.add(t, 300)
	cp := f.publish(t)
	fork := newFixture(t)
	fork.key = f.key
	fork.exec(t, "DELETE FROM signed")
	if err := fork.openLog(); err != nil {
		t.Fatal(err)
	}
	fork.addEntries(t, []tlog.Entry{{Data: []byte("another beginning")}})
	fork.add(t, 399)
	fork.exec(t, "UPDATE signed SET size = ?, root = ?, note = ?", cp.Size, cp.Root[:], cp.Note)
	if _, err := fork.PublishNow(t.Context()); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("signed a fork: %v", err)
	}
	if err := fork.openLog(); !errors.Is(err, tlog.ErrDamaged) || !strings.Contains(err.Error(), "was signed") {
		t.Errorf("opened a fork: %v", err)
	}
}

func TestOtherKey(t *testing.T) {
	f := damagedFixture(t)
	f.key = newKey(t)
	if err := f.openLog(); !errors.Is(err, tlog.ErrDamaged) || !strings.Contains(err.Error(), "not signed by the key") {
		t.Errorf("opened with another key: %v", err)
	}
}

func TestDamagedTileGivesNoProof(t *testing.T) {
	f := damagedFixture(t)
	f.exec(t, "UPDATE tile SET data = zeroblob(8192) WHERE level = 0 AND n = 0")
	if _, err := f.Prove(t.Context(), 3, 600); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("proof from a damaged tile: %v", err)
	}
	if err := f.Holds(t.Context(), 3, f.leaves[3]); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("an entry under a damaged tile: %v", err)
	}
	// The leaf is as it was, its neighbor is not.
	g := damagedFixture(t)
	g.exec(t, "UPDATE tile SET data = CAST(substr(data, 1, 8160) || zeroblob(32) AS BLOB) WHERE level = 0 AND n = 0")
	if err := g.Holds(t.Context(), 3, g.leaves[3]); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("an entry in a tile of which another hash was changed: %v", err)
	}
	g.exec(t, "DELETE FROM tile WHERE level = 0 AND n = 0")
	if err := g.Holds(t.Context(), 3, g.leaves[3]); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("an entry whose tile is missing: %v", err)
	}
	if _, err := f.ProveTree(t.Context(), 7, 600); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("tree proof from a damaged tile: %v", err)
	}
}

func TestNothingIsSignedThatTheTablesDoNotHold(t *testing.T) {
	f := damagedFixture(t)
	f.exec(t, "DELETE FROM tile WHERE level = 0 AND n = 2")
	if cp, err := f.PublishNow(t.Context()); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("signed %d entries: %v", cp.Size, err)
	}
	if f.Published().Size != 500 {
		t.Errorf("%d entries are published, want 500", f.Published().Size)
	}
}

// TestRecompute finds every damage in the tables of a log without its key, except a
// signature that it can't check.
func TestRecompute(t *testing.T) {
	f := damagedFixture(t)
	recompute := func(f *fixture) (int64, ref.Hash, error) {
		tx, err := f.db.R.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		return tlog.ReadTables(tx, nil).Recompute(t.Context())
	}
	if size, root, err := recompute(f); err != nil || size != 600 || root != f.refRoot(t, 600) {
		t.Fatalf("got %d, %v, %v", size, root, err)
	}
	for _, d := range damages {
		f := damagedFixture(t)
		f.exec(t, d.sql)
		_, _, err := recompute(f)
		switch d.name {
		case "checkpoint gone":
			if !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("%s: %v", d.name, err)
			}
		case "checkpoint note changed":
			if err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
		default:
			if !errors.Is(err, tlog.ErrDamaged) {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	}
}
