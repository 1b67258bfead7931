package contract_test

import (
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// admitting makes the call by which one party admits another with these roles.
func (w *world) admitting(t *testing.T, by string, kind ledger.PartyKind, region ledger.Region, roles ...ledger.Role) error {
	t.Helper()
	p := w.newcomer(roles...)
	p.Kind, p.Region = kind, region
	if slices.Contains(roles, ledger.RolePlatform) {
		p.Origin, p.LogKey = "other.example", "key"
	}
	_, err := w.call(by, ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(t, "newcomer", p)})
	return err
}

// TestRolesThatExclude tries each pair of roles on a party of a kind that may have both.
// The table is that of the design, one line a role: "x" excludes, "." does not.
func TestRolesThatExclude(t *testing.T) {
	roles := []ledger.Role{
		ledger.RoleRegistryBody, ledger.RoleDataAuthority, ledger.RoleRegulator, ledger.RoleGrantor, ledger.RoleImplementer, ledger.RoleOperator,
		ledger.RoleHolder, ledger.RoleBuyer, ledger.RoleAssessor, ledger.RolePlatform,
	}
	table := []string{
		".xxxxx...x", // registry body
		"x....x...x", // data authority
		"x....x...x", // regulator
		"x....x..xx", // grantor
		"x....x..xx", // implementer
		"xxxxx....x", // operator
		".........x", // holder
		".........x", // buyer
		"...xx....x", // assessor
		"xxxxxxxxx.", // platform
	}
	w := newWorld(t)
	for i, a := range roles {
		for j, b := range roles {
			if i == j {
				continue
			}
			want := refusal{}
			if table[i][j] == 'x' {
				want = refusal{ledger.Forbidden, ledger.ReasonRolesExclude, "args.roles"}
			}
			t.Run(string(a)+" "+string(b), func(t *testing.T) {
				expect(t, w.fork(t).admitting(t, "authority", ledger.Institution, "430300", a, b), want)
			})
		}
	}
}

// TestKindsOfRoles: which kinds of party may have a role.
func TestKindsOfRoles(t *testing.T) {
	w := newWorld(t)
	office := []ledger.PartyKind{ledger.Organ, ledger.Institution}
	anyKind := []ledger.PartyKind{ledger.Organ, ledger.Institution, ledger.Utility, ledger.Enterprise}
	for role, kinds := range map[ledger.Role][]ledger.PartyKind{
		ledger.RoleRegistryBody: office, ledger.RoleDataAuthority: office, ledger.RoleRegulator: office, ledger.RoleGrantor: office,
		ledger.RoleImplementer: office, ledger.RoleOperator: {ledger.Enterprise, ledger.Utility, ledger.Institution},
		ledger.RoleHolder: anyKind, ledger.RoleBuyer: append(anyKind, ledger.Central), ledger.RoleAssessor: append(anyKind, ledger.Central),
		ledger.RolePlatform: anyKind,
	} {
		for _, kind := range append(anyKind, ledger.Central) {
			t.Run(string(role)+" "+string(kind), func(t *testing.T) {
				want := refusal{}
				switch {
				case slices.Contains(kinds, kind):
				case kind == ledger.Central:
					want = refusal{ledger.Forbidden, ledger.ReasonCentral, "args.roles[0]"}
				default:
					want = refusal{ledger.Forbidden, ledger.ReasonKind, "args.kind"}
				}
				expect(t, w.fork(t).admitting(t, "authority", kind, "430300", role), want)
			})
		}
	}
}

// TestWhoAdmits: "authority" of 430300 began the ledger, "province" is one of 430000.
func TestWhoAdmits(t *testing.T) {
	w := newWorld(t)
	second := ledgertest.Someone("second", "11430300MB0B00091", ledger.Organ, ledger.RoleDataAuthority)
	w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(t, "second", w.profile(second))})
	away := refusal{ledger.Forbidden, ledger.ReasonJurisdiction, "args.region"}
	equal := refusal{ledger.Forbidden, ledger.ReasonRole, "args.roles"}
	for _, c := range []struct {
		by     string
		role   ledger.Role
		region ledger.Region
		want   refusal
	}{
		{"authority", ledger.RoleHolder, "430300", refusal{}},
		{"authority", ledger.RoleHolder, "430381", refusal{}},
		{"authority", ledger.RoleHolder, "430200", away},
		{"authority", ledger.RoleHolder, "430000", away},
		{"authority", ledger.RoleRegistryBody, "430200", away},
		{"authority", ledger.RoleImplementer, "430000", away},
		{"authority", ledger.RoleBuyer, "110000", refusal{}},
		{"authority", ledger.RoleOperator, "110000", refusal{}},
		{"authority", ledger.RoleAssessor, "110000", refusal{}},
		{"authority", ledger.RolePlatform, "110000", refusal{}},
		{"authority", ledger.RoleRegulator, "430300", refusal{}},
		{"authority", ledger.RoleRegulator, "430000", refusal{}},
		{"authority", ledger.RoleDataAuthority, "430000", refusal{}},
		{"authority", ledger.RoleDataAuthority, "430381", refusal{}},
		{"authority", ledger.RoleDataAuthority, "430200", away},
		{"authority", ledger.RoleRegulator, "110000", away},
		{"province", ledger.RoleDataAuthority, "430200", refusal{}},
		{"province", ledger.RoleRegulator, "430000", equal},
		{"province", ledger.RoleHolder, "430000", refusal{}},
		{"second", ledger.RoleRegulator, "430300", equal},
		{"second", ledger.RoleRegulator, "430000", away},
		{"second", ledger.RoleDataAuthority, "430381", refusal{}},
		{"second", ledger.RoleHolder, "430300", refusal{}},
	} {
		t.Run(c.by+" "+string(c.role)+" "+string(c.region), func(t *testing.T) {
			expect(t, w.fork(t).admitting(t, c.by, ledger.Institution, c.region, c.role), c.want)
		})
	}
	buyerToo := w.newcomer(ledger.RoleBuyer, ledger.RoleHolder)
	buyerToo.Region = "110000"
	w.refused(away, "authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(t, "newcomer", buyerToo)})
}
