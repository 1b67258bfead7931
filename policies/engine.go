package policies

import (
	"context"
	_ "embed"
	"fmt"
	"sync"

	"github.com/casbin/casbin/v2/model"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/datacadastre/cadastre/ledger"
)

//go:embed model.conf
var modelText string

// DefaultParties is how many parties' books an engine keeps unless told otherwise.
const DefaultParties = 1024

// Licenses is where an engine finds a party's licenses.
type Licenses interface {
	// OfAssignee gives all licenses of a party, in whatever state. An answer
	// must hold every change that was committed before the question.
	OfAssignee(ctx context.Context, party ledger.ID) ([]ledger.License, error)
}

// Engine decides. It keeps the policies of the parties that asked last; they
// are compiled when a party first asks. Safe for use by many goroutines.
type Engine struct {
	licenses Licenses
	model    model.Model

	mu    sync.Mutex
	gen   uint64 // raised by each Invalidate
	books *simplelru.LRU[ledger.ID, *book]
}

// NewEngine makes an engine that keeps the policies of at most keep parties;
// keep 0 is DefaultParties.
func NewEngine(licenses Licenses, keep int) (*Engine, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("read model of licenses: %w", err)
	}
	if keep <= 0 {
		keep = DefaultParties
	}
	books, err := simplelru.NewLRU[ledger.ID, *book](keep, nil)
	if err != nil {
		return nil, fmt.Errorf("make engine: %w", err)
	}
	return &Engine{licenses: licenses, model: m, books: books}, nil
}

// Decide answers q by the party's licenses alone. A denial is an answer, not an
// error; an error means that nothing is known and nothing may be done.
func (e *Engine) Decide(ctx context.Context, q Question) (Decision, error) {
	if err := q.Day.Validate("day"); err != nil {
		return Decision{}, err
	}
	b, err := e.book(ctx, q.Party)
	if err != nil {
		return Decision{}, err
	}
	return b.decide(e.model, q)
}

// Invalidate forgets what parties' licenses were. A decision that begins after
// it returns rests on what OfAssignee says from then on.
func (e *Engine) Invalidate(parties ...ledger.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gen++
	for _, p := range parties {
		e.books.Remove(p)
	}
}

// Kept is how many parties' policies are kept now.
func (e *Engine) Kept() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.books.Len()
}

// book finds or compiles a party's book. What was read before an Invalidate is
// used for the decision that read it, and never kept.
func (e *Engine) book(ctx context.Context, party ledger.ID) (*book, error) {
	b, gen := e.find(party)
	if b != nil {
		return b, nil
	}
	licenses, err := e.licenses.OfAssignee(ctx, party)
	if err != nil {
		return nil, fmt.Errorf("licenses of %s: %w", party, err)
	}
	if b, err = compile(licenses); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gen != gen {
		return b, nil
	}
	if other, ok := e.books.Get(party); ok { // another compiled it meanwhile
		return other, nil
	}
	e.books.Add(party, b)
	return b, nil
}

func (e *Engine) find(party ledger.ID) (*book, uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, _ := e.books.Get(party)
	return b, e.gen
}
