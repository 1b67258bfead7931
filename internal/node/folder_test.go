package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
)

// TestOtherLayoutsAreRefused: a folder of an older or a newer program is not opened,
// and the sentence names both layouts and what to do.
func TestOtherLayoutsAreRefused(t *testing.T) {
	w := lay(t, node.DefaultLimits())
	file := filepath.Join(w.dir, "format")
	own, err := os.ReadFile(file)
	w.ok(err)
	for _, other := range []string{"cadastre-node 3\n", "cadastre-node 5\n", ""} {
		w.ok(os.WriteFile(file, []byte(other), 0o600))
		_, err := node.Open(t.Context(), w.options())
		if err == nil {
			t.Fatalf("%q is opened", other)
		}
		for _, says := range []string{strings.TrimSpace(other), strings.TrimSpace(string(own)), "use the program that made it"} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v; want %q in it", other, err, says)
			}
		}
	}
	w.ok(os.WriteFile(file, own, 0o600))
	w.open()
}
