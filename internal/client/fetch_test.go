package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
)

// store is a node that has one content. Each answer with bytes has a receipt.
type store struct {
	*httptest.Server
	mu      sync.Mutex
	content []byte
	ranges  []string // Range of each request
}

func newStore(t *testing.T, content []byte) *store {
	t.Helper()
	s := &store{content: content}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ranges = append(s.ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"`+string(ledger.DigestOf(s.content))+`"`)
		w.Header().Set("Cadastre-Receipt", "start-"+strconv.Itoa(len(s.ranges)))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *store) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ranges
}

// content is larger than what one read of a connection returns.
var content = bytes.Repeat([]byte("上海路,1\n"), 200_000)

func buyer(t *testing.T, url string, change ...func(*client.Profile)) *client.Client {
	t.Helper()
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	p := client.Profile{URL: url, Origin: "node.example", Ledger: testLedger, Party: testHolder}
	if err := p.SetKey(key); err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(&p)
	}
	c, err := client.New(p, "en", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// half fetches until half of the content is there.
func half(t *testing.T, c *client.Client, file string, want ledger.Digest) int64 {
	t.Helper()
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	var n int64
	_, err := c.Fetch(ctx, "/content", file, want, func(done, total int64) {
		if n = done; done >= total/2 {
			cut()
		}
	})
	if !errors.Is(err, ledger.Unavailable) {
		t.Fatalf("a cut fetch: %v", err)
	}
	return n
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// one checks that the folder has just this file, with this content.
func one(t *testing.T, file string, want []byte) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() != filepath.Base(file) {
			t.Errorf("%s is left behind", e.Name())
		}
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, want) {
		t.Errorf("the file is not what was sent: %d bytes, %v", len(b), err)
	}
}

func TestAFetchResumesAcrossRuns(t *testing.T) {
	s := newStore(t, content)
	file := filepath.Join(t.TempDir(), "x.csv")
	n := half(t, buyer(t, s.URL), file, ledger.DigestOf(content))
	f, err := buyer(t, s.URL).Fetch(t.Context(), "/content", file, ledger.DigestOf(content), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.ID{"start-1", "start-2"}, f.Starts); diff != "" || f.Resumed != n {
		t.Errorf("resumed from %d, not %d; receipts (-want +got): %s", f.Resumed, n, diff)
	}
	if want := []string{"", "bytes=" + strconv.FormatInt(n, 10) + "-"}; cmp.Diff(want, s.requests()) != "" {
		t.Errorf("requests %q, want %q", s.requests(), want)
	}
	one(t, file, content)
}

// TestAPartOfSomethingElseIsDropped: what lies at FILE.part is not known to be of the
// content, whatever its size.
func TestAPartOfSomethingElseIsDropped(t *testing.T) {
	digest := ledger.DigestOf(content)
	for name, lay := range map[string]func(t *testing.T, file string){
		"larger":  func(t *testing.T, file string) { write(t, file+".part", make([]byte, 2*len(content))) },
		"smaller": func(t *testing.T, file string) { write(t, file+".part", make([]byte, 1000)) },
		"equal":   func(t *testing.T, file string) { write(t, file+".part", make([]byte, len(content))) },
		"of an older content": func(t *testing.T, file string) {
			older := bytes.Repeat([]byte("o"), len(content))
			half(t, buyer(t, newStore(t, older).URL), file, ledger.DigestOf(older))
		},
		"larger than it says": func(t *testing.T, file string) {
			half(t, buyer(t, newStore(t, content).URL), file, digest)
			write(t, file+".part", make([]byte, len(content)+1))
		},
		"that says nothing readable": func(t *testing.T, file string) {
			write(t, file+".part", make([]byte, 1000))
			write(t, file+".part.json", []byte("{"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, content)
			file := filepath.Join(t.TempDir(), "x.csv")
			lay(t, file)
			f, err := buyer(t, s.URL).Fetch(t.Context(), "/content", file, digest, nil)
			if err != nil || f.Resumed != 0 || f.SHA256 != digest {
				t.Fatalf("%+v, %v", f, err)
			}
			if diff := cmp.Diff([]string{""}, s.requests()); diff != "" {
				t.Errorf("requests: %s", diff)
			}
			one(t, file, content)
		})
	}
}

// TestADamagedPartIsNotTheNodesFault: it is dropped, so that the next run succeeds.
func TestADamagedPartIsNotTheNodesFault(t *testing.T) {
	s := newStore(t, content)
	file := filepath.Join(t.TempDir(), "x.csv")
	n := half(t, buyer(t, s.URL), file, ledger.DigestOf(content))
	write(t, file+".part", make([]byte, n))
	_, err := buyer(t, s.URL).Fetch(t.Context(), "/content", file, ledger.DigestOf(content), nil)
	if err == nil || !strings.Contains(err.Error(), "from the beginning") {
		t.Fatalf("a damaged part: %v", err)
	}
	if _, err := buyer(t, s.URL).Fetch(t.Context(), "/content", file, ledger.DigestOf(content), nil); err != nil {
		t.Fatal(err)
	}
	one(t, file, content)
}

// TestAPartThatIsWholeAsksNothing: the fetch was stopped before the file had its name.
func TestAPartThatIsWholeAsksNothing(t *testing.T) {
	s := newStore(t, content)
	file := filepath.Join(t.TempDir(), "x.csv")
	half(t, buyer(t, s.URL), file, ledger.DigestOf(content))
	write(t, file+".part", content)
	f, err := buyer(t, s.URL).Fetch(t.Context(), "/content", file, ledger.DigestOf(content), nil)
	if err != nil || len(f.Starts) != 1 || len(s.requests()) != 1 {
		t.Fatalf("%+v, %v, requests %q", f, err, s.requests())
	}
	one(t, file, content)
}

func TestContentThatIsNotRecordedIsNotTaken(t *testing.T) {
	s := newStore(t, content)
	file := filepath.Join(t.TempDir(), "x.csv")
	_, err := buyer(t, s.URL).Fetch(t.Context(), "/content", file, ledger.DigestOf([]byte("another")), nil)
	if err == nil || len(s.requests()) != 1 {
		t.Errorf("%v, requests %q", err, s.requests())
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestRefusedIsSaidAtOnce: if no connection can be made, nothing was sent, and the outcome
// of a call is known.
func TestRefusedIsSaidAtOnce(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close() // nothing listens there now
	c := buyer(t, s.URL)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, called := c.Call(ctx, ledger.FnDeposit, ledger.DepositArgs{})
	file := filepath.Join(t.TempDir(), "x.csv")
	_, fetched := c.Fetch(ctx, "/content", file, "", nil)
	for what, err := range map[string]error{"call": called, "fetch": fetched} {
		if !client.NotSent(err) || !errors.Is(err, ledger.Unavailable) || !strings.Contains(err.Error(), "nothing was sent") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestAnOpenOutcomeStaysOpen: a node that took a call and went away leaves it unknown
// whether the call is recorded, even if nothing listens there afterwards.
func TestAnOpenOutcomeStaysOpen(t *testing.T) {
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := s.Listener.Close(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Connection", "close")
		problem(w, 503, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy))
	}))
	t.Cleanup(s.Close)
	_, err := buyer(t, s.URL).Call(t.Context(), ledger.FnDeposit, ledger.DepositArgs{})
	if client.NotSent(err) || !errors.Is(err, ledger.Unavailable) {
		t.Errorf("the outcome of the first attempt is unknown: %v", err)
	}
}

// TestARefusalNamesItsCause: of a clock that is wrong, and of a profile for another ledger
// or node.
func TestARefusalNamesItsCause(t *testing.T) {
	about := `{"ledger":"` + string(testLedger) + `","origin":"node.example"}`
	expired := ledger.Refuse(ledger.Forbidden, ledger.ReasonToken).By("expired")
	unknown := ledger.Refuse(ledger.Forbidden, ledger.ReasonToken).By("key")
	for _, c := range []struct {
		name   string
		ahead  time.Duration // this machine's clock
		refuse *ledger.Error
		change func(*client.Profile)
		want   string // "" : the node's words only
	}{
		{"clock ahead", 10 * time.Minute, expired, nil, "ahead of the node's"},
		{"clock behind", -10 * time.Minute, expired, nil, "behind the node's"},
		{"call from the future", 10 * time.Minute, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTime), nil, "ahead of the node's"},
		{"the clock is right", 0, expired, nil, ""},
		{"another ledger", 0, unknown, func(p *client.Profile) { p.Ledger = testBody }, "serves ledger " + string(testLedger)},
		{"another ledger, call", 0, ledger.Refuse(ledger.Forbidden, ledger.ReasonKey), func(p *client.Profile) { p.Ledger = testBody }, "serves ledger"},
		{"another ledger, party", 0, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("party"), func(p *client.Profile) { p.Ledger = testBody }, "serves ledger"},
		{"another record", 0, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("id"), func(p *client.Profile) { p.Ledger = testBody }, ""},
		{"another node", 0, unknown, func(p *client.Profile) { p.Origin = "other.example" }, "is node node.example"},
		{"the right node", 0, unknown, nil, ""},
		{"another refusal", 10 * time.Minute, ledger.Refuse(ledger.Forbidden, ledger.ReasonRole), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().Add(-c.ahead).UTC().Format(http.TimeFormat))
				if r.URL.Path == "/v1/about" {
					_, _ = w.Write([]byte(about))
					return
				}
				problem(w, http.StatusUnauthorized, c.refuse)
			}))
			t.Cleanup(s.Close)
			change := c.change
			if change == nil {
				change = func(*client.Profile) {}
			}
			var into any
			err := buyer(t, s.URL, change).Get(t.Context(), "/v1/orders", &into)
			if e := ledger.AsError(err); e == nil || e.Reason != c.refuse.Reason {
				t.Fatalf("the refusal is lost: %v", err)
			}
			if hint := strings.Contains(err.Error(), "\n"); hint != (c.want != "") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
			var out bytes.Buffer
			var printed struct{ Title, Reason, Hint string }
			terminal.Voice{Err: &out, Lang: "en", JSON: true}.Failed(err, ledger.Words{})
			if bad := json.Unmarshal(out.Bytes(), &printed); bad != nil || printed.Reason != string(c.refuse.Reason) || (printed.Hint != "") != (c.want != "") || !strings.Contains(printed.Hint, c.want) {
				t.Errorf("with --json: %s (%v); want %q", out.Bytes(), bad, c.want)
			}
		})
	}
}
