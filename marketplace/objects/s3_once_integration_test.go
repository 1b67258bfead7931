//go:build integration

package objects

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
)

// TestS3WritesOnce writes a name twice, with one put and with parts: where the
// store refuses it, and as if it did not, where parts still look first.
func TestS3WritesOnce(t *testing.T) {
	server := miniotest.Start(t)
	c := S3Config{
		Endpoint: server.Endpoint, Bucket: server.Bucket(t), Region: miniotest.Region,
		Credentials: Credentials{AccessKey: server.AccessKey, SecretKey: server.SecretKey},
	}
	s, err := c.connect()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if !s.createOnly {
		t.Fatal("MinIO refuses a second put, and that was not found")
	}
	id := strings.Repeat("0f", idDigits/2)
	if err := s.write(t.Context(), place(id), strings.NewReader("first"), -1); err != nil {
		t.Fatal(err)
	}
	large := func() io.Reader { return bytes.NewReader(make([]byte, partBytes+1)) }
	if err := s.write(t.Context(), place(id), strings.NewReader("second"), -1); code(err) != "PreconditionFailed" {
		t.Errorf("a second put: %v", err)
	}
	if err := s.write(t.Context(), place(id), large(), -1); err == nil {
		t.Error("parts were written over an object")
	}
	s.createOnly = false
	if err := s.write(t.Context(), place(id), large(), -1); err == nil {
		t.Error("parts were written over an object of a store that doesn't refuse it")
	}
	if got, err := s.load(t.Context(), place(id)); err != nil || string(got) != "first" {
		t.Errorf("the object holds %q, %v", got, err)
	}
	if up, err := s.api.ListMultipartUploads(t.Context(), s.bucket, place(id), "", "", "", 1000); err != nil || len(up.Uploads) != 0 {
		t.Errorf("unfinished uploads: %v, %v", up.Uploads, err)
	}
	if _, err := s.load(t.Context(), folderTmp+"/"+id); !errors.Is(err, ErrNotExist) {
		t.Errorf("a mark is left: %v", err)
	}
	// The race that looking first can't see is decided by the store itself.
	s.createOnly = true
	upload, err := s.api.NewMultipartUpload(t.Context(), s.bucket, place(id), noOptions)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := s.sendParts(t.Context(), place(id), upload, make([]byte, 5<<20), strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.finish(t.Context(), place(id), upload, sent); code(err) != "PreconditionFailed" {
		t.Errorf("parts over an object that came meanwhile: %v", err)
	}
}
