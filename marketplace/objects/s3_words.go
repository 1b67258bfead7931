package objects

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// explain turns a failure of the start into a sentence that names the setting and says
// what to do. right is the operation that was tried.
func (c S3Config) explain(right string, err error) error {
	if strings.HasPrefix(err.Error(), "objects.") {
		return err // made in this package
	}
	if e, ok := errors.AsType[minio.ErrorResponse](err); ok {
		return fmt.Errorf("%s: %w", c.explainAnswer(right, e), err)
	}
	return fmt.Errorf("%s: %w", c.explainConnection(err), err)
}

// explainAnswer explains an error that the store returned.
func (c S3Config) explainAnswer(right string, e minio.ErrorResponse) string {
	keys := "objects.credentials_file: " + c.CredentialsFile
	if c.CredentialsFile == "" {
		keys = "the S3 credentials of the environment"
	}
	switch e.Code {
	case "InvalidAccessKeyId":
		return keys + ": the store knows no such access_key: correct it"
	case "SignatureDoesNotMatch":
		return keys + ": secret_key does not belong to the access_key: correct it"
	case "RequestTimeTooSkewed":
		return "this machine's clock and the store's are too far apart: synchronize both with a time server, then start again"
	case "AuthorizationHeaderMalformed", "InvalidRegion", "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException":
		if e.Region != "" && e.Region != c.Region {
			return fmt.Sprintf("objects.region: %q is not the bucket's region: it is %q", c.Region, e.Region)
		}
		return fmt.Sprintf("objects.region: %q is not the bucket's region: correct it", c.Region)
	case "NoSuchBucket":
		return fmt.Sprintf("objects.bucket: the store has no bucket %q: create it, or correct the name", c.Bucket)
	case "AccessDenied", "AllAccessDisabled", "AccountProblem":
		return fmt.Sprintf("objects.bucket: the access_key may not %s in bucket %q: is it someone else's? Give the key this permission, or use another bucket", right, c.Bucket)
	}
	if e.StatusCode == http.StatusBadRequest && strings.Contains(e.Message, "HTTPS server") {
		return fmt.Sprintf("objects.endpoint: %s uses TLS: use https://", c.Endpoint)
	}
	if e.StatusCode >= http.StatusInternalServerError {
		return fmt.Sprintf("objects.endpoint: the store at %s is not ready: repair it, then start again", c.Endpoint)
	}
	return fmt.Sprintf("objects.endpoint: %s does not behave like an S3 store (%s)", c.Endpoint, right)
}

// explainConnection explains a failure before the store answered.
func (c S3Config) explainConnection(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("objects.endpoint: the certificate at %s is for another name: use that name", c.Endpoint)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return fmt.Sprintf("objects.endpoint: the certificate at %s has expired or is not valid yet: renew it, or set this machine's clock", c.Endpoint)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		if c.CAFile == "" {
			return fmt.Sprintf("objects.ca_file: no authority that this machine knows signed the certificate at %s: name its authority's certificate (PEM)", c.Endpoint)
		}
		return fmt.Sprintf("objects.ca_file: %s did not sign the certificate at %s: name the file of the authority that did", c.CAFile, c.Endpoint)
	}
	if strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return fmt.Sprintf("objects.endpoint: %s uses plain HTTP: use http:// (this machine only), or give the store a certificate", c.Endpoint)
	}
	if errors.Is(err, context.Canceled) {
		return "the start was interrupted"
	}
	return fmt.Sprintf("objects.endpoint: no answer from %s: correct it, or start the store", c.Endpoint)
}
