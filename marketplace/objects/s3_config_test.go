package objects_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

func sound() objects.S3Config {
	return objects.S3Config{
		Endpoint: "https://s3.example.gov.cn:9000", Bucket: "cadastre", Prefix: "node1/",
		Credentials: objects.Credentials{AccessKey: "access", SecretKey: "very-secret"},
	}
}

func TestS3ConfigForm(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*objects.S3Config)
		want   string // the setting that is named; empty: sound
	}{
		{"sound", func(*objects.S3Config) {}, ""},
		{"no prefix", func(c *objects.S3Config) { c.Prefix = "" }, ""},
		{"prefix of two folders", func(c *objects.S3Config) { c.Prefix = "city/node-1_a" }, ""},
		{"http to this machine", func(c *objects.S3Config) { c.Endpoint = "http://127.0.0.1:9000" }, ""},
		{"http to this machine by name", func(c *objects.S3Config) { c.Endpoint = "http://localhost:9000" }, ""},
		{"http over IPv6", func(c *objects.S3Config) { c.Endpoint = "http://[::1]:9000" }, ""},
		{"http said explicitly", func(c *objects.S3Config) { c.Endpoint, c.PlainHTTP = "http://10.0.0.8:9000", true }, ""},
		{"http to another machine", func(c *objects.S3Config) { c.Endpoint = "http://10.0.0.8:9000" }, "objects.endpoint"},
		{"http to a name like localhost", func(c *objects.S3Config) { c.Endpoint = "http://localhost.example:9000" }, "objects.endpoint"},
		{"no endpoint", func(c *objects.S3Config) { c.Endpoint = "" }, "objects.endpoint"},
		{"no scheme", func(c *objects.S3Config) { c.Endpoint = "s3.example:9000" }, "objects.endpoint"},
		{"another scheme", func(c *objects.S3Config) { c.Endpoint = "s3://s3.example" }, "objects.endpoint"},
		{"a path", func(c *objects.S3Config) { c.Endpoint = "https://s3.example/bucket" }, "objects.endpoint"},
		{"a secret in it", func(c *objects.S3Config) { c.Endpoint = "https://a:b@s3.example" }, "objects.endpoint"},
		{"authority without TLS", func(c *objects.S3Config) { c.Endpoint, c.CAFile = "http://127.0.0.1:9000", "ca.pem" }, "objects.ca_file"},
		{"no bucket", func(c *objects.S3Config) { c.Bucket = "" }, "objects.bucket"},
		{"bucket in capitals", func(c *objects.S3Config) { c.Bucket = "Bucket" }, "objects.bucket"},
		{"bucket with a folder", func(c *objects.S3Config) { c.Bucket = "bucket/node" }, "objects.bucket"},
		{"two regions", func(c *objects.S3Config) { c.Region = "a, b" }, "objects.region"},
		{"prefix from the root", func(c *objects.S3Config) { c.Prefix = "/node1/" }, "objects.prefix"},
		{"prefix that climbs", func(c *objects.S3Config) { c.Prefix = "a/../b/" }, "objects.prefix"},
		{"prefix with two slashes", func(c *objects.S3Config) { c.Prefix = "a//b" }, "objects.prefix"},
		{"a slash for a prefix", func(c *objects.S3Config) { c.Prefix = "/" }, "objects.prefix"},
		{"prefix of other letters", func(c *objects.S3Config) { c.Prefix = "节点/" }, "objects.prefix"},
		{"no credentials", func(c *objects.S3Config) { c.Credentials = objects.Credentials{} }, "objects.credentials_file"},
		{"half of the credentials", func(c *objects.S3Config) { c.Credentials.SecretKey = "" }, "objects.credentials_file"},
	} {
		s := sound()
		c.change(&s)
		err := s.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want+": ")) {
			t.Errorf("%s: %v, want %q named", c.name, err, c.want)
		}
	}
}

// TestS3Files are refusals that come before anything is reached.
func TestS3Files(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const whole = `{"access_key": "a", "secret_key": "very-secret"}`
	for _, c := range []struct {
		name        string
		credentials string
		ca          string
		want        string
	}{
		{"no such file", filepath.Join(dir, "none"), "", "objects.credentials_file: "},
		{"others may read it", write("open", whole, 0o640), "", "set it to 0600"},
		{"no JSON", write("text", "very-secret", 0o600), "", "does not contain"},
		{"a stranger's member", write("strange", `{"access_key": "a", "secret_key": "very-secret", "x": 1}`, 0o600), "", "does not contain"},
		{"half", write("half", `{"access_key": "a"}`, 0o600), "", "does not contain"},
		{"no authority's file", write("good", whole, 0o600), filepath.Join(dir, "none"), "objects.ca_file: "},
		{"no certificate in it", write("good", whole, 0o600), write("ca", "-----BEGIN NOTHING-----", 0o600), "contains no certificate in PEM"},
	} {
		s := sound()
		s.CredentialsFile, s.CAFile = c.credentials, c.ca
		_, err := objects.OpenS3(t.Context(), s, newKey(t))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "objects.c") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%s: the secret is in the error: %v", c.name, err)
		}
	}
}

func TestS3CredentialsDoNotPrint(t *testing.T) {
	s := sound()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, s); strings.Contains(text, "very-secret") {
			t.Errorf("%s prints the secret: %s", verb, text)
		}
	}
}

func TestS3Unreached(t *testing.T) {
	s := sound()
	s.Endpoint = "http://127.0.0.1:1" // nothing listens there
	_, err := objects.OpenS3(t.Context(), s, newKey(t))
	if err == nil || !strings.Contains(err.Error(), "objects.endpoint: no answer from http://127.0.0.1:1") {
		t.Errorf("a store that is down: %v", err)
	}
	if errors.Is(err, objects.ErrNotExist) {
		t.Error("a store that is down looks like a missing object")
	}
}
