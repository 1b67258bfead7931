//go:build integration

package objects_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

// rawS3 is an S3 store with its bucket seen from below, as objectstest.Raw.
type rawS3 struct {
	*objects.Store
	server *miniotest.Server
	config objects.S3Config
	api    *minio.Client
	next   seal.Key
}

func (s rawS3) RotateTo(ctx context.Context) (objects.Rotation, error) {
	return s.Rotate(ctx, s.next)
}

func (s rawS3) Rotated(t testing.TB) objects.Objects { return openS3(t, s.server, s.config, s.next) }

// config is for a fresh prefix of a bucket.
func config(s *miniotest.Server, bucket string) objects.S3Config {
	return objects.S3Config{
		Endpoint: s.Endpoint, Bucket: bucket, Region: miniotest.Region, Prefix: strings.ToLower(rand.Text()[:8]) + "/", CAFile: s.CAFile,
		Credentials: objects.Credentials{AccessKey: s.AccessKey, SecretKey: s.SecretKey},
	}
}

func openS3(t testing.TB, server *miniotest.Server, c objects.S3Config, key seal.Key) rawS3 {
	t.Helper()
	s, err := objects.OpenS3(t.Context(), c, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return rawS3{s, server, c, server.Client(t), newKey(t)}
}

func (s rawS3) Names(t testing.TB) []string {
	t.Helper()
	var names []string
	for o := range s.api.ListObjectsIter(t.Context(), s.config.Bucket, minio.ListObjectsOptions{Prefix: s.config.Prefix, Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		names = append(names, o.Key)
	}
	return names
}

func (s rawS3) Load(t testing.TB, name string) []byte {
	t.Helper()
	o, err := s.api.GetObject(t.Context(), s.config.Bucket, name, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	data, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (s rawS3) Save(t testing.TB, name string, data []byte) {
	t.Helper()
	_, err := s.api.PutObject(t.Context(), s.config.Bucket, name, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (s rawS3) Remove(t testing.TB, name string) {
	t.Helper()
	if err := s.api.RemoveObject(t.Context(), s.config.Bucket, name, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestS3(t *testing.T) {
	server, key := miniotest.Start(t), newKey(t)
	bucket := server.Bucket(t)
	objectstest.Run(t, func(t *testing.T) objects.Objects {
		return openS3(t, server, config(server, bucket), key)
	})
}

// TestS3Parts stores contents around the edges of a part, and one of several.
func TestS3Parts(t *testing.T) {
	server, key := miniotest.StartTLS(t), newKey(t)
	s := openS3(t, server, config(server, server.Bucket(t)), key)
	const part = 16 << 20
	packages := func(raw int) int { return raw - (raw+65567)/65568*32 - 32 }
	for _, size := range []int{packages(part) - 1, packages(part), packages(part) + 1, 40 << 20} {
		data := objectstest.Content(uint64(size), size)
		for _, most := range []int64{int64(size), 1 << 36, 1 << 42} { // known, as a node's, more than 16 MiB parts can hold
			info, err := s.Put(t.Context(), bytes.NewReader(data), most)
			if err != nil {
				t.Fatal(err)
			}
			if got := hashOf(t, s, info.ID); got != info.SHA256 || info.Bytes != int64(size) {
				t.Errorf("%d bytes of at most %d: kept %d with hash %s, read %s", size, most, info.Bytes, info.SHA256, got)
			}
			if err := s.Delete(t.Context(), info.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if left := s.Names(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if up := uploads(t, server, s.config.Bucket); len(up) != 0 {
		t.Errorf("unfinished uploads: %v", up)
	}
}

// uploads are the names with unfinished uploads; a server lists them all only
// while it has not been restarted.
func uploads(t testing.TB, server *miniotest.Server, bucket string) []string {
	t.Helper()
	core := minio.Core{Client: server.Client(t)}
	found, err := core.ListMultipartUploads(t.Context(), bucket, "", "", "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range found.Uploads {
		names = append(names, u.Key)
	}
	slices.Sort(names)
	return names
}
