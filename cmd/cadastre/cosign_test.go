package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestAuditSigns goes the whole way: an auditor replays a node's ledger and cosigns it,
// the node's bundles stand under that while it covers them, and verify says so to who
// has the auditor in his trust file.
func TestAuditSigns(t *testing.T) {
	b := build(t)
	dir := t.TempDir()
	d := b.demo(filepath.Join(dir, "node"))
	url, _ := b.serve(filepath.Join(dir, "node"))
	key, out := filepath.Join(dir, "auditor.key"), filepath.Join(dir, "cosigned")
	var auditor evidence.Auditor
	b.read(&auditor, "keygen", "--use", "cosign", "--out", key, "--name", "audit.example.gov.cn")
	trust := withAuditor(t, d.Trust, auditor)
	bundle := func(name string) string {
		path := filepath.Join(dir, name)
		b.must("trace", "--order", d.Order, "--bundle", path, "--profile", d.Profiles["buyer"], "--url", url)
		return path
	}
	verified := func(trust, path string) (r evidence.Report) {
		b.read(&r, "verify", path, "--trust", trust)
		return r
	}
	before := verified(trust, bundle("before.json"))
	if len(before.Audits) != 0 || !slices.Contains(before.NotProven, evidence.LaterCalls) {
		t.Fatalf("before the audit: %+v", before)
	}
	if code, _, errs := b.run("audit", url, "--trust", d.Trust, "--profile", d.Profiles["buyer"], "--sign", key); code == proving.ExitOK {
		t.Errorf("a buyer audits: %s", errs)
	}
	var r audit.Report
	b.read(&r, "audit", url, "--trust", d.Trust, "--profile", d.Profiles["regulator"], "--sign", key, "--out", out)
	if r.Cosigner != auditor.Name {
		t.Fatalf("not cosigned: %+v", r)
	}
	after := bundle("after.json")
	named := verified(trust, after)
	if len(named.Audits) != 1 || named.Audits[0].Size != r.Size || slices.Contains(named.NotProven, evidence.LaterCalls) || slices.Contains(named.NotProven, evidence.Suspensions) {
		t.Errorf("after the audit of %d entries: %+v", r.Size, named)
	}
	if stranger := verified(d.Trust, after); len(stranger.Audits) != 0 || !slices.Contains(stranger.NotProven, evidence.LaterCalls) {
		t.Errorf("by a trust file that does not name the auditor: %+v", stranger)
	}
	for lang, says := range map[string]string{"zh": "市审计局 已重放整个账本至第", "en": "the whole ledger was replayed by 市审计局 up to entry"} {
		if text := b.must("verify", after, "--trust", trust, "--lang", lang); !strings.Contains(text, says) {
			t.Errorf("verify says %s", text)
		}
	}
	// A cosignature under the named key that is none is refused.
	raw, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := write(t, "spoiled.json", strings.Replace(string(raw), lastLine(t, out), lastLine(t, out)[:60]+"AAAA"+lastLine(t, out)[64:], 1))
	if code, _, errs := b.run("verify", spoiled, "--trust", trust); code != proving.ExitUnproven {
		t.Errorf("a spoiled cosignature: %d, %s", code, errs)
	}
	// What comes later is not covered: the bundle stands under the newest checkpoint.
	b.must("order", "fulfill", d.Order, "--ground", "done", "--profile", d.Profiles["operator"], "--url", url)
	later := verified(trust, bundle("later.json"))
	if len(later.Audits) != 0 || !slices.Contains(later.NotProven, evidence.LaterCalls) || len(later.Steps) <= len(named.Steps) {
		t.Errorf("after a call more: %+v", later)
	}
	b.must("audit", url, "--trust", d.Trust, "--profile", d.Profiles["regulator"], "--sign", key)
	if again := verified(trust, bundle("again.json")); len(again.Audits) != 1 || again.Audits[0].Size <= r.Size {
		t.Errorf("audited again: %+v", again)
	}
	// An auditor who has signed this log signs no other of its name.
	resign(t, key)
	if code, _, errs := b.run("audit", url, "--trust", d.Trust, "--profile", d.Profiles["regulator"], "--sign", key); code != proving.ExitUnproven {
		t.Errorf("another log is signed: %d, %s", code, errs)
	}
}

// withAuditor is a copy of a trust file that names an auditor.
func withAuditor(t *testing.T, path string, a evidence.Auditor) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := evidence.ParseTrust(raw)
	if err != nil {
		t.Fatal(err)
	}
	a.Name = "市审计局"
	trust.Auditors = []evidence.Auditor{a}
	raw, err = json.Marshal(trust)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "trust-auditor.json", string(raw))
}

// lastLine is the last line of a file.
func lastLine(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return lines[len(lines)-1]
}

// resign has the file of a key say that it signed another root.
func resign(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var k client.AuditorKey
	if err := json.Unmarshal(raw, &k); err != nil || len(k.Signed) != 1 {
		t.Fatalf("%v, signed %v", err, k.Signed)
	}
	k.Signed[0].Root = ledger.Digest(strings.Repeat("0", 64))
	if raw, err = json.Marshal(k); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
