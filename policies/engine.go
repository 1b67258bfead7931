package policies

import (
	"context"
	_ "embed"
	"fmt"
	"sync"

	"github.com/casbin/casbin/v2/model"

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
	keep     int

	mu    sync.Mutex
	gen   uint64 // raised by each Invalidate
	clock uint64 // raised by each use
	books map[ledger.ID]*shelved
}

// shelved is a book and when it was last used.
type shelved struct {
	book *book
	used uint64
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
	return &Engine{licenses: licenses, model: m, keep: keep, books: map[ledger.ID]*shelved{}}, nil
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
		delete(e.books, p)
	}
}

// Kept is how many parties' policies are kept now.
func (e *Engine) Kept() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.books)
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
	b = compile(licenses)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gen != gen {
		return b, nil
	}
	if s, ok := e.books[party]; ok { // another compiled it meanwhile
		return s.book, nil
	}
	if len(e.books) >= e.keep {
		e.evict()
	}
	e.clock++
	e.books[party] = &shelved{book: b, used: e.clock}
	return b, nil
}

func (e *Engine) find(party ledger.ID) (*book, uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.books[party]
	if !ok {
		return nil, e.gen
	}
	e.clock++
	s.used = e.clock
	return s.book, e.gen
}

// evict drops the book that was used longest ago.
func (e *Engine) evict() {
	var oldest ledger.ID
	at := e.clock + 1
	for p, s := range e.books {
		if s.used < at {
			oldest, at = p, s.used
		}
	}
	delete(e.books, oldest)
}
