package objects

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

// TestS3Words checks that each error of a store names the setting to change.
func TestS3Words(t *testing.T) {
	c := S3Config{Endpoint: "https://s3.example", Bucket: "bucket", Region: "here", CredentialsFile: "/etc/s3.json"}
	for _, a := range []struct {
		code   string
		status int
		region string
		want   string
	}{
		{"InvalidAccessKeyId", 403, "", "objects.credentials_file: /etc/s3.json: the store knows no such access_key"},
		{"SignatureDoesNotMatch", 403, "", "objects.credentials_file: /etc/s3.json: secret_key does not belong to"},
		{"RequestTimeTooSkewed", 403, "", "this machine's clock and the store's are too far apart: synchronize both"},
		{"AuthorizationHeaderMalformed", 400, "there", `objects.region: "here" is not the bucket's region: it is "there"`},
		{"AuthorizationHeaderMalformed", 400, "", `objects.region: "here" is not the bucket's region: correct it`},
		{"PermanentRedirect", 301, "there", `objects.region: "here" is not the bucket's region: it is "there"`},
		{"NoSuchBucket", 404, "", `objects.bucket: the store has no bucket "bucket": create it`},
		{"AccessDenied", 403, "", `objects.bucket: the access_key may not write in bucket "bucket": is it someone else's?`},
		{"SlowDown", 503, "", "objects.endpoint: the store at https://s3.example is not ready"},
		{"405 Method Not Allowed", 405, "", "objects.endpoint: https://s3.example does not behave like an S3 store (write)"},
	} {
		cause := minio.ErrorResponse{Code: a.code, StatusCode: a.status, Region: a.region, Message: "as the store says it"}
		err := c.explain("write", fmt.Errorf("write x: %w", cause))
		if !strings.HasPrefix(err.Error(), a.want) {
			t.Errorf("%s: %v, want %q", a.code, err, a.want)
		}
		if !errors.Is(err, cause) {
			t.Errorf("%s: the cause is lost: %v", a.code, err)
		}
	}
	c.CredentialsFile = ""
	if err := c.explain("list", minio.ErrorResponse{Code: "InvalidAccessKeyId"}); !strings.HasPrefix(err.Error(), "the S3 credentials of the environment: ") {
		t.Errorf("credentials without a file: %v", err)
	}
	plain := minio.ErrorResponse{Code: "400 Bad Request", StatusCode: http.StatusBadRequest, Message: "Client sent an HTTP request to an HTTPS server."}
	if err := c.explain("list", plain); !strings.HasPrefix(err.Error(), "objects.endpoint: https://s3.example uses TLS") {
		t.Errorf("plain HTTP to a store with TLS: %v", err)
	}
	if err := c.explain("list", errVersions); !errors.Is(err, errVersions) || !strings.HasPrefix(err.Error(), "objects.bucket: the bucket retains old versions") {
		t.Errorf("a refusal of ours: %v", err)
	}
}

func TestPartSize(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ most, want int64 }{
		{-1, 16 * mib},
		{0, 16 * mib},
		{64 << 30, 16 * mib}, // a node's default
		{maxParts * 16 * mib, 16 * mib},
		{maxParts*16*mib + 1, 17 * mib},
		{1 << 40, 105 * mib},
		{maxBlob, 525 * mib},
		{1 << 62, 525 * mib},
	} {
		got := partSize(c.most)
		if got != c.want {
			t.Errorf("at most %d bytes: parts of %d, want %d", c.most, got, c.want)
		}
		if c.most > 0 && c.most <= maxBlob && got*maxParts < c.most {
			t.Errorf("at most %d bytes don't fit into %d parts of %d", c.most, maxParts, got)
		}
	}
}

func TestStoredSize(t *testing.T) {
	for _, clear := range []int64{0, 1, clearBytes - tailBytes, clearBytes - tailBytes + 1, clearBytes, 5*clearBytes + 7} {
		if got, err := clearSize(storedSize(clear)); err != nil || got != clear {
			t.Errorf("%d bytes are stored in %d, which hold %d, %v", clear, storedSize(clear), got, err)
		}
	}
	for _, clear := range []int64{-1, maxBlob + 1, 1<<63 - 1} {
		if got := storedSize(clear); got >= 0 {
			t.Errorf("%d bytes are stored in %d", clear, got)
		}
	}
}
