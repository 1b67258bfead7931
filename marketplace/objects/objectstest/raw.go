package objectstest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/marketplace/objects"
)

const stored = unit + 32 // bytes of a full package

// names finds the stored names of one object's content and data key.
func names(t testing.TB, raw Raw, id string) (content, key string) {
	t.Helper()
	for _, n := range raw.Names(t) {
		switch {
		case strings.HasSuffix(n, id):
			content = n
		case strings.Contains(n, id+".key."):
			key = n
		}
	}
	if content == "" || key == "" {
		t.Fatalf("object %s: content %q, key %q", id, content, key)
	}
	return content, key
}

func testNoClearText(t *testing.T, o objects.Objects, raw Raw) {
	data := bytes.Repeat([]byte("clear text of a data holder; "), 20_000)
	info := put(t, o, data)
	for _, n := range raw.Names(t) {
		for _, secret := range []string{"clear text", "holder", info.SHA256} {
			if bytes.Contains(raw.Load(t, n), []byte(secret)) {
				t.Errorf("%s holds %q", n, secret)
			}
		}
	}
}

// mustRefuse reads the object whole, by its halves and by Stat. Reading whole
// must fail with ErrDamaged; whatever is handed out must be authentic.
func mustRefuse(t *testing.T, o objects.Objects, id string, data []byte, what string) {
	t.Helper()
	for i, r := range []struct{ from, to int }{{0, len(data)}, {0, len(data) / 2}, {len(data) / 2, len(data)}} {
		got, err := read(t.Context(), o, id, int64(r.from), int64(r.to-r.from))
		if !bytes.HasPrefix(data[r.from:], got) {
			t.Errorf("%s: altered bytes were handed out from %d on", what, r.from)
		}
		if (i == 0 || err != nil) && !errors.Is(err, objects.ErrDamaged) {
			t.Errorf("%s: reading %d to %d: %v", what, r.from, r.to, err)
		}
	}
}

func testAltered(t *testing.T, o objects.Objects, raw Raw) {
	for _, size := range []int{0, 1, unit, 3*unit + 100} {
		data := Content(10, size)
		info := put(t, o, data)
		content, _ := names(t, raw, info.ID)
		good := raw.Load(t, content)
		positions := []int{len(good) - 1, len(good) / 2}
		for p := 0; p < len(good); p += stored {
			positions = append(positions, p, p+1, p+2, p+3, p+4, p+5, p+15, p+16, p+20)
		}
		for _, p := range positions {
			for _, bit := range []byte{1, 0x80} {
				bad := bytes.Clone(good)
				bad[p] ^= bit
				raw.Save(t, content, bad)
				mustRefuse(t, o, info.ID, data, "altered")
			}
		}
		raw.Save(t, content, append(bytes.Clone(good), 0))
		mustRefuse(t, o, info.ID, data, "longer by a byte")
		raw.Save(t, content, append(bytes.Clone(good), good...))
		mustRefuse(t, o, info.ID, data, "doubled")
		raw.Save(t, content, good)
		mustContain(t, o, info.ID, data)
	}
}

// testCutShort checks that Open and Stat report the damage before the first byte.
func testCutShort(t *testing.T, o objects.Objects, raw Raw) {
	data := Content(11, 3*unit+100)
	info := put(t, o, data)
	content, _ := names(t, raw, info.ID)
	good := raw.Load(t, content)
	for _, n := range []int{0, 1, 31, 32, 33, stored - 1, stored, stored + 1, 2 * stored, 3 * stored, len(good) - 32, len(good) - 1} {
		raw.Save(t, content, good[:n])
		if r, err := o.Open(t.Context(), info.ID, 0, 1); !errors.Is(err, objects.ErrDamaged) {
			t.Errorf("cut to %d bytes: open gave %v, %v", n, r, err)
		}
		if i, err := o.Stat(t.Context(), info.ID); !errors.Is(err, objects.ErrDamaged) {
			t.Errorf("cut to %d bytes: stat gave %v, %v", n, i, err)
		}
	}
}

// testMovedPackage moves a package to another's place, with a nonce that makes its tag
// valid there, and reads a range that begins with it.
func testMovedPackage(t *testing.T, o objects.Objects, raw Raw) {
	data := Content(12, 4*unit)
	info := put(t, o, data)
	content, _ := names(t, raw, info.ID)
	bad := raw.Load(t, content)
	const from, to = 2, 1
	copy(bad[to*stored:(to+1)*stored], bad[from*stored:(from+1)*stored])
	sequence := bad[to*stored+12 : to*stored+16]
	binary.LittleEndian.PutUint32(sequence, binary.LittleEndian.Uint32(sequence)^from^to)
	raw.Save(t, content, bad)
	got, err := read(t.Context(), o, info.ID, to*unit, 100)
	if !errors.Is(err, objects.ErrDamaged) || len(got) != 0 {
		t.Errorf("a moved package gave %d bytes, %v", len(got), err)
	}
	mustRefuse(t, o, info.ID, data, "moved package")
}

func testExchanged(t *testing.T, o objects.Objects, raw Raw) {
	a, b := Content(13, 1000), Content(14, 1000)
	ia, ib := put(t, o, a), put(t, o, b)
	ca, ka := names(t, raw, ia.ID)
	cb, kb := names(t, raw, ib.ID)
	swap := func(x, y string) {
		dx, dy := raw.Load(t, x), raw.Load(t, y)
		raw.Save(t, x, dy)
		raw.Save(t, y, dx)
	}
	swap(ca, cb)
	mustRefuse(t, o, ia.ID, a, "content of another")
	swap(ka, kb)
	mustRefuse(t, o, ia.ID, a, "content and key of another")
	swap(ca, cb)
	mustRefuse(t, o, ia.ID, a, "key of another")
}

func testKeyAltered(t *testing.T, o objects.Objects, raw Raw) {
	data := Content(15, 1000)
	info := put(t, o, data)
	_, key := names(t, raw, info.ID)
	good := raw.Load(t, key)
	for p := range good {
		bad := bytes.Clone(good)
		bad[p] ^= 1
		raw.Save(t, key, bad)
		mustRefuse(t, o, info.ID, data, "key altered")
		raw.Save(t, key, good[:p])
		mustRefuse(t, o, info.ID, data, "key cut short")
	}
	raw.Save(t, key, make([]byte, 1<<20))
	mustRefuse(t, o, info.ID, data, "huge key")
	raw.Save(t, key, good)
	mustContain(t, o, info.ID, data)
}

// testRemains removes content or key by hand, as an interrupted Put or Delete does.
func testRemains(t *testing.T, o objects.Objects, raw Raw) {
	var ids []string
	for i := range 2 {
		id := put(t, o, Content(16, 100)).ID
		content, key := names(t, raw, id)
		raw.Remove(t, []string{content, key}[i])
		ids = append(ids, id)
		if _, err := o.Open(t.Context(), id, 0, -1); !errors.Is(err, objects.ErrNotExist) {
			t.Errorf("half an object opened: %v", err)
		}
		put(t, o, Content(17, i)) // a whole one beside it
	}
	for _, i := range list(t, o) {
		if i.Remains != slices.Contains(ids, i.ID) || i.Stored.IsZero() {
			t.Errorf("listed %v", i)
		}
		if err := o.Delete(t.Context(), i.ID); err != nil {
			t.Error(err)
		}
	}
	mustBeEmpty(t, o)
}
