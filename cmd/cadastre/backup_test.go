package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/proving"
)

// TestBackupAndRestore goes the whole way by commands: a key pair, a backup, its list and
// check, the restored folder, and the heads of both folders.
func TestBackupAndRestore(t *testing.T) {
	in := t.TempDir()
	dir, target, restored, identity := filepath.Join(in, "D"), filepath.Join(in, "T"), filepath.Join(in, "R"), filepath.Join(in, "backup.identity")
	must(t, "init", "--dir", dir, "--name", "市数籍", "--region", "430300", "--origin", testOrigin, "--uscc", testUSCC("12430300000000009"), "--demo")
	recipient, _, _ := strings.Cut(must(t, "keygen", "--use", "backup", "--out", identity), "\n")
	if info, err := os.Stat(identity); err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(recipient, "age1") {
		t.Fatalf("recipient %q, mode %v, %v", recipient, info.Mode(), err)
	}
	code, _, errs := command(t, "backup", target, "--dir", dir, "--recipient", recipient)
	if code == proving.ExitOK || !strings.Contains(errs, "从未运行过") {
		t.Errorf("a node that never ran: exit %d: %s", code, errs)
	}
	started(t, dir)
	var made struct {
		node.BackupReport
		Pruned *backup.Pruned
	}
	for range 3 {
		decode(t, must(t, "--json", "backup", target, "--dir", dir, "--recipient", recipient, "--retain", "2"), &made)
	}
	if len(made.Pruned.Removed) != 1 || made.SealedFor != backup.ForRecipients || made.Ledger.Size != 1 {
		t.Errorf("made %+v", made)
	}
	var list []backup.Listed
	decode(t, must(t, "--json", "backup", "list", target), &list)
	if len(list) != 2 || list[1].ID != made.ID || list[1].Origin != testOrigin {
		t.Errorf("listed %+v", list)
	}
	if out := must(t, "--lang", "en", "backup", "list", target); !strings.Contains(out, made.ID) || !strings.Contains(out, "recipients") {
		t.Errorf("listed %s", out)
	}
	if out := must(t, "--lang", "en", "backup", "check", target, "--identity", identity); !strings.Contains(out, "as it was written") {
		t.Errorf("checked: %s", out)
	}
	if out := must(t, "--lang", "en", "restore", target, restored, "--identity", identity, "--at", list[0].ID); !strings.Contains(out, "profiles/") {
		t.Errorf("it does not say what is missing: %s", out)
	}
	if a, b := must(t, "head", dir), must(t, "head", restored); a != b || !strings.Contains(a, string(made.Ledger.Root)) {
		t.Errorf("heads %s and %s", a, b)
	}
	path := filepath.Join(target, "backups", made.ID, "folder", "ledger.db")
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"backup", "check", target, "--identity", identity}, {"restore", target, filepath.Join(in, "no"), "--identity", identity}} {
		if code, _, errs := command(t, args...); code != proving.ExitFailed || !strings.Contains(errs, "folder/ledger.db") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// started opens a node once, so that it has all databases.
func started(t *testing.T, dir string) {
	t.Helper()
	n, err := node.Open(t.Context(), node.Options{Dir: dir, Log: logger(os.Stderr), Now: now, Version: "test"})
	if err == nil {
		err = n.Close(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestBackupRefuses(t *testing.T) {
	in := t.TempDir()
	open, short, good := filepath.Join(in, "open"), write(t, "short", "too short\n"), write(t, "good", "long enough a passphrase\n")
	if err := os.WriteFile(open, []byte("long enough a passphrase"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--passphrase-file", open}, "0644"},
		{[]string{"--passphrase-file", short}, "12"},
		{[]string{"--passphrase-file", good, "--recipient", "age1x"}, "not both"},
		{[]string{"--recipient", "age1x"}, "age1x is not valid"},
		{[]string{"--recipient", filepath.Join(in, "no")}, "no such file"},
		{[]string{"--retain=-1"}, "above 0"},
		{nil, "has no node"},
	} {
		code, _, errs := command(t, append([]string{"--lang", "en", "backup", filepath.Join(in, "T"), "--dir", in}, c.args...)...)
		if code != proving.ExitFailed || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit %d: %s", c.args, code, errs)
		}
	}
	if code, _, errs := command(t, "--lang", "en", "backup", "s3://bucket/prefix", "--dir", in); code != proving.ExitFailed || !strings.Contains(errs, "--endpoint") {
		t.Errorf("a bucket without an address: exit %d: %s", code, errs)
	}
	if code, _, errs := command(t, "--lang", "en", "restore", in, filepath.Join(in, "D")); code != proving.ExitFailed || !strings.Contains(errs, "has no backups") {
		t.Errorf("no backups: exit %d: %s", code, errs)
	}
}
