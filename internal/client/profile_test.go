package client_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
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
		if err := want.Keep(file); err != nil {
			t.Fatal(err)
		}
		if got, err := client.LoadProfile(file); err != nil || got.Name != name {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
