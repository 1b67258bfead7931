package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPackage holds the package id: organizations compare it, and a running
// channel has it in its definition.
func TestPackage(t *testing.T) {
	data, id, err := makePackage(chaincode)
	if err != nil {
		t.Fatal(err)
	}
	const want = "register_1:2b964b7df7502ba5ad8d6056931b786988756063930e5adf4a97449d7d6ab907"
	if id != want {
		t.Errorf("package id %s, want %s", id, want)
	}
	outer := unpack(t, data)
	inner := unpack(t, outer["code.tar.gz"])
	got := map[string]string{"metadata.json": string(outer["metadata.json"]), "connection.json": string(inner["connection.json"])}
	if diff := cmp.Diff(map[string]string{"metadata.json": `{"type":"ccaas","label":"register_1"}`, "connection.json": "{}"}, got); diff != "" {
		t.Errorf("package:\n%s", diff)
	}
}

func unpack(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGenesis(t *testing.T) {
	const sum = "97af1124184bdf8fb3609e35802be29444a9d8562b05293043e4a486ee733b7a" // of "aa.bb.cc"
	dir := t.TempDir()
	write := func(content string) string {
		path := filepath.Join(dir, "genesis.jws")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name string
		cmd  upCmd
		file string // content
		want string // in the error; empty: no error
	}{
		{name: "hash", cmd: upCmd{GenesisSHA256: sum}},
		{name: "short hash", cmd: upCmd{GenesisSHA256: "ab"}, want: "--genesis-sha256"},
		{name: "upper case", cmd: upCmd{GenesisSHA256: strings.ToUpper(sum)}, want: "--genesis-sha256"},
		{name: "file", file: "aa.bb.cc"},
		{name: "file with the line's end", file: "aa.bb.cc\n"},
		{name: "two lines", file: "aa.bb.cc\n\n", want: "not a compact JWS"},
		{name: "another form of JWS", file: `{"payload":"a.b.c"}`, want: "not a compact JWS"},
		{name: "no JWS", file: "aa.bb", want: "not a compact JWS"},
	} {
		if c.file != "" {
			c.cmd.Genesis = write(c.file)
		}
		g, err := c.cmd.genesis()
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			continue
		}
		if err != nil || g.SHA256 != sum || g.File != c.cmd.Genesis {
			t.Errorf("%s: %+v, %v", c.name, g, err)
		}
	}
}

func TestBinaries(t *testing.T) {
	bin, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
	touch := func(path string) {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"configtxgen", "cryptogen", "orderer", "osnadmin", "core.yaml", "orderer.yaml", "chaincode"} {
		touch(filepath.Join(bin, f))
	}
	refused := func(want string, given ...string) {
		t.Helper()
		if _, err := (&upCmd{Chaincode: given}).binaries(bin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", given, err, want)
		}
	}
	refused("peer: no such file or directory: build it with make fabric")
	touch(filepath.Join(bin, "peer"))
	touch(other)
	refused("--chaincode", "operator="+other+"x")
	refused(`no organization "somebody"`, "somebody="+other)
	usual := filepath.Join(bin, "chaincode")
	for _, c := range []struct {
		given []string
		want  map[string]string
	}{
		{nil, map[string]string{"bureau": usual, "operator": usual, "regulator": usual}},
		{[]string{other}, map[string]string{"bureau": other, "operator": other, "regulator": other}},
		{[]string{"operator=" + other}, map[string]string{"bureau": usual, "operator": other, "regulator": usual}},
		{[]string{"operator=" + usual, other}, map[string]string{"bureau": other, "operator": usual, "regulator": other}},
	} {
		got, err := (&upCmd{Chaincode: c.given}).binaries(bin)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%v: %v\n%s", c.given, err, diff)
		}
	}
}

func TestRefusalIsAnAnswer(t *testing.T) {
	for text, want := range map[string]bool{
		`Error: endorsement failure during query. response: status:404 message:"{\"code\":\"not_found\"}" `: true,
		`{"code":"not_found"}`: true,
		`Error: endorsement failure during query. response: status:500 message:"error in simulation: could not launch chaincode register_1:ab: connection failed"`: false,
	} {
		if got := refusal.MatchString(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// TestUsage is what a person meets without any network.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"status", 1, "no network here: up creates one"},
		{"kill all", 1, "no network here"},
		{"down", 0, "logs remain"},
		{"up", 2, "--genesis"},
		{"up --genesis-sha256 ab --genesis f", 2, "--genesis"},
		{"kill", 2, "<name>"},
	} {
		var out, errs bytes.Buffer
		args := append([]string{"--run", dir}, strings.Fields(c.args)...)
		if code := run(t.Context(), args, nil, &out, &errs); code != c.code || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: exit code %d, %q; want %d, %q", c.args, code, errs.String(), c.code, c.want)
		}
	}
}

// TestDescription checks the field names that other programs read.
func TestDescription(t *testing.T) {
	n := laid(t)
	if err := n.save(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(n.Run, descriptionFile))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]any{
		{"channel"},
		{"chaincode"},
		{"genesis"},
		{"orderer", "address"},
		{"orderer", "tls_ca"},
		{"organizations", 2, "mspid"},
		{"organizations", 2, "profile"},
		{"organizations", 2, "user"},
		{"organizations", 2, "ca"},
		{"organizations", 2, "peer", "address"},
		{"organizations", 2, "chaincode", "address"},
		{"trust", "quorum"},
		{"processes", 6, "log"},
		{"processes", 6, "pid_file"},
	} {
		at(t, v, path...)
	}
	back, err := load(n.Run)
	if diff := cmp.Diff(n, back); diff != "" || err != nil {
		t.Errorf("read back (%v):\n%s", err, diff)
	}
}
