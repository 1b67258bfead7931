package node_test

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/words"
)

// hashed is the mode and the SHA-256 of every file under a folder, by path.
func hashed(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[name] = info.Mode().String()
		if e.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		sum := sha256.Sum256(b)
		files[name] += string(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// copyFolder copies a folder with its modes.
func copyFolder(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "node")
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// examined examines a folder and checks that nothing in it was changed.
func (w *world) examined(dir string, how node.Examination) node.Diagnosis {
	w.t.Helper()
	o := w.options()
	o.Dir = dir
	before := hashed(w.t, dir)
	found, err := node.Examine(w.t.Context(), o, how)
	w.ok(err)
	if diff := cmp.Diff(before, hashed(w.t, dir)); !how.Repair && diff != "" {
		w.t.Errorf("the folder was changed: %s", diff)
	}
	return found
}

// where lists the findings as "file [key]".
func where(d node.Diagnosis) []string {
	var list []string
	for _, f := range d.Findings {
		list = append(list, strings.TrimSuffix(f.File+" ["+f.Key+"]", " []"))
	}
	return list
}

// english matches words of a sentence in English, which names of files and commands are not.
var english = regexp.MustCompile(`[a-z]{2,} [a-z]{2,} [a-z]{2,}|: [a-z]{3,} [a-z]{3,}|no such`)

// TestDoctorFindsEveryDamage: each damage is found, alone, at its place, with what to do;
// nothing is changed without being asked; and what can be repaired is sound afterwards.
func TestDoctorFindsEveryDamage(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	s := &story{world: w}
	s.tell()
	rollBack := w.suspended("rival")
	stop()
	if found := w.examined(w.dir, node.Examination{}); len(found.Findings)+len(found.Skipped) > 0 || found.Entries < 20 || found.Receipts < 4 || found.Objects != 2 || found.Bytes == 0 {
		t.Fatalf("a sound folder: %+v", found)
	}
	for _, p := range damages(w, s.raw.Object, rollBack) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := copyFolder(t, w.dir)
			p.plant(t, dir)
			v := *w
			v.t = t
			found := v.examined(dir, node.Examination{})
			at := where(found)
			i := slices.IndexFunc(at, func(s string) bool {
				return s == p.at || !strings.Contains(p.at, "[") && strings.HasPrefix(s, p.at+" [")
			})
			if i < 0 || found.Sound() {
				t.Fatalf("found %v, want %s: %v", at, p.at, whats(found))
			}
			for j, f := range found.Findings {
				if f.File != found.Findings[i].File {
					t.Errorf("also found %s: %v", at[j], f.What)
				}
			}
			f := found.Findings[i]
			if zh := words.CauseIn("zh", f.What); english.MatchString(strings.ReplaceAll(zh, dir, "")) && p.name != "page damaged" { // SQLite's own words
				t.Errorf("in Chinese: %s", zh)
			}
			if !strings.Contains(f.Advice.EN, p.advice) || f.Advice.ZH == "" {
				t.Errorf("advice: %q", f.Advice)
			}
			if !p.repair && !strings.HasPrefix(p.name, "record") && !strings.HasPrefix(p.name, "object") {
				return // a repair would repair nothing there
			}
			repaired := v.examined(dir, node.Examination{Repair: true})
			if repaired.Sound() != p.repair {
				t.Errorf("repaired: %v, want %v", repaired.Sound(), p.repair)
			}
			if after := v.examined(dir, node.Examination{}); after.Sound() != p.repair {
				t.Errorf("after the repair: %v %v", where(after), whats(after))
			}
		})
	}
}

func whats(d node.Diagnosis) (list []string) {
	for _, f := range d.Findings {
		list = append(list, f.What.Error())
	}
	return list
}

// TestDoctorReadsLessQuickly: a quick examination looks at every object and reads none.
func TestDoctorReadsLessQuickly(t *testing.T) {
	w := toldAndStopped(t)
	found := w.examined(w.dir, node.Examination{Quick: true})
	if !found.Sound() || found.Objects != 2 || found.Bytes != 0 {
		t.Errorf("%+v", found)
	}
}

// TestDoctorNeedsAStoppedNode: it says so of a folder that is served, and of one without a
// node.
func TestDoctorNeedsAStoppedNode(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	if _, err := node.Examine(t.Context(), w.options(), node.Examination{}); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("of a served folder: %v", err)
	}
	stop()
	o := w.options()
	o.Dir = t.TempDir()
	if _, err := node.Examine(t.Context(), o, node.Examination{}); err == nil || !strings.Contains(err.Error(), "has no node") {
		t.Errorf("of an empty folder: %v", err)
	}
}

// TestDoctorAfterAKill: a folder whose databases still have their write-ahead logs, as a
// killed node leaves them, is sound and remains as it was; so is one that has never run.
func TestDoctorAfterAKill(t *testing.T) {
	w := lay(t, limits(nil))
	if found := w.examined(w.dir, node.Examination{}); len(found.Findings) > 0 {
		t.Errorf("a new folder: %v %v", where(found), whats(found))
	}
	stop := w.run()
	defer stop()
	w.admit()
	s := &story{world: w}
	s.tell()
	dir := copyFolder(t, w.dir) // nothing is written any more, except anchors
	logs := 0
	for _, name := range []string{ledgerDB, receiptsDB, readDB, nodeDB} {
		if info, err := os.Stat(filepath.Join(dir, name+"-wal")); err == nil && info.Size() > 0 {
			logs++
		}
	}
	if logs < 3 {
		t.Fatalf("%d databases have a write-ahead log", logs)
	}
	found := w.examined(dir, node.Examination{})
	if len(found.Findings) > 0 || found.Entries < 20 {
		t.Errorf("%v %v", where(found), whats(found))
	}
}
