package ledger

import (
	"slices"
)

// Act is everything about a function but its rule: who may call it, with which
// arguments, on which record, and where that leads. The contract, the evidence,
// the API, the command line and the docs read this table; the rule itself stands
// in package contract.
type Act struct {
	Name    Function
	Title   Words
	Note    Words       // what follows from it, where that is not plain
	Who     []Who       // who may call it; empty: any admitted party
	Args    func() Args // returns new arguments to decode into
	On      string      // kind of the record that it changes
	ID      string      // member of the arguments that names the record
	Makes   string      // kind of a second record that it begins under the same id
	Begins  bool        // the arguments say the whole record: it answers no earlier call
	Moves   []Move      // steps of the record's state
	Until   string      // member of the record with the last day on which it may be done
	Reasons []Reason    // what the rule itself may refuse it for; Refusals returns all
	Batched bool        // may share a transaction with other calls of its party (TxSubmit)
	Custody bool        // the node may sign it for a party whose key it keeps
}

// Args are the arguments of a function.
type Args interface{ Validate() error }

// Who is one answer to the question who may call a function: a party with the
// role, and where As is set, only the party that this member of the record names.
type Who struct {
	Role Role   `json:"role" form:"enum=roles" zh:"角色" en:"role"`
	As   string `json:"as,omitempty" zh:"须是记录中的哪一方（记录的成员名）；无此项则不限" en:"member of the record that must name the party; absent: any party of that role"`
}

// Move is one step of a record's state. A record is made from "", and one that
// has no states is made from "" to "".
type Move struct {
	From string `json:"from" zh:"原状态；空：尚无记录" en:"state before; empty: there is no record yet"`
	To   string `json:"to" zh:"新状态；空：该种记录无状态" en:"state after; empty: such records have none"`
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

// Roles returns the roles that may call the function; none: any admitted party.
func (a Act) Roles() []Role {
	var list []Role
	for _, w := range a.Who {
		if !slices.Contains(list, w.Role) {
			list = append(list, w.Role)
		}
	}
	return list
}

// MayCall reports whether a party has a role that may call the function.
func (a Act) MayCall(p Party) bool { return len(a.Who) == 0 || p.Has(a.Roles()...) }

// ActingAs returns the roles in which a party may do the act on a record, in the
// order of the table. The result is not nil where any admitted party may.
func (a Act) ActingAs(p Party, record any) []Role {
	if len(a.Who) == 0 {
		return []Role{}
	}
	var list []Role
	for _, w := range a.Who {
		if p.Has(w.Role) && (w.As == "" || MemberText(record, w.As) == string(p.ID)) {
			list = append(list, w.Role)
		}
	}
	return list
}

// Creates reports whether the act makes its record: it may not be there before.
func (a Act) Creates() bool {
	return slices.ContainsFunc(a.Moves, func(m Move) bool { return m.From == "" })
}

// From reports whether the act may be done on a record in this state.
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

// Leads reports whether the act takes a record from one state to another.
func (a Act) Leads(from, to string) bool {
	return len(a.Moves) == 0 || slices.Contains(a.Moves, Move{from, to})
}

// Over reports whether the last day on which the act may be done on a record has
// passed, and returns that day.
func (a Act) Over(record any, today Date) (Date, bool) {
	if a.Until == "" {
		return "", false
	}
	last := Date(MemberText(record, a.Until))
	return last, last < today
}

// Answers reports whether the arguments cite the call that last wrote the record.
func (a Act) Answers() bool {
	if a.On == "" || a.Creates() {
		return false
	}
	_, ok := Member(a.Args(), "answers")
	return ok
}

// Refusals returns what the function may be refused for, beyond the reasons that
// hold for every call (CommonReasons): those that follow from its row, and those
// of its rule. The tests of the contract produce each of them.
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
	if a.Answers() {
		list = append(list, ReasonStale)
	}
	if a.Until != "" {
		list = append(list, ReasonLate)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// CommonReasons returns what any call may be refused for before its rule is asked,
// once it is known to be a call whose signature is good. A rule may give them too.
func CommonReasons() []Reason {
	return []Reason{
		ReasonField, ReasonJSON, ReasonFunction, ReasonGenesis, ReasonLedger, ReasonTime, ReasonExpired, ReasonCallUsed,
		ReasonKey, ReasonKeyUse, ReasonKeyEnded, ReasonPartyUnknown, ReasonPartySuspended, ReasonRole,
	}
}

// Possible returns the acts that may be open to a party on a record today: its
// role, whose act it is, and the record's state allow them. Whether such an act
// would be refused for another reason, contract.Check says.
func Possible(p Party, record any, today Date) []Act {
	kind := kindOf(record)
	if kind == "" || !p.Active() {
		return nil
	}
	state := MemberText(record, "state")
	var list []Act
	for _, a := range acts {
		if a.On != kind || a.Creates() {
			continue
		}
		if _, over := a.Over(record, today); over || !a.From(state) || a.ActingAs(p, record) == nil {
			continue
		}
		list = append(list, a)
	}
	return list
}
