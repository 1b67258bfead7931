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
	bad     string            // a blob that was damaged before it was first copied
	reread  bool
}

func newNode(blobs int) *node {
	n := &node{files: map[string][]byte{
		"format": []byte("cadastre-node 5\n"), "node.json": []byte(`{"name": "n"}`), "keys/platform": random(120), "empty": {}, "ledger.db": random(300_000),
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

func (n *node) Check(_ context.Context, b objects.Blob) error {
	if b.Name == n.bad {
		return fmt.Errorf("%s: %w", b.Name, objects.ErrDamaged)
	}
	return nil
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
	c.Reread = n.reread
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
	done, last := n.copyTo(t, dir, s.seal)
	if done.New != 0 || done.Content.Number != 20 || len(done.Damaged) > 0 {
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
	if _, err := to.Prune(t.Context(), first, 0); err == nil {
		t.Error("all copies were removed")
	}
	for _, of := range []struct {
		origin string
		ledger ledger.ID
	}{{"other.example", ledgerID}, {origin, "0198c0de-0000-7000-8000-00000000000f"}} {
		c, err := to.Begin(t.Context(), of.origin, of.ledger, s.seal, nothing)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Objects(t.Context(), newNode(0), strings.NewReader(""), io.Discard)
		if err := errors.Join(err, c.Finish(t.Context(), backup.Manifest{})); err != nil {
			t.Fatal(err)
		}
		if p, err := to.Prune(t.Context(), c.ID(), 1); err != nil || len(p.Removed) > 0 || p.Objects > 0 {
			t.Errorf("of another node or ledger removed %+v, %v", p, err)
		}
	}
	p, err := to.Prune(t.Context(), first, 1)
	if err != nil || len(p.Removed) != 2 || p.Removed[0] != first || p.Objects != 1 || p.Bytes != 5000 {
		t.Errorf("removed %+v, %v", p, err)
	}
	if got, err = read(t, dir, last, s.open); err != nil {
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
