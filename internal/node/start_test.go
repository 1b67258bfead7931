package node_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
)

// TestAStartNamesTheFile: a folder with a damaged key or another hash of the genesis is
// refused, and the sentence names the file and what to do.
func TestAStartNamesTheFile(t *testing.T) {
	w := lay(t, limits(nil))
	w.run()()
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	for _, c := range []struct {
		file   string
		change func([]byte) []byte // nil: removes the file
		says   []string
	}{
		{"keys/master", func(b []byte) []byte { b[len(b)-5] ^= 1; return b }, []string{"damaged", "newest backup"}},
		{"keys/platform", flip, []string{"damaged", "newest backup"}},
		{"keys/ledger-log", flip, []string{"damaged", "newest backup"}},
		{"keys/receipt-log", flip, []string{"damaged", "newest backup"}},
		{"keys/receipt-log", nil, []string{"no such file", "newest backup"}},
		{"node.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(nodeOrigin), []byte("other.example"), 1)
		}, []string{`origin is "other.example"`, `"` + nodeOrigin + `": set it`}},
		{"node.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"platform": "0`), []byte(`"platform": "1`), 1)
		}, []string{`platform is "1`, "belongs to", "set it to that"}},
		{"node.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(w.trust.Genesis), bytes.Repeat([]byte("0"), 64), 1)
		}, []string{"genesis_sha256 0000", "has the SHA-256 " + string(w.trust.Genesis), "restore"}},
	} {
		path := filepath.Join(w.dir, filepath.FromSlash(c.file))
		good, err := os.ReadFile(path)
		w.ok(err)
		if c.change == nil {
			w.ok(os.Remove(path))
		} else {
			w.ok(os.WriteFile(path, c.change(bytes.Clone(good)), 0o600))
		}
		n, err := node.Open(t.Context(), w.options())
		if err == nil {
			w.ok(n.Close(t.Context()))
			t.Errorf("%s: opened", c.file)
		} else if !strings.Contains(err.Error(), c.file) {
			t.Errorf("the error does not name %s: %v", c.file, err)
		}
		for _, says := range c.says {
			if err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %q is not in: %v", c.file, says, err)
			}
		}
		w.ok(os.WriteFile(path, good, 0o600))
	}
	w.run()()
}
