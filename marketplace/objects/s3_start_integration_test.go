//go:build integration

package objects_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
)

// allow is a policy of some actions on a bucket.
func allow(bucket string, actions ...string) string {
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:%s"], "Resource": ["arn:aws:s3:::%s", "arn:aws:s3:::%s/*"]}]}`,
		strings.Join(actions, `", "s3:`), bucket, bucket)
}

func TestS3RefusedStarts(t *testing.T) {
	server := miniotest.Start(t)
	bucket, other, versioned := server.Bucket(t), server.Bucket(t), server.Bucket(t)
	if err := server.Client(t).EnableVersioning(t.Context(), versioned); err != nil {
		t.Fatal(err)
	}
	parts := []string{"ListBucketMultipartUploads", "AbortMultipartUpload"}
	lend := func(c *objects.S3Config, policy string) {
		c.Credentials.AccessKey, c.Credentials.SecretKey, c.Credentials.SessionToken = server.Lend(t, policy)
	}
	for _, c := range []struct {
		name   string
		change func(*objects.S3Config)
		want   string
	}{
		{"unknown access key", func(c *objects.S3Config) { c.Credentials.AccessKey = "nobody" }, "the store knows no such access_key"},
		{"wrong secret key", func(c *objects.S3Config) { c.Credentials.SecretKey += "x" }, "secret_key does not belong to the access_key"},
		{"wrong region", func(c *objects.S3Config) { c.Region = "eu-west-9" }, `objects.region: "eu-west-9" is not the bucket's region: it is "` + miniotest.Region},
		{"missing bucket", func(c *objects.S3Config) { c.Bucket += "-no" }, "objects.bucket: the store has no bucket"},
		{"TLS to plain HTTP", func(c *objects.S3Config) { c.Endpoint = strings.Replace(c.Endpoint, "http", "https", 1) }, "objects.endpoint: https://127.0.0.1"},
		{"bucket of someone else", func(c *objects.S3Config) { lend(c, allow(other, "*")) }, "objects.bucket: the access_key may not list in bucket"},
		{"key that only lists", func(c *objects.S3Config) { lend(c, allow(bucket, "ListBucket")) }, "objects.bucket: the access_key may not read in bucket"},
		{"key that only reads", func(c *objects.S3Config) { lend(c, allow(bucket, "ListBucket", "GetObject")) }, "objects.bucket: the access_key may not write in bucket"},
		{"key that may not read", func(c *objects.S3Config) { lend(c, allow(bucket, "ListBucket", "PutObject")) }, "objects.bucket: the access_key may not read in bucket"},
		{"key that may not delete", func(c *objects.S3Config) {
			lend(c, allow(bucket, append(parts, "ListBucket", "PutObject", "GetObject")...))
		}, "objects.bucket: the access_key may not delete in bucket"},
		{"key that may not end uploads", func(c *objects.S3Config) {
			lend(c, allow(bucket, "ListBucket", "PutObject", "GetObject", "DeleteObject", parts[0]))
		}, "objects.bucket: the access_key may not upload parts in bucket"},
		{"key that may not find uploads", func(c *objects.S3Config) {
			lend(c, allow(bucket, "ListBucket", "PutObject", "GetObject", "DeleteObject", parts[1]))
		}, "objects.bucket: the access_key may not upload parts in bucket"},
		{"bucket with versions", func(c *objects.S3Config) { c.Bucket = versioned }, "objects.bucket: the bucket retains old versions"},
	} {
		conf := config(server, bucket)
		c.change(&conf)
		_, err := objects.OpenS3(t.Context(), conf, newKey(t))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), conf.Credentials.SecretKey) {
			t.Errorf("%s: the secret key is in the error", c.name)
		}
	}
}

// TestS3Rights are all that a store needs, as docs/operations.md gives them.
func TestS3Rights(t *testing.T) {
	server := miniotest.Start(t)
	c := config(server, server.Bucket(t))
	c.Credentials.AccessKey, c.Credentials.SecretKey, c.Credentials.SessionToken = server.Lend(t,
		allow(c.Bucket, "ListBucket", "ListBucketMultipartUploads", "GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"))
	s := openS3(t, server, c, newKey(t))
	info := put(t, s, make([]byte, 40<<20))
	if got := hashOf(t, s, info.ID); got != info.SHA256 {
		t.Errorf("read %s, put %s", got, info.SHA256)
	}
	if err := s.Delete(t.Context(), info.ID); err != nil {
		t.Error(err)
	}
}

func TestS3Authorities(t *testing.T) {
	server := miniotest.StartTLS(t)
	c := config(server, server.Bucket(t))
	put(t, openS3(t, server, c, newKey(t)), []byte("over TLS"))
	for _, w := range []struct{ name, file, endpoint, want string }{
		{"none named", "", c.Endpoint, "objects.ca_file: no authority that this machine knows signed"},
		{"another's", miniotest.Certify(t, t.TempDir()), c.Endpoint, "did not sign the certificate at"},
		{"missing", filepath.Join(t.TempDir(), "none"), c.Endpoint, "objects.ca_file: "},
		{"another name", c.CAFile, strings.Replace(c.Endpoint, "127.0.0.1", "localhost", 1), "is for another name"},
		{"plain HTTP to TLS", "", strings.Replace(c.Endpoint, "https", "http", 1), "uses TLS: use https://"},
	} {
		conf := c
		conf.CAFile, conf.Endpoint = w.file, w.endpoint
		if _, err := objects.OpenS3(t.Context(), conf, newKey(t)); err == nil || !strings.Contains(err.Error(), w.want) {
			t.Errorf("%s: %v, want %q", w.name, err, w.want)
		}
	}
}

// TestS3PrefixOfAnother: two nodes on one prefix would sweep each other's uploads.
func TestS3PrefixOfAnother(t *testing.T) {
	server := miniotest.Start(t)
	c := config(server, server.Bucket(t))
	c.Owner = "node one"
	key := newKey(t)
	openS3(t, server, c, key)
	openS3(t, server, c, key)
	c.Owner = "node two"
	if _, err := objects.OpenS3(t.Context(), c, newKey(t)); err == nil || !strings.Contains(err.Error(), `objects.prefix: "`+c.Prefix) || !strings.Contains(err.Error(), "node one") {
		t.Errorf("a prefix of another node: %v", err)
	}
	c.Prefix += "tmp/"
	below := openS3(t, server, c, newKey(t))
	info := put(t, below, []byte("below"))
	below.Save(t, c.Prefix+"tmp/"+info.ID, nil) // as if it were under way
	c.Prefix, c.Owner = strings.TrimSuffix(c.Prefix, "tmp/"), "node one"
	openS3(t, server, c, key)
	if n := len(below.Names(t)); n != 4 {
		t.Errorf("a prefix below another's: %d names are left, want 4", n)
	}
}
