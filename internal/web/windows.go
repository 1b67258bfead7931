package web

import (
	"hash/maphash"
	"sync"
	"time"
)

// maxKeys is how many keys a window counts separately.
const maxKeys = 1 << 14

// sharedCounts is how many counters the further keys of a window share.
const sharedCounts = 1 << 10

// windows counts requests by key in the current and the previous window. Its memory is
// bounded: if a window has too many keys, further ones share counters, so that a flood from
// many addresses slows down unknown addresses only. It is a httprate.LimitCounter.
type windows struct {
	seed   maphash.Seed // random, so that no one can choose keys that share a counter
	length time.Duration

	mu                sync.Mutex
	begun             time.Time // of the current window
	current, previous window
}

type window struct {
	own    map[uint64]int
	shared [sharedCounts]int
}

func newWindows(length time.Duration) *windows {
	return &windows{
		seed: maphash.MakeSeed(), length: length, current: window{own: map[uint64]int{}}, previous: window{own: map[uint64]int{}},
	}
}

// of returns the count of a key.
func (w *window) of(key uint64) int {
	if n, ok := w.own[key]; ok || len(w.own) < maxKeys {
		return n
	}
	return w.shared[key%sharedCounts]
}

func (w *window) add(key uint64, n int) {
	if _, ok := w.own[key]; ok || len(w.own) < maxKeys {
		w.own[key] += n
		return
	}
	w.shared[key%sharedCounts] += n
}

// Config does nothing: the limiter and the counter get the same length.
func (*windows) Config(int, time.Duration) {}

// Increment counts one request.
func (w *windows) Increment(key string, current time.Time) error {
	return w.IncrementBy(key, current, 1)
}

// IncrementBy counts requests of a key in the window that begins at current.
func (w *windows) IncrementBy(key string, current time.Time, n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.begun.Equal(current) {
		if !w.begun.Equal(current.Add(-w.length)) {
			w.current = window{own: map[uint64]int{}}
		}
		w.previous, w.current, w.begun = w.current, window{own: map[uint64]int{}}, current
	}
	w.current.add(maphash.String(w.seed, key), n)
	return nil
}

// Get returns the counts of a key in two windows.
func (w *windows) Get(key string, current, previous time.Time) (now, before int, err error) {
	hash := maphash.String(w.seed, key)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.begun.Equal(current):
		return w.current.of(hash), w.previous.of(hash), nil
	case w.begun.Equal(previous):
		return 0, w.current.of(hash), nil
	}
	return 0, 0, nil
}
