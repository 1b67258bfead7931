package contract

import (
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// Each act has a rule, and each rule an act.
func TestRulesAreTheActs(t *testing.T) {
	acts := map[ledger.Function]bool{}
	for _, a := range ledger.Acts() {
		acts[a.Name] = true
		if rules[a.Name] == nil {
			t.Errorf("%s has no rule", a.Name)
		}
	}
	for fn := range rules {
		if !acts[fn] {
			t.Errorf("%s has a rule, but no row in the table of acts", fn)
		}
	}
}
