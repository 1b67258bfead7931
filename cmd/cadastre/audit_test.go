package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger/audit"
)

// TestAudit audits the demonstration's folder, the same while it is served, and the
// folder again after each change that someone with write access to it can make.
func TestAudit(t *testing.T) {
	b := build(t)
	dir := filepath.Join(t.TempDir(), "node")
	d := b.demo(dir)
	var whole audit.Report
	b.read(&whole, "audit", dir, "--trust", d.Trust)
	if whole.Records == 0 || whole.Replayed != whole.Size || len(whole.Logs) != 1 || whole.Logs[0].Judged == 0 {
		t.Errorf("of the folder: %+v", whole)
	}
	t.Run("served", func(t *testing.T) {
		b := b
		b.t = t
		url, _ := b.serve(dir)
		var r audit.Report
		b.read(&r, "audit", url, "--trust", d.Trust, "--profile", d.Profiles["regulator"])
		if r.Size < whole.Size || r.Replayed != r.Size || r.Records != 0 || r.Logs[0].Judged != whole.Logs[0].Judged { // it may anchor
			t.Errorf("by its address: %+v, want %+v", r, whole)
		}
		if code, _, errs := b.run("audit", url, "--trust", d.Trust, "--profile", d.Profiles["buyer"]); code != proving.ExitFailed {
			t.Errorf("a buyer reads the entries: %d, %s", code, errs)
		}
	})
	for _, c := range []struct{ name, change, restore, at string }{
		{
			"a row edited", "UPDATE record SET value = CAST(replace(CAST(value AS TEXT), '\"buyer\"', '\"regulator\"') AS BLOB) WHERE key = (SELECT key FROM saved LIMIT 1)",
			"UPDATE record SET value = (SELECT value FROM saved LIMIT 1) WHERE key = (SELECT key FROM saved LIMIT 1)", "",
		},
		{"a row deleted", "DELETE FROM record WHERE key = (SELECT key FROM saved LIMIT 1)", "INSERT INTO record SELECT * FROM saved LIMIT 1", ""},
		{
			"a row added", "INSERT INTO record SELECT 'party/added', value, seq FROM saved LIMIT 1",
			"DELETE FROM record WHERE key = 'party/added'", "party/added",
		},
		{
			"a row whose key turns the terminal about", "INSERT INTO record SELECT 'party/' || char(27) || '[2J', value, seq FROM saved LIMIT 1",
			"DELETE FROM record WHERE key LIKE 'party/' || char(27) || '%'", "party/\ufffd[2J",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := b
			b.t = t
			at := c.at
			alter(t, dir, "CREATE TABLE IF NOT EXISTS saved AS SELECT * FROM record WHERE key LIKE 'party/%' AND CAST(value AS TEXT) LIKE '%\"buyer\"%'", c.change)
			defer alter(t, dir, c.restore)
			code, out, errs := b.run("audit", dir, "--trust", d.Trust, "--json")
			var r audit.Report
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err)
			}
			if code != proving.ExitUnproven || len(r.Findings) != 1 || r.Findings[0].Check != audit.CheckState || at != "" && r.Findings[0].At != at {
				t.Errorf("%d, %+v, %s", code, r.Findings, errs)
			}
		})
	}
	t.Run("no trust", func(t *testing.T) {
		b := b
		b.t = t
		other := write(t, "trust.json", `{"ledger":"01a22b21-f649-7591-8b23-21c76c6b172e","genesis_sha256":"`+string(whole.Root)+`","logs":[]}`)
		if code, out, errs := b.run("audit", dir, "--trust", other); code == proving.ExitOK {
			t.Errorf("whole by the trust file of another ledger: %s, %s", out, errs)
		}
	})
}

// alter changes the ledger.db of a folder that no node runs.
func alter(t *testing.T, dir string, statements ...string) {
	t.Helper()
	alterFile(t, filepath.Join(dir, "ledger.db"), statements...)
}

// alterFile changes a database that no node uses.
func alterFile(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.W.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
