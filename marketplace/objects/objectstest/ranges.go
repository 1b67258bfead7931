package objectstest

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

func testSmallReads(t *testing.T, o objects.Objects) {
	data := Content(1, 2*unit+5)
	info, err := o.Put(t.Context(), iotest.OneByteReader(bytes.NewReader(data)), large)
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.Open(t.Context(), info.ID, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := iotest.TestReader(r, data); err != nil {
		t.Fatal(err)
	}
}

func testRanges(t *testing.T, o objects.Objects) {
	const size = 3*unit - tail/2 // the digest crosses into the fourth package
	data := Content(2, size)
	info := put(t, o, data)
	edges := []int64{0, 1, unit - 1, unit, unit + 1, 2*unit - 1, 2 * unit, 2*unit + 1, size - tail, size - 1, size}
	for _, from := range edges {
		for _, to := range edges {
			if to < from {
				continue
			}
			got, err := read(t.Context(), o, info.ID, from, to-from)
			if err != nil || !bytes.Equal(got, data[from:to]) {
				t.Errorf("range %d to %d: %d bytes, %v", from, to, len(got), err)
			}
		}
		if got, err := read(t.Context(), o, info.ID, from, -1); err != nil || !bytes.Equal(got, data[from:]) {
			t.Errorf("from %d to the end: %d bytes, %v", from, len(got), err)
		}
	}
}

func testAnyRange(t *testing.T, o objects.Objects) {
	data := Content(3, 5*unit+1234)
	info := put(t, o, data)
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(0, len(data)).Draw(rt, "from")
		length := rapid.IntRange(0, len(data)-from).Draw(rt, "length")
		buffer := rapid.IntRange(1, 4*unit).Draw(rt, "buffer")
		r, err := o.Open(t.Context(), info.ID, int64(from), int64(length))
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		got := make([]byte, 0, length)
		for p := make([]byte, buffer); err == nil; {
			var n int
			n, err = r.Read(p)
			got = append(got, p[:n]...)
		}
		if !errors.Is(err, io.EOF) || !bytes.Equal(got, data[from:from+length]) {
			rt.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}

func testRefusedRanges(t *testing.T, o objects.Objects) {
	info := put(t, o, Content(4, 100))
	for _, c := range []struct{ offset, length int64 }{
		{-1, 1},
		{0, 101},
		{100, 1},
		{101, 0},
		{101, -1},
		{1, math.MaxInt64},
		{math.MaxInt64, math.MaxInt64},
		{math.MinInt64, -1},
		{math.MaxInt64, -1},
	} {
		if _, err := read(t.Context(), o, info.ID, c.offset, c.length); !errors.Is(err, objects.ErrRange) {
			t.Errorf("%d bytes from %d of 100: %v", c.length, c.offset, err)
		}
	}
}
