package receipts_test

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	ref "golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

func hash(t *testing.T, d ledger.Digest) (h ref.Hash) {
	t.Helper()
	b, err := hex.DecodeString(string(d))
	if err != nil || len(b) != len(h) {
		t.Fatalf("hash %q: %v", d, err)
	}
	copy(h[:], b)
	return h
}

func hashes(t *testing.T, list []ledger.Digest) (all []ref.Hash) {
	t.Helper()
	for _, d := range list {
		all = append(all, hash(t, d))
	}
	return all
}

func (f *fixture) state(t *testing.T) receipts.State {
	t.Helper()
	s, err := f.AnchorState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProofsHold(t *testing.T) {
	f := newFixture(t)
	if s := f.state(t); s.Size != 0 {
		t.Errorf("an empty log is %+v", s)
	}
	states := []receipts.State{}
	for range 7 {
		f.append(t, f.ingest(party(1), "o"))
		states = append(states, f.state(t))
	}
	last := states[6]
	msg, published := f.Checkpoint()
	size, root, err := tlog.ParseCheckpoint(msg, f.key.Verifier())
	if err != nil || size != 7 || root != hash(t, last.Root) || published != last {
		t.Errorf("checkpoint of %d, %v, %v", size, root, err)
	}
	for i := range int64(7) {
		entry, err := f.Entry(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range states[i:] {
			p, err := f.Prove(t.Context(), i, s.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := ref.CheckRecord(hashes(t, p), s.Size, hash(t, s.Root), i, ref.RecordHash(entry)); err != nil {
				t.Errorf("receipt %d in %d: %v", i, s.Size, err)
			}
			c, err := f.Consistency(t.Context(), i+1, s.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := ref.CheckTree(hashes(t, c), s.Size, hash(t, s.Root), i+1, hash(t, states[i].Root)); err != nil {
				t.Errorf("%d in %d: %v", i+1, s.Size, err)
			}
		}
	}
	if c, err := f.Consistency(t.Context(), 0, 7); err != nil || len(c) != 0 {
		t.Errorf("from nothing: %v, %v", c, err)
	}
	for _, err := range []error{
		second(f.Prove(t.Context(), 7, 7)), second(f.Prove(t.Context(), 0, 8)), second(f.Consistency(t.Context(), 1, 8)),
		second(f.Consistency(t.Context(), 0, 8)),
	} {
		if !errors.Is(err, ledger.NotFound) {
			t.Errorf("past the end: %v", err)
		}
	}
}

func TestALogThatIsNotTheAnchoredOneIsRefused(t *testing.T) {
	f := newFixture(t)
	for range 5 {
		f.append(t, f.ingest(party(1), "o"))
	}
	s := f.state(t)
	good := ledger.Anchor{Log: origin, Size: 5, Root: s.Root}
	running := f.reserve(t, f.start(party(1), order(1), "o", 5, 0, 5))
	f.close(t)
	for want, a := range map[string]ledger.Anchor{
		"is older than its last anchor": {Log: origin, Size: 7, Root: s.Root},
		"have the root":                 {Log: origin, Size: 5, Root: hashOf("other")},
		"the anchor names the log":      {Log: "other.example/log/receipts", Size: 5, Root: s.Root},
	} {
		c := f.config()
		c.Anchor = &a
		if _, err := receipts.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	c := f.config()
	c.Anchor = &good
	open, err := receipts.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	f.Store = open
	// What was refused wrote nothing: the delivery is ended only now.
	if ends, err := f.EndsOf(t.Context(), running.Start); err != nil || len(ends) != 1 || f.Size() != 7 {
		t.Errorf("%d receipts, ends %+v, %v", f.Size(), ends, err)
	}
	if err := f.CheckAnchor(t.Context(), good); err != nil {
		t.Error(err)
	}
}

func TestAnotherIndexIsRefused(t *testing.T) {
	f := newFixture(t)
	f.append(t, f.ingest(party(1), "o"))
	f.append(t, f.ingest(party(1), "p"))
	sqlExec(t, f, "UPDATE receipt SET leaf = x'00' WHERE seq = 0")
	if err := f.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a changed row: %v", err)
	}
	sqlExec(t, f, "DELETE FROM receipt WHERE seq = 1")
	f.close(t)
	if _, err := receipts.Open(t.Context(), f.config()); err == nil || !strings.Contains(err.Error(), "restore the newest backup") {
		t.Errorf("a missing row: %v", err)
	}
}

func TestTheLogIsServed(t *testing.T) {
	f := newFixture(t)
	f.append(t, f.ingest(party(1), "o"))
	f.state(t)
	ask := func(h http.Handler, path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w.Code
	}
	open := f.Handler(func(*http.Request) bool { return true })
	for path, want := range map[string]int{"/checkpoint": 200, "/tile/0/000.p/1": 200, "/tile/0/000.p/2": 404, "/tile/entries/000.p/1": 200, "/": 404} {
		if got := ask(open, path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := ask(f.Handler(nil), "/tile/entries/000.p/1"); got != 403 {
		t.Errorf("entries for a stranger: %d", got)
	}
}

func TestACheckpointComesByItself(t *testing.T) {
	f := newFixture(t)
	f.append(t, f.ingest(party(1), "o"))
	f.pass(1e9)
	waitFor(t, func() bool { _, s := f.Checkpoint(); return s.Size == 1 })
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"receipt_kind":"ingest","id":"018f0000-0000-7000-8000-000000000001","time":1,"party":"018f0000-0000-7000-8000-000000000002","content_hash":"` +
		strings.Repeat("a", 64) + `","object":"o"}`))
	f.Add([]byte(`{"v":1,"V":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := receipts.Decode(data)
		if err != nil {
			return
		}
		again, err := receipts.Encode(r)
		if err != nil || string(again) != string(data) {
			t.Errorf("%s became %s (%v)", data, again, err)
		}
	})
}
