package ledger

import (
	"slices"
)

// Act describes a function: who may call it, with which arguments, on which record,
// and which states follow. The contract, the evidence, the API, the command line
// and the docs use this table. The rule of the function itself is in package
// contract.
type Act struct {
	Name    Function
	Title   Words
	Note    Words       // consequences that are not obvious
	Who     []Who       // who may call it; empty: any admitted party
	Args    func() Args // returns new arguments to decode into
	On      string      // kind of the record that it changes or creates
	ID      string      // member of the arguments that names the record
	Cites   Cited       // the record that answers cites, if it is another
	Makes   string      // kind of a second record that it creates under the same id
	Begins  bool        // the arguments are the whole record, so the call does not cite an earlier one
	Moves   []Move      // steps of the record's state
	Until   []Clock     // deadlines of the record, after whose last day the act is refused
	After   []Clock     // periods of the record that must be over before the act
	Reasons []Reason    // reasons for which the rule itself may refuse; Refusals returns all
	Batched bool        // may share a transaction with other calls of its party (TxSubmit)
	Custody bool        // the node may sign it for a party whose key it stores
}

// Args are the arguments of a function.
type Args interface{ Validate() error }

// Who is one kind of caller that a function allows: a party with the role, or any
// admitted party if Role is empty. If As is set, it must be the party that this
// member of the record names. An office acts only on records of its region that are
// neither its own nor an affiliate's.
type Who struct {
	Role   Role   `json:"role,omitempty" form:"enum=roles" zh:"角色；无此项则任何角色均可" en:"role; absent: any"`
	As     string `json:"as,omitempty" zh:"须是记录中的哪一方（记录的成员名）；无此项则不限" en:"member of the record that must name the party; absent: any party of that role"`
	Office bool   `json:"office,omitempty" zh:"只办理其区划内的、不属本单位及其关联单位的记录" en:"only on records of its region that are not its own or an affiliate's"`
}

// Cited names the record whose last call the arguments cite as answers: its kind, and
// the member of the arguments that has its id. The zero value stands for the record of
// the act.
type Cited struct {
	Kind string `json:"kind" zh:"记录种类" en:"kind of record"`
	ID   string `json:"id" zh:"参数中指明该记录的成员" en:"member of the arguments that names the record"`
}

// Move is one step of a record's state. From is empty when the record is created.
// Both are empty for a record without states.
type Move struct {
	From string `json:"from" zh:"原状态；空：尚无记录" en:"state before; empty: there is no record yet"`
	To   string `json:"to" zh:"新状态；空：该种记录无状态" en:"state after; empty: such records have no state"`
}

// Acts returns the table, in the order of the functions' names as declared.
func Acts() []Act { return slices.Clone(acts) }

// ActOf returns the act of a function, and whether there is one.
func ActOf(fn Function) (Act, bool) {
	i, ok := actIndex[fn]
	if !ok {
		return Act{}, false
	}
	return acts[i], true
}

var actIndex = func() map[Function]int {
	m := make(map[Function]int, len(acts))
	for i, a := range acts {
		m[a.Name] = i
	}
	return m
}()

// ChangedKinds returns the kinds of record that an act can change after their
// creation, in the order of the table.
func ChangedKinds() []string {
	var list []string
	for _, a := range acts {
		if a.On != "" && !a.Creates() && !slices.Contains(list, a.On) {
			list = append(list, a.On)
		}
	}
	return list
}

// Roles returns the roles that may call the function; empty: any admitted party.
func (a Act) Roles() []Role {
	var list []Role
	for _, w := range a.Who {
		if w.Role == "" {
			return nil
		}
		if !slices.Contains(list, w.Role) {
			list = append(list, w.Role)
		}
	}
	return list
}

// MayCall reports whether a party has a role that may call the function. If the
// function requires no role, every party may.
func (a Act) MayCall(p Party) bool { return len(a.Roles()) == 0 || p.Has(a.Roles()...) }

// ActingAs returns the roles in which a party may take the act on a record, in the
// order of the table. It returns nil if the party may not, and an empty list if the
// act requires no role.
func (a Act) ActingAs(p Party, record any) []Role {
	if len(a.Who) == 0 {
		return []Role{}
	}
	var list []Role
	for _, w := range a.Who {
		if w.As != "" && MemberText(record, w.As) != string(p.ID) {
			continue
		}
		switch {
		case w.Role == "" && list == nil:
			list = []Role{}
		case p.Has(w.Role):
			list = append(list, w.Role)
		}
	}
	return list
}

// IsOffice reports whether a role acts as an office here.
func (a Act) IsOffice(role Role) bool { return slices.Contains(a.Who, Who{Role: role, Office: true}) }

// Creates reports whether the act creates its record, which must not exist before.
func (a Act) Creates() bool {
	return slices.ContainsFunc(a.Moves, func(m Move) bool { return m.From == "" })
}

// From reports whether the act is allowed on a record in this state.
func (a Act) From(state string) bool {
	return len(a.Moves) == 0 || slices.ContainsFunc(a.Moves, func(m Move) bool { return m.From == state })
}

// To returns the state that the act leads to from another, and whether there is
// exactly one.
func (a Act) To(from string) (state string, one bool) {
	n := 0
	for _, m := range a.Moves {
		if m.From == from {
			state, n = m.To, n+1
		}
	}
	return state, n == 1
}

// Leads reports whether the act may move a record from one state to another.
func (a Act) Leads(from, to string) bool {
	return len(a.Moves) == 0 || slices.Contains(a.Moves, Move{from, to})
}

// Answers reports whether the arguments cite the call that last wrote the record.
func (a Act) Answers() bool {
	if a.On == "" || a.Creates() {
		return false
	}
	_, ok := Member(a.Args(), "answers")
	return ok
}

// Refusals returns the reasons for which the function may be refused, except those
// that apply to every call (CommonReasons): the reasons that follow from its row
// and those of its rule. The tests of the contract produce each of them.
func (a Act) Refusals() []Reason {
	list := slices.Clone(a.Reasons)
	if a.Creates() {
		list = append(list, ReasonExists)
	} else if a.On != "" && (!a.Begins || len(a.Moves) > 0) {
		list = append(list, ReasonUnknown)
		if len(a.Moves) > 0 {
			list = append(list, ReasonState)
		}
	}
	if !a.Creates() && slices.ContainsFunc(a.Who, func(w Who) bool { return w.As != "" }) {
		list = append(list, ReasonNotYours)
	}
	if slices.ContainsFunc(a.Who, func(w Who) bool { return w.Office }) {
		list = append(list, ReasonJurisdiction, ReasonOwnMatter)
	}
	if a.Answers() {
		list = append(list, ReasonStale)
	}
	if len(a.Until) > 0 {
		list = append(list, ReasonLate)
	}
	if len(a.After) > 0 {
		list = append(list, ReasonEarly)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// CommonReasons returns the reasons for which any call with a valid signature may
// be refused before its rule runs. A rule may refuse for the same reason because of
// something in its arguments, for example a suspended other party; then the act's
// row lists that reason too.
func CommonReasons() []Reason {
	return []Reason{
		ReasonField, ReasonJSON, ReasonFunction, ReasonGenesis, ReasonLedger, ReasonTime, ReasonExpired, ReasonCallUsed,
		ReasonKey, ReasonKeyUse, ReasonKeyEnded, ReasonPartyUnknown, ReasonPartySuspended, ReasonRole,
	}
}
