package receipts_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestAChangedIndexIsFound changes one column of the index after another: receipts would no
// longer be found, or found under another name.
func TestAChangedIndexIsFound(t *testing.T) {
	for _, column := range []string{"kind", "party", "order_id", "license", "subject", "content", "sha256", "start", "time"} {
		t.Run(column, func(t *testing.T) {
			f := newFixture(t)
			f.end(t, f.reserve(t, f.start(party(1), order(1), "o", 10, 0, 10)), 10, ledger.Complete)
			if err := f.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			value := "'x'"
			if column == "time" {
				value = "time + 1"
			}
			if _, err := f.W().ExecContext(t.Context(), "UPDATE receipt SET "+column+" = "+value+" WHERE seq = 1"); err != nil {
				t.Fatal(err)
			}
			if err := f.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the index of receipt 1 ") {
				t.Errorf("found %v", err)
			}
		})
	}
}
