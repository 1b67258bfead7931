package contract

import (
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// excluded lists for a role those that the same party may not have (R6, R18, R19, O3;
// detail ours). A platform has no other role.
var excluded = map[ledger.Role][]ledger.Role{
	ledger.RoleRegistryBody: {
		ledger.RoleDataAuthority, ledger.RoleRegulator, ledger.RoleGrantor, ledger.RoleImplementer, ledger.RoleOperator,
	},
	ledger.RoleOperator: {
		ledger.RoleDataAuthority, ledger.RoleRegulator, ledger.RoleGrantor, ledger.RoleImplementer,
	},
	ledger.RoleAssessor: {ledger.RoleGrantor, ledger.RoleImplementer},
}

// publicRoles are the roles of public office, which only an organ or an institution has.
var publicRoles = []ledger.Role{
	ledger.RoleRegistryBody, ledger.RoleDataAuthority, ledger.RoleRegulator, ledger.RoleGrantor, ledger.RoleImplementer,
}

// roamingRoles are the roles whose parties may come from anywhere in mainland China.
var roamingRoles = []ledger.Role{ledger.RoleBuyer, ledger.RoleOperator, ledger.RoleAssessor, ledger.RolePlatform}

// centralRoles are those of a central body, which registers with the national platform
// (R6).
var centralRoles = []ledger.Role{ledger.RoleBuyer, ledger.RoleAssessor}

// checkRoles checks which roles a party of a kind may have at once.
func checkRoles(p ledger.PartyProfile) error {
	has := func(roles []ledger.Role) bool {
		return slices.ContainsFunc(p.Roles, func(r ledger.Role) bool { return slices.Contains(roles, r) })
	}
	for i, r := range p.Roles {
		if r == ledger.RolePlatform && len(p.Roles) > 1 || has(excluded[r]) {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonRolesExclude).At("roles")
		}
		if p.Kind == ledger.Central && !slices.Contains(centralRoles, r) {
			return ledger.Refuse(ledger.Forbidden, ledger.ReasonCentral).At(at("roles", i)).By("R6")
		}
	}
	private := p.Kind == ledger.Enterprise || p.Kind == ledger.Utility
	if has(publicRoles) && private || has([]ledger.Role{ledger.RoleOperator}) && p.Kind == ledger.Organ {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonKind).At("kind")
	}
	return nil
}

// checkAdmits checks that the caller may admit a party. Parties come from the caller's
// region, unless all their roles may come from anywhere. A data authority or regulator
// is admitted from a region above; the authority that began the ledger also admits
// those of the same region and of regions above (R18).
func (t *tx) checkAdmits(p ledger.PartyProfile) error {
	if !slices.ContainsFunc(p.Roles, func(r ledger.Role) bool { return !slices.Contains(roamingRoles, r) }) {
		return nil
	}
	office := slices.Contains(p.Roles, ledger.RoleDataAuthority) || slices.Contains(p.Roles, ledger.RoleRegulator)
	genesis, mine := t.me() == t.genesis.Authority, t.caller.Region
	if !mine.Covers(p.Region) && (!office || !genesis || !p.Region.Covers(mine)) {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonJurisdiction).At("region").By("R18")
	}
	if office && !genesis && p.Region == mine {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("roles").By("R18")
	}
	return nil
}
