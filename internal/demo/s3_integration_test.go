//go:build integration

package demo_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/internal/demo"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
)

// TestStoryOnS3 plays the whole story with all content in a bucket.
func TestStoryOnS3(t *testing.T) {
	server := miniotest.StartTLS(t)
	bucket := server.Bucket(t)
	dir := filepath.Join(t.TempDir(), "node")
	r, err := demo.Run(t.Context(), demo.Options{
		Dir: dir, Listen: "127.0.0.1:0", English: true, Version: "test", Out: t.Output(),
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, Verify: verify,
		Objects: &node.ContentStore{Kind: "s3", S3Config: objects.S3Config{
			Endpoint: server.Endpoint, Bucket: bucket, Region: miniotest.Region, CAFile: server.CAFile,
		}},
		Store: node.StoreCredentials{AccessKey: server.AccessKey, SecretKey: server.SecretKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := demo.Complete(dir); r.Deliveries != 3 || !ok {
		t.Errorf("the story came to %+v", r)
	}
	names := 0
	for o := range server.Client(t).ListObjectsIter(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		names++
	}
	if left, err := os.ReadDir(filepath.Join(dir, "objects")); err != nil || len(left) != 0 || names < 5 {
		t.Errorf("%d names in the bucket, %d in the folder, %v", names, len(left), err)
	}
}
