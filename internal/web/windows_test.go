package web_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/web"
)

// TestAFloodIsBounded: a flood from ever more addresses takes no more memory, and does not
// change what is counted of an address that came before.
func TestAFloodIsBounded(t *testing.T) {
	const length = time.Minute
	w, now := web.NewWindows(length), time.Unix(1_800_000_000, 0).UTC().Truncate(length)
	flood := func(at time.Time) {
		for i := range 5 * web.MaxKeys {
			if err := w.Increment(strconv.Itoa(i)+at.String(), at); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := func(key string, at time.Time) (int, int) {
		current, previous, err := w.Get(key, at, at.Add(-length))
		if err != nil {
			t.Fatal(err)
		}
		return current, previous
	}
	for i := range 3 {
		at := now.Add(time.Duration(i) * length)
		if err := w.IncrementBy("early", at, 7); err != nil {
			t.Fatal(err)
		}
		flood(at)
		if n, _ := count("early", at); n != 7 {
			t.Errorf("window %d: an early address has %d", i, n)
		}
		if n, _ := count("late", at); n == 0 {
			t.Errorf("window %d: an address after the flood is not counted with others", i)
		}
		if w.Keys() > 2*web.MaxKeys {
			t.Errorf("window %d: %d keys", i, w.Keys())
		}
	}
	last := now.Add(2 * length)
	if n, before := count("early", last.Add(length)); n != 0 || before != 7 {
		t.Errorf("in the next window: %d, %d", n, before)
	}
	if n, before := count("early", last.Add(2*length)); n != 0 || before != 0 {
		t.Errorf("two windows later: %d, %d", n, before)
	}
	if err := w.Increment("early", last.Add(2*length)); err != nil {
		t.Fatal(err)
	}
	if n, before := count("early", last.Add(2*length)); n != 1 || before != 0 {
		t.Errorf("after a window without requests: %d, %d", n, before)
	}
}
