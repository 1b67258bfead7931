package policies

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/datacadastre/cadastre/ledger"
)

//go:embed roles.conf
var rolesModel string

//go:embed roles.csv
var rolesText string

// Standings that a reader has by what a record says of it, not by admission. The
// caller adds them to the party's roles after it has looked; no party is ever
// admitted with one.
const (
	Self           ledger.Role = "self"            // the record, call or receipt is the reader's own
	OrderParty     ledger.Role = "order_party"     // one of both parties of the order
	ResourceHolder ledger.Role = "resource_holder" // holds the resource
	RegionBody     ledger.Role = "region_body"     // the registry body of the application's region
)

// actRead is the one act of the role file. Who may call a function, the table of
// acts says and the contract alone decides.
const actRead = "read"

// Roles is the table of who may read what (protocol §9). Safe for use by many
// goroutines.
type Roles struct {
	enforcer *casbin.Enforcer
	known    map[[2]string]bool // act and what that a row names

	mu      sync.RWMutex
	answers map[[3]string]bool
}

// NewRoles reads the role file.
func NewRoles() (*Roles, error) {
	rows, err := roleRows(rolesText)
	if err != nil {
		return nil, err
	}
	m, err := model.NewModelFromString(rolesModel)
	if err != nil {
		return nil, fmt.Errorf("read model of roles: %w", err)
	}
	if err := m.AddPolicies("p", "p", rows); err != nil {
		return nil, fmt.Errorf("load roles: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("make enforcer of roles: %w", err)
	}
	r := &Roles{enforcer: e, known: map[[2]string]bool{}, answers: map[[3]string]bool{}}
	for _, row := range rows {
		r.known[[2]string{row[1], row[2]}] = true
	}
	return r, nil
}

// roleRows reads the lines "p, role, act, what".
func roleRows(text string) ([][]string, error) {
	c := csv.NewReader(strings.NewReader(text))
	c.Comment, c.TrimLeadingSpace, c.FieldsPerRecord = '#', true, 4
	lines, err := c.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read role file: %w", err)
	}
	rows := make([][]string, 0, len(lines))
	for _, l := range lines {
		if l[0] != "p" || l[2] != actRead {
			return nil, fmt.Errorf("role file: bad row %q", l)
		}
		rows = append(rows, l[1:])
	}
	return rows, nil
}

// CanRead reports whether a reader with these roles and standings may see what.
// What everyone may see needs no role. A word that the role file does not name
// is seen by nobody.
func (r *Roles) CanRead(roles []ledger.Role, what string) bool { return r.can(roles, actRead, what) }

func (r *Roles) can(roles []ledger.Role, act, what string) bool {
	if !r.known[[2]string{act, what}] {
		return false
	}
	if r.ask("", act, what) {
		return true
	}
	return slices.ContainsFunc(roles, func(role ledger.Role) bool { return r.ask(role, act, what) })
}

// ask puts one question to Casbin, once. Roles are few and what is known, so
// the answers are too; a role that is none of ours is not remembered.
func (r *Roles) ask(role ledger.Role, act, what string) bool {
	key := [3]string{string(role), act, what}
	r.mu.RLock()
	yes, ok := r.answers[key]
	r.mu.RUnlock()
	if ok {
		return yes
	}
	yes, err := r.enforcer.Enforce(string(role), act, what)
	if err != nil {
		return false
	}
	if role == "" || slices.Contains(ledger.Roles(), role) || slices.Contains(standings(), role) {
		r.mu.Lock()
		r.answers[key] = yes
		r.mu.Unlock()
	}
	return yes
}

func standings() []ledger.Role { return []ledger.Role{Self, OrderParty, ResourceHolder, RegionBody} }
