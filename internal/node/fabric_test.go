package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
)

// TestQuorumIsTheTrustFiles: a node gathers as many signatures as a verifier wants.
func TestQuorumIsTheTrustFiles(t *testing.T) {
	dir := t.TempDir()
	if n, err := node.Quorum(dir); n != 0 || err != nil {
		t.Errorf("before there is a trust file: %d, %v", n, err)
	}
	trust := `{"ledger":"` + string(id("ledger")) + `","genesis_sha256":"` + strings.Repeat("a", 64) +
		`","logs":[],"fabric":{"channel":"cadastre","chaincode":"register","quorum":3,"organizations":[]}}`
	if err := os.WriteFile(filepath.Join(dir, "trust.json"), []byte(trust), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := node.Quorum(dir); n != 3 || err != nil {
		t.Errorf("%d, %v, want 3", n, err)
	}
}
