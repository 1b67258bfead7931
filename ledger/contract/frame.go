package contract

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// handler applies one function to its encoded arguments.
type handler func(t *tx, args json.RawMessage) error

// handle returns the handler of a rule that loads and stores what it needs itself.
func handle[A ledger.Args](rule func(t *tx, a A) error) handler {
	return func(t *tx, raw json.RawMessage) error {
		a, err := argsOf[A](raw)
		if err != nil {
			return err
		}
		return inArgs(rule(t, a))
	}
}

// begin returns the handler of a rule that makes the record which the arguments
// name. The record may not be there yet; it is stored in the first state of the
// act's row.
func begin[A ledger.Args, R any](rule func(t *tx, a A) (R, error)) handler {
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

// on returns the handler of a rule that changes the record which the arguments
// name. Before the rule is asked, the record is loaded and the act's row is
// checked: whose act it is, the record's state, the last day, and that the caller
// has seen the record's latest version. The rule gets the record in its new state
// where the row leaves no choice; else it sets the state itself.
func on[A ledger.Args, R any](rule func(t *tx, a A, record *R) error) handler {
	return handle(func(t *tx, a A) error {
		ref := t.target(a)
		record, err := load[R](t, ref, t.act.ID)
		if err != nil {
			return err
		}
		from := ledger.MemberText(&record, "state")
		if err := t.checkAct(a, &record, from); err != nil {
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

// checkAct checks the act's row against a record that stands in a state.
func (t *tx) checkAct(a ledger.Args, record any, state string) error {
	field := t.act.ID
	if t.as = t.act.ActingAs(t.caller, record); t.as == nil {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At(field)
	}
	if !t.act.From(state) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonState).At(field).With("state", state)
	}
	if last, over := t.act.Over(record, t.today()); over {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonLate).At(field).With("due", string(last))
	}
	if t.act.Answers() {
		return checkVersion(ledger.MemberText(a, "answers"), record)
	}
	return nil
}

// checkVersion refuses a call whose answers is not the payload hash of the call
// that last wrote the record (protocol §8): the caller saw another version.
func checkVersion(answers string, record any) error {
	if answers != payloadOf(record) {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonStale).At("answers").By("protocol §8")
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

// store writes a record that the rule took from one state to another. A step that
// the row does not have is a fault of the rule.
func (t *tx) store(ref ledger.Ref, from string, record any) error {
	if to := ledger.MemberText(record, "state"); !t.act.Leads(from, to) {
		return fmt.Errorf("%s takes %s from %q to %q, which its row does not have", t.act.Name, ref, from, to)
	}
	if cite, ok := ledger.Member(record, "cite"); ok {
		cite.Set(reflect.ValueOf(t.cite()))
	}
	return t.put(ref, record)
}

// target is the record that the arguments name.
func (t *tx) target(a ledger.Args) ledger.Ref {
	return ledger.RefTo(t.act.On, ledger.MemberText(a, t.act.ID))
}

// setState sets the state of a record, where it has states.
func setState(record any, to string) {
	if state, ok := ledger.Member(record, "state"); ok {
		state.SetString(to)
	}
}

// argsOf decodes and checks arguments.
func argsOf[A ledger.Args](raw json.RawMessage) (A, error) {
	var a A
	if err := decodeArgs(raw, &a); err != nil {
		return a, err
	}
	return a, ofArgs(a.Validate())
}

func decodeArgs(raw json.RawMessage, v any) error { return ofArgs(ledger.DecodeStrict(raw, v)) }

// ofArgs names the fields of an error about the form of arguments as they stand in
// the call.
func ofArgs(err error) error {
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

// inArgs puts "args." before the fields of a rule's refusal that are of arguments.
func inArgs(err error) error {
	e := ledger.AsError(err)
	if e == nil || e.Field == "" {
		return err
	}
	return e.Rename(func(field string) string {
		if field == "" || strings.HasPrefix(field, "args") || strings.HasPrefix(field, "header") || field == "function" || field == "party" {
			return field
		}
		return "args." + field
	})
}
