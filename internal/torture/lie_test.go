package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
)

// lie is damage that a disk does without a word: a bit of a file is flipped, or the last
// write of a page is lost, so that the page is as it was before.
type lie struct {
	store string // below the folder
	lost  bool
	free  bool // what the node shows of it is not protected: it can be made again
}

var lies = []lie{
	{store: "ledger.db"},
	{store: "ledger.db", lost: true},
	{store: "receipts.db"},
	{store: "receipts.db", lost: true},
	{store: "node.db"},
	{store: "node.db", lost: true},
	{store: "objects"},
	{store: "objects", lost: true},
	{store: "keys"},
	{store: "read.db", free: true},
	{store: "read.db", lost: true, free: true},
}

func (l lie) String() string {
	if l.lost {
		return l.store + ", a write is lost"
	}
	return l.store + ", a bit is flipped"
}

// tell damages a file of a folder; before has the folder as it was earlier.
func (l lie) tell(dir, before string, r *rand.Rand) error {
	var files []string
	err := filepath.WalkDir(filepath.Join(dir, l.store), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	path := files[r.IntN(len(files))]
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch {
	case !l.lost:
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	case l.store == "objects": // the file system lost the end of it
		b = b[:len(b)/4096*4096*r.IntN(2)/2]
	default:
		old, err := os.ReadFile(filepath.Join(before, l.store))
		if err != nil {
			return err
		}
		if b, err = losePage(b, old, r); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil { // it may be a link
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// losePage returns a database with one of its changed pages as it was before.
func losePage(b, old []byte, r *rand.Rand) ([]byte, error) {
	size := int(b[16])<<8 | int(b[17]) // of a page
	var changed []int
	for at := size; at+size <= min(len(b), len(old)); at += size {
		if !bytes.Equal(b[at:at+size], old[at:at+size]) {
			changed = append(changed, at)
		}
	}
	if len(changed) == 0 {
		return nil, errors.New("no page has changed")
	}
	at := changed[r.IntN(len(changed))]
	copy(b[at:at+size], old[at:at+size])
	return b, nil
}

// shown is what a node shows to its parties, by what was asked for.
type shown map[string]string

// show asks a node for its records, logs and content. Nothing of an error is shown.
func show(ctx context.Context, s *serving, sale sold, calls []ackedCall) (shown, error) {
	all, failed := shown{}, error(nil)
	get := func(who, path string) {
		resp, err := ask(ctx, s.cast(who), http.DefaultClient, http.MethodGet, path, nil)
		if err != nil {
			failed = errors.Join(failed, err)
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode == http.StatusOK {
			all[path] = string(withoutProof(b))
		} else {
			failed = errors.Join(failed, fmt.Errorf("%s: %s, %w", path, resp.Status, err))
		}
	}
	for _, c := range calls {
		get("holder", "/v1/calls/"+string(c.Party)+"/"+string(c.Call))
	}
	for _, path := range []string{"/v1/parties", "/v1/products", "/v1/licenses", "/v1/resources"} {
		get("operator", path)
	}
	get("emergency", "/v1/orders/"+string(sale.Order))
	get("emergency", sale.path())
	c := s.cast("regulator")
	for name, log := range map[string]*client.Log{"the ledger": c.LedgerLog(), "receipts": c.ReceiptLog()} {
		entries, err := firstEntries(ctx, log)
		failed = errors.Join(failed, err)
		if err == nil {
			all["log of "+name] = entries
		}
	}
	return all, failed
}

// withoutProof returns an answer without the proof in it, which is another one as soon as
// the log has grown.
func withoutProof(b []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil || members["proof"] == nil {
		return b
	}
	delete(members, "proof")
	rest, err := json.Marshal(members)
	if err != nil {
		return b
	}
	return rest
}

// firstEntries returns the first bundle of a log's entries.
func firstEntries(ctx context.Context, log *client.Log) (string, error) {
	msg, err := log.Checkpoint(ctx)
	if err != nil {
		return "", err
	}
	var origin string
	var size int64
	if _, err := fmt.Sscanf(string(msg), "%s\n%d\n", &origin, &size); err != nil {
		return "", err
	}
	list, err := log.Entries(ctx, 0, int(min(256, size)))
	return string(bytes.Join(list, []byte("\n"))), err
}

// TestDisksThatLie damages the files of a stopped node and starts it: what it shows then is
// what it showed before, or it refuses; damage that it has not met is found by reading
// everything (audit, integrity check, objects), and doctor finds all of it. A backup mends
// it. It prints how each was found.
func TestDisksThatLie(t *testing.T) {
	forTorture(t)
	seed := random(t)
	before, dir, calls, want := lieGround(t)
	sale, err := readSold(dir)
	ok(t, err)
	mended(t, dir, sale, calls, want)
	tries := max(2, *cuts/50)
	for i, l := range lies {
		t.Run(l.String(), func(t *testing.T) {
			found := map[string]int{}
			var mu sync.Mutex
			var workers sync.WaitGroup
			for w := range 2 {
				workers.Go(func() {
					for k := w; k < tries; k += 2 {
						how, err := l.try(t, before, dir, fmt.Sprint(i, "-", k), rand.New(rand.NewPCG(seed, uint64(i*1000+k))), sale, calls, want)
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						found[how]++
						mu.Unlock()
					}
				})
			}
			workers.Wait()
			fmt.Printf("%-36s found: %v\n", l.String(), found)
		})
	}
}

// mended restores a backup that was made before any damage: what the node shows then is what
// it showed before.
func mended(t *testing.T, dir string, sale sold, calls []ackedCall, want shown) {
	t.Helper()
	c := copies{target: filepath.Join(t.TempDir(), "target")}
	ok(t, c.backUp(t.Context(), dir, func() []ack { return nil }))
	at := filepath.Join(t.TempDir(), "restored")
	ok(t, c.inspect(t.Context(), at, filepath.Join(dir, "profiles"), false))
	s, err := serve(t.Context(), at)
	ok(t, err)
	got, err := show(t.Context(), s, sale, calls)
	ok(t, errors.Join(err, s.stop()))
	for what := range want {
		if !same(what, got[what], want[what], sale.Bytes) {
			t.Errorf("restored, %s is shown otherwise: %.1000s", what, cmp.Diff(want[what], got[what]))
		}
	}
}

// lieGround returns a stopped node after some load, and as it was before that.
func lieGround(t *testing.T) (before, dir string, calls []ackedCall, want shown) {
	t.Helper()
	dir = lay(t, small)
	before = dir + ".before"
	ok(t, linkFolder(before, dir))
	c := newCommand(t, loadEnv+"="+dir, "CADASTRE_TORTURE_CALLS=40")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("the load failed: %v\n%s", err, out)
	}
	acks, err := readAcks(dir)
	ok(t, err)
	for _, a := range acks {
		if a.Call != nil {
			calls = append(calls, *a.Call)
		}
	}
	sale, err := readSold(dir)
	ok(t, err)
	s, err := serve(t.Context(), dir)
	ok(t, err)
	want, err = show(t.Context(), s, sale, calls)
	ok(t, errors.Join(err, s.stop()))
	return before, dir, calls, want
}

// try damages a copy and returns how that was found.
func (l lie) try(t *testing.T, before, dir, name string, r *rand.Rand, sale sold, calls []ackedCall, want shown) (string, error) {
	at := filepath.Join(filepath.Dir(dir), "lie-"+name)
	defer os.RemoveAll(at)
	if err := linkFolder(at, dir); err != nil {
		return "", err
	}
	if err := l.tell(at, before, r); err != nil {
		return "", err
	}
	s, err := serve(t.Context(), at)
	if err != nil {
		return "at the start", l.diagnosed(t.Context(), at) // that is how it was found
	}
	got, failed := show(t.Context(), s, sale, calls)
	stopped := s.stop()
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if !same(what, got[what], want[what], sale.Bytes) {
			if l.free {
				return "shown", nil
			}
			return "shown", fmt.Errorf("%s: %s is shown otherwise: %.1000s", l, what, cmp.Diff(want[what], got[what]))
		}
	}
	if failed != nil || stopped != nil {
		return "when read", l.diagnosed(t.Context(), at)
	}
	h := &held{dir: at}
	if err := errors.Join(h.objects(t.Context(), nil, true), h.files(t.Context()), h.audit(t.Context())); err != nil {
		if e := l.diagnosed(t.Context(), at); e != nil {
			return "by reading everything", fmt.Errorf("%w, but by reading everything: %w", e, err)
		}
		return "by reading everything", nil // that is how it was found
	}
	return "not: nothing differs", nil
}

// diagnosed returns an error if doctor finds nothing in a damaged folder.
func (l lie) diagnosed(ctx context.Context, dir string) error {
	d, err := node.Examine(ctx, node.Options{Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler), Version: "torture"}, node.Examination{})
	if err == nil && d.Sound() {
		err = fmt.Errorf("%s: doctor finds nothing", l)
	}
	return err
}

// same compares two answers. A log has grown by the node's own entries since the start, and
// the content was delivered once more.
func same(what, got, want string, size int64) bool {
	if strings.HasPrefix(what, "/v1/orders/") && !strings.Contains(what, "/content/") {
		var now, then wire.OrderAnswer
		if json.Unmarshal([]byte(got), &now) != nil || json.Unmarshal([]byte(want), &then) != nil {
			return false
		}
		then.Use.Uses.Used++
		then.Use.Bytes.Used += size
		return cmp.Diff(now, then) == ""
	}
	if strings.HasPrefix(what, "log of ") {
		return strings.HasPrefix(got, want) || strings.HasPrefix(want, got)
	}
	return got == want
}
