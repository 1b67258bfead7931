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

// Standing is what a record says of its reader.
type Standing string

// Standings of a reader.
const (
	Named    Standing = "named"    // the record names the reader
	Holder   Standing = "holder"   // holds a resource that the record concerns
	Licensed Standing = "licensed" // has a license that covers that resource
	Bearer   Standing = "bearer"   // knows the SHA-256 of the file that the record is of
)

// Act is what a reader asks for.
type Act string

// Acts of reading.
const (
	Read  Act = "read"  // the record
	Prove Act = "prove" // the bundle of evidence about it
)

// Words of the role file.
const (
	ownRegion = "own" // the record belongs to the reader's region
	anyValue  = "any" // the row does not ask for this member
)

// Row is a line of the role file: a reader with the role and the standing may do the
// act on records of the kind, in the place.
type Row struct {
	Role     string   `json:"role" zh:"角色：any 为任何人，无令牌者亦可" en:"role: any is everyone, without a token too"`
	Standing Standing `json:"standing" form:"-" zh:"记录中的身份：named 记录所指单位，holder 所涉资源的持有单位，licensed 获授权使用该资源，bearer 知悉文件的 SHA-256，any 不限" en:"what the record says of the reader: named by it, holder of the resource, licensed to use it, bearer of the file's SHA-256; any: nothing"`
	Place    string   `json:"place" zh:"区划：own 限本区划内的记录，any 不限" en:"region: own, records of the reader's region; any, all"`
	Act      Act      `json:"act" form:"-" zh:"事项：read 查看记录，prove 取得证据包，any 两者" en:"act: read, the record; prove, the bundle of evidence about it; any, both"`
	What     string   `json:"what" zh:"种类：记录的种类，或其一部分的名称" en:"kind: of record, or the name of a part of one"`
	Noted    bool     `json:"noted" zh:"查看留下回执" en:"a look leaves a receipt"`
}

// String returns the row as the role file writes it.
func (r Row) String() string {
	look := "open"
	if r.Noted {
		look = "noted"
	}
	return strings.Join([]string{r.Role, string(r.Standing), r.Place, string(r.Act), r.What, look}, ", ")
}

// Roles is the table of who may read what. Safe for use by many
// goroutines.
type Roles struct {
	enforcer *casbin.Enforcer
	rows     []Row

	mu      sync.RWMutex
	answers map[roleQuestion]int
}

// roleQuestion is one question to Casbin.
type roleQuestion struct {
	role     ledger.Role
	standing Standing
	own      bool
	act      Act
	what     string
}

// noRow is the answer when no row allows what is asked.
const noRow = -1

// NewRoles reads the role file.
func NewRoles() (*Roles, error) {
	c := csv.NewReader(strings.NewReader(rolesText))
	c.Comment, c.TrimLeadingSpace, c.FieldsPerRecord = '#', true, -1
	lines, err := c.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read role file: %w", err)
	}
	m, err := model.NewModelFromString(rolesModel)
	if err != nil {
		return nil, fmt.Errorf("read model of roles: %w", err)
	}
	r := &Roles{answers: map[roleQuestion]int{}}
	for _, l := range lines {
		if err := m.AddPolicy(l[0], l[0], l[1:]); err != nil {
			return nil, fmt.Errorf("role file: row %q: %w", l, err)
		}
		if l[0] != "p" {
			continue
		}
		if len(l) != 7 || l[6] != "open" && l[6] != "noted" {
			return nil, fmt.Errorf("role file: bad row %q", l)
		}
		r.rows = append(r.rows, Row{l[1], Standing(l[2]), l[3], Act(l[4]), l[5], l[6] == "noted"})
	}
	if r.enforcer, err = casbin.NewEnforcer(m); err != nil {
		return nil, fmt.Errorf("make enforcer of roles: %w", err)
	}
	if err := r.enforcer.BuildRoleLinks(); err != nil {
		return nil, fmt.Errorf("link roles: %w", err)
	}
	return r, nil
}

// Rows returns all rows, in the order of the role file.
func (r *Roles) Rows() []Row { return slices.Clone(r.rows) }

// Ask asks whether a reader may read something.
type Ask struct {
	Roles     []ledger.Role // of the reader; empty without a token
	Standings []Standing
	Own       bool // the record belongs to the reader's region
	Act       Act
	What      string
}

// Access answers an Ask: the row that allows it, if one does.
type Access struct {
	Allow bool
	Row   Row
}

// Decide returns the first row of the role file that allows what is asked. What no
// row names is read by nobody.
func (r *Roles) Decide(a Ask) (Access, error) {
	best := noRow
	for _, role := range append([]ledger.Role{""}, a.Roles...) {
		for _, standing := range append([]Standing{""}, a.Standings...) {
			i, err := r.ask(roleQuestion{role, standing, a.Own, a.Act, a.What})
			if err != nil {
				return Access{}, err
			}
			if i != noRow && (best == noRow || i < best) {
				best = i
			}
		}
	}
	if best == noRow {
		return Access{}, nil
	}
	return Access{Allow: true, Row: r.rows[best]}, nil
}

// Reach says which records of a kind a reader may list: all, those that name the
// reader, or those of the reader's region. Rows are the rows that allow it.
type Reach struct {
	All, Named, Own bool
	Rows            []Row
}

// Reach returns which records of a kind a reader with these roles may list.
func (r *Roles) Reach(roles []ledger.Role, what string) (Reach, error) {
	var reach Reach
	for _, c := range []struct {
		standings []Standing
		own       bool
		set       *bool
	}{{nil, false, &reach.All}, {[]Standing{Named}, false, &reach.Named}, {nil, true, &reach.Own}} {
		if reach.All {
			break
		}
		a, err := r.Decide(Ask{Roles: roles, Standings: c.standings, Own: c.own, Act: Read, What: what})
		if err != nil {
			return reach, err
		}
		if *c.set = a.Allow; a.Allow {
			reach.Rows = append(reach.Rows, a.Row)
		}
	}
	return reach, nil
}

// Asks returns the standings that a question depends on: the caller need not look up
// the others.
func (r *Roles) Asks(roles []ledger.Role, act Act, what string) (standings []Standing) {
	for _, row := range r.rows {
		if row.What != what || row.Act != act && row.Act != anyValue || !r.has(roles, row.Role) {
			continue
		}
		if row.Standing != anyValue {
			standings = append(standings, row.Standing)
		}
	}
	return standings
}

// has reports whether one of the roles is the role of a row or belongs to its group.
func (r *Roles) has(roles []ledger.Role, word string) bool {
	return word == anyValue || slices.ContainsFunc(roles, func(role ledger.Role) bool {
		linked, err := r.enforcer.GetRoleManager().HasLink(string(role), word)
		return err == nil && linked
	})
}

// ask returns the index of the row that allows q. It asks Casbin once and remembers
// the answer: known roles, standings and kinds are few. An answer about an unknown
// role or kind is not remembered, so the memory is bounded.
func (r *Roles) ask(q roleQuestion) (int, error) {
	r.mu.RLock()
	i, ok := r.answers[q]
	r.mu.RUnlock()
	if ok {
		return i, nil
	}
	place := ""
	if q.own {
		place = ownRegion
	}
	yes, why, err := r.enforcer.EnforceEx(string(q.role), string(q.standing), place, string(q.act), q.what)
	if err != nil {
		return noRow, fmt.Errorf("ask who reads %s: %w", q.what, err)
	}
	i = noRow
	if yes {
		i = slices.IndexFunc(r.rows, func(row Row) bool { return row.String() == strings.Join(why, ", ") })
	}
	if slices.ContainsFunc(r.rows, func(row Row) bool { return row.What == q.what }) && (q.role == "" || slices.Contains(ledger.Roles(), q.role)) {
		r.mu.Lock()
		r.answers[q] = i
		r.mu.Unlock()
	}
	return i, nil
}
