package licensing

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// attempts is how often a decision begins anew because a block was applied meanwhile.
const attempts = 8

// Decide answers whether a party may use the resource q.Facts.Resource: the
// party is active, the resource's entry effective and not core, and a license
// covers it. Facts other than the resource's id are looked up; an empty day is
// today. A denial is an answer with its reason; the error is unavailable while
// no revision is known or blocks come faster than decisions.
func (l *Licensing) Decide(ctx context.Context, q Question) (Decision, error) {
	if q.Day == "" {
		q.Day = l.today()
	}
	var d Decision
	err := l.atRevision(func(r ledger.Revision) error {
		var err error
		d, err = l.decide(ctx, q)
		d.Revision = r
		return err
	})
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

// atRevision runs f until the revision was the same before and after.
func (l *Licensing) atRevision(f func(ledger.Revision) error) error {
	l.mu.Lock()
	revision := l.revision
	l.mu.Unlock()
	behind := ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
	if revision == nil {
		return behind
	}
	for range attempts {
		before, ok := revision()
		if !ok {
			return behind
		}
		if err := f(before); err != nil {
			return err
		}
		if after, _ := revision(); after == before {
			return nil
		}
	}
	return behind
}

func (l *Licensing) decide(ctx context.Context, q Question) (Decision, error) {
	e, reason, err := l.standing(ctx, q)
	if err != nil {
		return Decision{}, err
	}
	if reason != "" {
		return Decision{Reason: reason, Until: policies.EndOf(q.Day)}, nil
	}
	q.Facts = e.Facts
	d, err := l.license(ctx, q)
	if err != nil {
		return Decision{}, err
	}
	d.Until = min(d.Until, policies.EndOf(e.ValidUntil))
	return d, nil
}

// standing finds the entry of the question's resource, and what forbids any use
// of it by the party, whatever its licenses say.
func (l *Licensing) standing(ctx context.Context, q Question) (Entry, ledger.Reason, error) {
	active, err := l.active(ctx, q.Party)
	switch {
	case errors.Is(err, ledger.NotFound):
		return Entry{}, ledger.ReasonPartyUnknown, nil
	case err != nil:
		return Entry{}, "", err
	}
	e, err := l.Entry(ctx, q.Facts.Resource, q.Day)
	known := !errors.Is(err, ledger.NotFound)
	if err != nil && known {
		return Entry{}, "", err
	}
	switch {
	case !active:
		return e, ledger.ReasonPartySuspended, nil
	case !known || !e.Effective(q.Day):
		return e, ledger.ReasonEntry, nil
	case e.Facts.Level == ledger.Core:
		return e, ledger.ReasonLevel, nil
	}
	return e, "", nil
}

// license asks the policies. While a block that changes the party's licenses is
// under way, nothing that was compiled before counts.
func (l *Licensing) license(ctx context.Context, q Question) (Decision, error) {
	l.mu.Lock()
	moving := l.moving[q.Party]
	l.mu.Unlock()
	if moving {
		l.engine.Invalidate(q.Party)
	}
	return l.engine.Decide(ctx, q)
}

// Explanation says how a decision came about.
type Explanation struct {
	Party    ledger.ID       `json:"party"`
	Day      ledger.Date     `json:"day"`
	Purpose  ledger.Purpose  `json:"purpose"`
	Action   string          `json:"action,omitempty"`
	Allow    bool            `json:"allow"`
	Reason   ledger.Reason   `json:"reason,omitempty"` // of a denial
	Until    ledger.Millis   `json:"until"`
	Revision ledger.Revision `json:"revision"`
	Active   bool            `json:"party_active"`
	Entry    *Entry          `json:"entry,omitempty"` // of the resource, where it was registered
	Entered  bool            `json:"entry_effective"`
	Licenses []Answer        `json:"licenses"` // all of the party, in order of id
}

// Answer is what one license says to the question.
type Answer struct {
	License     ledger.ID           `json:"license_id"`
	Mode        ledger.Mode         `json:"mode"`
	State       ledger.LicenseState `json:"state"`
	Suspensions []ledger.Suspension `json:"suspensions"`
	StartOn     ledger.Date         `json:"start_on"`
	EndOn       ledger.Date         `json:"end_on"`
	Covers      bool                `json:"covers"` // by the policies, as it stands on that day
	Reason      ledger.Reason       `json:"reason,omitempty"`
}

// Explain answers q as Decide does, and says for each of the party's licenses
// why it covers the resource or not.
func (l *Licensing) Explain(ctx context.Context, q Question) (Explanation, error) {
	if q.Day == "" {
		q.Day = l.today()
	}
	var x Explanation
	err := l.atRevision(func(r ledger.Revision) error {
		var err error
		x, err = l.explain(ctx, q)
		x.Revision = r
		return err
	})
	if err != nil {
		return Explanation{}, err
	}
	return x, nil
}

func (l *Licensing) explain(ctx context.Context, q Question) (Explanation, error) {
	x := Explanation{Party: q.Party, Day: q.Day, Purpose: q.Purpose, Action: q.Action, Licenses: []Answer{}}
	d, err := l.decide(ctx, q)
	if err != nil {
		return x, err
	}
	x.Allow, x.Reason, x.Until = d.Allow, d.Reason, d.Until
	if x.Active, err = l.active(ctx, q.Party); err != nil && !errors.Is(err, ledger.NotFound) {
		return x, err
	}
	e, err := l.Entry(ctx, q.Facts.Resource, q.Day)
	switch {
	case err == nil:
		x.Entry, x.Entered = &e, e.Effective(q.Day)
		q.Facts = e.Facts
	case !errors.Is(err, ledger.NotFound):
		return x, err
	}
	licenses, err := l.OfAssignee(ctx, q.Party)
	if err != nil {
		return x, err
	}
	only := q.License
	for _, v := range licenses {
		if only != "" && only != v.ID {
			continue
		}
		q.License = v.ID
		d, err := l.license(ctx, q)
		if err != nil {
			return x, err
		}
		x.Licenses = append(x.Licenses, Answer{
			License: v.ID, Mode: v.Mode, State: v.State, Suspensions: v.Suspensions,
			StartOn: v.StartOn, EndOn: v.EndOn, Covers: d.Allow, Reason: d.Reason,
		})
	}
	return x, nil
}
