package main

import (
	"bytes"
	"cmp"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
)

// TestProgram holds what the shipped program does, in processes of its own.
func TestProgram(t *testing.T) {
	b := build(t)
	dir := filepath.Join(t.TempDir(), "node")
	d := b.demo(dir)
	url, pid := b.serve(dir, "--log-entries", "public")
	at := func(b built, t *testing.T) served { b.t = t; return served{b, d, url, pid} }
	t.Run("what is served", func(t *testing.T) { at(b, t).pages() })
	t.Run("fetched and traced", func(t *testing.T) { at(b, t).traced() })
	t.Run("exit codes", func(t *testing.T) { at(b, t).codes() })
	t.Run("checked", func(t *testing.T) { at(b, t).checked() })
	t.Run("what may be done", func(t *testing.T) { at(b, t).possible() })
	t.Run("a gigabyte", func(t *testing.T) { at(b, t).gigabyte() })
}

// served is the demonstration's node, served again.
type served struct {
	built
	told
	url string
	pid int
}

// as are the flags of whoever acts. The profile knows where the node is served.
func (s served) as(who string, args ...string) []string {
	return append(args, "--profile", s.Profiles[who])
}

// TestProfilesOfADemonstration name the address of the node that is served in the
// end, when the story was told just now as when it is served again elsewhere.
func TestProfilesOfADemonstration(t *testing.T) {
	b := build(t)
	dir := filepath.Join(t.TempDir(), "node")
	for what, ask := range map[string]string{"told": "", "served again": "", "on a free port": "127.0.0.1:0"} {
		t.Run(what, func(t *testing.T) {
			b := b
			b.t = t
			free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := free.Addr().String()
			if err := free.Close(); err != nil {
				t.Fatal(err)
			}
			url, _, printed := b.startUntil(" verify ", "demo", "--serve", "--dir", dir, "--listen", cmp.Or(ask, address), "--lang", "en")
			if ask != "" {
				address = strings.TrimPrefix(url, "http://")
			}
			if strings.HasSuffix(address, ":8480") || strings.HasSuffix(address, ":0") {
				t.Errorf("it is served at %s", address)
			}
			b.tryOut(" --url "+url, printed)
			profiles, err := filepath.Glob(filepath.Join(dir, "profiles", "*.json"))
			if err != nil || len(profiles) < 9 {
				t.Fatalf("%v, %v", profiles, err)
			}
			for _, file := range profiles {
				if p, err := client.LoadProfile(file); err != nil || p.URL != url || url != "http://"+address {
					t.Errorf("%s: %q, %v; served at %q", file, p.URL, err, url)
				}
			}
			b.must("order", "list", "--profile", filepath.Join(dir, "profiles", "buyer.json"))
		})
	}
}

// TestCommandsOfADemonstration: a demonstration that has ended prints how to serve its
// node, and commands that find the node where it is served then.
func TestCommandsOfADemonstration(t *testing.T) {
	b := build(t)
	dir := filepath.Join(t.TempDir(), "node")
	printed := strings.Split(b.must("demo", "--dir", dir, "--lang", "en"), "\n")
	i := slices.IndexFunc(printed, func(line string) bool { return strings.HasPrefix(line, "  "+b.path+" serve ") })
	if i < 0 {
		t.Fatalf("no command serves the node:\n%s", strings.Join(printed, "\n"))
	}
	b.start(append(strings.Fields(printed[i])[1:], "--listen", "127.0.0.1:0")...) // not the port that others may use
	b.tryOut("", slices.Delete(printed, i, i+1))
}

// tryOut runs the commands that a demonstration prints. Those that ask the node end with
// flags, which name the address that is served, and no line of the log stands among them.
func (b built) tryOut(flags string, printed []string) {
	b.t.Helper()
	ran := 0
	for _, line := range printed {
		if strings.Contains(line, "level=") {
			b.t.Errorf("a line of the log: %s", line)
		}
		args := strings.Fields(line)
		if len(args) < 3 || args[0] != b.path {
			continue
		}
		if args[1] != "verify" && !strings.HasSuffix(line, flags) {
			b.t.Errorf("the command does not end with %q: %s", flags, line)
		}
		if i := slices.Index(args, "--output"); i >= 0 {
			args[i+1] = filepath.Join(b.t.TempDir(), args[i+1])
		}
		b.must(args[1:]...)
		ran++
	}
	if ran != 3 {
		b.t.Errorf("%d commands were printed:\n%s", ran, strings.Join(printed, "\n"))
	}
}

func (s served) pages() {
	for _, path := range []string{
		"/", "/readyz", "/openapi.json", "/c/" + s.Code, "/v1/certificates/" + s.Code, "/v1/resources?q=车", "/v1/about",
		"/log/ledger/checkpoint", "/log/receipts/vkey", "/log/ledger/tile/entries/000.p/50",
	} {
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			s.t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func (s served) traced() {
	file := filepath.Join(s.t.TempDir(), "got.csv")
	var got client.Fetched
	s.read(&got, s.as("buyer", "fetch", s.Order, "--output", file)...)
	if string(got.SHA256) != s.SHA256 {
		s.t.Errorf("fetched %s, want %s", got.SHA256, s.SHA256)
	}
	if _, err := os.Stat(file + ".receipt.json"); err != nil {
		s.t.Error(err)
	}
	var order struct {
		Product string `json:"product_id"`
	}
	s.read(&order, s.as("buyer", "order", "show", s.Order)...)
	bundle := filepath.Join(s.t.TempDir(), "evidence.json")
	for _, args := range [][]string{
		{file},
		{"--sha256", s.SHA256},
		{"--receipt", s.Receipt},
		{"--order", s.Order, "--bundle", bundle},
		{"--product", order.Product},
		{"--certificate", s.Code},
		{"--product", order.Product, "--forward"},
	} {
		if out := s.must(s.as("buyer", append([]string{"trace"}, args...)...)...); strings.Count(out, "\n") < 5 {
			s.t.Errorf("trace %v tells little: %s", args, out)
		}
	}
	s.must("verify", bundle, "--trust", s.Trust)
}

func (s served) codes() {
	forged := filepath.Join(s.t.TempDir(), "forged.json")
	b, err := os.ReadFile(s.Bundle)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(forged, bytes.Replace(b, []byte(s.Order), []byte(s.Receipt), 1), 0o600); err != nil {
		s.t.Fatal(err)
	}
	output := filepath.Join(s.t.TempDir(), "file")
	for _, c := range []struct {
		want int
		args []string
	}{
		{proving.ExitOK, []string{"version"}},
		{proving.ExitOK, []string{"verify", s.Bundle, "--trust", s.Trust}},
		{proving.ExitFailed, []string{"token", "--profile", output}},
		{proving.ExitUsage, []string{"verify", s.Bundle}},
		{proving.ExitUsage, []string{"trace", "--order", s.Order, "--sha256", s.SHA256, "--url", s.url}},
		{proving.ExitUsage, []string{"trace", "--url", s.url}},
		{proving.ExitRefused, s.as("operator2", "fetch", s.Order, "--output", output)},
		{proving.ExitRefused, []string{"registry", "certificate", "430300-1-20261125-AAAAAAAA-A", "--url", s.url}},
		{proving.ExitUnavailable, []string{"registry", "search", "x", "--url", "http://127.0.0.1:1"}},
		{proving.ExitUnproven, []string{"verify", forged, "--trust", s.Trust}},
	} {
		if code, _, errs := s.run(c.args...); code != c.want || code != proving.ExitOK && errs == "" {
			s.t.Errorf("cadastre %s: exit %d, want %d: %s", strings.Join(c.args, " "), code, c.want, errs)
		}
	}
	if _, err := os.Stat(output); !os.IsNotExist(err) {
		s.t.Error("a refused fetch left a file")
	}
}

// checked asks a real node: what it allows and refuses, and that nothing changed.
func (s served) checked() {
	var before, after struct {
		State   string `json:"state"`
		Product string `json:"product_id"`
		Cite    struct {
			Payload string `json:"payload"`
		} `json:"cite"`
	}
	s.read(&before, s.as("buyer", "order", "show", s.Order)...)
	file := filepath.Join(s.t.TempDir(), "more.csv")
	if err := os.WriteFile(file, []byte("a,b\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	product := "product/" + before.Product
	for _, c := range []struct {
		exit int
		who  string
		args []string
		want string // in what is printed
	}{
		{proving.ExitOK, "operator", []string{"order", "fulfill", s.Order, "--ground", "delivered"}, " (order.fulfill)\n"},
		{proving.ExitRefused, "operator2", []string{"order", "fulfill", s.Order, "--ground", "delivered"}, "not found"},
		{proving.ExitRefused, "operator", []string{"order", "fulfill", s.Order, "--ground", "delivered", "--answers", s.SHA256}, "answers"},
		{proving.ExitOK, "operator", []string{"product", "content", "add", file, "--subject", product}, " (content.add)\n"},
		{proving.ExitRefused, "operator2", []string{"product", "content", "add", file, "--subject", product}, "not yours"},
		{proving.ExitOK, "holder", []string{"party", "rotate-key"}, " (key.rotate)\n"},
		{proving.ExitOK, "buyer", []string{"order", "place", "--product", before.Product, "--purpose", "industry/logistics", "--text", "x"}, " (order.place)\n"},
	} {
		code, out, errs := s.run(s.as(c.who, append(c.args, "--check")...)...)
		if code != c.exit || !strings.Contains(out+errs, c.want) || strings.Contains(errs, "salt") {
			s.t.Errorf("%v by %s: exit %d, %q, %q", c.args, c.who, code, out, errs)
		}
	}
	s.read(&after, s.as("buyer", "order", "show", s.Order)...)
	if before != after {
		s.t.Errorf("the order was %+v and is %+v", before, after)
	}
	if out := s.must(s.as("operator", "product", "content", "list", product)...); strings.Contains(out, "more.csv") {
		s.t.Errorf("a check added content: %s", out)
	}
	if _, err := os.Stat(s.Profiles["holder"] + ".next"); !os.IsNotExist(err) {
		s.t.Error("a check kept a new key")
	}
}

// possible asks a real node what may be done on the order, and by whom.
func (s served) possible() {
	on := []string{"acts", "--on", "order/" + s.Order, "--lang", "en"}
	for who, want := range map[string]string{
		"operator": "order.fulfill                Fulfill an order\n", "regulator": "order.block                  Block an order\n",
	} {
		if got := s.must(s.as(who, on...)...); got != want {
			s.t.Errorf("%s: %q, want %q", who, got, want)
		}
	}
	if code, out, errs := s.run(s.as("operator2", on...)...); code != proving.ExitRefused || out != "" {
		s.t.Errorf("another operator: exit %d, %q, %q", code, out, errs)
	}
}

// gigabyte sends 1 GB up and down, while the most that the node has resident
// rises by less than 64 MiB.
func (s served) gigabyte() {
	if testing.Short() || runtime.GOOS != "linux" {
		s.t.Skip("needs some seconds, and /proc")
	}
	var order struct {
		Product string `json:"product_id"`
	}
	s.read(&order, s.as("buyer", "order", "show", s.Order)...)
	const size = 1_000_000_000
	big := filepath.Join(s.t.TempDir(), "big.bin")
	f, err := os.Create(big)
	if err == nil {
		err = errors.Join(f.Truncate(size), f.Close())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	before := highWater(s.t, s.pid)
	s.must(s.as("operator", "product", "content", "add", big, "--subject", "product/"+order.Product)...)
	up := highWater(s.t, s.pid)
	var got client.Fetched
	s.read(&got, s.as("buyer", "fetch", s.Order, "--object", "big.bin", "--output", filepath.Join(s.t.TempDir(), "got.bin"))...)
	if got.Bytes != size {
		s.t.Errorf("%d bytes came, want %d", got.Bytes, size)
	}
	after := highWater(s.t, s.pid)
	s.t.Logf("VmHWM %d MiB, %d MiB after the upload, %d MiB after the delivery", before>>20, up>>20, after>>20)
	if after-before >= 64<<20 {
		s.t.Errorf("VmHWM rose from %d to %d MiB", before>>20, after>>20)
	}
}
