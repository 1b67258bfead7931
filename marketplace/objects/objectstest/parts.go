package objectstest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

func begin(t testing.TB, o objects.Objects) objects.Draft {
	t.Helper()
	d, err := o.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func appendTo(t testing.TB, o objects.Objects, d objects.Draft, data []byte) objects.Draft {
	t.Helper()
	next, err := o.Append(t.Context(), d, bytes.NewReader(data), large)
	if err != nil {
		t.Fatal(err)
	}
	if next.ID != d.ID || next.Bytes != d.Bytes+int64(len(data)) {
		t.Fatalf("%d bytes appended to %d make %d", len(data), d.Bytes, next.Bytes)
	}
	return next
}

func join(t testing.TB, o objects.Objects, d objects.Draft) objects.Info {
	t.Helper()
	info, err := o.Join(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// split puts data in parts of the given sizes, and the rest.
func split(t testing.TB, o objects.Objects, data []byte, sizes ...int) objects.Draft {
	t.Helper()
	d := begin(t, o)
	for _, n := range append(sizes, len(data)) {
		n = min(n, len(data))
		d = appendTo(t, o, d, data[:n])
		data = data[n:]
	}
	return d
}

func testParts(t *testing.T, o objects.Objects) {
	for i, c := range []struct {
		size  int
		sizes []int
	}{
		{0, nil},
		{1, nil},
		{2, []int{1}},
		{3 * unit, []int{unit, unit}},
		{3*unit + 5, []int{unit - tail, unit, 1, 1}},
		{1 << 20, []int{0, 100_000, 0, 65_535, 65_537}},
	} {
		data := Content(uint64(i), c.size)
		d := split(t, o, data, c.sizes...)
		info := join(t, o, d)
		sum := sha256.Sum256(data)
		want := objects.Info{ID: d.ID, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(c.size)}
		if diff := cmp.Diff(want, info); diff != "" {
			t.Errorf("size %d: join (-want +got):\n%s", c.size, diff)
		}
		mustContain(t, o, info.ID, data)
		stat, err := o.Stat(t.Context(), info.ID)
		if err != nil || stat.Stored.IsZero() {
			t.Fatalf("size %d: stat %v, %v", c.size, stat, err)
		}
		want.Stored = stat.Stored
		if diff := cmp.Diff(want, stat); diff != "" {
			t.Errorf("size %d: stat (-want +got):\n%s", c.size, diff)
		}
		again, err := o.Join(t.Context(), d)
		if again.Stored = info.Stored; err != nil || again != info {
			t.Errorf("size %d: joined again: %v, %v", c.size, again, err)
		}
	}
}

// testAnyParts reads any range of any parts.
func testAnyParts(t *testing.T, o objects.Objects) {
	rapid.Check(t, func(r *rapid.T) {
		data := Content(rapid.Uint64Range(0, 1<<16).Draw(r, "seed"), rapid.IntRange(0, 300_000).Draw(r, "size"))
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{1, 100, unit - tail, unit, unit + 1, 100_000}), 0, 5).Draw(r, "parts")
		info := join(t, o, split(t, o, data, sizes...))
		for range 3 {
			from := rapid.IntRange(0, len(data)).Draw(r, "from")
			n := rapid.IntRange(0, len(data)-from).Draw(r, "length")
			got, err := read(t.Context(), o, info.ID, int64(from), int64(n))
			if err != nil || !bytes.Equal(got, data[from:from+n]) {
				r.Fatalf("%d bytes from %d: %d, %v", n, from, len(got), err)
			}
		}
		if _, err := o.Open(t.Context(), info.ID, int64(len(data)), 1); !errors.Is(err, objects.ErrRange) {
			r.Fatalf("beyond the end: %v", err)
		}
		if err := o.Delete(t.Context(), info.ID); err != nil {
			r.Fatal(err)
		}
	})
	mustBeEmpty(t, o)
}

// testPartFaults checks that a failed Append leaves the draft as it was.
func testPartFaults(t *testing.T, o objects.Objects) {
	broken := errors.New("connection reset")
	first, second := Content(1, 70_000), Content(2, 3*unit)
	d := appendTo(t, o, begin(t, o), first)
	before := storedNames(t, o)
	for _, size := range []int{0, 1, unit, 2 * unit} {
		for _, cause := range []error{broken, io.ErrUnexpectedEOF} {
			cut := io.MultiReader(bytes.NewReader(second[:size]), iotest.ErrReader(cause))
			if _, err := o.Append(t.Context(), d, cut, large); !errors.Is(err, cause) {
				t.Errorf("cut after %d bytes: %v", size, err)
			}
		}
		if _, err := o.Append(t.Context(), d, bytes.NewReader(second), int64(size)); !errors.Is(err, objects.ErrTooLarge) {
			t.Errorf("%d bytes, %d allowed: %v", len(second), size, err)
		}
	}
	if diff := cmp.Diff(before, storedNames(t, o)); diff != "" {
		t.Errorf("names after failures (-before +after):\n%s", diff)
	}
	info := join(t, o, appendTo(t, o, d, second))
	mustContain(t, o, info.ID, append(first, second...))
}

// storedNames lists the names in the store, if they can be reached.
func storedNames(t testing.TB, o objects.Objects) []string {
	t.Helper()
	if raw, ok := o.(Raw); ok {
		return raw.Names(t)
	}
	return nil
}

// testDraft checks what is seen of a draft, and that it can be deleted.
func testDraft(t *testing.T, o objects.Objects) {
	data := Content(3, 200_000)
	d := split(t, o, data, 150_000)
	whole := put(t, o, []byte("content"))
	for _, info := range list(t, o) {
		switch {
		case info.ID == whole.ID && !info.Remains:
		case info.ID == d.ID && info.Remains && info.Bytes == int64(len(data)) && !info.Stored.IsZero():
		default:
			t.Errorf("listed: %+v", info)
		}
	}
	if _, err := o.Open(t.Context(), d.ID, 0, -1); !errors.Is(err, objects.ErrNotExist) {
		t.Errorf("a draft opens: %v", err)
	}
	other := begin(t, o)
	other.State = d.State
	if _, err := o.Append(t.Context(), other, strings.NewReader("x"), large); !errors.Is(err, objects.ErrDamaged) {
		t.Errorf("with the state of another draft: %v", err)
	}
	if _, err := o.Append(t.Context(), objects.Draft{ID: whole.ID, State: d.State}, strings.NewReader("x"), large); !errors.Is(err, objects.ErrNotExist) {
		t.Errorf("appended to an object that was put: %v", err)
	}
	for _, id := range []string{d.ID, other.ID, whole.ID} {
		if err := o.Delete(t.Context(), id); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	mustBeEmpty(t, o)
	if _, err := o.Append(t.Context(), d, strings.NewReader("x"), large); !errors.Is(err, objects.ErrNotExist) {
		t.Errorf("appended to a deleted draft: %v", err)
	}
	if _, err := o.Join(t.Context(), d); !errors.Is(err, objects.ErrNotExist) {
		t.Errorf("joined a deleted draft: %v", err)
	}
	joined := join(t, o, split(t, o, data, 10))
	for _, info := range list(t, o) {
		if info.ID != joined.ID || info.Remains || info.Bytes != int64(len(data)) {
			t.Errorf("listed when joined: %+v", info)
		}
	}
}

func testRotationOfDraft(t *testing.T, o objects.Objects, _ Raw) {
	r, ok := o.(Rotating)
	if !ok {
		t.Skip("the store's master key cannot be changed")
	}
	data := Content(4, 3*unit)
	d := appendTo(t, o, begin(t, o), data[:unit+1])
	if _, err := r.RotateTo(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := r.Rotated(t)
	d = appendTo(t, after, d, data[unit+1:])
	mustContain(t, after, join(t, after, d).ID, data)
}

// partsOf returns the names of an object's parts in the store.
func partsOf(t testing.TB, raw Raw, id string) (parts []string) {
	t.Helper()
	for _, n := range raw.Names(t) {
		if strings.Contains(n, id+".part.") {
			parts = append(parts, n)
		}
	}
	return parts
}

// testPartsAltered checks that no other bytes than the put ones are read when parts are
// exchanged, altered, cut short or missing, and that no clear text is stored.
func testPartsAltered(t *testing.T, o objects.Objects, raw Raw) {
	data := bytes.Repeat([]byte("clear text of a data holder; "), 9_000)
	half := len(data) / 2
	for name, spoil := range map[string]func(parts []string){
		"exchanged": func(p []string) {
			a, b := raw.Load(t, p[0]), raw.Load(t, p[1])
			raw.Save(t, p[0], b)
			raw.Save(t, p[1], a)
		},
		"altered": func(p []string) {
			a := raw.Load(t, p[0])
			a[len(a)/2] ^= 1
			raw.Save(t, p[0], a)
		},
		"cut short": func(p []string) { raw.Save(t, p[1], raw.Load(t, p[1])[:100]) },
		"missing":   func(p []string) { raw.Remove(t, p[0]) },
	} {
		info := join(t, o, split(t, o, data[:2*half], half))
		for _, n := range raw.Names(t) {
			if strings.Contains(n, info.ID) && bytes.Contains(raw.Load(t, n), []byte("clear text")) {
				t.Errorf("%s holds clear text", n)
			}
		}
		parts := partsOf(t, raw, info.ID)
		if len(parts) != 2 {
			t.Fatalf("%d parts", len(parts))
		}
		spoil(parts)
		if got, err := read(t.Context(), o, info.ID, 0, -1); !errors.Is(err, objects.ErrDamaged) || !bytes.HasPrefix(data, got) {
			t.Errorf("%s: read %d bytes, %v", name, len(got), err)
		}
		if err := o.Delete(t.Context(), info.ID); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
	}
	mustBeEmpty(t, o)
}

// testPartsLeftOver checks that Join removes a part that an interrupted Append left, and
// that an older draft, of a caller that did not learn of a part, continues.
func testPartsLeftOver(t *testing.T, o objects.Objects, raw Raw) {
	data := Content(5, 2*unit)
	d := appendTo(t, o, begin(t, o), data[:unit])
	appendTo(t, o, d, Content(6, 1000)) // its caller was killed
	info := join(t, o, appendTo(t, o, d, data[unit:]))
	if n := len(partsOf(t, raw, info.ID)); n != 2 {
		t.Errorf("%d parts are stored, want 2", n)
	}
	mustContain(t, o, info.ID, data)
}
