package demo_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/demo"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestStory plays the whole story, which checks each of its steps.
func TestStory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	r, err := demo.Run(t.Context(), demo.Options{
		Dir: dir, Listen: "127.0.0.1:0", English: true, Version: "test", Out: t.Output(),
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, Verify: verify,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Returned != 1 || r.Refused != 1 || r.Objected != 1 || r.Supplies != 1 || r.Orders != 4 || r.Deliveries != 3 || r.Denied != 2 {
		t.Errorf("the story came to %+v", r)
	}
	if got, ok := demo.Complete(dir); !ok || got.Order != r.Order || got.Profiles["buyer"] == "" {
		t.Error("the folder is not marked complete")
	}
	for who, file := range r.Profiles { // the story's own port is gone
		if p, err := client.LoadProfile(file); err != nil || p.URL != "http://127.0.0.1:8480" {
			t.Errorf("%s: %q, %v", who, p.URL, err)
		}
	}
}

func verify(bundle, trust []byte) error {
	tr, err := evidence.ParseTrust(trust)
	if err != nil {
		return err
	}
	_, err = evidence.Verify(bundle, tr, ledger.Standard(), map[string]evidence.Checker{"tlog": evidence.TLog{}})
	return err
}
