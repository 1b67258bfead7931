package ledger

import "reflect"

// Clock is a time limit of an act, stored in a member of its record.
type Clock struct {
	Member string `json:"member" zh:"记录中载明日期或期间的成员" en:"member of the record with the day or the period"` // of the record: a day or a period of working days
	Rule   string `json:"rule,omitempty" zh:"所依规则" en:"rule that sets it"`                                // rule that sets the limit
	Unless string `json:"unless,omitempty" zh:"参数中说明逾期理由的成员，有之则不受此限" en:"member of the arguments that says why it is late, and so lifts the limit"`
}

// LastDay returns the last day of a period, by the lists of working days that are
// recorded now. A later list can lengthen a period but never shorten it.
type LastDay func(Period) (Date, error)

// limit is a clock with its last day for one record.
type limit struct {
	Clock
	day Date
}

// limits returns the clocks that apply to a record. A clock whose member is not set
// yet does not apply. Nor does a period of 0 days, which only demonstration ledgers
// have.
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

// window returns the clocks that apply to a record: those that must be over, and
// those that must not be over.
func (a Act) window(record any, last LastDay) (after, until []limit, err error) {
	if after, err = limits(a.After, record, last); err == nil {
		until, err = limits(a.Until, record, last)
	}
	return after, until, err
}

// InTime refuses an act on a record that is too early or too late. The refusal
// gives the last day of the period.
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

// liftedBy reports whether the arguments give a reason for being late, which lifts
// the limit.
func (c Clock) liftedBy(args Args) bool {
	m, ok := Member(args, c.Unless)
	return ok && !m.IsZero()
}

// Open is an act that a party may take on a record today.
type Open struct {
	Function Function `json:"function" zh:"功能" en:"function"`
	Title    Words    `json:"title" zh:"名称" en:"title"`
	Note     *Words   `json:"note,omitempty" zh:"说明" en:"note"`
	Args     string   `json:"args" zh:"参数的结构，见 docs/fields.md" en:"struct of its arguments: docs/fields.md"`
	ID       string   `json:"id" zh:"参数中指明该记录的成员" en:"member of the arguments that names that record"`
	Answers  bool     `json:"answers" zh:"参数以 answers 引用最近一次写入该记录的请求" en:"the arguments cite the call that last wrote the record, as answers"`
	As       []Role   `json:"as" zh:"可办理的角色；空：任何已准入单位" en:"roles in which the party may do it; empty: any party may"`
	Until    Date     `json:"until,omitempty" zh:"最后一日；缺省：无期限" en:"last day; left out: no limit"`
	Unless   string   `json:"unless,omitempty" zh:"最后一日之后须填、说明逾期理由的成员" en:"member of the arguments that is needed after the last day"`
}

// Possible returns the acts that a party may take on a record today: those that its
// roles, its relation to the record, the record's state and its clocks allow.
// contract.Check reports whether such an act would be refused for another reason.
// Possible returns the errors of last.
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

// open reports whether the clocks on a record allow the act today, if necessary
// with a reason for being late, and describes the act.
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
