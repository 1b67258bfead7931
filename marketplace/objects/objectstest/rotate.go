package objectstest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Rotating is an optional interface: sealing every data key again under another master
// key, the same one each time, and opening the store with it.
type Rotating interface {
	RotateTo(ctx context.Context) (objects.Rotation, error)
	Rotated(t testing.TB) objects.Objects
}

// testRotation checks that the new master key alone reads every object, and that no
// content was rewritten.
func testRotation(t *testing.T, o objects.Objects, raw Raw) {
	r, ok := o.(Rotating)
	if !ok {
		t.Skip("the store's master key cannot be changed")
	}
	contents, before := fill(t, o, raw)
	done, err := r.RotateTo(t.Context())
	if err != nil || done.Keys != len(contents) || len(done.Damaged) != 0 {
		t.Fatalf("rotated %v, %v; want %d keys", done, err, len(contents))
	}
	mustBeRotated(t, r.Rotated(t), raw, contents, before)
	for id := range contents {
		if _, err := o.Stat(t.Context(), id); err == nil {
			t.Error("the old master key still opens an object")
		}
	}
	if again, err := r.RotateTo(t.Context()); err != nil || again.Keys != 0 {
		t.Errorf("rotated again: %v, %v", again, err)
	}
}

// testInterruptedRotation stops a rotation at each of its steps and continues it.
func testInterruptedRotation(t *testing.T, o objects.Objects, raw Raw) {
	r, ok := o.(Rotating)
	if !ok {
		t.Skip("the store's master key cannot be changed")
	}
	contents, before := fill(t, o, raw)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if done, err := r.RotateTo(ended); !errors.Is(err, context.Canceled) || done.Keys == len(contents) {
		t.Fatalf("an ended rotation: %v, %v", done, err)
	}
	if _, err := r.RotateTo(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As a kill between the two steps of an object leaves it: its old key beside
	// the new one. For a second object the new key is damaged, for a third missing.
	i := 0
	for old, key := range before {
		id, _, isKey := strings.Cut(old[strings.LastIndex(old, "/")+1:], ".key.")
		if !isKey {
			continue
		}
		raw.Save(t, old, key)
		now := newKeyOf(t, raw, id, before)
		switch i++; i % 3 {
		case 1:
			bad := raw.Load(t, now)
			bad[len(bad)-1] ^= 1
			raw.Save(t, now, bad)
		case 2:
			raw.Remove(t, now)
		}
	}
	done, err := r.RotateTo(t.Context())
	if err != nil || done.Keys != len(contents) {
		t.Fatalf("went on: %v, %v", done, err)
	}
	mustBeRotated(t, r.Rotated(t), raw, contents, before)
}

// testRotationOfDamaged checks that a key which can't be unsealed is not changed.
func testRotationOfDamaged(t *testing.T, o objects.Objects, raw Raw) {
	r, ok := o.(Rotating)
	if !ok {
		t.Skip("the store's master key cannot be changed")
	}
	bad, good := put(t, o, Content(20, 100)).ID, put(t, o, Content(21, 100)).ID
	_, key := names(t, raw, bad)
	sealed := raw.Load(t, key)
	sealed[len(sealed)-1] ^= 1
	raw.Save(t, key, sealed)
	done, err := r.RotateTo(t.Context())
	if err != nil || done.Keys != 1 || len(done.Damaged) != 1 || done.Damaged[0] != bad {
		t.Fatalf("rotated %v, %v", done, err)
	}
	mustContain(t, r.Rotated(t), good, Content(21, 100))
	if got := raw.Load(t, key); !bytes.Equal(got, sealed) {
		t.Error("a damaged key was touched")
	}
}

// fill puts some objects and returns everything that is stored for them.
func fill(t *testing.T, o objects.Objects, raw Raw) (contents, stored map[string][]byte) {
	t.Helper()
	contents, stored = map[string][]byte{}, map[string][]byte{}
	for i, size := range []int{0, 1, unit, 2*unit + 5} {
		data := Content(uint64(30+i), size)
		contents[put(t, o, data).ID] = data
	}
	for _, n := range raw.Names(t) {
		stored[n] = raw.Load(t, n)
	}
	return contents, stored
}

// newKeyOf returns the name of an object's key that is not in before.
func newKeyOf(t *testing.T, raw Raw, id string, before map[string][]byte) (key string) {
	t.Helper()
	for _, n := range raw.Names(t) {
		if _, was := before[n]; !was && strings.Contains(n, id+".key.") {
			key = n
		}
	}
	if key == "" {
		t.Fatalf("object %s has no new key", id)
	}
	return key
}

func mustBeRotated(t *testing.T, after objects.Objects, raw Raw, contents, before map[string][]byte) {
	t.Helper()
	for id, data := range contents {
		mustContain(t, after, id, data)
	}
	stored := raw.Names(t)
	if len(stored) != 2*len(contents) {
		t.Errorf("%d objects in %d names: %v", len(contents), len(stored), stored)
	}
	for _, n := range stored {
		old, was := before[n]
		switch isKey := strings.Contains(n, ".key."); {
		case isKey && was:
			t.Errorf("the old key %s is still there", n)
		case !isKey && !bytes.Equal(old, raw.Load(t, n)):
			t.Errorf("the content %s was rewritten", n)
		}
	}
}
