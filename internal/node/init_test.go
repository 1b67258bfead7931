package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
)

// TestAnInitThatBrokeOff leaves no folder that passes for a node, and its keys
// are not written over: nobody knows what they have sealed.
func TestAnInitThatBrokeOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	if err := os.MkdirAll(filepath.Join(dir, "genesis.request"), 0o700); err != nil { // where a file is to be
		t.Fatal(err)
	}
	s := node.Settings{Name: "测试登记簿", Region: "430300", Origin: nodeOrigin}
	if _, err := node.Make(dir, s, uscc(20), time.Now()); err == nil {
		t.Fatal("a request that can't be written was made")
	}
	master := filepath.Join(dir, "keys", "master")
	before, err := os.ReadFile(master)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "genesis.request")); err != nil {
		t.Fatal(err)
	}
	if _, err = node.Make(dir, s, uscc(20), time.Now()); err == nil || !strings.Contains(err.Error(), "remove the folder") {
		t.Errorf("made again over its keys: %v", err)
	}
	if after, err := os.ReadFile(master); err != nil || string(after) != string(before) {
		t.Errorf("the master key was replaced (%v)", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Make(dir, s, uscc(20), time.Now()); err != nil {
		t.Errorf("in the folder's place: %v", err)
	}
}
