package objects

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// S3Config has the address and settings of an S3 store. Errors name the fields as in a
// node's node.json: "objects.bucket".
type S3Config struct {
	Endpoint string `json:"endpoint,omitempty"` // https://host:port; http:// on this machine only
	Bucket   string `json:"bucket,omitempty"`
	Region   string `json:"region,omitempty"` // us-east-1 by default
	Prefix   string `json:"prefix,omitempty"` // prefix of all names; one process per prefix
	// CredentialsFile is a file with {"access_key": …, "secret_key": …}, readable by
	// its owner only.
	CredentialsFile string `json:"credentials_file,omitempty"`
	CAFile          string `json:"ca_file,omitempty"`    // PEM; by default the system's authorities
	PathStyle       bool   `json:"path_style,omitempty"` // bucket in the path even if the store is known to use host names for buckets
	PlainHTTP       bool   `json:"plain_http,omitempty"` // http:// to another machine

	// Credentials are used if CredentialsFile is empty.
	Credentials Credentials `json:"-"`
	// Owner is written into the prefix as a mark. A prefix with another owner's mark is
	// refused. If empty, no mark is written or checked.
	Owner string `json:"-"`
}

// Credentials sign the requests.
type Credentials struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	// SessionToken belongs to temporary keys; they are not renewed here.
	SessionToken string `json:"session_token,omitempty"`
}

// Format hides the secret key when credentials are printed.
func (c Credentials) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "access key %s", c.AccessKey) }

// Validate checks the form of the configuration. It does not connect or read files.
func (c S3Config) Validate() error {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil ||
		u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("objects.endpoint: %q is not https://HOST or https://HOST:PORT", c.Endpoint)
	}
	if u.Scheme == "http" && !c.PlainHTTP && !loopback(u.Hostname()) {
		return fmt.Errorf("objects.endpoint: %s would send everything in clear over the network: "+
			"use https, or set \"plain_http\": true if the connection is protected in another way", c.Endpoint)
	}
	if u.Scheme == "http" && c.CAFile != "" {
		return errors.New("objects.ca_file: an endpoint without TLS has no certificate: use https, or remove the setting")
	}
	if err := s3utils.CheckValidBucketNameStrict(c.Bucket); err != nil {
		return fmt.Errorf("objects.bucket: %q is not the name of a bucket: %w", c.Bucket, err)
	}
	if strings.ContainsAny(c.Region, " /,\t\r\n") {
		return fmt.Errorf("objects.region: %q is not the name of a region", c.Region)
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(c.Prefix, "/"), "/") {
		if c.Prefix != "" && (part == "" || part == "." || part == ".." || len(part) > 100 || strings.Trim(part, prefixBytes) != "") {
			return fmt.Errorf("objects.prefix: %q is not a path of ASCII letters, digits, '.', '-' and '_', such as node1/", c.Prefix)
		}
	}
	if c.CredentialsFile == "" && (c.Credentials.AccessKey == "" || c.Credentials.SecretKey == "") {
		return errors.New("objects.credentials_file: name the file with access_key and secret_key, or set both in the environment")
	}
	return nil
}

const prefixBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// credentials returns the credentials of the file, or those of the configuration.
func (c S3Config) credentials() (Credentials, error) {
	if c.CredentialsFile == "" {
		return c.Credentials, nil
	}
	var found Credentials
	info, err := os.Stat(c.CredentialsFile)
	if err != nil {
		return found, fmt.Errorf("objects.credentials_file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return found, fmt.Errorf("objects.credentials_file: %s has mode %04o, so others than its owner may use it; set it to 0600", c.CredentialsFile, mode)
	}
	f, err := os.Open(c.CredentialsFile)
	if err != nil {
		return found, fmt.Errorf("objects.credentials_file: %w", err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	// The decoder's error is not shown: it may quote a secret.
	if d.Decode(&found) != nil || found.AccessKey == "" || found.SecretKey == "" {
		return Credentials{}, fmt.Errorf(`objects.credentials_file: %s does not contain {"access_key": "…", "secret_key": "…"}`, c.CredentialsFile)
	}
	return found, nil
}

// Limits of a connection. They limit silence, not whole requests: a delivery may last
// for hours.
const (
	dialTime  = 5 * time.Second
	stallTime = time.Minute
	idleTime  = 30 * time.Second // less than stallTime
	tries     = 3
)

// connect makes the client without connecting to the store.
func (c S3Config) connect() (*s3, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	who, err := c.credentials()
	if err != nil {
		return nil, err
	}
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("objects.endpoint: %w", err)
	}
	options := &minio.Options{
		Creds: credentials.NewStaticV4(who.AccessKey, who.SecretKey, who.SessionToken), Secure: u.Scheme == "https",
		Transport: transport, Region: c.Region, MaxRetries: tries,
	}
	if c.Region == "" {
		options.Region = "us-east-1"
	}
	if c.PathStyle {
		options.BucketLookup = minio.BucketLookupPath
	}
	api, err := minio.NewCore(u.Host, options)
	if err != nil {
		return nil, fmt.Errorf("objects.endpoint: %w", err)
	}
	prefix := c.Prefix
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return &s3{api: api, transport: transport, bucket: c.Bucket, prefix: prefix}, nil
}

func (c S3Config) transport() (*http.Transport, error) {
	t := &http.Transport{
		DialContext:         stalling(&net.Dialer{Timeout: dialTime}),
		TLSHandshakeTimeout: 2 * dialTime, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 64, IdleConnTimeout: idleTime, DisableCompression: true,
		WriteBufferSize: 64 << 10, // larger reads bypass the small buffer
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("objects.ca_file: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("objects.ca_file: %s contains no certificate in PEM", c.CAFile)
	}
	return t, nil
}
