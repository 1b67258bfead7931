package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/proving"
)

// TestDoctorAndRebuild: of a sound folder, one that is served, one whose record has a key
// that would turn the terminal about, and one with a damaged read model, which the rebuild
// of a running node and of a stopped one mends.
func TestDoctorAndRebuild(t *testing.T) {
	b := build(t)
	dir := filepath.Join(t.TempDir(), "node")
	b.demo(dir)
	var sound diagnosis
	b.read(&sound, "doctor", dir)
	if !sound.Sound || len(sound.Findings)+len(sound.Skipped) > 0 || sound.Entries < 20 || sound.Objects == 0 || sound.Bytes == 0 {
		t.Fatalf("%+v", sound)
	}
	const harm = "UPDATE registry_party SET name = 'planted' WHERE n = 3"
	alterFile(t, filepath.Join(dir, "read.db"), harm)
	code, out, errs := b.run("doctor", dir)
	if code != proving.ExitFailed || !strings.Contains(out, "read.db [registry_party 3]") || !strings.Contains(out, "cadastre rebuild") || !strings.Contains(errs, "damage in 1") {
		t.Errorf("exit %d: %s %s", code, out, errs)
	}
	if code, out, _ := b.run("doctor", dir, "--lang", "zh"); code != proving.ExitFailed || !strings.Contains(out, "表 registry_party 与由账本重建的不同") || !strings.Contains(out, "请用 --repair") {
		t.Errorf("exit %d: %s", code, out)
	}
	t.Run("served", func(t *testing.T) {
		b := b
		b.t = t
		b.serve(dir)
		if code, out, errs := b.run("doctor", dir); code != proving.ExitFailed || out != "" || !strings.Contains(errs, "is running") {
			t.Errorf("exit %d: %s %s", code, out, errs)
		}
		var r rebuilt
		if b.read(&r, "rebuild", "--dir", dir); int64(r.Entries) < sound.Entries {
			t.Errorf("%+v", r)
		}
	})
	b.read(&sound, "doctor", dir)
	if !sound.Sound {
		t.Errorf("after the rebuild: %+v", sound.Findings)
	}
	alterFile(t, filepath.Join(dir, "read.db"), harm)
	if out := b.must("rebuild", "--dir", dir); !strings.Contains(out, "entries/s") {
		t.Errorf("printed %s", out)
	}
	b.must("doctor", dir, "--quick")
	alterFile(t, filepath.Join(dir, "ledger.db"), "INSERT INTO record SELECT 'party/' || char(27) || '[2J', value, seq FROM record LIMIT 1")
	code, out, _ = b.run("doctor", dir)
	if code != proving.ExitFailed || strings.Contains(out, "\x1b") || !strings.Contains(out, "party/ [2J") {
		t.Errorf("exit %d: %q", code, out)
	}
	code, out, _ = b.run("doctor", dir, "--json")
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != proving.ExitFailed || d.Sound || len(d.Findings) != 1 || d.Findings[0].File != "ledger.db" || d.Findings[0].Key != "party/\x1b[2J" {
		t.Errorf("exit %d, %v: %+v", code, err, d)
	}
}
