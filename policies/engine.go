package policies

import (
	"context"
	_ "embed"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/datacadastre/cadastre/ledger"
)

//go:embed model.conf
var modelText string

// DefaultParties is how many parties' policies an engine retains by default.
const DefaultParties = 1024

// Licenses finds the licenses of a party for an engine.
type Licenses interface {
	// OfAssignee returns all licenses of a party, in whatever state. An answer
	// must include every change that was committed before the question.
	OfAssignee(ctx context.Context, party ledger.ID) ([]ledger.License, error)
}

// Engine decides. It retains the policies of the parties that asked last; they
// are indexed when a party first asks. Safe for use by many goroutines.
type Engine struct {
	licenses  Licenses
	model     model.Model
	enforcers *lru.Cache[enforcerKey, *casbin.Enforcer]
	made      atomic.Uint64 // number of the newest partyPolicies

	mu         sync.Mutex
	generation uint64 // raised by each Invalidate
	parties    *simplelru.LRU[ledger.ID, *partyPolicies]
}

// NewEngine makes an engine that retains the policies of at most the given number
// of parties; 0 is DefaultParties.
func NewEngine(licenses Licenses, parties int) (*Engine, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("read model of licenses: %w", err)
	}
	if parties <= 0 {
		parties = DefaultParties
	}
	e := &Engine{licenses: licenses, model: m}
	if e.parties, err = simplelru.NewLRU[ledger.ID, *partyPolicies](parties, nil); err != nil {
		return nil, fmt.Errorf("make engine: %w", err)
	}
	if e.enforcers, err = lru.New[enforcerKey, *casbin.Enforcer](maxEnforcers); err != nil {
		return nil, fmt.Errorf("make engine: %w", err)
	}
	return e, nil
}

// Decide answers q by the party's licenses alone. A denial is an answer, not an
// error; after an error nothing is known and nothing may be done.
func (e *Engine) Decide(ctx context.Context, q Question) (Decision, error) {
	if err := q.Day.Validate("day"); err != nil {
		return Decision{}, err
	}
	p, err := e.policiesOf(ctx, q.Party)
	if err != nil {
		return Decision{}, err
	}
	return e.decide(ctx, p, q)
}

// Invalidate drops the policies of parties whose licenses changed. A decision that
// begins after it returns uses what OfAssignee returns from then on.
func (e *Engine) Invalidate(parties ...ledger.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.generation++
	for _, party := range parties {
		e.parties.Remove(party)
	}
}

// InvalidateAll drops the policies of all parties.
func (e *Engine) InvalidateAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.generation++
	e.parties.Purge()
}

// Parties returns how many parties' policies are retained now.
func (e *Engine) Parties() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.parties.Len()
}

// policiesOf finds or makes the policies of a party. Licenses that were read before
// an Invalidate serve the decision that read them, and are not retained.
func (e *Engine) policiesOf(ctx context.Context, party ledger.ID) (*partyPolicies, error) {
	p, generation := e.find(party)
	if p != nil {
		return p, nil
	}
	licenses, err := e.licenses.OfAssignee(ctx, party)
	if err != nil {
		return nil, fmt.Errorf("licenses of %s: %w", party, err)
	}
	if p, err = newPartyPolicies(e.made.Add(1), licenses); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.generation != generation {
		return p, nil
	}
	if other, ok := e.parties.Get(party); ok { // another goroutine made them meanwhile
		return other, nil
	}
	e.parties.Add(party, p)
	return p, nil
}

func (e *Engine) find(party ledger.ID) (*partyPolicies, uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, _ := e.parties.Get(party)
	return p, e.generation
}
