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
	Until   []Clock     // the record's limits, after whose last day it may not be done
	After   []Clock     // the record's periods that must be over before it may be done
	Reasons []Reason    // what the rule itself may refuse it for; Refusals returns all
	Batched bool        // may share a transaction with other calls of its party (TxSubmit)
	Custody bool        // the node may sign it for a party whose key it keeps
}

// Args are the arguments of a function.
type Args interface{ Validate() error }

// Who is one answer to the question who may call a function: a party with the
// role, any admitted party where there is none, and where As is set, only the party
// that this member of the record names.
type Who struct {
	Role Role   `json:"role,omitempty" form:"enum=roles" zh:"角色；无此项则任何角色均可" en:"role; absent: any"`
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

// ChangedKinds returns the kinds of record that an act changes after they were
// made, in the order of the table.
func ChangedKinds() []string {
	var list []string
	for _, a := range acts {
		if a.On != "" && !a.Creates() && !slices.Contains(list, a.On) {
			list = append(list, a.On)
		}
	}
	return list
}

// Roles returns the roles that may call the function; none: any admitted party.
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

// MayCall reports whether a party has a role that may call the function, or needs none.
func (a Act) MayCall(p Party) bool { return len(a.Roles()) == 0 || p.Has(a.Roles()...) }

// ActingAs returns the roles in which a party may do the act on a record, in the
// order of the table; nil where it may not. In an act that takes no role the list is
// empty.
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
	if len(a.Until) > 0 {
		list = append(list, ReasonLate)
	}
	if len(a.After) > 0 {
		list = append(list, ReasonEarly)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// CommonReasons returns what any call may be refused for before its rule is asked,
// once it is known to be a call whose signature is good. Where a rule refuses for
// one of them what the arguments name, such as another party that is suspended, the
// act's row names it too.
func CommonReasons() []Reason {
	return []Reason{
		ReasonField, ReasonJSON, ReasonFunction, ReasonGenesis, ReasonLedger, ReasonTime, ReasonExpired, ReasonCallUsed,
		ReasonKey, ReasonKeyUse, ReasonKeyEnded, ReasonPartyUnknown, ReasonPartySuspended, ReasonRole,
	}
}
