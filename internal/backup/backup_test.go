package backup_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
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
	"time"

	"filippo.io/age"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

const (
	origin   = "node.example"
	ledgerID = ledger.ID("01a22e25-0f72-7cfa-bb71-bcc2b175cc1e")
)

// node is what the tests copy: files, and content as a store would have it.
type node struct {
	files   map[string][]byte
	content map[string][]byte // by name, keys too
	list    []byte            // of hashes, from the last copy
	gone    string            // a blob that is deleted between List and Open
}

func newNode(blobs int) *node {
	n := &node{files: map[string][]byte{
		"format": []byte("cadastre-node 4\n"), "node.json": []byte(`{"name": "n"}`), "keys/platform": random(120), "empty": {}, "ledger.db": random(300_000),
	}, content: map[string][]byte{}}
	for range blobs {
		n.add(random(5000))
	}
	return n
}

func (n *node) add(data []byte) (name string) {
	id := hex.EncodeToString(random(16))
	name = id[:2] + "/" + id[2:4] + "/" + id
	n.content[name], n.content[name+".key.0123456789abcdef"] = data, random(69)
	return name
}

func (n *node) List(_ context.Context, each func(objects.Blob) error) error {
	for _, name := range slices.Sorted(maps.Keys(n.content)) {
		if err := each(objects.Blob{Name: name, Bytes: int64(len(n.content[name])), Key: strings.Contains(name, ".key.")}); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) Open(_ context.Context, b objects.Blob) (io.ReadCloser, error) {
	if b.Name == n.gone {
		return nil, fmt.Errorf("%s: %w", b.Name, objects.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(n.content[b.Name])), nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// clock advances by a second each time it is asked.
func clock() func() time.Time {
	var mu sync.Mutex
	at := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
}

var now = clock()

func nothing(int64) {}

// write copies the node to a target.
func (n *node) write(ctx context.Context, to *backup.Target, s backup.Seals) (backup.Copied, string, error) {
	c, err := to.Begin(ctx, origin, ledgerID, s, nothing)
	if err != nil {
		return backup.Copied{}, "", err
	}
	for _, name := range slices.Sorted(maps.Keys(n.files)) {
		if err := c.Folder(ctx, name, func(w io.Writer) error {
			_, err := w.Write(n.files[name])
			return err
		}); err != nil {
			return backup.Copied{}, "", err
		}
	}
	var list bytes.Buffer
	done, err := c.Objects(ctx, n, bytes.NewReader(n.list), &list)
	if err != nil {
		return done, "", err
	}
	n.list = list.Bytes()
	return done, c.ID(), c.Finish(ctx, backup.Manifest{Content: done.Content, Receipts: ledger.TreeHead{Size: 3}})
}

// copyTo copies the node to the folder dir.
func (n *node) copyTo(t testing.TB, dir string, s backup.Seals) (backup.Copied, string) {
	t.Helper()
	to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	done, id, err := n.write(t.Context(), to, s)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return done, id
}

// read returns what a copy has.
func read(t testing.TB, dir, id string, o backup.Opens) (*node, error) {
	t.Helper()
	from, err := backup.Open(t.Context(), dir)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	b, err := from.Load(t.Context(), id, o)
	if err != nil {
		return nil, err
	}
	n := &node{files: map[string][]byte{}, content: map[string][]byte{}}
	for _, name := range b.InFolder() {
		var w bytes.Buffer
		if err := b.Folder(t.Context(), name, &w); err != nil {
			return nil, err
		}
		n.files[name] = append([]byte{}, w.Bytes()...)
	}
	var mu sync.Mutex
	return n, b.Objects(t.Context(), func(name string, write func(io.Writer) error) error {
		var w bytes.Buffer
		err := write(&w)
		mu.Lock()
		defer mu.Unlock()
		n.content[name] = w.Bytes()
		return err
	})
}

func same(t testing.TB, want, got *node) {
	t.Helper()
	for _, m := range [][2]map[string][]byte{{want.files, got.files}, {want.content, got.content}} {
		if !maps.EqualFunc(m[0], m[1], bytes.Equal) {
			t.Errorf("the copy has %q instead of %q, or other bytes", slices.Sorted(maps.Keys(m[1])), slices.Sorted(maps.Keys(m[0])))
		}
	}
}

// seals are the three ways to seal a copy, with what opens it.
func seals(t testing.TB) map[string]struct {
	seal backup.Seals
	open backup.Opens
} {
	t.Helper()
	keys := t.TempDir()
	master, err := seal.Create(filepath.Join(keys, "master"))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var opens backup.Opens
	if err := opens.AddMaster(keys); err != nil {
		t.Fatal(err)
	}
	type way = struct {
		seal backup.Seals
		open backup.Opens
	}
	return map[string]way{
		backup.ForMaster:     {backup.Seals{Master: master}, opens},
		backup.ForPassphrase: {backup.Seals{Master: master, Passphrase: "correct horse"}, backup.Opens{Passphrase: "correct horse"}},
		backup.ForRecipients: {
			backup.Seals{Master: master, Recipients: []age.Recipient{other.Recipient(), identity.Recipient()}},
			backup.Opens{Identities: []age.Identity{identity}},
		},
	}
}

func TestCopyAndRead(t *testing.T) {
	ways := seals(t)
	for name, w := range ways {
		dir, n := filepath.Join(t.TempDir(), "target"), newNode(200)
		done, id := n.copyTo(t, dir, w.seal)
		if done.New != 200 || done.Content.Number != 200 || done.Content.Bytes != 200*5000 {
			t.Errorf("%s: copied %+v", name, done)
		}
		got, err := read(t, dir, "", w.open)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, n, got)
		for other, o := range ways {
			if _, err := read(t, dir, id, o.open); (err == nil) != (other == name) {
				t.Errorf("a copy sealed for %s opened with that of %s: %v", name, other, err)
			}
		}
		if _, err := read(t, dir, "", backup.Opens{Passphrase: "another horse"}); err == nil {
			t.Errorf("%s: opened with another passphrase", name)
		}
	}
}

// TestNothingInClear finds no file's bytes and no data key in a target.
func TestNothingInClear(t *testing.T) {
	dir, n := t.TempDir(), newNode(3)
	n.copyTo(t, dir, seals(t)[backup.ForMaster].seal)
	for name, data := range files(t, dir) {
		for _, secret := range slices.Concat(slices.Collect(maps.Values(n.files)), keysOf(n)) {
			if len(secret) > 0 && bytes.Contains(data, secret) {
				t.Errorf("%s has a file or a data key in clear", name)
			}
		}
	}
}

func keysOf(n *node) (keys [][]byte) {
	for name, data := range n.content {
		if strings.Contains(name, ".key.") {
			keys = append(keys, data)
		}
	}
	return keys
}

// files reads all files of a target.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			all[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestIncremental(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(20), seals(t)[backup.ForRecipients]
	_, first := n.copyTo(t, dir, s.seal)
	before := &node{files: n.files, content: maps.Clone(n.content)}
	added := n.add(random(100_000))
	var removed string
	for name := range before.content {
		if !strings.Contains(name, ".key.") {
			removed = name
			break
		}
	}
	delete(n.content, removed)
	delete(n.content, removed+".key.0123456789abcdef")
	done, _ := n.copyTo(t, dir, s.seal)
	if done.New != 1 || done.Bytes != 100_000 || done.Content.Number != 20 {
		t.Errorf("copied %+v", done)
	}
	n.list = nil // lost: everything is compared, and nothing copied
	if done, _ := n.copyTo(t, dir, s.seal); done.New != 0 || done.Content.Number != 20 || len(done.Damaged) > 0 {
		t.Errorf("without the list copied %+v", done)
	}
	got, err := read(t, dir, "", s.open)
	if err != nil {
		t.Fatal(err)
	}
	same(t, n, got)
	if got, err = read(t, dir, first, s.open); err != nil {
		t.Fatal(err)
	}
	same(t, before, got)

	to, err := backup.Create(t.Context(), dir, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := to.Prune(t.Context(), origin, 0); err == nil {
		t.Error("all copies were removed")
	}
	if p, err := to.Prune(t.Context(), "other.example", 1); err != nil || len(p.Removed) > 0 || p.Objects > 0 {
		t.Errorf("of another node removed %+v, %v", p, err)
	}
	p, err := to.Prune(t.Context(), origin, 1)
	if err != nil || len(p.Removed) != 2 || p.Removed[0] != first || p.Objects != 1 || p.Bytes != 5000 {
		t.Errorf("removed %+v, %v", p, err)
	}
	if got, err = read(t, dir, "", s.open); err != nil {
		t.Fatal(err)
	}
	same(t, n, got)
	if _, err := read(t, dir, first, s.open); err == nil {
		t.Error("a removed copy can be read")
	}
	if _, err := os.Stat(filepath.Join(dir, "objects", added[:3], filepath.Base(added))); err != nil {
		t.Error(err)
	}
}

// TestEveryChangeIsNamed changes, cuts off and removes each file of a copy, and exchanges
// it with that of another copy: reading names the file.
func TestEveryChangeIsNamed(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(3), seals(t)[backup.ForMaster]
	_, other := n.copyTo(t, dir, s.seal)
	_, id := n.copyTo(t, dir, s.seal)
	whole := files(t, dir)
	try := func(name, change string, data []byte) {
		path := filepath.Join(dir, name)
		var err error
		if data == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = read(t, dir, id, s.open)
		if err == nil {
			t.Errorf("%s, %s: the copy was read", name, change)
		} else if short := strings.TrimPrefix(name, "backups/"+id+"/"); !strings.Contains(err.Error(), short) {
			t.Errorf("%s, %s: %v", name, change, err)
		}
		if err := os.WriteFile(path, whole[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changed := 0
	for name, data := range whole {
		if name == "lock" || strings.HasPrefix(name, "backups/"+other) {
			continue
		}
		changed++
		if name != "format" { // without it the folder is no target
			try(name, "removed", nil)
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			if len(data) == 0 {
				break
			}
			flipped := bytes.Clone(data)
			flipped[at] ^= 1
			try(name, fmt.Sprintf("byte %d", at), flipped)
			try(name, fmt.Sprintf("cut to %d", at), data[:at])
		}
		try(name, "longer", append(bytes.Clone(data), 0))
		if of, ok := strings.CutPrefix(name, "backups/"+id+"/"); ok && of != "objects" && len(data) > 0 {
			try(name, "exchanged", whole["backups/"+other+"/"+of])
		}
	}
	if changed != 1+4+len(n.files)+3 {
		t.Errorf("%d files were changed", changed)
	}
	if _, err := read(t, dir, id, s.open); err != nil {
		t.Fatal(err)
	}
}

// TestEveryByteOfHead flips each byte of the head, which is in clear.
func TestEveryByteOfHead(t *testing.T) {
	for kind, s := range seals(t) {
		dir := t.TempDir()
		_, id := newNode(1).copyTo(t, dir, s.seal)
		path := filepath.Join(dir, "backups", id, "head")
		head, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range head {
			flipped := bytes.Clone(head)
			flipped[i] ^= 1
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := read(t, dir, id, s.open); err == nil {
				t.Errorf("%s: read with byte %d changed: %q", kind, i, flipped[max(0, i-10):i+1])
			}
		}
	}
}

func TestCheckNamesAll(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(5), seals(t)[backup.ForMaster]
	_, id := n.copyTo(t, dir, s.seal)
	from, err := backup.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	b, err := from.Load(t.Context(), "", s.open)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	var mu sync.Mutex
	if err := b.Check(t.Context(), func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		sum += n
	}); err != nil || sum < 5*5000+300_000 {
		t.Fatalf("%d bytes were read, %v", sum, err)
	}
	var damaged []string
	for name := range files(t, dir) {
		if strings.HasPrefix(name, "objects/") && len(damaged) < 2 || strings.HasSuffix(name, "ledger.db") {
			damaged = append(damaged, strings.TrimPrefix(name, "backups/"+id+"/"))
			if err := os.Truncate(filepath.Join(dir, name), 100); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = b.Check(t.Context(), nothing)
	if !errors.Is(err, backup.ErrChanged) {
		t.Fatalf("checked with %v", err)
	}
	for _, name := range damaged {
		if strings.Count(err.Error(), name+" ") != 1 {
			t.Errorf("%v does not name %s once", err, name)
		}
	}
}

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
	n.content[name] = []byte("as it is!")
	for range 2 { // the target still has it: nothing is read
		if done, _ := n.copyTo(t, dir, s.seal); done.New != 0 || len(done.Damaged) > 0 {
			t.Errorf("copied %+v", done)
		}
	}
	n.list = nil
	if done, _ := n.copyTo(t, dir, s.seal); !slices.Equal(done.Damaged, []string{name}) || done.Content.Number != 5 {
		t.Errorf("compared %+v", done)
	}
	got, err := read(t, dir, "", s.open)
	if err != nil || !bytes.Equal(got.content[name], good) {
		t.Errorf("read %q, %v", got.content[name], err)
	}
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
		_, err = to.Prune(t.Context(), origin, 1)
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
