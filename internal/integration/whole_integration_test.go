//go:build integration

package integration_test

import (
	"encoding/json"
	"testing"

	"github.com/datacadastre/cadastre/ledger/audit"
)

// TestLiveWholeLedger comes last: an organization replays the blocks of its own peer,
// with all that the tests before have put there, and judges every delivery of every
// node. Another organization with its own peer gets the same result.
func TestLiveWholeLedger(t *testing.T) {
	w := live(t)
	var last audit.Report
	for _, o := range []string{"regulator", "operator"} {
		s := w.nodes[o]
		r := w.try(t, w.cadastre, "audit", "--fabric", s.profile, "--channel", w.net.Channel, "--chaincode", w.net.Chaincode,
			"--organization", o, "--trust", w.trustFile, "--profile", w.profiles["regulator"], "--json")
		if r.code != 0 {
			t.Fatalf("audit on the peer of %s: exit %d, %s%s", o, r.code, r.errors, r.out)
		}
		var got audit.Report
		w.ok(json.Unmarshal([]byte(r.out), &got))
		t.Logf("%s: %d blocks, %d calls, %d conflicts, %d refused, logs %+v", o, got.Blocks, got.Replayed, got.Conflicts, got.Refused, got.Logs)
		if !got.Whole() || got.Unread() > 0 || got.Replayed < 10 || len(got.Logs) != len(organizations) || got.Blocks < last.Blocks {
			t.Errorf("%+v", got)
		}
		last = got
	}
	if r := w.try(t, w.cadastre, "audit", w.nodes["bureau"].dir, "--trust", w.trustFile, "--profile", w.profiles["regulator"]); r.code != 0 {
		t.Errorf("audit of a node's folder: exit %d, %s%s", r.code, r.errors, r.out)
	}
}
