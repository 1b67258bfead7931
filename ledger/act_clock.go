package ledger

import "reflect"

// Clock is a limit in time of an act, which its record keeps.
type Clock struct {
	Member string `json:"member"`           // of the record: a day or a period of working days
	Rule   string `json:"rule,omitempty"`   // that sets it
	Unless string `json:"unless,omitempty"` // member of the arguments that says why it is late, and so lifts the limit
}

// LastDay returns the last day of a period by the lists of working days that are
// recorded now: a later list lengthens a period, and never shortens it (domain §7).
type LastDay func(Period) (Date, error)

// limit is a clock with its last day on one record.
type limit struct {
	Clock
	day Date
}

// limits returns the clocks that run on a record. One that the record does not
// have yet does not run, nor does a period of 0 days, as demonstration ledgers
// have them (protocol §6).
func limits(clocks []Clock, record any, last LastDay) ([]limit, error) {
	var list []limit
	for _, c := range clocks {
		day, err := c.lastDay(record, last)
		if err != nil {
			return nil, err
		}
		if day != "" {
			list = append(list, limit{c, day})
		}
	}
	return list, nil
}

func (c Clock) lastDay(record any, last LastDay) (Date, error) {
	m, ok := Member(record, c.Member)
	if ok && m.Kind() == reflect.Pointer {
		m, ok = m.Elem(), !m.IsNil()
	}
	if !ok {
		return "", nil
	}
	p, ok := reflect.TypeAssert[Period](m)
	switch {
	case !ok:
		return Date(m.String()), nil
	case p.Days == 0:
		return "", nil
	}
	return last(p)
}

// window returns the clocks that run on a record: those that must be over, and
// those that must not.
func (a Act) window(record any, last LastDay) (after, until []limit, err error) {
	if after, err = limits(a.After, record, last); err == nil {
		until, err = limits(a.Until, record, last)
	}
	return after, until, err
}

// InTime refuses an act on a record before its time has come or after it has
// gone by, with the last day that counts.
func (a Act) InTime(record any, args Args, today Date, last LastDay) error {
	after, until, err := a.window(record, last)
	if err != nil {
		return err
	}
	for _, l := range after {
		if today <= l.day {
			return Refuse(Conflict, ReasonEarly).At(a.ID).By(l.Rule).With("due", string(l.day))
		}
	}
	for _, l := range until {
		if today <= l.day || l.liftedBy(args) {
			continue
		}
		field := a.ID
		if l.Unless != "" {
			field = l.Unless
		}
		return Refuse(Conflict, ReasonLate).At(field).By(l.Rule).With("due", string(l.day))
	}
	return nil
}

// liftedBy reports whether the arguments say why the act is late.
func (c Clock) liftedBy(args Args) bool {
	m, ok := Member(args, c.Unless)
	return ok && !m.IsZero()
}

// Open is an act that is open to a party on a record today.
type Open struct {
	Function Function `json:"function"`
	Title    Words    `json:"title"`
	Note     *Words   `json:"note,omitempty"`
	Args     string   `json:"args"`             // name of the arguments' schema
	ID       string   `json:"id"`               // member of the arguments that names the record
	Answers  bool     `json:"answers"`          // the arguments cite the call that last wrote the record
	As       []Role   `json:"as"`               // roles in which the party may do it; empty: as any party
	Until    Date     `json:"until,omitempty"`  // last day; left out: no limit
	Unless   string   `json:"unless,omitempty"` // member of the arguments that is needed after the last day
}

// Possible returns the acts that are open to a party on a record today: its role,
// whose act it is, the record's state and the clocks on it allow them. Whether
// such an act would be refused for another reason, contract.Check says. It returns
// an error where last does.
func Possible(p Party, record any, today Date, last LastDay) ([]Open, error) {
	list := []Open{}
	kind := kindOf(record)
	if kind == "" || !p.Active() {
		return list, nil
	}
	state := MemberText(record, "state")
	for _, a := range acts {
		as := a.ActingAs(p, record)
		if a.On != kind || a.Creates() || !a.From(state) || as == nil {
			continue
		}
		o, open, err := a.open(record, today, last)
		if err != nil {
			return nil, err
		}
		if open {
			o.As = as
			list = append(list, o)
		}
	}
	return list, nil
}

// open reports whether the clocks on a record allow the act today, if need be with
// a reason for being late, and describes it.
func (a Act) open(record any, today Date, last LastDay) (Open, bool, error) {
	row := a.row()
	o := Open{Function: a.Name, Title: a.Title, Note: row.Note, Args: row.Args, ID: a.ID, Answers: row.Answers}
	after, until, err := a.window(record, last)
	if err != nil {
		return o, false, err
	}
	for _, l := range after {
		if today <= l.day {
			return o, false, nil
		}
	}
	for _, l := range until {
		if l.day < today && l.Unless == "" {
			return o, false, nil
		}
		if o.Until == "" || l.day < o.Until {
			o.Until, o.Unless = l.day, l.Unless
		}
	}
	return o, true, nil
}
