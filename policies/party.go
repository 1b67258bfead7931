package policies

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/ledger"
)

// maxAnswers is how many decisions are remembered for a party; the one used
// longest ago is dropped first.
const maxAnswers = 128

// partyPolicies finds, among the licenses of a party, those whose scope includes a
// resource. Nothing but its remembered answers ever changes: when a license
// changes, the engine makes another.
type partyPolicies struct {
	number   uint64           // different for each that an engine made
	licenses []ledger.License // the one that ends last comes first, then by id
	byScope  map[scope][]int  // indexes into licenses, ascending
	lengths  []int            // of the region prefixes in byScope, each once
	answers  *lru.Cache[Question, Decision]
}

// scope is what a license is granted for: the resources of a region, all of them
// or those of one domain, or one resource.
type scope struct {
	region string // prefix of region codes
	mode   ledger.Mode
	target string // domain or resource; empty for mode whole
}

// newPartyPolicies indexes the licenses of a party.
func newPartyPolicies(number uint64, licenses []ledger.License) (*partyPolicies, error) {
	answers, err := lru.New[Question, Decision](maxAnswers)
	if err != nil {
		return nil, fmt.Errorf("index licenses: %w", err)
	}
	p := &partyPolicies{number: number, licenses: slices.Clone(licenses), byScope: map[scope][]int{}, answers: answers}
	slices.SortFunc(p.licenses, func(a, b ledger.License) int {
		return cmp.Or(cmp.Compare(b.EndOn, a.EndOn), cmp.Compare(a.ID, b.ID))
	})
	for i, l := range p.licenses {
		region := prefix(l.Region)
		if !slices.Contains(p.lengths, len(region)) {
			p.lengths = append(p.lengths, len(region))
		}
		for _, target := range targets(l) {
			s := scope{region, l.Mode, target}
			p.byScope[s] = append(p.byScope[s], i)
		}
	}
	return p, nil
}

// targets returns what a license names by its mode, each once.
func targets(l ledger.License) []string {
	var list []string
	switch l.Mode {
	case ledger.Whole:
		list = []string{""}
	case ledger.Domain:
		list = slices.Clone(l.Domains)
	case ledger.Scenario:
		for _, r := range l.Resources {
			list = append(list, string(r))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// prefix returns the part of a region's code that all codes within it begin with
// (GB/T 2260), as ledger.Region.Covers compares it.
func prefix(r ledger.Region) string {
	p := string(r)
	for len(p) > 2 && strings.HasSuffix(p, "00") {
		p = p[:len(p)-2]
	}
	return p
}

// including returns the licenses whose scope includes a resource, as indexes in
// ascending order. How long that takes does not depend on the other licenses.
func (p *partyPolicies) including(f ledger.Facts) []int {
	var found []int
	for _, n := range p.lengths {
		if n > len(f.Region) {
			continue
		}
		region := string(f.Region[:n])
		found = append(found, p.byScope[scope{region, ledger.Whole, ""}]...)
		found = append(found, p.byScope[scope{region, ledger.Domain, f.Domain}]...)
		found = append(found, p.byScope[scope{region, ledger.Scenario, string(f.Resource)}]...)
	}
	slices.Sort(found)
	return found
}

// decide asks Casbin about each license whose scope includes the resource, until
// one allows the use: it is the one that is valid longest. An error is never
// remembered.
func (e *Engine) decide(ctx context.Context, p *partyPolicies, q Question) (Decision, error) {
	if d, ok := p.answers.Get(q); ok {
		return d, nil
	}
	including := p.including(q.Facts)
	for _, i := range including {
		l := p.licenses[i]
		if q.License != "" && l.ID != q.License || l.State != ledger.LicenseAccepted {
			continue
		}
		if err := ctx.Err(); err != nil {
			return Decision{}, err
		}
		allowed, err := e.enforce(p, i, q)
		if err != nil {
			return Decision{}, fmt.Errorf("enforce license %s: %w", l.ID, err)
		}
		if allowed {
			d := Decision{Allow: true, License: l.ID, Until: EndOf(l.EndOn)}
			p.answers.Add(q, d)
			return d, nil
		}
	}
	d := Decision{Reason: p.nearest(including, q), Until: EndOf(q.Day)}
	p.answers.Add(q, d)
	return d, nil
}

// nearest returns the reason of the license that came nearest to covering the
// question, which is the most useful one for the caller.
func (p *partyPolicies) nearest(including []int, q Question) ledger.Reason {
	best := ledger.ReasonScope // of every license whose scope does not include the resource
	if q.Facts.Level == ledger.Core {
		return ledger.ReasonLevel
	}
	for _, i := range including {
		if q.License != "" && p.licenses[i].ID != q.License {
			continue
		}
		if r := Why(p.licenses[i], q); nearness(r) > nearness(best) {
			best = r
		}
	}
	return best
}
