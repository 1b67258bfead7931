package receipts_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// TestLostCountersAreFound loses parts of what is counted, as a disk does that forgets a
// write: else a limit would count from there again, or a delivery never end. The next
// start refuses counters that contradict each other; Check compares them with the receipts.
func TestLostCountersAreFound(t *testing.T) {
	for _, c := range []struct {
		name, harm string
		start      bool // found at the start already
		says       string
	}{
		{"use of an order", "DELETE FROM used WHERE scope LIKE 'order/%'", true, "the use of order/"},
		{"older use", "UPDATE used SET uses = 1", true, "the use of order/"},
		{"fewer bytes", "UPDATE used SET bytes = bytes - 1", true, "the use of order/"},
		{"counter of an object", "DELETE FROM counter", true, "the use of order/"},
		{"older counter", "UPDATE counter SET bytes = 5", true, "the use of order/"},
		{"counter and use", "DELETE FROM counter; DELETE FROM used", false, "the counters of order/"},
		{"running delivery", "DELETE FROM running", false, "has no end and does not run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			for range 2 {
				f.end(t, f.reserve(t, f.start(party(1), order(1), "o", 10, 0, 10)), 10, ledger.Complete)
			}
			f.reserve(t, f.start(party(1), order(2), "o", 10, 0, 10))
			if err := f.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := f.W().ExecContext(t.Context(), c.harm); err != nil {
				t.Fatal(err)
			}
			found := f.Check(t.Context())
			f.close(t)
			s, err := receipts.Open(t.Context(), f.config())
			if err == nil {
				defer s.Close()
			}
			if c.start && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("opened: %v", err)
			}
			if found == nil || !strings.Contains(found.Error(), c.says) || !strings.Contains(found.Error(), "restore the newest backup") {
				t.Errorf("checked: %v", found)
			}
		})
	}
}
