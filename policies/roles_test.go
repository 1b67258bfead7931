package policies_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

func newRoles(t *testing.T) *policies.Roles {
	t.Helper()
	r, err := policies.NewRoles()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func words[T ~string](s string) (list []T) {
	for f := range strings.FieldsSeq(s) {
		list = append(list, T(f))
	}
	return list
}

// TestRoleFileSpeaksKnownWords: a misspelled word would allow nothing, for ever.
func TestRoleFileSpeaksKnownWords(t *testing.T) {
	roles := append(words[string]("any supervisor"), roleWords()...)
	what := words[string]("receipt certificate notice entry_record resource_content call alarm explanation log_entries")
	for kind := range ledger.Kinds() {
		what = append(what, kind)
	}
	seen := map[string]bool{}
	for _, row := range newRoles(t).Rows() {
		for word, known := range map[string][]string{
			row.Role: roles, string(row.Standing): words[string]("any named holder licensed bearer"), row.Place: words[string]("any own"),
			string(row.Act): words[string]("any read prove"), row.What: what,
		} {
			if !slices.Contains(known, word) {
				t.Errorf("%s: %q is unknown", row, word)
			}
		}
		if seen[row.String()] {
			t.Errorf("%s stands twice", row)
		}
		seen[row.String()] = true
	}
}

func roleWords() (list []string) {
	for _, r := range ledger.Roles() {
		list = append(list, string(r))
	}
	return list
}

// TestDecide holds the table to what it decides, and to the row that it says did.
func TestDecide(t *testing.T) {
	r := newRoles(t)
	for _, c := range []struct {
		roles, standings string
		own              bool
		act              policies.Act
		what, row        string
	}{
		{"", "", false, policies.Read, "notice", "any, any, any, read, notice, open"},
		{"", "", false, policies.Read, "order", ""},
		{"", "named", false, policies.Read, "order", "any, named, any, any, order, open"},
		{"operator buyer", "", true, policies.Read, "order", ""},
		{"buyer", "named", true, policies.Prove, "order", "any, named, any, any, order, open"},
		{"holder", "holder", false, policies.Read, "order", ""},
		{"regulator", "", true, policies.Read, "order", "supervisor, any, own, any, order, noted"},
		{"regulator", "named", true, policies.Read, "order", "any, named, any, any, order, open"},
		{"regulator", "", false, policies.Read, "order", ""},
		{"data_authority", "", true, policies.Prove, "license", "supervisor, any, own, prove, license, noted"},
		{"data_authority", "", true, policies.Read, "license", "any, any, any, read, license, open"},
		{"registry_body", "", true, policies.Read, "application", "registry_body, any, own, read, application, open"},
		{"registry_body", "", true, policies.Prove, "application", ""},
		{"registry_body", "", false, policies.Read, "application", ""},
		{"operator", "licensed", false, policies.Read, "resource_content", "operator, licensed, any, read, resource_content, open"},
		{"buyer", "licensed", false, policies.Read, "resource_content", ""},
		{"", "bearer", false, policies.Prove, "resource_content", ""},
		{"regulator", "", true, policies.Read, "submission", ""},
		{"supervisor", "", true, policies.Read, "nothing", ""},
		{"any", "any", false, "any", "order", ""},
	} {
		for range 2 { // the second answer is the remembered one
			got, err := r.Decide(policies.Ask{Roles: words[ledger.Role](c.roles), Standings: words[policies.Standing](c.standings), Own: c.own, Act: c.act, What: c.what})
			row := ""
			if got.Allow {
				row = got.Row.String()
			}
			if err != nil || row != c.row {
				t.Errorf("%+v: %q, %v", c, row, err)
			}
		}
	}
}

// TestReach: what a reader may list is what he may read whatever the record says, of
// those that name him and of his region.
func TestReach(t *testing.T) {
	r := newRoles(t)
	for _, c := range []struct {
		roles, what     string
		all, named, own bool
	}{
		{"", "license", true, false, false},
		{"buyer", "order", false, true, false},
		{"regulator", "order", false, true, true},
		{"registry_body", "alarm", false, true, false},
		{"data_authority", "alarm", false, false, true},
		{"buyer", "alarm", false, false, false},
		{"", "submission", false, false, false},
	} {
		got, err := r.Reach(words[ledger.Role](c.roles), c.what)
		if err != nil || got.All != c.all || got.Named != c.named || got.Own != c.own {
			t.Errorf("%s lists %s: %+v, %v", c.roles, c.what, got, err)
		}
	}
}
