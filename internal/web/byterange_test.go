package web

import (
	"testing"
)

func TestRange(t *testing.T) {
	for _, c := range []struct {
		header         string
		size           int64
		offset, length int64
		whole, refused bool
	}{
		{header: "", size: 10, whole: true},
		{header: "items=0-1", size: 10, whole: true},
		{header: "bytes=0-", size: 10, length: 10},
		{header: "Bytes=0-1", size: 10, length: 2},
		{header: "BYTES=-4", size: 10, offset: 6, length: 4},
		{header: "bytes", size: 10, whole: true},
		{header: "bytes=3-5", size: 10, offset: 3, length: 3},
		{header: "bytes=3-99", size: 10, offset: 3, length: 7},
		{header: "bytes=-4", size: 10, offset: 6, length: 4},
		{header: "bytes=-40", size: 10, length: 10},
		{header: "bytes=9-9", size: 10, offset: 9, length: 1},
		{header: "bytes=10-", size: 10, refused: true},
		{header: "bytes=0-", size: 0, refused: true},
		{header: "bytes=-1", size: 0, refused: true},
		{header: "bytes=-0", size: 10, refused: true},
		{header: "bytes=5-3", size: 10, refused: true},
		{header: "bytes=0-1,3-4", size: 10, refused: true},
		{header: "bytes=", size: 10, refused: true},
		{header: "bytes=+1-2", size: 10, refused: true},
		{header: "bytes=1-2x", size: 10, refused: true},
		{header: "bytes=99999999999999999999-", size: 10, refused: true},
	} {
		r, ok, err := parseRange(c.header)
		var offset, length int64
		if err == nil && ok {
			offset, length, err = r.within(c.size)
		}
		if (err != nil) != c.refused || (err == nil && ok == c.whole) || offset != c.offset || length != c.length {
			t.Errorf("Range %q of %d bytes: offset %d, length %d, given %v, error %v", c.header, c.size, offset, length, ok, err)
		}
	}
}

func FuzzRange(f *testing.F) {
	f.Add("bytes=0-1", int64(10))
	f.Add("bytes=-5", int64(3))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		r, ok, err := parseRange(header)
		if err != nil || !ok || size < 0 {
			return
		}
		offset, length, err := r.within(size)
		if err == nil && (offset < 0 || length < 1 || offset+length > size) {
			t.Errorf("Range %q of %d bytes gives %d+%d", header, size, offset, length)
		}
	})
}
