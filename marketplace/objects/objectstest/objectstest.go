// Package objectstest is the conformance suite of the port objects.Objects.
//
// It promises that a store which passes fulfills everything that the port's comments
// promise, as far as that is visible through the port, and in the stored bytes if the
// store implements Raw. It does not test power failures or speed.
package objectstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Raw is an optional interface: the stored bytes under their names, below the
// encryption. If the store implements it, the suite searches for clear text and damages
// objects.
type Raw interface {
	Names(t testing.TB) []string
	Load(t testing.TB, name string) []byte
	Save(t testing.TB, name string, data []byte)
	Remove(t testing.TB, name string)
}

// Run tests the store that open returns; each call must return a new, empty one.
func Run(t *testing.T, open func(t *testing.T) objects.Objects) {
	for _, c := range []struct {
		name string
		test func(*testing.T, objects.Objects)
	}{
		{"sizes", testSizes},
		{"small reads", testSmallReads},
		{"ranges", testRanges},
		{"any range", testAnyRange},
		{"refused ranges", testRefusedRanges},
		{"missing", testMissing},
		{"too large", testTooLarge},
		{"cut upload", testCutUpload},
		{"canceled", testCanceled},
		{"concurrent", testConcurrent},
		{"delete", testDelete},
		{"list", testList},
		{"parts", testParts},
		{"any parts", testAnyParts},
		{"faults of parts", testPartFaults},
		{"draft", testDraft},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, objects.Objects, Raw)
	}{
		{"no clear text", testNoClearText},
		{"altered", testAltered},
		{"cut short", testCutShort},
		{"moved package", testMovedPackage},
		{"exchanged", testExchanged},
		{"key altered", testKeyAltered},
		{"remains", testRemains},
		{"rotation", testRotation},
		{"interrupted rotation", testInterruptedRotation},
		{"rotation of damaged", testRotationOfDamaged},
		{"rotation of a draft", testRotationOfDraft},
		{"parts altered", testPartsAltered},
		{"parts left over", testPartsLeftOver},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t)
			raw, ok := o.(Raw)
			if !ok {
				t.Skip("the store's raw bytes cannot be reached")
			}
			c.test(t, o, raw)
		})
	}
}

const (
	kib   = 1 << 10
	large = 1 << 40 // a limit that no test reaches
	unit  = 64 * kib
	tail  = sha256.Size
)

// Content returns size bytes that compress badly and differ for each seed.
func Content(seed uint64, size int) []byte {
	data := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	if _, err := r.Read(data); err != nil {
		return nil // never fails
	}
	return data
}

func put(t testing.TB, o objects.Objects, data []byte) objects.Info {
	t.Helper()
	info, err := o.Put(t.Context(), bytes.NewReader(data), large)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// read reads a range to its end and closes it. With an error it also returns the bytes
// before it.
func read(ctx context.Context, o objects.Objects, id string, offset, length int64) ([]byte, error) {
	r, err := o.Open(ctx, id, offset, length)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func mustContain(t testing.TB, o objects.Objects, id string, want []byte) {
	t.Helper()
	got, err := read(t.Context(), o, id, 0, -1)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("object %s: %d bytes, %v; want %d", id, len(got), err, len(want))
	}
}

func list(t testing.TB, o objects.Objects) []objects.Info {
	t.Helper()
	var all []objects.Info
	err := o.List(t.Context(), func(i objects.Info) error {
		all = append(all, i)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func mustBeEmpty(t testing.TB, o objects.Objects) {
	t.Helper()
	if left := list(t, o); len(left) != 0 {
		t.Errorf("%d objects are left: %v", len(left), left)
	}
	if raw, ok := o.(Raw); ok {
		if names := raw.Names(t); len(names) != 0 {
			t.Errorf("left in the store: %v", names)
		}
	}
}

func sizes() []int {
	s := []int{0, 1, tail - 1, tail, tail + 1, 1<<20 + 17}
	for _, packages := range []int{1, 2, 4} {
		for _, edge := range []int{packages * unit, packages*unit - tail} {
			s = append(s, edge-1, edge, edge+1)
		}
	}
	return s
}

func testSizes(t *testing.T, o objects.Objects) {
	for i, size := range sizes() {
		data := Content(uint64(i), size)
		sum := sha256.Sum256(data)
		info := put(t, o, data)
		want := objects.Info{ID: info.ID, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(size)}
		if diff := cmp.Diff(want, info); diff != "" {
			t.Errorf("size %d: put (-want +got):\n%s", size, diff)
		}
		mustContain(t, o, info.ID, data)
		stat, err := o.Stat(t.Context(), info.ID)
		if err != nil || stat.Stored.IsZero() {
			t.Fatalf("size %d: stat %v, %v", size, stat, err)
		}
		want.Stored = stat.Stored
		if diff := cmp.Diff(want, stat); diff != "" {
			t.Errorf("size %d: stat (-want +got):\n%s", size, diff)
		}
	}
}

func testConcurrent(t *testing.T, o objects.Objects) {
	const puts = 24
	type result struct {
		info objects.Info
		err  error
	}
	results := make([]chan result, puts)
	for i := range results {
		results[i] = make(chan result, 1)
		go func() {
			info, err := o.Put(t.Context(), bytes.NewReader(Content(uint64(i), i*9000)), large)
			results[i] <- result{info, err}
		}()
	}
	seen := map[string]bool{}
	for i, c := range results {
		r := <-c
		if r.err != nil {
			t.Fatal(r.err)
		}
		if seen[r.info.ID] {
			t.Fatalf("id %s was given twice", r.info.ID)
		}
		seen[r.info.ID] = true
		mustContain(t, o, r.info.ID, Content(uint64(i), i*9000))
	}
}
