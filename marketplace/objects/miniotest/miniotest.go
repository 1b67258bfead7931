// Package miniotest runs a real MinIO server for tests that need an S3 store.
//
// The server listens on this machine only, on a free port, with new keys and an empty
// store in the test's folder. It ends with the test, even if the test's process is
// killed. The package does not build MinIO (make minio does) and does not link it:
// MinIO always runs as a separate process.
package miniotest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Region is the region of the servers.
const Region = "cn-test-1"

// Server is a MinIO server.
type Server struct {
	Endpoint  string // with its scheme
	AccessKey string // of its root user
	SecretKey string
	CAFile    string // of a server with TLS

	dir    string
	binary string
	args   []string
	shell  *exec.Cmd
	stdin  io.Closer
}

// Start runs a server over plain HTTP until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return start(t, "http")
}

// StartTLS runs a server with TLS; Server.CAFile is the certificate of its authority.
func StartTLS(t testing.TB) *Server {
	t.Helper()
	return start(t, "https")
}

func start(t testing.TB, scheme string) *Server {
	t.Helper()
	port := freePort(t)
	s := &Server{
		Endpoint: fmt.Sprintf("%s://127.0.0.1:%d", scheme, port), AccessKey: rand.Text()[:20], SecretKey: rand.Text() + rand.Text()[:10],
		dir: t.TempDir(), binary: find(t),
	}
	s.args = []string{"server", "--quiet", "--address", fmt.Sprintf("127.0.0.1:%d", port), "--certs-dir", filepath.Join(s.dir, "certs")}
	if err := os.MkdirAll(filepath.Join(s.dir, "certs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if scheme == "https" {
		s.CAFile = Certify(t, filepath.Join(s.dir, "certs"))
	}
	s.args = append(s.args, filepath.Join(s.dir, "drive{1...4}"))
	t.Cleanup(s.Kill)
	s.Run(t)
	return s
}

// find returns the path of the program: CADASTRE_MINIO, or where make minio puts it.
func find(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("CADASTRE_MINIO"); path != "" { //nolint:forbidigo // a test's own setting
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, ".cache", "bin", "minio"); exists(path) {
			return path
		}
	}
	t.Fatal("there is no .cache/bin/minio: run make minio, or set CADASTRE_MINIO to the path of the program")
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no TCP address")
	}
	return a.Port
}

// killWithParent runs the server and kills it when this process closes its end of the
// shell's input; the kernel closes it when the process is killed. The shell prints
// "begun" once the server has started.
const killWithParent = `"$@" >>"$MINIO_TEST_LOG" 2>&1 & echo begun; cat >/dev/null; kill -9 $! 2>/dev/null; wait 2>/dev/null`

// Run starts a stopped server again, on the same port and store, and returns when it
// answers.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	s.shell = exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", killWithParent, "sh", s.binary}, s.args...)...) //nolint:gosec // a test's own command
	s.shell.Env = []string{
		"HOME=" + s.dir, "PATH=/usr/bin:/bin", "MINIO_TEST_LOG=" + s.log(), "MINIO_SITE_REGION=" + Region,
		"MINIO_ROOT_USER=" + s.AccessKey, "MINIO_ROOT_PASSWORD=" + s.SecretKey,
		"MINIO_CI_CD=1", // drives may share a disk
		"MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_API_REQUESTS_DEADLINE=30s",
	}
	var err error
	if s.stdin, err = s.shell.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.shell.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	s.await(t)
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

func (s *Server) await(t testing.TB) {
	t.Helper()
	api := s.Client(t)
	for range 600 {
		_, err := api.ListBuckets(t.Context())
		if err == nil {
			return
		}
		if r, ok := errors.AsType[minio.ErrorResponse](err); ok && r.StatusCode < http.StatusInternalServerError {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // another process becomes ready without a signal
	}
	log, err := os.ReadFile(s.log())
	t.Fatalf("MinIO does not answer: %s %v", log, err)
}

// Kill kills the server like kill -9 and waits until it is gone.
func (s *Server) Kill() {
	if s.shell == nil || s.stdin == nil {
		return
	}
	_ = s.stdin.Close()
	_ = s.shell.Wait()
	s.stdin = nil
}

// Client returns a client with the server's root user.
func (s *Server) Client(t testing.TB) *minio.Client {
	t.Helper()
	transport, err := minio.DefaultTransport(s.CAFile != "")
	if err != nil {
		t.Fatal(err)
	}
	if s.CAFile != "" {
		transport.TLSClientConfig.RootCAs = pool(t, s.CAFile)
	}
	t.Cleanup(transport.CloseIdleConnections)
	_, host, _ := strings.Cut(s.Endpoint, "://")
	c, err := minio.New(host, &minio.Options{
		Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Secure: s.CAFile != "", Region: Region, MaxRetries: 1, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Bucket makes a new bucket.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	name := "b-" + strings.ToLower(rand.Text()[:16])
	if err := s.Client(t).MakeBucket(t.Context(), name, minio.MakeBucketOptions{Region: Region}); err != nil {
		t.Fatal(err)
	}
	return name
}

// Lend returns temporary keys that may do only what the policy allows.
func (s *Server) Lend(t testing.TB, policy string) (accessKey, secretKey, token string) {
	t.Helper()
	c, err := credentials.NewSTSAssumeRole(s.Endpoint, credentials.STSAssumeRoleOptions{
		AccessKey: s.AccessKey, SecretKey: s.SecretKey, Policy: policy, Location: Region, DurationSeconds: 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.GetWithContext(&credentials.CredContext{Client: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	return v.AccessKeyID, v.SecretAccessKey, v.SessionToken
}
