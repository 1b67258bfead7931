//go:build integration

package node_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// TestS3Backup copies a node that serves content from a bucket, and restores it with the
// content in its folder: the bucket may be lost.
func TestS3Backup(t *testing.T) {
	w, b := layS3(t)
	stop := w.run()
	w.admit()
	w.register("bus", "holder")
	file := data(20 << 20) // more than a part
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	target := filepath.Join(t.TempDir(), "target")
	first := w.backUp(target, backup.Seals{})
	second := w.backUp(target, backup.Seals{})
	if first.New == 0 || second.New != 0 || second.Objects != first.Objects {
		t.Errorf("copied %+v, then %+v", first, second)
	}
	stop()
	for key := range b.kept() {
		if strings.Contains(key, "tmp/") {
			t.Errorf("%s is left in the bucket", key)
		}
	}
	b.Kill()
	w.fetchesRestored(target, up.Object, file)
}

// fetchesRestored restores the world from a target and delivers a file of it.
func (w *world) fetchesRestored(target, object string, file []byte) {
	w.t.Helper()
	var opens backup.Opens
	w.ok(opens.AddMaster(w.dir))
	if r := w.restore(target, node.RestoreOptions{Opens: opens}); !r.FromS3 || len(r.Absent) > 0 {
		w.t.Errorf("restored %+v", r)
	}
	w.resume()
	w.again()
	w.fetches("sale", object, file)
}
