package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/datacadastre/cadastre/internal/backup"
)

// TestInterrupted fails each write in turn: the copy is not listed, the earlier one is
// whole, and the next removes what is left.
func TestInterrupted(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	_, first := n.copyTo(t, dir, s.seal)
	n.add(random(5000))
	full := fmt.Errorf("the disk is full: %w", syscall.ENOSPC)
	for i := range 100 {
		p, err := backup.FolderPlace(dir)
		if err != nil {
			t.Fatal(err)
		}
		var writes int
		var mu sync.Mutex
		failed := ""
		to, err := backup.On(t.Context(), backup.Faulty(p, func(name string) error {
			mu.Lock()
			defer mu.Unlock()
			if writes++; writes != i+1 {
				return nil
			}
			failed = name
			return full
		}), now)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = n.write(t.Context(), to, s.seal)
		if failed == "" { // every write has failed once
			if err != nil || i < 4+len(n.files) { // head, lists, manifest and files
				t.Errorf("after %d failures: %v", i, err)
			}
			if err := to.Close(); err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s failed: %v", failed, err)
		}
		list, err := to.List(t.Context())
		if err := errors.Join(err, to.Close()); err != nil || len(list) != 1 || list[0].ID != first {
			t.Fatalf("after %s failed: %v, %v", failed, list, err)
		}
		if _, err := read(t, dir, "", s.open); err != nil {
			t.Errorf("after %s failed: %v", failed, err)
		}
	}
	got, err := read(t, dir, "", s.open)
	if err != nil {
		t.Fatal(err)
	}
	same(t, n, got)
	if entries, err := os.ReadDir(filepath.Join(dir, "backups")); err != nil || len(entries) != 2 {
		t.Errorf("%d copies are left, %v", len(entries), err)
	}
}

func TestCanceled(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c, err := to.Begin(ctx, origin, ledgerID, s.seal, nothing)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := c.Objects(ctx, n, bytes.NewReader(nil), io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("copied with %v", err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	n.copyTo(t, dir, s.seal)
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Create(t.Context(), dir, backup.Options{Now: now}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second writer: %v", err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	newNode(1).copyTo(t, dir, seals(t)[backup.ForMaster].seal)
}

// TestDamagedObject reports content that changed since it was first copied, and leaves the
// good copy alone.
func TestDamagedObject(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	name, good := n.add([]byte("as it was")), []byte("as it was")
	_, first := n.copyTo(t, dir, s.seal)
	listed := string(n.list)
	n.content[name] = []byte("as it is!")
	for range 2 { // the target still has it: nothing is read
		if done, _ := n.copyTo(t, dir, s.seal); done.New != 0 || len(done.Damaged) > 0 {
			t.Errorf("copied %+v", done)
		}
	}
	n.list, n.bad = nil, name
	if done, _ := n.copyTo(t, dir, s.seal); !slices.Equal(done.Damaged, []string{name}) || done.Content.Number != 5 {
		t.Errorf("compared %+v", done)
	}
	got, err := read(t, dir, "", s.open)
	if err != nil || !bytes.Equal(got.content[name], good) {
		t.Errorf("read %q, %v", got.content[name], err)
	}
	n.list, n.bad = []byte(listed), ""
	other := t.TempDir() // a new target: the list of hashes shows the damage, again and again
	for range 2 {
		if done, _ := n.copyTo(t, other, s.seal); !slices.Equal(done.Damaged, []string{name}) || done.Content.Number != 4 {
			t.Errorf("copied %+v", done)
		}
	}
	if _, err := read(t, other, "", s.open); err != nil {
		t.Error(err)
	}
	if _, err := read(t, dir, first, s.open); err != nil {
		t.Error(err)
	}
}

// TestDamagedBeforeTheFirstCopy reports content that was damaged before, by every copy: no
// hash tells, but its key does. It is copied, because there is no better one.
func TestDamagedBeforeTheFirstCopy(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	n.bad = n.add([]byte("damaged"))
	for range 3 {
		if done, _ := n.copyTo(t, dir, s.seal); !slices.Equal(done.Damaged, []string{n.bad}) || done.Content.Number != 5 {
			t.Errorf("copied %+v", done)
		}
	}
	if got, err := read(t, dir, "", s.open); err != nil || string(got.content[n.bad]) != "damaged" {
		t.Errorf("read %q, %v", got.content[n.bad], err)
	}
}

// TestReread copies again what was changed in the target, and nothing else.
func TestReread(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	name := n.add([]byte("as it was"))
	n.copyTo(t, dir, s.seal)
	file := filepath.Join(dir, "objects", name[:2], filepath.Base(name))
	for _, known := range []bool{true, false} {
		if err := os.WriteFile(file, []byte("as it is!"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(t, dir, "", s.open); err == nil {
			t.Fatal("the change was not found")
		}
		if !known {
			n.list = nil
		}
		n.reread = true
		if done, _ := n.copyTo(t, dir, s.seal); done.New != 1 || len(done.Damaged) > 0 || done.Content.Number != 5 {
			t.Errorf("hashes known %t: copied %+v", known, done)
		}
		got, err := read(t, dir, "", s.open)
		if err != nil || string(got.content[name]) != "as it was" {
			t.Errorf("hashes known %t: read %q, %v", known, got.content[name], err)
		}
	}
	n.content[name] = []byte("changed! ")
	if done, _ := n.copyTo(t, dir, s.seal); done.New != 0 || !slices.Equal(done.Damaged, []string{name}) {
		t.Errorf("the node's was changed: copied %+v", done)
	}
	if got, err := read(t, dir, "", s.open); err != nil || string(got.content[name]) != "as it was" {
		t.Errorf("read %q, %v", got.content[name], err)
	}
}

// TestSeveralNodesInATarget: the newest copy is then taken only by its id, because it may be
// that of another node.
func TestSeveralNodesInATarget(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(1), seals(t)[backup.ForMaster]
	_, id := n.copyTo(t, dir, s.seal)
	to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	other, err := to.Begin(t.Context(), "other.example", ledgerID, s.seal, nothing)
	if err != nil {
		t.Fatal(err)
	}
	done, err := other.Objects(t.Context(), newNode(0), bytes.NewReader(nil), io.Discard)
	if err := errors.Join(err, other.Finish(t.Context(), backup.Manifest{Content: done.Content}), to.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, dir, "", s.open); err == nil || !strings.Contains(err.Error(), "--at") {
		t.Errorf("the newest of all: %v", err)
	}
	got, err := read(t, dir, id, s.open)
	if err != nil {
		t.Fatal(err)
	}
	same(t, n, got)
}

func TestDeletedMeanwhile(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	n.gone = n.add(random(50))
	if done, _ := n.copyTo(t, dir, s.seal); done.Content.Number != 4 {
		t.Errorf("copied %+v", done)
	}
	if _, err := read(t, dir, "", s.open); err != nil {
		t.Error(err)
	}
}

// TestOnlyItsOwner gives a target to everybody, and finds that the next copy takes that
// back, whatever the umask is.
func TestOnlyItsOwner(t *testing.T) {
	dir, n, s := filepath.Join(t.TempDir(), "target"), newNode(4), seals(t)[backup.ForMaster]
	for _, mask := range []int{0, 0o077} {
		old := syscall.Umask(mask)
		n.copyTo(t, dir, s.seal)
		syscall.Umask(old)
		n.add(random(50))
		if err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; err == nil && info.Mode().Perm() != want {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return errors.Join(err, os.Chmod(path, 0o777))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "objects", "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Create(t.Context(), dir, backup.Options{Now: now}); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("a target with a link: %v", err)
	}
}

func TestNoTarget(t *testing.T) {
	dir := t.TempDir()
	if _, err := backup.Open(t.Context(), dir); err == nil {
		t.Error("an empty folder was read")
	}
	if _, err := backup.Open(t.Context(), filepath.Join(dir, "no")); err == nil {
		t.Error("a missing folder was read")
	}
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Create(t.Context(), dir, backup.Options{Now: now}); err == nil || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("a folder with something else: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "letter.txt")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("what is there has mode %v, %v", info.Mode(), err)
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "letter.txt")), os.WriteFile(filepath.Join(dir, "format"), []byte("cadastre-backup 2\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func() (*backup.Target, error){
		func() (*backup.Target, error) { return backup.Open(t.Context(), dir) },
		func() (*backup.Target, error) { return backup.Create(t.Context(), dir, backup.Options{Now: now}) },
	} {
		if _, err := open(); err == nil || !strings.Contains(err.Error(), "cadastre-backup 2") {
			t.Errorf("another format: %v", err)
		}
	}
}

// TestPruneNeedsWholeLists removes nothing if a list of content was cut off.
func TestPruneNeedsWholeLists(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(4), seals(t)[backup.ForMaster]
	n.copyTo(t, dir, s.seal)
	_, id := n.copyTo(t, dir, s.seal)
	path := filepath.Join(dir, "backups", id, "objects")
	list, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(list), "\n")
	for _, text := range []string{"", lines[0], strings.Join(lines[:len(lines)-2], ""), strings.Join(lines[1:], ""), "x" + string(list)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		_, err = to.Prune(t.Context(), id, 1)
		if err := errors.Join(to.Close()); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, backup.ErrChanged) {
			t.Errorf("with the list %q: %v", text, err)
		}
		if got := len(files(t, filepath.Join(dir, "objects"))); got != 4 {
			t.Errorf("%d blobs are left", got)
		}
	}
}

// TestKilled leaves what a killed process does: the next writer removes it.
func TestKilled(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(2), seals(t)[backup.ForMaster]
	n.copyTo(t, dir, s.seal)
	before := files(t, dir)
	for _, name := range []string{"tmp/ABCD", "backups/20261130T210000.000Z-00000000/head", "backups/20261130T210000.000Z-00000000/folder/keys/master"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := read(t, dir, "", s.open); err != nil {
		t.Error(err)
	}
	to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
	if err == nil {
		err = to.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if after := files(t, dir); !maps.EqualFunc(before, after, bytes.Equal) {
		t.Errorf("left are %q", slices.Sorted(maps.Keys(after)))
	}
}
