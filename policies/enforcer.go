package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/datacadastre/cadastre/ledger"
)

// maxEnforcers is how many enforcers an engine retains for all parties, about 20 KB
// each; the one used longest ago is dropped first.
const maxEnforcers = 4096

// enforcerKey identifies the policies that one license has for a resource. They are
// the same for all resources that the license does not name.
type enforcerKey struct {
	policies uint64    // number of the party's policies: a key must not retain them
	license  int       // index
	domain   string    // of mode domain
	resource ledger.ID // where the license includes or excludes it by name
}

// enforce asks Casbin about one license. Casbin compares every policy that it holds
// with the question, so it is given those of this license and this resource only.
func (e *Engine) enforce(p *partyPolicies, i int, q Question) (bool, error) {
	l := p.licenses[i]
	key := enforcerKey{policies: p.number, license: i}
	if l.Mode == ledger.Domain {
		key.domain = q.Facts.Domain
	}
	if l.Mode == ledger.Scenario || slices.Contains(l.Excluded, q.Facts.Resource) {
		key.resource = q.Facts.Resource
	}
	enforcer, ok := e.enforcers.Get(key)
	if !ok {
		var err error
		if enforcer, err = newEnforcer(e.model, rows(l, q.Facts)); err != nil {
			return false, err
		}
		e.enforcers.Add(key, enforcer)
	}
	return enforcer.Enforce(string(l.ID), string(q.Facts.Region), q.Facts.Domain, string(q.Facts.Resource),
		string(q.Facts.Level), string(q.Purpose.Class), q.Purpose.Code, q.Action, string(q.Day))
}

// rows returns the policies of an accepted license for a resource in its scope: a
// permission for each purpose, a prohibition while it is suspended, and one for a
// resource that it excludes.
func rows(l ledger.License, f ledger.Facts) [][]string {
	target := map[ledger.Mode]string{ledger.Whole: "*", ledger.Domain: f.Domain, ledger.Scenario: string(f.Resource)}[l.Mode]
	purposes := l.Purposes
	if len(purposes) == 0 { // it still answers a question that names no purpose
		purposes = []ledger.Purpose{{}}
	}
	var list [][]string
	for _, p := range purposes {
		row := []string{
			string(l.ID), prefix(l.Region), string(l.Mode), target,
			string(p.Class), cmp.Or(p.Code, "*"), strings.Join(l.Actions, " "), string(l.StartOn), string(l.EndOn), "allow",
		}
		if !slices.ContainsFunc(list, func(other []string) bool { return slices.Equal(row, other) }) { // Casbin refuses a policy given twice
			list = append(list, row)
		}
	}
	deny := func(mode ledger.Mode, target string) {
		list = append(list, []string{string(l.ID), "", string(mode), target, "*", "*", "*", "", "9999-12-31", "deny"})
	}
	if len(l.Suspensions) > 0 {
		deny(ledger.Whole, "")
	}
	if slices.Contains(l.Excluded, f.Resource) {
		deny(ledger.Scenario, string(f.Resource))
	}
	return list
}

// newEnforcer makes an enforcer of policies over a copy of the model.
func newEnforcer(m model.Model, policies [][]string) (*casbin.Enforcer, error) {
	m = m.Copy()
	if err := m.AddPolicies("p", "p", policies); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("make enforcer: %w", err)
	}
	e.AddFunction("within", function(2, within))
	e.AddFunction("among", function(2, among))
	e.AddFunction("includes", function(4, includes))
	e.AddFunction("serves", function(4, serves))
	return e, nil
}

// function makes a function of the matcher from one with n texts as arguments.
func function(n int, f func(args []string) bool) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		var texts [4]string
		for i, a := range args {
			text, ok := a.(string)
			if !ok || len(args) != n {
				return nil, fmt.Errorf("got %v, want %d texts", args, n)
			}
			texts[i] = text
		}
		return f(texts[:n]), nil
	}
}

// within reports whether a region's code begins with a prefix.
func within(args []string) bool { return strings.HasPrefix(args[0], args[1]) }

// among reports whether an action is in a list separated by spaces. The empty
// action, which asks for any, is in every list.
func among(args []string) bool {
	action, list := args[0], args[1]
	return action == "" || list == "*" || slices.Contains(strings.Fields(list), action)
}

// includes reports whether a mode with its target includes a resource of a domain.
func includes(args []string) bool {
	mode, target, domain, resource := ledger.Mode(args[0]), args[1], args[2], args[3]
	return mode == ledger.Whole || mode == ledger.Domain && target == domain || mode == ledger.Scenario && target == resource
}

// serves reports whether a purpose that is allowed includes the one in question. The
// empty class asks for any.
func serves(args []string) bool {
	class, code, askedClass, askedCode := args[0], args[1], args[2], args[3]
	return askedClass == "" || class == "*" || class == askedClass && (code == "*" || code == askedCode)
}
