package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
)

// narrow passes requests on to a node. It lets a number of bytes of an upload pass; then
// it says so, and either stops or breaks the connection.
type narrow struct {
	*httptest.Server
	left  atomic.Int64
	full  chan struct{}
	stops atomic.Bool // else it breaks the connection
	sent  atomic.Int64
}

func newNarrow(t *testing.T, node string) *narrow {
	t.Helper()
	to, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	n := &narrow{full: make(chan struct{}, 8)}
	pass := httputil.NewSingleHostReverseProxy(to)
	pass.ErrorLog = log.New(io.Discard, "", 0)
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			r.Body = &narrowBody{ReadCloser: r.Body, n: n, r: r}
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(n.Close)
	return n
}

type narrowBody struct {
	io.ReadCloser
	n *narrow
	r *http.Request
}

func (b *narrowBody) Read(p []byte) (int, error) {
	left := b.n.left.Load()
	if left <= 0 {
		b.n.full <- struct{}{}
		if b.n.stops.Load() {
			<-b.r.Context().Done() // the sender is gone
		}
		return 0, io.ErrUnexpectedEOF
	}
	k, err := b.ReadCloser.Read(p[:min(int64(len(p)), left)])
	b.n.left.Add(-int64(k))
	b.n.sent.Add(int64(k))
	return k, err
}

// blocks lets so many bytes pass, and breaks each connection then: a command gives up.
func (n *narrow) blocks(left int64) {
	n.left.Store(left)
	go func() {
		for range n.full {
			continue
		}
	}()
}

// uploader serves a demonstration behind a narrow passage. subject is a product of its
// operator, dir the node's folder.
func uploader(t *testing.T) (s served, n *narrow, subject, dir string) {
	t.Helper()
	b := build(t)
	dir = filepath.Join(t.TempDir(), "node")
	d := b.demo(dir)
	node, _ := b.serve(dir)
	s = served{b, d, node, 0}
	var order struct {
		Product string `json:"product_id"`
	}
	s.read(&order, s.as("buyer", "order", "show", s.Order)...)
	return s, newNarrow(t, node), "product/" + order.Product, dir
}

// TestAnUploadIsResumedByItsCommand: after Ctrl-C it says how much the node has and which
// command resumes it; that command sends the rest alone. After cuts it goes on by itself.
func TestAnUploadIsResumedByItsCommand(t *testing.T) {
	s, n, subject, _ := uploader(t)
	const size = 20<<20 + 5
	content := make([]byte, size)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "it's large.bin")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	args := s.as("operator", "product", "content", "add", file, "--subject", subject, "--url", n.URL)

	n.left.Store(8 << 20)
	n.stops.Store(true)
	c := exec.CommandContext(t.Context(), s.path, args...)
	var errs bytes.Buffer
	c.Env, c.Stderr = append(os.Environ(), "CADASTRE_LANG=en"), &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-n.full
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != proving.ExitUnavailable {
		t.Errorf("exit %d", code)
	}
	_, line, ok := strings.Cut(errs.String(), "To continue there, run: ")
	stored := regexp.MustCompile(`the node has stored (\d+) of 20971525 bytes`).FindStringSubmatch(errs.String())
	if !ok || stored == nil || stored[1] == "0" {
		t.Fatalf("it says: %s", errs.String())
	}

	n.sent.Store(number(t, stored[1]))
	n.left.Store(4 << 20) // then the connection breaks, and the command goes on by itself
	n.stops.Store(false)
	again := exec.CommandContext(t.Context(), "sh", "-c", strings.TrimSpace(line)) // as it was printed
	again.Env = append(os.Environ(), "CADASTRE_LANG=en")
	go func() {
		<-n.full
		n.left.Store(1 << 30)
	}()
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// What was on its way when a connection broke is sent again, and no more.
	if sent := n.sent.Load(); sent < size || sent > size+4<<20 {
		t.Errorf("%d bytes were sent in all, of %d", sent, size)
	}
	if _, err := os.Stat(client.NoteOf(file)); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", client.NoteOf(file), err)
	}
	got := filepath.Join(t.TempDir(), "got.bin")
	s.must(s.as("buyer", "fetch", s.Order, "--object", filepath.Base(file), "--output", got)...)
	if back, err := os.ReadFile(got); err != nil || !bytes.Equal(back, content) {
		t.Errorf("fetched %d bytes, %v", len(back), err)
	}
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAChangedFileIsUploadedAnew: what was uploaded of it before it changed is not
// continued.
func TestAChangedFileIsUploadedAnew(t *testing.T) {
	s, n, subject, dir := uploader(t)
	file := write(t, "data.csv", strings.Repeat("a,b\n", 1<<18))
	args := s.as("operator", "product", "content", "add", file, "--subject", subject, "--url", n.URL)
	n.blocks(1000)
	code, _, errs := s.run(args...)
	if code != proving.ExitUnavailable || !regexp.MustCompile(`the node has stored \d+ of 1048576 bytes`).MatchString(errs) || !strings.Contains(errs, "To continue there, run: ") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if err := os.WriteFile(file, []byte("another,file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.left.Store(1 << 20)
	var added struct{ SHA256 string }
	s.read(&added, args...)
	if want, _, err := hashFile(file); err != nil || added.SHA256 != string(want) {
		t.Errorf("recorded %s, want %s: %v", added.SHA256, want, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "objects", "tmp"))
	if err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// TestMyUploadsAreListedAndCanceled: an upload that its command gave up is in the list of
// its party, until it is canceled.
func TestMyUploadsAreListedAndCanceled(t *testing.T) {
	s, n, subject, _ := uploader(t)
	n.blocks(1000)
	s.run(s.as("operator", "product", "content", "add", write(t, "data.csv", strings.Repeat("a,b\n", 1<<18)), "--subject", subject, "--url", n.URL)...)
	list := s.as("operator", "product", "content", "uploads", "list")
	var mine, none struct{ Items []wire.Pending }
	s.read(&mine, list...)
	if len(mine.Items) != 1 || mine.Items[0].Bytes != 1<<20 || mine.Items[0].Done != nil {
		t.Fatalf("the list has %+v", mine.Items)
	}
	id := mine.Items[0].ID
	if text := s.must(list...); !strings.Contains(text, id) || !strings.Contains(text, "1048576") {
		t.Errorf("as a table: %s", text)
	}
	cancel := s.as("operator", "product", "content", "uploads", "cancel", id)
	if text := s.must(cancel...); !strings.Contains(text, id) {
		t.Errorf("canceled: %s", text)
	}
	if s.read(&none, list...); len(none.Items) != 0 {
		t.Errorf("after that, the list has %+v", none.Items)
	}
	if code, _, errs := s.run(cancel...); code != proving.ExitRefused {
		t.Errorf("canceled twice: exit %d: %s", code, errs)
	}
}

func TestShellWords(t *testing.T) {
	got := shellWords([]string{"./cadastre", "a b", "", "it's", "数据.csv", "$x", "--node=a=b"})
	if want := `./cadastre 'a b' '' 'it'\''s' 数据.csv '$x' --node=a=b`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
