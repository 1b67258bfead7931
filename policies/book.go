package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// Bounds of what a party's book keeps: what was used longest ago goes first.
const (
	maxSlices  = 64  // sets of policies shown to Casbin
	maxAnswers = 128 // remembered decisions
	shardSize  = 8   // licenses an enforcer holds: Casbin scans all its policies for each question
)

// rule is one policy and where it lies, so that a question sees only its own.
type rule struct {
	license int // index
	allow   bool
	fields  []string
}

// book is what a party's licenses compile to. It never changes but for what it
// has worked out; a change of a license makes a new book.
type book struct {
	licenses   []ledger.License // in order of id
	everywhere []rule
	domains    map[string][]rule
	resources  map[ledger.ID][]rule

	slices  *lru.Cache[slice, []shard]
	answers *lru.Cache[Question, Decision]
}

// slice names the policies that matter to a question.
type slice struct {
	region   ledger.Region
	domain   string
	resource ledger.ID // only where a license names it
}

// shard is an enforcer of a few licenses.
type shard struct {
	licenses []int
	enforcer *casbin.Enforcer
}

// compile makes the book of a party's licenses.
func compile(licenses []ledger.License) (*book, error) {
	made, err := lru.New[slice, []shard](maxSlices)
	if err != nil {
		return nil, fmt.Errorf("compile licenses: %w", err)
	}
	answers, err := lru.New[Question, Decision](maxAnswers)
	if err != nil {
		return nil, fmt.Errorf("compile licenses: %w", err)
	}
	b := &book{
		licenses:  slices.SortedFunc(slices.Values(licenses), func(a, b ledger.License) int { return cmp.Compare(a.ID, b.ID) }),
		domains:   map[string][]rule{},
		resources: map[ledger.ID][]rule{},
		slices:    made,
		answers:   answers,
	}
	for i, l := range b.licenses {
		if l.State != ledger.LicenseAccepted {
			continue
		}
		b.permit(i, l)
		if len(l.Suspensions) > 0 {
			b.everywhere = append(b.everywhere, deny(i, l, ledger.Whole, ""))
		}
		for _, r := range distinct(l.Excluded) {
			b.resources[r] = append(b.resources[r], deny(i, l, ledger.Scenario, string(r)))
		}
	}
	return b, nil
}

// permit adds a license's permissions, one for each target and purpose.
func (b *book) permit(i int, l ledger.License) {
	purposes := distinct(l.Purposes)
	if len(purposes) == 0 { // it still answers a question that names no purpose
		purposes = []ledger.Purpose{{}}
	}
	for _, p := range purposes {
		allow := func(target string) rule {
			return rule{license: i, allow: true, fields: []string{
				string(l.ID), prefix(l.Region), string(l.Mode), target,
				string(p.Class), cmp.Or(p.Code, "*"), strings.Join(l.Actions, " "), string(l.StartOn), string(l.EndOn), "allow",
			}}
		}
		switch l.Mode {
		case ledger.Whole:
			b.everywhere = append(b.everywhere, allow("*"))
		case ledger.Domain:
			for _, d := range distinct(l.Domains) {
				b.domains[d] = append(b.domains[d], allow(d))
			}
		case ledger.Scenario:
			for _, r := range distinct(l.Resources) {
				b.resources[r] = append(b.resources[r], allow(string(r)))
			}
		}
	}
}

// deny is a prohibition of a license on a target, whatever purpose, action and day.
func deny(i int, l ledger.License, mode ledger.Mode, target string) rule {
	return rule{license: i, fields: []string{string(l.ID), "", string(mode), target, "*", "*", "*", "", "9999-12-31", "deny"}}
}

// prefix is the part of a region's code that all within it begin with
// (GB/T 2260), as ledger.Region.Covers has it.
func prefix(r ledger.Region) string {
	p := string(r)
	for len(p) > 2 && strings.HasSuffix(p, "00") {
		p = p[:len(p)-2]
	}
	return p
}

func distinct[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// rules are the policies that matter to facts, by license; a license without a
// permission among them is left out.
func (b *book) rules(f ledger.Facts) map[int][][]string {
	found := map[int][][]string{}
	permitted := map[int]bool{}
	for _, list := range [][]rule{b.everywhere, b.domains[f.Domain], b.resources[f.Resource]} {
		for _, r := range list {
			if !strings.HasPrefix(string(f.Region), r.fields[1]) {
				continue
			}
			found[r.license] = append(found[r.license], r.fields)
			permitted[r.license] = permitted[r.license] || r.allow
		}
	}
	for i := range found {
		if !permitted[i] {
			delete(found, i)
		}
	}
	return found
}

// shards are the enforcers that hold what matters to facts.
func (b *book) shards(m model.Model, f ledger.Facts) ([]shard, error) {
	key := slice{region: f.Region, domain: f.Domain}
	if _, named := b.resources[f.Resource]; named {
		key.resource = f.Resource
	}
	if s, ok := b.slices.Get(key); ok {
		return s, nil
	}
	rules := b.rules(f)
	order := make([]int, 0, len(rules))
	for i := range rules {
		order = append(order, i)
	}
	slices.Sort(order)
	made := []shard{}
	for part := range slices.Chunk(order, shardSize) {
		var rows [][]string
		for _, i := range part {
			rows = append(rows, rules[i]...)
		}
		e, err := enforcer(m, rows)
		if err != nil {
			return nil, err
		}
		made = append(made, shard{licenses: part, enforcer: e})
	}
	b.slices.Add(key, made)
	return made, nil
}

// enforcer makes an enforcer of rows over a copy of the model.
func enforcer(m model.Model, rows [][]string) (*casbin.Enforcer, error) {
	m = m.Copy()
	if err := m.AddPolicies("p", "p", rows); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("make enforcer: %w", err)
	}
	e.AddFunction("within", within)
	e.AddFunction("among", among)
	return e, nil
}

// within reports whether a region's code begins with a prefix.
func within(args ...any) (any, error) {
	code, begin, err := two(args)
	return strings.HasPrefix(code, begin), err
}

// among reports whether an action is in a list set apart by spaces; no action
// is in any list.
func among(args ...any) (any, error) {
	action, list, err := two(args)
	return action == "" || list == "*" || slices.Contains(strings.Fields(list), action), err
}

func two(args []any) (first, second string, err error) {
	if len(args) == 2 {
		a, okA := args[0].(string)
		b, okB := args[1].(string)
		if okA && okB {
			return a, b, nil
		}
	}
	return "", "", fmt.Errorf("two texts wanted, got %v", args)
}

// decide asks Casbin about each license that matters.
func (b *book) decide(m model.Model, q Question) (Decision, error) {
	d, ok := b.answers.Get(q)
	if ok {
		d.Licenses = slices.Clone(d.Licenses)
		return d, nil
	}
	shards, err := b.shards(m, q.Facts)
	if err != nil {
		return Decision{}, err
	}
	for _, s := range shards {
		for _, i := range s.licenses {
			l := b.licenses[i]
			if q.License != "" && l.ID != q.License {
				continue
			}
			yes, err := s.enforcer.Enforce(string(l.ID), string(q.Facts.Region), q.Facts.Domain, string(q.Facts.Resource),
				string(q.Facts.Level), string(q.Purpose.Class), q.Purpose.Code, q.Action, string(q.Day))
			if err != nil {
				return Decision{}, fmt.Errorf("enforce license %s: %w", l.ID, err)
			}
			if yes {
				d.Allow, d.Licenses, d.Until = true, append(d.Licenses, l.ID), max(d.Until, EndOf(l.EndOn))
			}
		}
	}
	if !d.Allow {
		d.Reason, d.Until = nearest(b.licenses, q), EndOf(q.Day)
	}
	b.remember(q, d)
	return d, nil
}

// remember keeps an answer. It holds as long as the book: the day is part of
// the question, and nothing else ends it.
func (b *book) remember(q Question, d Decision) {
	d.Licenses = slices.Clone(d.Licenses)
	b.answers.Add(q, d)
}
