package contract

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// handler decodes the arguments of one function and applies its rule.
type handler func(t *tx, args json.RawMessage) error

// handle returns the handler of a rule that loads and stores what it needs itself.
func handle[A ledger.Args](rule func(t *tx, a A) error) handler {
	return func(t *tx, raw json.RawMessage) error {
		a, err := parseArgs[A](raw)
		if err != nil {
			return err
		}
		return ruleError(rule(t, a))
	}
}

// create returns the handler of a rule that creates the record named in the
// arguments. The record must not exist yet. It is stored in the first state of the
// act's row in the table of acts.
func create[A ledger.Args, R any](rule func(t *tx, a A) (R, error)) handler {
	return handle(func(t *tx, a A) error {
		ref := t.target(a)
		if err := t.absent(ref, t.act.ID); err != nil {
			return err
		}
		record, err := rule(t, a)
		if err != nil {
			return err
		}
		if to, one := t.act.To(""); one {
			setState(&record, to)
		}
		return t.store(ref, "", &record)
	})
}

// change returns the handler of a rule that changes the record named in the
// arguments. Before the rule runs, the record is loaded and checked against the
// act's row: who may act, the record's state, its deadlines, and that the caller has
// seen the record's latest version. If the row has only one next state, the rule
// gets the record in that state; otherwise the rule sets the state.
func change[A ledger.Args, R any](rule func(t *tx, a A, record *R) error) handler {
	return handle(func(t *tx, a A) error {
		ref := t.target(a)
		record, err := load[R](t, ref, t.act.ID)
		if err != nil {
			return err
		}
		from := ledger.MemberText(&record, "state")
		if err := t.checkRow(a, &record, from); err != nil {
			return err
		}
		if to, one := t.act.To(from); one {
			setState(&record, to)
		}
		if err := rule(t, a, &record); err != nil {
			return err
		}
		return t.store(ref, from, &record)
	})
}

// checkRow checks a record in the given state against the act's row.
func (t *tx) checkRow(a ledger.Args, record any, state string) error {
	field := t.act.ID
	if err := t.checkActor(record, field); err != nil {
		return err
	}
	if len(t.as) > 0 && t.act.IsOffice(t.as[0]) {
		if err := t.office(record, field); err != nil {
			return err
		}
	}
	if !t.act.From(state) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At(field).With("on", t.act.On).With("state", state)
	}
	if t.act.Answers() {
		cited, err := t.cited(a, record)
		if err != nil {
			return err
		}
		if err := checkVersion(ledger.MemberText(a, "answers"), cited); err != nil {
			return err
		}
	}
	return t.act.InTime(record, a, t.today(), t.lastDay)
}

// cited returns the record that the arguments cite: record, or the one that the act's
// row names.
func (t *tx) cited(a ledger.Args, record any) (any, error) {
	c := t.act.Cites
	if c.Kind == "" {
		return record, nil
	}
	ref := ledger.RefTo(c.Kind, ledger.MemberText(a, c.ID))
	value, err := load[json.RawMessage](t, ref, c.ID)
	if err != nil {
		return nil, err
	}
	return ledger.DecodeRecord(c.Kind, value)
}

// checkActor checks that the caller is a party that may act on the record, and
// remembers in which roles.
func (t *tx) checkActor(record any, field string) error {
	if t.as = t.act.ActingAs(t.caller, record); t.as == nil {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At(field)
	}
	return nil
}

// checkVersion refuses a call whose argument answers is not the payload hash of the
// call that last wrote the record: the caller has seen another version of it
// (optimistic locking).
func checkVersion(answers string, record any) error {
	if answers != payloadOf(record) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonStale).At("answers")
	}
	return nil
}

func payloadOf(record any) string {
	cite, ok := ledger.Member(record, "cite")
	if !ok {
		return ""
	}
	return ledger.MemberText(cite.Interface(), "payload")
}

// store writes a record that the rule moved from one state to another. If the act's
// row does not allow the step, the rule has a bug and store returns an error.
func (t *tx) store(ref ledger.Ref, from string, record any) error {
	if to := ledger.MemberText(record, "state"); !t.act.Leads(from, to) {
		return fmt.Errorf("%s takes %s from %q to %q, which its row does not have", t.act.Name, ref, from, to)
	}
	if cite, ok := ledger.Member(record, "cite"); ok {
		cite.Set(reflect.ValueOf(t.cite()))
	}
	return t.putRecord(ref, record)
}

// target returns the reference of the record that the arguments name.
func (t *tx) target(a ledger.Args) ledger.Ref {
	return ledger.RefTo(t.act.On, ledger.MemberText(a, t.act.ID))
}

// setState sets the state of a record, if records of this kind have a state.
func setState(record any, to string) {
	if state, ok := ledger.Member(record, "state"); ok {
		state.SetString(to)
	}
}

// parseArgs decodes and validates arguments.
func parseArgs[A ledger.Args](raw json.RawMessage) (A, error) {
	var a A
	if err := decodeArgs(raw, &a); err != nil {
		return a, err
	}
	return a, formError(a.Validate())
}

func decodeArgs(raw json.RawMessage, v any) error { return formError(ledger.DecodeStrict(raw, v)) }

// formError puts "args." before each field name of an error about the form of the
// arguments, so that the error names the field's place in the call.
func formError(err error) error {
	e := ledger.AsError(err)
	if e == nil {
		return err
	}
	return e.Rename(func(field string) string {
		if field == "" {
			return "args"
		}
		return "args." + field
	})
}

// ruleError puts "args." before those field names of a rule's refusal that belong to
// the arguments.
func ruleError(err error) error {
	e := ledger.AsError(err)
	if e == nil || e.Field == "" {
		return err
	}
	return e.Rename(func(field string) string {
		if field == "" || strings.HasPrefix(field, "args") || strings.HasPrefix(field, "header") {
			return field
		}
		return "args." + field
	})
}
