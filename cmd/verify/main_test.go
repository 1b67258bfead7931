package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal/terminaltest"
	"github.com/datacadastre/cadastre/ledger"
)

// vectors are bundles of a ledger that the tests of package evidence made.
const vectors = "../../ledger/evidence/testdata/"

func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, content)
	return path
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerify(t *testing.T) {
	bundle, trust := vectors+"order.json", vectors+"trust.json"
	raw, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	cut := file(t, "cut.json", string(raw[:len(raw)/2]))
	noProfile := file(t, "profile.json", `{"uri":"http://127.0.0.1:1"}`)
	for _, c := range []struct {
		name, says string
		args       []string
		code       int
	}{
		{"proven", "核验通过", []string{bundle, "--trust", trust}, proving.ExitOK},
		{"in English", "Proven:", []string{bundle, "--trust", trust, "--lang", "en"}, proving.ExitOK},
		{"by its name", "核验通过", []string{"verify", bundle, "--trust", trust}, proving.ExitOK},
		{"a report", `"not_proven"`, []string{bundle, "--trust", trust, "--json"}, proving.ExitOK},
		{"cut", "不是证据包", []string{cut, "--trust", trust}, proving.ExitUnproven},
		{"cut, in English", "this is not a bundle", []string{cut, "--trust", trust, "--lang", "en"}, proving.ExitUnproven},
		{"another file", "没有此文件", []string{bundle, "--trust", trust, "--file", cut}, proving.ExitUnproven},
		{"no trust file", "--trust", []string{bundle}, proving.ExitUsage},
		{"a trust file that is none", "信任文件", []string{bundle, "--trust", cut}, proving.ExitRefused},
		{"no such folder", "ledger.db", []string{"audit", filepath.Join(t.TempDir(), "none"), "--trust", trust}, proving.ExitFailed},
		{"a profile that is none", "profile", []string{"audit", "http://127.0.0.1:1", "--trust", trust, "--profile", noProfile}, proving.ExitFailed},
		{"no node there", "节点是否在该地址运行", []string{"audit", "http://127.0.0.1:1", "--trust", trust}, proving.ExitUnavailable},
	} {
		code, out, errs := command(t, c.args...)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%s: exit %d, %s%s; want %d and %q", c.name, code, out, errs, c.code, c.says)
		}
	}
}

// latin finds words in Latin letters; those of known are names: of places in a bundle,
// of functions, and of what has no Chinese name.
var (
	latin = regexp.MustCompile(`[A-Za-z]{3,}`)
	known = regexp.MustCompile(`verify: |--node|node2?\.example[\w/.]*|[0-9a-f-]{36,64}|calls\[\d+\]|[a-z_]+\.[a-z_]+|SHA-256|JSON|URL|UTC|one_form|known_version|湘潭市公共数据资源登记`)
)

// TestFailuresAreInOneLanguage: why a forged bundle or a forged log proves nothing is
// said in the user's language, its details too.
func TestFailuresAreInOneLanguage(t *testing.T) {
	forged, err := filepath.Glob(vectors + "forged-*.json")
	if err != nil || len(forged) < 4 {
		t.Fatalf("the forged bundles are missing: %v", err)
	}
	url, trust, _ := node(t, func(g golden) (string, []json.RawMessage) {
		return g.Receipts, append([]json.RawMessage{json.RawMessage(`{"v":9}`)}, g.Log[1:]...)
	})
	lines := [][]string{{"audit", url, "--trust", trust}}
	for _, name := range []string{trust, vectors + "trust.json"} {
		b, err := os.ReadFile(name)
		other := strings.NewReplacer(`"demo": true`, `"demo": false`, `"demo":true`, `"demo":false`).Replace(string(b))
		if err != nil || other == string(b) {
			t.Fatalf("the trust file can't be changed: %v, %s", err, b)
		}
		line := []string{"audit", url, "--trust", file(t, "other.json", other)}
		if name != trust {
			line = []string{vectors + "order.json", "--trust", file(t, "other.json", other)}
		}
		lines = append(lines, line)
	}
	for _, f := range forged {
		lines = append(lines, []string{f, "--trust", vectors + "trust.json"})
	}
	for _, args := range lines {
		for _, lang := range []string{"zh", "en"} {
			code, out, errs := command(t, append(args, "--lang", lang)...)
			said := known.ReplaceAllString(out+errs, "")
			if code != proving.ExitUnproven || terminaltest.Han(said) != (lang == "zh") || lang == "zh" && latin.MatchString(said) {
				t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
			}
		}
	}
}

// TestRecords writes the records that a bundle leads to, each as the ledger stores it.
func TestRecords(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	args := []string{vectors + "order.json", "--trust", vectors + "trust.json", "--records", dir}
	if code, out, errs := command(t, args...); code != proving.ExitOK {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	orders, err := filepath.Glob(filepath.Join(dir, ledger.KindOrder+"_*.json"))
	if err != nil || len(orders) != 1 {
		t.Fatalf("orders %v, %v", orders, err)
	}
	raw, err := os.ReadFile(orders[0])
	if err != nil {
		t.Fatal(err)
	}
	var o ledger.Order
	if err := ledger.DecodeStrict(bytes.TrimSpace(raw), &o); err != nil || o.ID == "" {
		t.Errorf("%s: %v", raw, err)
	}
	if code, _, errs := command(t, args...); code == proving.ExitOK || !strings.Contains(errs, "records") {
		t.Errorf("a folder that is there is written into: %d, %s", code, errs)
	}
}

// TestHelpIsInBothLanguages, of every command, flag and argument.
func TestHelpIsInBothLanguages(t *testing.T) {
	parser, err := newParser(&commands{}, "en")
	if err != nil {
		t.Fatal(err)
	}
	terminaltest.Model(t, parser.Model)
	for lang, says := range map[string]string{"zh": "用法：verify ", "en": "Usage: verify "} {
		if code, out, errs := command(t, "--help", "--lang", lang); code != proving.ExitOK || !strings.HasPrefix(out, says) {
			t.Errorf("exit %d, %s%s", code, out, errs)
		}
	}
}
