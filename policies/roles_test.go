package policies_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// The role file says who reads; who may call a function, ledger.Acts says.
func TestRoleFileNamesNoFunction(t *testing.T) {
	r := newRoles(t)
	for _, a := range ledger.Acts() {
		if r.CanRead(ledger.Roles(), string(a.Name)) {
			t.Errorf("the role file has a row for %s", a.Name)
		}
	}
}

func newRoles(t *testing.T) *policies.Roles {
	t.Helper()
	r, err := policies.NewRoles()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCanRead(t *testing.T) {
	r := newRoles(t)
	for _, c := range []struct {
		roles string
		what  string
		want  bool
	}{
		{"", "notice", true},
		{"", "license", true},
		{"buyer", "certificate", true},
		{"", "order", false},
		{"", "trace_full", false},
		{"", "everything", false},
		{"operator buyer", "order", false},
		{"buyer order_party", "order", true},
		{"operator order_party", "orders", false},
		{"holder self", "application", true},
		{"holder", "application", false},
		{"holder resource_holder", "uses", true},
		{"holder resource_holder", "order", false},
		{"operator", "uses", false},
		{"registry_body", "application", false},
		{"registry_body region_body", "application", true},
		{"registry_body region_body", "material", true},
		{"registry_body region_body", "receipt", false},
		{"regulator", "everything", true},
		{"data_authority", "log_entries", true},
		{"platform", "log_entries", false},
		{"implementer assessor platform", "everything", false},
		{"regulator data_authority", "content", false},
		{"self", "content", false},
		{"regulator", "", false},
		{"*", "order", false},
		{"nobody", "order", false},
	} {
		var roles []ledger.Role
		for f := range strings.FieldsSeq(c.roles) {
			roles = append(roles, ledger.Role(f))
		}
		for range 2 { // the second answer is the remembered one
			if got := r.CanRead(roles, c.what); got != c.want {
				t.Errorf("CanRead(%q, %q) = %v", c.roles, c.what, got)
			}
		}
	}
}
