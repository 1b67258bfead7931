package licensing

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// attempts is how often a decision is repeated because a block was applied meanwhile.
const attempts = 8

// Decide decides whether a party may use the resource q.Facts.Resource: the party is
// active, the resource's entry is effective and not core, and a license covers it.
// Facts other than the resource's id are looked up; an empty day means today. A denial
// is a Decision with a reason. The error is unavailable if no revision is known, or if
// blocks arrive faster than decisions.
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

// atRevision repeats f until the revision is the same before and after it.
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
	e, reason, err := l.precheck(ctx, q)
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

// precheck returns the entry of the question's resource, and the reason if the party
// may not use it under any license.
func (l *Licensing) precheck(ctx context.Context, q Question) (Entry, ledger.Reason, error) {
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

// license asks the policies. While a block that changes the party's licenses is being
// applied, policies compiled earlier are not used.
func (l *Licensing) license(ctx context.Context, q Question) (Decision, error) {
	l.mu.Lock()
	moving := l.moving[q.Party]
	l.mu.Unlock()
	if moving {
		l.engine.Invalidate(q.Party)
	}
	return l.engine.Decide(ctx, q)
}

// Explanation says how a decision was made.
type Explanation struct {
	Party    ledger.ID       `json:"party" zh:"被询问的单位" en:"party in question"`
	Day      ledger.Date     `json:"day" zh:"判定日" en:"day of the decision"`
	Purpose  AskedPurpose    `json:"purpose" zh:"被询问的用途" en:"purpose in question"`
	Action   string          `json:"action,omitempty" form:"enum=actions" zh:"被询问的动作；未限定则无此项" en:"action in question; absent: any action"`
	Allow    bool            `json:"allow" zh:"是否允许" en:"whether it is allowed"`
	Reason   ledger.Reason   `json:"reason,omitempty" zh:"不允许的原因" en:"why it is not allowed"`
	Until    ledger.Millis   `json:"until" zh:"此结论最迟的失效时间" en:"when this answer ends at the latest"`
	Revision ledger.Revision `json:"revision" zh:"判定所依据的账本版本" en:"state of the ledger on which it is based"`
	Active   bool            `json:"party_active" zh:"单位未被暂停" en:"the party is not suspended"`
	Entry    *Entry          `json:"entry,omitempty" zh:"资源的登记结果；未登记则无此项" en:"entry of the resource; absent if it is not registered"`
	Entered  bool            `json:"entry_effective" zh:"登记结果当日有效" en:"the entry is valid on that day"`
	Licenses []Answer        `json:"licenses" zh:"该单位的全部授权，按编号" en:"all licenses of the party, by id"`
}

// AskedPurpose is the purpose of a question; empty fields are left open.
type AskedPurpose struct {
	Class ledger.PurposeClass `json:"class,omitempty" form:"enum=purpose_classes" zh:"用途类别；未限定则无此项" en:"class; absent: any class"`
	Code  string              `json:"code,omitempty" form:"word=64" zh:"用途代码" en:"code"`
}

// Answer says whether one license covers the question.
type Answer struct {
	License     ledger.ID           `json:"license_id" zh:"授权编号" en:"license"`
	Mode        ledger.Mode         `json:"mode" form:"enum=modes" zh:"授权方式" en:"mode"`
	State       ledger.LicenseState `json:"state" form:"enum=license_states" zh:"授权状态" en:"state of the license"`
	Suspensions []ledger.Suspension `json:"suspensions" zh:"未解除的暂停" en:"open suspensions"`
	StartOn     ledger.Date         `json:"start_on" zh:"生效日" en:"first day"`
	EndOn       ledger.Date         `json:"end_on" zh:"截止日（含）" en:"last day"`
	Covers      bool                `json:"covers" zh:"当日覆盖所询问的事项" en:"it covers the use in question on that day"`
	Reason      ledger.Reason       `json:"reason,omitempty" zh:"不覆盖的原因" en:"why it does not cover it"`
}

// Explain decides q like Decide, and says for each of the party's licenses why it
// covers the resource or not.
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
	x := Explanation{Party: q.Party, Day: q.Day, Purpose: AskedPurpose(q.Purpose), Action: q.Action, Licenses: []Answer{}}
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
