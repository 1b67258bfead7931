package policies_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

var update = flag.Bool("update", false, "write the generated rows of the role file")

const roleFile = "roles.csv"

func TestRoleFileHoldsFunctions(t *testing.T) {
	raw, err := os.ReadFile(roleFile)
	if err != nil {
		t.Fatal(err)
	}
	var kept, got, want []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, ", call, ") {
			got = append(got, line)
		} else {
			kept = append(kept, line)
		}
	}
	for _, row := range policies.CallRows() {
		want = append(want, "p, "+strings.Join(row, ", "))
	}
	if *update {
		text := strings.Join(slices.Concat(kept, want), "\n") + "\n"
		if err := os.WriteFile(roleFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the role file differs from ledger.Functions (-want +got); run with -update\n%s", diff)
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

func TestCanCallIsTheTable(t *testing.T) {
	r := newRoles(t)
	for _, f := range ledger.Functions() {
		for _, role := range ledger.Roles() {
			want := len(f.Roles) == 0 || slices.Contains(f.Roles, role)
			if got := r.CanCall([]ledger.Role{role}, f.Name); got != want {
				t.Errorf("CanCall(%s, %s) = %v", role, f.Name, got)
			}
		}
	}
	if r.CanCall(ledger.Roles(), "nothing") || r.CanRead(ledger.Roles(), string(ledger.FnAppCode)) {
		t.Error("a word of another kind was allowed")
	}
}
