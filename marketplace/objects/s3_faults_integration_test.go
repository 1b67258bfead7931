//go:build integration

package objects_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

// after gives the bytes of r and does something once before the one at n.
type after struct {
	r  io.Reader
	n  int
	do func()
}

func (a *after) Read(p []byte) (int, error) {
	if a.n <= 0 && a.do != nil {
		a.do()
		a.do = nil
	}
	if a.do != nil {
		p = p[:min(len(p), a.n)]
	}
	n, err := a.r.Read(p)
	a.n -= n
	return n, err
}

func (s rawS3) marks(t *testing.T) (ids []string) {
	t.Helper()
	for _, n := range s.Names(t) {
		if strings.HasPrefix(n, s.config.Prefix+"tmp/") {
			ids = append(ids, path.Base(n))
		}
	}
	return ids
}

func (s rawS3) unfinished(t *testing.T, id string) int {
	t.Helper()
	core := minio.Core{Client: s.api}
	found, err := core.ListMultipartUploads(t.Context(), s.config.Bucket, s.config.Prefix+id[:2]+"/"+id[2:4]+"/"+id, "", "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(found.Uploads)
}

// TestS3KilledInAnUpload: nothing of it can be opened, and the next start
// leaves nothing of it.
func TestS3KilledInAnUpload(t *testing.T) {
	server, key := miniotest.Start(t), newKey(t)
	s := openS3(t, server, config(server, server.Bucket(t)), key)
	kept := put(t, s, []byte("kept"))
	for _, at := range []int{1 << 10, 40 << 20} { // in a single put, in an upload of parts
		r := &after{r: bytes.NewReader(objectstest.Content(1, 64<<20)), n: at, do: server.Kill}
		info, err := s.Put(t.Context(), r, 1<<36)
		if err == nil {
			t.Fatalf("an upload into a killed store was kept: %v", info)
		}
		if errors.Is(err, objects.ErrDamaged) || errors.Is(err, objects.ErrNotExist) {
			t.Errorf("the store was killed, and that is said to be: %v", err)
		}
		server.Run(t)
		err = s.List(t.Context(), func(i objects.Info) error {
			if i.ID != kept.ID && !i.Remains {
				t.Errorf("killed after %d bytes: listed %v", at, i)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		marks := s.marks(t)
		if len(marks) != 1 || at > 16<<20 && s.unfinished(t, marks[0]) != 1 {
			t.Fatalf("killed after %d bytes: marks %v: it shows nothing", at, marks)
		}
		again := openS3(t, server, s.config, key)
		if names := again.Names(t); len(names) != 2 {
			t.Errorf("killed after %d bytes: left %v", at, names)
		}
		if n := s.unfinished(t, marks[0]); n != 0 {
			t.Errorf("killed after %d bytes: %d unfinished uploads are left", at, n)
		}
		if got := hashOf(t, again, kept.ID); got != kept.SHA256 {
			t.Errorf("what was kept reads as %s", got)
		}
	}
}

// TestS3StartLeavesWholeObjects: a mark beside whole content, of a process that
// was killed between the two, takes nothing away.
func TestS3StartLeavesWholeObjects(t *testing.T) {
	server, key := miniotest.Start(t), newKey(t)
	s := openS3(t, server, config(server, server.Bucket(t)), key)
	whole := put(t, s, []byte("whole"))
	for _, stray := range []string{whole.ID, "probe", "stranger"} {
		s.Save(t, s.config.Prefix+"tmp/"+stray, nil)
	}
	again := openS3(t, server, s.config, key)
	if names := again.Names(t); len(names) != 3 || !strings.HasSuffix(names[2], "tmp/stranger") {
		t.Errorf("left: %v", names)
	}
	if got := hashOf(t, again, whole.ID); got != whole.SHA256 {
		t.Errorf("the whole object reads as %s", got)
	}
}

// TestS3KilledInARead: what was read is right, the error is not damage, and the
// same store reads on once the server is back.
func TestS3KilledInARead(t *testing.T) {
	server := miniotest.Start(t)
	s := openS3(t, server, config(server, server.Bucket(t)), newKey(t))
	data := objectstest.Content(3, 64<<20)
	id := put(t, s, data).ID
	r, err := s.Open(t.Context(), id, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1<<20)
	if _, err := io.ReadFull(r, got); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	rest, err := io.ReadAll(r)
	if got = append(got, rest...); err == nil || len(got) >= len(data) || !bytes.HasPrefix(data, got) {
		t.Fatalf("read %d bytes from a killed store, %v", len(got), err)
	}
	if errors.Is(err, objects.ErrDamaged) {
		t.Errorf("an answer that was cut is said to be damage: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Stat(t.Context(), id); err == nil || errors.Is(err, objects.ErrNotExist) || errors.Is(err, objects.ErrDamaged) {
		t.Errorf("asked while the store is down: %v", err)
	}
	server.Run(t)
	r, err = s.Open(t.Context(), id, int64(len(got)), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(append(got, rest...), data) {
		t.Errorf("went on: %d bytes, %v", len(rest), err)
	}
}

func TestS3ReadEndsWithItsContext(t *testing.T) {
	server := miniotest.Start(t)
	s := openS3(t, server, config(server, server.Bucket(t)), newKey(t))
	id := put(t, s, objectstest.Content(4, 32<<20)).ID
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.Open(ctx, id, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("read %d bytes after the end of the context: %v", n, err)
	}
}
