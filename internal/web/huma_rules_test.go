package web_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// TestHumaSpeaksOurRules: fields.md explains each rule that huma names.
func TestHumaSpeaksOurRules(t *testing.T) {
	for _, said := range web.HumaRules() {
		rule, _, _ := strings.Cut(said, " ")
		if _, ok := ledger.RuleOf(rule); !ok && rule != "%s" { // which stands for a form's own
			t.Errorf("%q has no words", said)
		}
	}
}
