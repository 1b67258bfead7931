package sight

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// Config is what sight stands on.
type Config struct {
	DB       *sql.DB // readers of read.db
	Roles    *policies.Roles
	Licensed Licensed
	Noted    func(ctx context.Context, by ledger.ID, target ledger.Ref) error // leaves a receipt of a look
	Log      *slog.Logger
}

// Sight decides who may see what. Safe for use by many goroutines.
type Sight struct {
	db *sql.DB
	c  Config
}

// New makes it.
func New(c Config) *Sight { return &Sight{c.DB, c} }

// Item is something that may be seen.
type Item struct {
	Ref     ledger.Ref
	Readers *ledger.Readers // of what is no record; nil: as the record says
	As      string          // word of the table of readers, where another part of the record is asked for
	Bearer  bool            // the reader knows the SHA-256 of the file that it is
}

// Judgment is the answer about an item.
type Judgment struct {
	policies.Access
	Why Why
}

// Why is what the answer rests on.
type Why struct {
	What      string              `json:"what" zh:"所问的种类" en:"word that the table was asked by"`
	Standings []policies.Standing `json:"standings" form:"-" zh:"记录中的身份" en:"what the record says of the reader"`
	Region    ledger.Region       `json:"region,omitempty" zh:"记录所在区划" en:"region that the record lies in"`
	Own       bool                `json:"own" zh:"在其区划内" en:"the record lies in the reader's region"`
}

// Judge answers for each item whether a reader may see it; a reader of nil is a
// stranger. It notes nothing. What is not there may not be seen.
func (s *Sight) Judge(ctx context.Context, reader *ledger.Party, act policies.Act, items ...Item) ([]Judgment, error) {
	facts, err := s.about(ctx, items...)
	if err != nil {
		return nil, err
	}
	return s.JudgeBy(ctx, facts, nil, reader, act, items...)
}

// about loads what is known of items, in one query.
func (s *Sight) about(ctx context.Context, items ...Item) (Facts, error) {
	var refs []ledger.Ref
	for _, item := range items {
		refs = append(refs, item.Refs()...)
	}
	return s.Load(ctx, refs...)
}

// Refs are the records by which an item is judged.
func (i Item) Refs() []ledger.Ref {
	if i.Readers == nil {
		return []ledger.Ref{i.Ref}
	}
	refs := []ledger.Ref{i.Readers.Like, i.Readers.Under}
	for _, p := range i.Readers.Parties { // by name
		refs = append(refs, ledger.RefTo(ledger.KindParty, p))
	}
	return refs
}

// Licensed reports whether an accepted license of a party covers a resource.
type Licensed func(ctx context.Context, party, resource ledger.ID) (bool, error)

// JudgeBy is Judge by facts that are loaded, and by what is known of licenses; nil: it
// is asked for.
func (s *Sight) JudgeBy(ctx context.Context, facts Facts, known Licensed, reader *ledger.Party, act policies.Act, items ...Item) ([]Judgment, error) {
	if known == nil {
		known = s.c.Licensed
	}
	l := lookup{s: s, facts: facts, ask: known, reader: reader, act: act, licensed: map[ledger.Ref]bool{}}
	if err := l.loadHeld(ctx, items); err != nil {
		return nil, err
	}
	list := make([]Judgment, len(items))
	for i, item := range items {
		var err error
		if list[i], err = l.judge(ctx, item); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// lookup is one reader's question about many items.
type lookup struct {
	s        *Sight
	facts    Facts
	ask      Licensed
	held     Facts // resources that items concern
	reader   *ledger.Party
	act      policies.Act
	licensed map[ledger.Ref]bool
}

// roles are those of the reader.
func (l lookup) roles() []ledger.Role {
	if l.reader == nil {
		return nil
	}
	return l.reader.Roles
}

// readers are those of an item, through the record that it is read like, with the
// word that the table is asked by.
func (l lookup) readers(item Item) (ledger.Readers, string, bool) {
	ref := item.Ref
	f, ok := l.facts[ref]
	r := f.Readers
	if item.Readers != nil {
		r, ok = *item.Readers, true
	}
	for range 3 { // a grant is read like an entry, content like a product
		if r.Like == "" || !ok {
			break
		}
		ref = r.Like
		f, ok = l.facts[ref]
		r = f.Readers
	}
	switch {
	case item.As != "":
		return r, item.As, ok
	case r.As != "":
		return r, r.As, ok
	}
	return r, ref.Kind(), ok
}

// loadHeld loads the resources by whose holders items may be seen, where a row asks
// for that.
func (l *lookup) loadHeld(ctx context.Context, items []Item) error {
	if l.reader == nil {
		return nil
	}
	var refs []ledger.Ref
	for _, item := range items {
		r, what, ok := l.readers(item)
		if asked, _ := l.s.c.Roles.Asks(l.roles(), l.act, what); !ok || !slices.Contains(asked, policies.Holder) {
			continue
		}
		for _, held := range r.Held {
			if _, known := l.facts[held]; !known {
				refs = append(refs, held)
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	var err error
	l.held, err = l.s.Load(ctx, refs...)
	return err
}

func (l lookup) judge(ctx context.Context, item Item) (Judgment, error) {
	r, what, ok := l.readers(item)
	if !ok {
		return Judgment{}, nil
	}
	j := Judgment{Why: Why{What: what, Standings: []policies.Standing{}}}
	asked, place := l.s.c.Roles.Asks(l.roles(), l.act, what)
	if place && l.reader != nil {
		j.Why.Region = l.facts.region(r)
		j.Why.Own = j.Why.Region != "" && l.reader.Region.Covers(j.Why.Region)
	}
	decide := func() (err error) {
		j.Access, err = l.s.c.Roles.Decide(policies.Ask{Roles: l.roles(), Standings: j.Why.Standings, Own: j.Why.Own, Act: l.act, What: what})
		return err
	}
	for _, standing := range standings {
		if !slices.Contains(asked, standing) {
			continue
		}
		if standing == policies.Licensed { // costs queries: only where nothing else lets him
			if err := decide(); err != nil || j.Allow && !j.Row.Noted {
				return j, err
			}
		}
		has, err := l.stands(ctx, standing, r, item)
		if err != nil {
			return j, err
		}
		if has {
			j.Why.Standings = append(j.Why.Standings, standing)
		}
	}
	return j, decide()
}

// standings in the order in which they are looked up.
var standings = []policies.Standing{policies.Named, policies.Bearer, policies.Holder, policies.Licensed}

// stands reports whether the record says something of the reader.
func (l lookup) stands(ctx context.Context, standing policies.Standing, r ledger.Readers, item Item) (bool, error) {
	if l.reader == nil && standing != policies.Bearer {
		return false, nil
	}
	switch standing {
	case policies.Bearer:
		return item.Bearer, nil
	case policies.Named:
		return slices.Contains(r.Parties, l.reader.ID), nil
	case policies.Holder:
		return slices.ContainsFunc(r.Held, func(ref ledger.Ref) bool {
			return slices.Contains(l.facts[ref].Readers.Parties, l.reader.ID) || slices.Contains(l.held[ref].Readers.Parties, l.reader.ID)
		}), nil
	case policies.Licensed:
		for _, ref := range r.Held {
			has, known := l.licensed[ref]
			if !known {
				var err error
				if has, err = l.ask(ctx, l.reader.ID, ledger.ID(ref.ID())); err != nil {
					return false, err
				}
				l.licensed[ref] = has
			}
			if has {
				return true, nil
			}
		}
	}
	return false, nil
}

// Look lets a reader see an item, and notes the look where the row that lets him says
// so. Whoever may not see it is answered as if it were not there: NotFound at the field.
func (s *Sight) Look(ctx context.Context, reader *ledger.Party, item Item, field string) error {
	list, err := s.Judge(ctx, reader, policies.Read, item)
	if err != nil {
		return err
	}
	if !list[0].Allow {
		return Nothing(field)
	}
	return s.Note(ctx, reader, item.Ref, list[0].Row)
}

// Nothing is the one answer for what is not there and for what may not be seen.
func Nothing(field string) error {
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field)
}

// Note tells the log which rows let a reader see something, and leaves a receipt of
// the look where one of them says so.
func (s *Sight) Note(ctx context.Context, reader *ledger.Party, on ledger.Ref, rows ...policies.Row) error {
	noted := false
	for _, row := range rows {
		s.c.Log.DebugContext(ctx, "read decided", slog.String("row", row.String()), slog.String("on", string(on)))
		noted = noted || row.Noted
	}
	if !noted || reader == nil {
		return nil
	}
	return s.c.Noted(ctx, reader.ID, on)
}

// List returns which records of a word a reader may list, and notes the look once, as
// one at KIND/which. Forbidden where he may list none whatever they say.
func (s *Sight) List(ctx context.Context, reader *ledger.Party, what string, look ledger.Ref) (readmodel.Scope, error) {
	scope, rows, err := s.Scope(reader, what)
	if err != nil {
		return scope, err
	}
	if scope == (readmodel.Scope{}) {
		return scope, ledger.Refuse(ledger.Forbidden, ledger.ReasonRole)
	}
	return scope, s.Note(ctx, reader, look, rows...)
}

// Scope is List that notes nothing, with the rows by which the reader may.
func (s *Sight) Scope(reader *ledger.Party, what string) (readmodel.Scope, []policies.Row, error) {
	l := lookup{reader: reader}
	reach, err := s.c.Roles.Reach(l.roles(), what)
	scope := readmodel.Scope{All: reach.All}
	if reader != nil && reach.Named {
		scope.Party = reader.ID
	}
	if reader != nil && reach.Own {
		scope.Region = reader.Region
	}
	return scope, reach.Rows, err
}

// Keep returns those of a list that a reader may see, which says its own readers, and
// notes the look once. Forbidden where he may see none whatever they say.
func Keep[T ledger.Readable](ctx context.Context, s *Sight, reader *ledger.Party, what string, list []T, look ledger.Ref) ([]T, error) {
	if _, err := s.List(ctx, reader, what, look); err != nil {
		return nil, err
	}
	items := make([]Item, len(list))
	for i, v := range list {
		r := v.Readers()
		items[i] = Item{Readers: &r}
	}
	judged, err := s.Judge(ctx, reader, policies.Read, items...)
	if err != nil {
		return nil, err
	}
	kept := []T{}
	for i, j := range judged {
		if j.Allow {
			kept = append(kept, list[i])
		}
	}
	return kept, nil
}

// Explanation says whether a party may read a record, and why.
type Explanation struct {
	Ref     ledger.Ref    `json:"ref" zh:"记录" en:"record"`
	Act     policies.Act  `json:"act" form:"-" zh:"事项：read 查看记录，prove 取得证据包" en:"act: read, the record; prove, the bundle of evidence about it"`
	Party   ledger.ID     `json:"party" zh:"所问的单位" en:"party that is asked about"`
	Roles   []ledger.Role `json:"roles" form:"list=1..10,enum=roles" zh:"其角色" en:"its roles"`
	Allowed bool          `json:"allowed" zh:"可以" en:"it may"`
	Row     *policies.Row `json:"row,omitempty" zh:"作出决定的一行；无此项：没有一行允许" en:"the row that decided; absent: no row allows it"`
	Why     Why           `json:"why" zh:"所依据的事实" en:"what the answer rests on"`
}

// Explain says whether a party may read an item, and which row of the table decides.
// It notes nothing: it is asked of whoever may see the item himself.
func (s *Sight) Explain(ctx context.Context, party ledger.Party, act policies.Act, item Item) (Explanation, error) {
	e := Explanation{Ref: item.Ref, Act: act, Party: party.ID, Roles: party.Roles}
	list, err := s.Judge(ctx, &party, act, item)
	if err != nil {
		return e, err
	}
	e.Allowed, e.Why = list[0].Allow, list[0].Why
	if e.Allowed {
		e.Row = &list[0].Row
	}
	return e, nil
}
