package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// TestAProfileIsItsOwnersAlone, whatever an earlier, interrupted writing left.
func TestAProfileIsItsOwnersAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "party.json")
	if err := os.WriteFile(file+".tmp", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want := client.Profile{URL: "http://127.0.0.1:8480", Name: "first"}
	for _, name := range []string{"first", "second"} {
		want.Name = name
		if err := want.Save(file); err != nil {
			t.Fatal(err)
		}
		if got, err := client.LoadProfile(file); err != nil || got.Name != name {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// TestMovedProfiles keep all but the address.
func TestMovedProfiles(t *testing.T) {
	dir := t.TempDir()
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]client.Profile{}
	for _, name := range []string{"holder.json", "buyer.json"} {
		p := client.Profile{URL: "http://127.0.0.1:39999", Origin: "data.example", Name: name, Use: ledger.UseSign}
		if err := errors.Join(p.SetKey(key), p.Save(filepath.Join(dir, name))); err != nil {
			t.Fatal(err)
		}
		p.URL = "http://127.0.0.1:8480"
		want[name] = p
	}
	for range 2 {
		if err := client.MoveProfiles(dir, "http://127.0.0.1:8480"); err != nil {
			t.Fatal(err)
		}
		for name := range want {
			got, err := client.LoadProfile(filepath.Join(dir, name))
			if diff := cmp.Diff(want[name], got); diff != "" || err != nil {
				t.Errorf("%s: %v\n%s", name, err, diff)
			}
		}
	}
	if err := client.MoveProfiles(filepath.Join(dir, "none"), "http://127.0.0.1:1"); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *client.BadProfileError
	if err := client.MoveProfiles(dir, "http://127.0.0.1:1"); !errors.As(err, &bad) {
		t.Errorf("a file that is no profile: %v", err)
	}
}

// TestTheProfilesFormIsTold: docs/api.md names every member of the file.
func TestTheProfilesFormIsTold(t *testing.T) {
	b, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "\n## The profile file\n")
	section, _, _ = strings.Cut(section, "\n## ")
	typ := reflect.TypeFor[client.Profile]()
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !ok || !strings.Contains(section, "\n| `"+name+"` | ") {
			t.Errorf("docs/api.md does not tell of %s", name)
		}
	}
}
