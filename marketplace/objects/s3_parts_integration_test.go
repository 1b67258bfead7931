//go:build integration

package objects_test

import (
	"bytes"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

// TestS3KilledInAPart: the next start leaves nothing of the part, and the draft
// continues.
func TestS3KilledInAPart(t *testing.T) {
	server, key := miniotest.Start(t), newKey(t)
	s := openS3(t, server, config(server, server.Bucket(t)), key)
	data := objectstest.Content(1, 64<<20)
	first := 10 << 20
	d, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d, err = s.Append(t.Context(), d, bytes.NewReader(data[:first]), 1<<36); err != nil {
		t.Fatal(err)
	}
	r := &after{r: bytes.NewReader(data[first:]), n: 40 << 20, do: server.Kill}
	if _, err := s.Append(t.Context(), d, r, 1<<36); err == nil {
		t.Fatal("a part was stored in a killed store")
	}
	server.Run(t)
	marks := s.marks(t)
	if len(marks) != 1 || s.unfinished(t, marks[0]) != 1 {
		t.Fatalf("marks %v: it shows nothing", marks)
	}
	openS3(t, server, s.config, key)
	if n := s.unfinished(t, marks[0]); n != 0 || len(s.marks(t)) != 0 {
		t.Errorf("left: %d unfinished uploads, %v", n, s.marks(t))
	}
	s.Save(t, s.config.Prefix+"tmp/"+d.ID, nil) // as a process that is killed in Join leaves it
	again := openS3(t, server, s.config, key)
	if d, err = again.Append(t.Context(), d, bytes.NewReader(data[first:]), 1<<36); err != nil {
		t.Fatal(err)
	}
	info, err := again.Join(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if got := hashOf(t, again, info.ID); got != info.SHA256 {
		t.Errorf("the content reads as %s, want %s", got, info.SHA256)
	}
}
