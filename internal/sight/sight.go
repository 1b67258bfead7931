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

// Config has the settings of a Sight.
type Config struct {
	DB        *sql.DB // readers of read.db
	Roles     *policies.Roles
	Licensed  Licensed
	StoreLook func(ctx context.Context, by ledger.ID, target ledger.Ref) error // stores a receipt of a read
	Log       *slog.Logger
}

// Sight decides who may see what. It is safe for concurrent use.
type Sight struct {
	db *sql.DB
	c  Config
}

// New returns a Sight.
func New(c Config) *Sight { return &Sight{c.DB, c} }

// Item is something that a reader may ask for.
type Item struct {
	Ref     ledger.Ref
	Readers *ledger.Readers // readers, if the item is not a record; nil: the record's readers
	As      string          // word of the table of read rules, if another part of the record is requested
	Bearer  bool            // the item is a file, and the reader knows its SHA-256
}

// Judgment is the decision about an item.
type Judgment struct {
	policies.Access
	Why Why
}

// Why has the facts on which a decision is based.
type Why struct {
	What      string              `json:"what" zh:"所问的种类" en:"word of the table of read rules"`
	Standings []policies.Standing `json:"standings" form:"-" zh:"记录中的身份" en:"standing of the reader in the record"`
	Region    ledger.Region       `json:"region,omitempty" zh:"记录所在区划" en:"region of the record"`
	Own       bool                `json:"own" zh:"在其区划内" en:"whether the record is in the reader's region"`
}

// Judge decides for each item whether a reader may see it; a nil reader is anonymous.
// Missing records may not be seen. Judge stores no receipt.
func (s *Sight) Judge(ctx context.Context, reader *ledger.Party, act policies.Act, items ...Item) ([]Judgment, error) {
	facts, err := s.about(ctx, items...)
	if err != nil {
		return nil, err
	}
	return s.JudgeBy(ctx, facts, nil, reader, act, items...)
}

// about loads the facts about items with one query.
func (s *Sight) about(ctx context.Context, items ...Item) (Facts, error) {
	var refs []ledger.Ref
	for _, item := range items {
		refs = append(refs, item.Refs()...)
	}
	return s.Load(ctx, refs...)
}

// Refs returns the records on which the decision about an item depends.
func (i Item) Refs() []ledger.Ref {
	if i.Readers == nil {
		return []ledger.Ref{i.Ref}
	}
	refs := []ledger.Ref{i.Readers.Like, i.Readers.Under}
	for _, p := range i.Readers.Parties { // their names
		refs = append(refs, ledger.RefTo(ledger.KindParty, p))
	}
	return refs
}

// Licensed reports whether an accepted license of a party covers a resource.
type Licensed func(ctx context.Context, party, resource ledger.ID) (bool, error)

// JudgeBy is Judge with loaded facts, and with known, which answers questions about
// licenses; if known is nil, the read model is asked.
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

// lookup is one reader's request for many items.
type lookup struct {
	s        *Sight
	facts    Facts
	ask      Licensed
	held     Facts // resources that items concern
	reader   *ledger.Party
	act      policies.Act
	licensed map[ledger.Ref]bool
}

// roles returns the roles of the reader. A suspended party has no role: it may read what
// names it or concerns its resources, and what everyone may read.
func (l lookup) roles() []ledger.Role {
	if l.reader == nil || !l.reader.Active() {
		return nil
	}
	return l.reader.Roles
}

// readers returns the readers of an item and the word for the table of read rules. If
// the record has the same readers as another record, it uses that one.
func (l lookup) readers(item Item) (ledger.Readers, string, bool) {
	ref := item.Ref
	f, ok := l.facts[ref]
	r := f.Readers
	if item.Readers != nil {
		r, ok = *item.Readers, true
	}
	for range 3 { // for example, a grant is read like an entry, content like a product
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

// loadHeld loads the resources whose holders may see the items, if a rule depends on
// holders.
func (l *lookup) loadHeld(ctx context.Context, items []Item) error {
	if l.reader == nil {
		return nil
	}
	var refs []ledger.Ref
	for _, item := range items {
		r, what, ok := l.readers(item)
		if asked := l.s.c.Roles.Asks(l.roles(), l.act, what); !ok || !slices.Contains(asked, policies.Holder) {
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
	asked := l.s.c.Roles.Asks(l.roles(), l.act, what)
	if l.reader != nil {
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
		if standing == policies.Licensed { // this costs queries: skip it if another standing suffices
			if err := decide(); err != nil || j.Allow && !j.Row.Noted {
				return j, err
			}
		}
		has, err := l.hasStanding(ctx, standing, r, item)
		if err != nil {
			return j, err
		}
		if has {
			j.Why.Standings = append(j.Why.Standings, standing)
		}
	}
	return j, decide()
}

// standings is the order in which standings are checked.
var standings = []policies.Standing{policies.Named, policies.Bearer, policies.Holder, policies.Licensed}

// hasStanding reports whether the reader has a standing in the record.
func (l lookup) hasStanding(ctx context.Context, standing policies.Standing, r ledger.Readers, item Item) (bool, error) {
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

// Look checks that a reader may see an item, and stores a receipt if the rule demands
// it. If the reader may not see it, the error is that of a missing record: NotFound at
// field.
func (s *Sight) Look(ctx context.Context, reader *ledger.Party, item Item, field string) error {
	list, err := s.Judge(ctx, reader, policies.Read, item)
	if err != nil {
		return err
	}
	if !list[0].Allow {
		return Nothing(field)
	}
	return s.RecordLook(ctx, reader, item.Ref, list[0].Row)
}

// Nothing returns the error for a missing record, which is also the error for a record
// that may not be seen.
func Nothing(field string) error {
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field)
}

// RecordLook logs the rules that allow a read, and stores a receipt of the read if one
// of them demands it.
func (s *Sight) RecordLook(ctx context.Context, reader *ledger.Party, on ledger.Ref, rows ...policies.Row) error {
	recorded := false
	for _, row := range rows {
		s.c.Log.DebugContext(ctx, "read decided", slog.String("row", row.String()), slog.String("on", string(on)))
		recorded = recorded || row.Noted
	}
	if !recorded || reader == nil {
		return nil
	}
	return s.c.StoreLook(ctx, reader.ID, on)
}

// List returns the scope of the records with a word that a reader may list, and records
// the read once, for the target look (KIND/which). It is Forbidden if the reader may
// list no record of this word, whatever the content.
func (s *Sight) List(ctx context.Context, reader *ledger.Party, what string, look ledger.Ref) (readmodel.Scope, error) {
	scope, rows, err := s.Scope(reader, what)
	if err != nil {
		return scope, err
	}
	if scope == (readmodel.Scope{}) {
		return scope, ledger.Refuse(ledger.Forbidden, ledger.ReasonRole)
	}
	return scope, s.RecordLook(ctx, reader, look, rows...)
}

// Scope is List without recording the read; it also returns the rules that allow it.
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

// Visible returns the items of a list that a reader may see. The items know their own
// readers. It records the read once. It is Forbidden if the reader may see no item
// at all, whatever the content.
func Visible[T ledger.Readable](ctx context.Context, s *Sight, reader *ledger.Party, what string, list []T, look ledger.Ref) ([]T, error) {
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
	visible := []T{}
	for i, j := range judged {
		if j.Allow {
			visible = append(visible, list[i])
		}
	}
	return visible, nil
}

// Explanation says whether a party may read a record, and why.
type Explanation struct {
	Ref     ledger.Ref    `json:"ref" zh:"记录" en:"record"`
	Act     policies.Act  `json:"act" form:"-" zh:"事项：read 查看记录，prove 取得证据包" en:"act: read, the record; prove, the bundle of evidence about it"`
	Party   ledger.ID     `json:"party" zh:"所问的单位" en:"party in question"`
	Roles   []ledger.Role `json:"roles" form:"list=1..10,enum=roles" zh:"其角色" en:"its roles"`
	Allowed bool          `json:"allowed" zh:"可以" en:"it may"`
	Row     *policies.Row `json:"row,omitempty" zh:"作出决定的一行；无此项：没有一行允许" en:"the row that decided; absent: no row allows it"`
	Why     Why           `json:"why" zh:"所依据的事实" en:"facts on which the answer is based"`
}

// Explain says whether a party may read an item, and which row of the table decides. It
// records nothing, because it is called for readers who may see the item themselves.
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
