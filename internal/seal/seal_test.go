package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/seal"
)

func newKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.Create(filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustSeal(t testing.TB, k seal.Key, plain []byte, context string) []byte {
	t.Helper()
	sealed, err := k.Seal(plain, context)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealOpens(t *testing.T) {
	k := newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "plain")
		context := rapid.String().Draw(t, "context")
		sealed, err := k.Seal(plain, context)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) != len(plain)+seal.Overhead {
			t.Fatalf("sealed %d bytes as %d", len(plain), len(sealed))
		}
		if len(plain) > 8 && bytes.Contains(sealed, plain) {
			t.Fatal("the sealed form shows the plain one")
		}
		got, err := k.Open(sealed, context)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened %x, %v; want %x", got, err, plain)
		}
	})
}

func TestSealIsRandom(t *testing.T) {
	k := newKey(t)
	if bytes.Equal(mustSeal(t, k, []byte("a"), "c"), mustSeal(t, k, []byte("a"), "c")) {
		t.Fatal("two seals of one text are equal")
	}
}

func TestOpenRefusesEveryAlteredByte(t *testing.T) {
	k := newKey(t)
	sealed := mustSeal(t, k, []byte("data key"), "object 1")
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 0x40
		want := seal.ErrDamaged
		if i >= 1 && i < 9 { // the key's id
			want = seal.ErrWrongKey
		}
		if _, err := k.Open(altered, "object 1"); !errors.Is(err, want) {
			t.Errorf("byte %d altered: %v, want %v", i, err, want)
		}
	}
	for n := range sealed {
		if _, err := k.Open(sealed[:n], "object 1"); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestOpenRefusesOtherContext(t *testing.T) {
	k := newKey(t)
	sealed := mustSeal(t, k, []byte("data key"), "object 1")
	if _, err := k.Open(sealed, "object 2"); !errors.Is(err, seal.ErrDamaged) {
		t.Fatalf("opened for another context: %v", err)
	}
}

func TestOpenNamesBothKeys(t *testing.T) {
	a, b := newKey(t), newKey(t)
	_, err := b.Open(mustSeal(t, a, []byte("x"), "c"), "c")
	if !errors.Is(err, seal.ErrWrongKey) || errors.Is(err, seal.ErrDamaged) {
		t.Fatalf("opened with another key: %v", err)
	}
	for _, id := range []string{a.ID(), b.ID()} {
		if !strings.Contains(err.Error(), id) {
			t.Errorf("%q does not name key %s", err, id)
		}
	}
}

func TestZeroKey(t *testing.T) {
	if _, err := (seal.Key{}).Seal(nil, ""); err == nil {
		t.Error("the zero key sealed")
	}
	if _, err := (seal.Key{}).Open(make([]byte, 100), ""); err == nil {
		t.Error("the zero key opened")
	}
}

func TestKeyPrintsItsIDOnly(t *testing.T) {
	k := newKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got, want := fmt.Sprintf(verb, k), "master key "+k.ID(); got != want {
			t.Errorf("%s printed %q, want %q", verb, got, want)
		}
	}
}

func TestCreateThenLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	made, err := seal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	loaded, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.ID() != made.ID() || len(made.ID()) != 16 {
		t.Fatalf("loaded key %s, made %s", loaded.ID(), made.ID())
	}
	if got, err := loaded.Open(mustSeal(t, made, []byte("x"), "c"), "c"); err != nil || string(got) != "x" {
		t.Fatalf("opened %q, %v", got, err)
	}
	if _, err := seal.Create(path); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("created over a key: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := seal.Create(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(good)
	other[len(other)-10] ^= 1
	for name, data := range map[string][]byte{
		"empty":       {},
		"cut":         good[:len(good)-1],
		"longer":      append(bytes.Clone(good), '\n'),
		"version 2":   bytes.Replace(good, []byte("key 1 "), []byte("key 2 "), 1),
		"another key": other,
		"line ends":   bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
		"huge":        bytes.Repeat(good, 100),
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Load(path); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal.Load(path + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestLoadRefusesReadableByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := seal.Create(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Load(path); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%04o", mode)) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := newKey(f)
	sealed := mustSeal(f, k, []byte("plain"), "c")
	f.Add(sealed, "c")
	f.Add(sealed[:20], "c")
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, data []byte, context string) {
		plain, err := k.Open(data, context)
		if err == nil && (!bytes.Equal(data, sealed) || context != "c" || string(plain) != "plain") {
			t.Fatalf("opened what was never sealed: %x", data)
		}
		if err != nil && !errors.Is(err, seal.ErrDamaged) && !errors.Is(err, seal.ErrWrongKey) {
			t.Fatalf("untyped error: %v", err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	path := filepath.Join(f.TempDir(), "master.key")
	if _, err := seal.Create(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("cadastre-master-key 1 \n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := seal.Load(p)
		if err == nil && !strings.HasPrefix(string(data), "cadastre-master-key 1 "+k.ID()+"\n") {
			t.Fatalf("loaded key %s from %q", k.ID(), data)
		}
		if err != nil && !errors.Is(err, seal.ErrDamaged) {
			t.Fatalf("untyped error: %v", err)
		}
	})
}
