package objectstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

func testMissing(t *testing.T, o objects.Objects) {
	kept := put(t, o, []byte("kept")).ID
	for _, id := range []string{
		strings.Repeat("0", 32), "", ".", "..", "/", "tmp", kept[:31], kept + "0", strings.ToUpper(kept[:31] + "A"),
		kept[:2] + "/" + kept[2:4] + "/" + kept, "../" + kept[:29], kept + ".key.0", kept[:31] + "\x00", kept + "/",
	} {
		_, openErr := o.Open(t.Context(), id, 0, -1)
		_, statErr := o.Stat(t.Context(), id)
		for _, err := range []error{openErr, statErr, o.Delete(t.Context(), id)} {
			if !errors.Is(err, objects.ErrNotExist) {
				t.Errorf("id %q: %v", id, err)
			}
		}
	}
	mustContain(t, o, kept, []byte("kept"))
}

func testTooLarge(t *testing.T, o objects.Objects) {
	for _, size := range []int{0, 1, unit, 3*unit + 7} {
		data := Content(5, size+1)
		if _, err := o.Put(t.Context(), bytes.NewReader(data), int64(size)); !errors.Is(err, objects.ErrTooLarge) {
			t.Errorf("%d bytes, %d allowed: %v", size+1, size, err)
		}
		mustBeEmpty(t, o)
		info, err := o.Put(t.Context(), bytes.NewReader(data[:size]), int64(size))
		if err != nil || info.Bytes != int64(size) {
			t.Fatalf("%d bytes, as many allowed: %v, %v", size, info, err)
		}
		if err := o.Delete(t.Context(), info.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func testCutUpload(t *testing.T, o objects.Objects) {
	broken := errors.New("connection reset")
	for _, size := range []int{0, 1, unit - 1, unit, unit + 1, 5 * unit} {
		for _, cause := range []error{broken, io.ErrUnexpectedEOF, fmt.Errorf("upload: %w", io.EOF)} {
			r := io.MultiReader(bytes.NewReader(Content(6, size)), iotest.ErrReader(cause))
			if info, err := o.Put(t.Context(), r, large); !errors.Is(err, cause) {
				t.Errorf("cut after %d bytes by %q: %v, %v", size, cause, info, err)
			}
			mustBeEmpty(t, o)
		}
	}
}

func testCanceled(t *testing.T, o objects.Objects) {
	for _, size := range []int{0, unit, 3 * unit} {
		ctx, cancel := context.WithCancel(t.Context())
		stop := readerFunc(func([]byte) (int, error) {
			if ctx.Err() != nil {
				return 0, errors.New("read past the cancellation")
			}
			cancel()
			return 0, nil
		})
		r := io.MultiReader(bytes.NewReader(Content(7, size)), stop)
		if info, err := o.Put(ctx, r, large); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled after %d bytes: %v, %v", size, info, err)
		}
		mustBeEmpty(t, o)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func testDelete(t *testing.T, o objects.Objects) {
	gone, kept := put(t, o, Content(8, unit)), put(t, o, Content(8, unit))
	if gone.ID == kept.ID || gone.SHA256 != kept.SHA256 {
		t.Fatalf("equal contents are %v and %v", gone, kept)
	}
	if err := o.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	_, openErr := o.Open(t.Context(), gone.ID, 0, 0)
	_, statErr := o.Stat(t.Context(), gone.ID)
	for _, err := range []error{openErr, statErr, o.Delete(t.Context(), gone.ID)} {
		if !errors.Is(err, objects.ErrNotExist) {
			t.Errorf("after delete: %v", err)
		}
	}
	mustContain(t, o, kept.ID, Content(8, unit))
	if err := o.Delete(t.Context(), kept.ID); err != nil {
		t.Fatal(err)
	}
	mustBeEmpty(t, o)
}

func testList(t *testing.T, o objects.Objects) {
	want := map[string]int64{}
	for size := range 40 {
		want[put(t, o, Content(9, size*4000)).ID] = int64(size * 4000)
	}
	all := list(t, o)
	if len(all) != len(want) {
		t.Fatalf("listed %d of %d objects", len(all), len(want))
	}
	for _, i := range all {
		if i.Bytes != want[i.ID] || i.Remains || i.Stored.IsZero() {
			t.Errorf("listed %v, want %d bytes", i, want[i.ID])
		}
	}
	if !slices.IsSortedFunc(all, func(a, b objects.Info) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the list is not in the order of ids")
	}
	enough, calls := errors.New("enough"), 0
	err := o.List(t.Context(), func(objects.Info) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("a callback that fails: %d calls, %v", calls, err)
	}
}
