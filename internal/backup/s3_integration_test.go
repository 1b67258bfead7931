//go:build integration

package backup_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
)

// TestS3 copies to a bucket, reads the copies and removes one.
func TestS3(t *testing.T) {
	server := miniotest.StartTLS(t)
	api := server.Client(t)
	if err := api.MakeBucket(t.Context(), "backups", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	config := backup.Bucket{
		Endpoint: server.Endpoint, Bucket: "backups", Region: miniotest.Region, Prefix: strings.ToLower(rand.Text()[:8]), CAFile: server.CAFile,
		Credentials: objects.Credentials{AccessKey: server.AccessKey, SecretKey: server.SecretKey},
	}
	names := func() (list []string) {
		for o := range api.ListObjectsIter(t.Context(), "backups", minio.ListObjectsOptions{Prefix: config.Prefix, Recursive: true}) {
			if o.Err != nil {
				t.Fatal(o.Err)
			}
			list = append(list, strings.TrimPrefix(o.Key, config.Prefix+"/"))
		}
		return list
	}
	n, s := newNode(30), seals(t)[backup.ForRecipients]
	large := n.add(random(40 << 20)) // in parts
	n.files["ledger.db"] = random(20 << 20)
	write := func() (backup.Copied, string) {
		t.Helper()
		to, err := backup.CreateS3(t.Context(), config, backup.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		done, id, err := n.write(t.Context(), to, s.seal)
		if err := errors.Join(err, to.Close()); err != nil {
			t.Fatal(err)
		}
		return done, id
	}
	got := func(id string) *node {
		t.Helper()
		from, err := backup.OpenS3(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		if want := "s3://backups/" + config.Prefix; from.String() != want {
			t.Errorf("the target is %v, not %s", from, want)
		}
		b, err := from.Load(t.Context(), id, s.open)
		if err != nil {
			t.Fatal(err)
		}
		g := &node{files: map[string][]byte{}, content: map[string][]byte{}}
		for _, name := range b.InFolder() {
			var w bytes.Buffer
			if err := b.Folder(t.Context(), name, &w); err != nil {
				t.Fatal(err)
			}
			g.files[name] = append([]byte{}, w.Bytes()...)
		}
		var mu sync.Mutex
		if err := b.Objects(t.Context(), func(name string, write func(io.Writer) error) error {
			var w bytes.Buffer
			err := write(&w)
			mu.Lock()
			defer mu.Unlock()
			g.content[name] = w.Bytes()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return g
	}
	done, first := write()
	if done.New != 31 {
		t.Errorf("copied %+v", done)
	}
	before := &node{files: n.files, content: maps.Clone(n.content)}
	same(t, n, got(""))
	delete(n.content, large)
	n.add(random(50))
	if done, _ := write(); done.New != 1 || done.Content.Number != 31 {
		t.Errorf("copied %+v", done)
	}
	same(t, before, got(first))
	same(t, n, got(""))

	to, err := backup.CreateS3(t.Context(), config, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := to.Prune(t.Context(), first, 1); err != nil || len(p.Removed) != 1 || p.Objects != 1 || p.Bytes != 40<<20 {
		t.Errorf("removed %+v, %v", p, err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, n, got(""))
	for _, name := range names() {
		if strings.HasPrefix(name, "tmp/") || name == "lock" || strings.Contains(name, first) {
			t.Errorf("%s is left", name)
		}
	}
	locks(t, config)
	interrupted(t, config, n, s.seal, names)
	same(t, n, got(""))
}

// locks refuses a second writer, also one of another machine, and removes the lock of a
// process that ended.
func locks(t *testing.T, config backup.Bucket) {
	t.Helper()
	create := func(o backup.Options) error {
		o.Now = now
		to, err := backup.CreateS3(t.Context(), config, o)
		if err == nil {
			err = to.Close()
		}
		return err
	}
	to, err := backup.CreateS3(t.Context(), config, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := create(backup.Options{}); err == nil || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("a second writer: %v", err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	place, err := backup.BucketPlace(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	leave := func(host string) {
		if err := backup.Write(t.Context(), place, "lock", strings.NewReader(`{"host":"`+host+`","process":`+strconv.Itoa(ended.ProcessState.Pid())+`}`)); err != nil {
			t.Fatal(err)
		}
	}
	leave(host)
	if err := create(backup.Options{}); err != nil {
		t.Errorf("after a process that ended: %v", err)
	}
	leave("elsewhere")
	if err := create(backup.Options{}); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("after a process of another machine: %v", err)
	}
	if err := create(backup.Options{Unlock: true}); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

// interrupted leaves an upload in parts as a killed process does: the next writer aborts it.
func interrupted(t *testing.T, config backup.Bucket, n *node, s backup.Seals, names func() []string) {
	t.Helper()
	place, err := backup.BucketPlace(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	cut := errors.New("cut")
	if err := backup.Write(t.Context(), place, "backups/20261130T200000.000Z-00000000/folder/a", io.MultiReader(bytes.NewReader(random(20<<20)), failing{cut})); !errors.Is(err, cut) {
		t.Fatalf("written with %v", err)
	}
	if !slices.ContainsFunc(names(), func(name string) bool { return strings.HasPrefix(name, "tmp/") }) {
		t.Error("a failed upload left no mark")
	}
	to, err := backup.CreateS3(t.Context(), config, backup.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = n.write(t.Context(), to, s)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	for _, name := range names() {
		if strings.HasPrefix(name, "tmp/") {
			t.Errorf("%s is left", name)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
