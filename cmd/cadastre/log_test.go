package main

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

// TestARestoredFolderGoesOn: a folder is put back from a copy that is older than a
// checkpoint that someone holds. The commands that its messages name lead to a node that
// an audit finds whole, with the trust file of the beginning.
func TestARestoredFolderGoesOn(t *testing.T) {
	dir, keys := laidOut(t), t.TempDir()
	profile := filepath.Join(keys, "authority.json")
	jws := must(t, "genesis", "sign", filepath.Join(dir, "genesis.request"), "--name", "市数据局", "--uscc", testUSCC("1143030000000000A"),
		"--profile", profile, "--recovery", filepath.Join(keys, "recovery.json"))
	trust := write(t, "trust.json", must(t, "init", "--dir", dir, "--genesis", write(t, "genesis.jws", jws)))
	kept := filepath.Join(t.TempDir(), "copy")
	if err := exec.Command("cp", "-a", dir, kept).Run(); err != nil {
		t.Fatal(err)
	}
	held := write(t, "checkpoint.txt", recordedMore(t, dir, profile))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(kept, dir); err != nil {
		t.Fatal(err)
	}
	if err := node.WriteRestored(dir, node.Restored{At: time.Now(), BackupAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--dir", dir}, "--last-checkpoint FILE"},
		{[]string{"serve", "--dir", dir, "--last-checkpoint", trust}, "neither a checkpoint nor a bundle"},
		{[]string{"serve", "--dir", dir, "--last-checkpoint", held}, "cadastre log begin --dir"},
	} {
		if code, _, errs := command(t, append(c.args, "--lang", "en")...); code != proving.ExitFailed || !strings.Contains(errs, c.want) {
			t.Fatalf("%v: exit %d, %s", c.args, code, errs)
		}
	}
	if out := must(t, "log", "begin", "--dir", dir, "--held", held, "--lang", "en"); !strings.Contains(out, "cadastre log sign") {
		t.Errorf("the request: %s", out)
	}
	signed := write(t, "log.jws", must(t, "log", "sign", filepath.Join(dir, "log.request"), "--profile", profile))
	must(t, "log", "begin", "--dir", dir, "--signed", signed)
	if out := must(t, "audit", dir, "--trust", trust, "--lang", "en"); !strings.Contains(out, "log restored at 1:") {
		t.Errorf("the audit does not say that the log was restored:\n%s", out)
	}
	n, err := node.Open(t.Context(), node.Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	must(t, "doctor", dir)
	must(t, "head", dir)
	code, _, errs := command(t, "log", "begin", "--dir", dir, "--held", held, "--lang", "en")
	if code != proving.ExitFailed || !strings.Contains(errs, "first line") {
		t.Errorf("the checkpoint of a log that has ended: exit %d, %s", code, errs)
	}
}

// recordedMore records a call on the ledger in dir, and returns the checkpoint that
// covers it.
func recordedMore(t *testing.T, dir, profile string) string {
	t.Helper()
	p, err := client.LoadProfile(profile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := p.Signer()
	if err != nil {
		t.Fatal(err)
	}
	at := ledger.Millis(time.Now().UnixMilli())
	call, err := ledger.SignCall(key, ledger.Call{
		Ledger: p.Ledger, ID: node.NewID(), Party: p.Party, Function: ledger.FnCalendarSet, Time: at, Expires: at + ledger.MaxExpiry,
	}, ledger.CalendarArgs{Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电"})
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Record(t.Context(), dir, slog.New(slog.DiscardHandler), time.Now, call); err != nil {
		t.Fatal(err)
	}
	s, err := embedded.OpenSnapshot(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	msg, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return string(msg)
}
