package contract_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// steps is the table of states as data: what each event makes of each state.
type steps map[[2]string]string

func readSteps(t *testing.T) steps {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "application_states.txt"))
	if err != nil {
		t.Fatal(err)
	}
	table := steps{}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 4 {
			t.Fatalf("line %q", line)
		}
		table[[2]string{f[0], f[1]}] = f[3]
	}
	return table
}

// events are what calls can do to an application: all that the table has but the
// passing of time, submit first.
func events(table steps) []string {
	list := []string{"submit"}
	for _, key := range slices.SortedFunc(maps.Keys(table), func(a, b [2]string) int { return strings.Compare(a[1], b[1]) }) {
		if e := key[1]; e != "silence" && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// TestEventsAreTheFunctions: the table has an event for each function on an
// application.
func TestEventsAreTheFunctions(t *testing.T) {
	w := newDemo(t)
	w.submitted("a", "holder")
	var called []ledger.Function
	for _, e := range events(readSteps(t)) {
		fn, _, _ := w.callFor("a", "holder", e)
		called = append(called, fn)
	}
	slices.Sort(called)
	want := functionsOn(ledger.KindApplication)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Compact(called)); diff != "" {
		t.Errorf("functions on an application (-acts +events):\n%s", diff)
	}
}

// act makes the call of an event, with good arguments and by who it is for.
func (w *world) act(name, holder, event string) error {
	w.t.Helper()
	fn, who, args := w.callFor(name, holder, event)
	_, err := w.call(who, fn, args)
	return err
}

func (w *world) callFor(name, holder, event string) (ledger.Function, string, any) {
	w.t.Helper()
	open := "none"
	for i, o := range w.app(name).Objections {
		if !o.Decided {
			open = objectionName(name, i)
			break
		}
	}
	switch event {
	case "submit":
		return ledger.FnAppSubmit, holder, w.submitArgs(name, holder)
	case "accept":
		return ledger.FnAppAccept, "body", w.step(name)
	case "return":
		return ledger.FnAppReturn, "body", w.returnArgs(name, "subject")
	case "resubmit":
		return ledger.FnAppResubmit, holder, ledger.AppResubmitArgs{Answers: w.step(name).Answers, AppSubmitArgs: w.submitArgs(name, holder)}
	case "refuse":
		return ledger.FnAppRefuse, "body", w.refuseArgs(name)
	case "pass":
		return ledger.FnAppPass, "body", w.passArgs(name)
	case "fail":
		return ledger.FnAppFail, "body", w.refuseArgs(name)
	case "object":
		return ledger.FnAppObject, "operator", w.objectArgs(name, objectionName(name, len(w.app(name).Objections)))
	case "decide_rejected", "decide_upheld":
		return ledger.FnAppDecide, "body", w.decideArgs(name, open, event == "decide_upheld")
	case "code":
		return ledger.FnAppCode, "body", ledger.AppCodeArgs{AppStepArgs: w.step(name)}
	case "withdraw":
		return ledger.FnAppWithdraw, holder, w.step(name)
	}
	w.t.Fatalf("no function is known for the event %s", event)
	return "", "", nil
}

func objectionName(name string, i int) string { return name + " objection " + string(rune('a'+i)) }

// TestEveryEventInEveryState takes an application into each state and tries each
// event there: the table decides, and a refusal names the state.
func TestEveryEventInEveryState(t *testing.T) {
	table := readSteps(t)
	ways := map[ledger.ApplicationState][]string{
		ledger.AppSubmitted:   {},
		ledger.AppReturned:    {"return"},
		ledger.AppNotAccepted: {"refuse"},
		ledger.AppAccepted:    {"accept"},
		ledger.AppExamFailed:  {"accept", "fail"},
		ledger.AppNoticed:     {"accept", "pass"},
		ledger.AppTerminated:  {"accept", "pass", "object", "decide_upheld"},
		ledger.AppCoded:       {"accept", "pass", "code"},
		ledger.AppWithdrawn:   {"withdraw"},
	}
	base := newDemo(t)
	base.submitted("a", "holder")
	for _, state := range ledger.ApplicationStates() {
		w := base.fork(t)
		for _, event := range ways[state] {
			if err := w.act("a", "holder", event); err != nil {
				t.Fatalf("on the way to %s: %v", state, err)
			}
		}
		for _, event := range events(table)[1:] {
			t.Run(string(state)+" "+event, func(t *testing.T) {
				w := w.fork(t)
				if strings.HasPrefix(event, "decide") && state == ledger.AppNoticed {
					w.must("operator", ledger.FnAppObject, w.objectArgs("a", objectionName("a", 0)))
				}
				err := w.act("a", "holder", event)
				to, ok := table[[2]string{string(state), event}]
				if !ok {
					expect(t, err, refusal{ledger.Conflict, ledger.ReasonState, "args.application"})
					if got := ledger.AsError(err).Param("state"); got != string(state) {
						t.Fatalf("the refusal names state %q, want %q", got, state)
					}
					return
				}
				expect(t, err, refusal{})
				if got := w.app("a").State; string(got) != to {
					t.Fatalf("got %s, want %s", got, to)
				}
			})
		}
	}
}
