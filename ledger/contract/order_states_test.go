package contract_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// orderRun is one order of a kind against its model.
type orderRun struct {
	model map[[4]string]string
	kind  string
	m     *market
}

func orderModel(t *testing.T) (map[[4]string]string, []act) {
	model := map[[4]string]string{}
	for _, r := range rows(t, "testdata/order_states.txt", 5) {
		kinds := []string{r[0]}
		if r[0] == "any" {
			kinds = []string{"paid", "free"}
		}
		for _, k := range kinds {
			model[[4]string{k, r[1], r[2], r[3]}] = r[4]
		}
	}
	return model, acts(functionsOn(ledger.KindOrder), []string{"buyer", "operator", "operator2", "buyer2", "regulator", "implementer"})
}

func (r orderRun) state() string {
	if _, ok := r.m.state[ledger.RecordKey(mOrder("O"))]; !ok {
		return "-"
	}
	return string(get[ledger.Order](r.m, mOrder("O")).State)
}

func (r orderRun) key(a act) [4]string { return [4]string{r.kind, r.state(), string(a.fn), a.who} }

// step tries one act and compares the result with the model. The buyer's right must
// exist from the order's activation on, and not before.
func (r orderRun) step(t fataler, a act) {
	t.Helper()
	from := r.state()
	to, allowed := r.model[r.key(a)]
	if from == "-" && a.fn == ledger.FnOrderPlace && a.who != "buyer" {
		return // another's order of this id would be that party's, and not this run's
	}
	args := r.m.argsOf(a.fn, mOrder("O"))
	if a.fn == ledger.FnOrderPlace {
		args = r.place()
	}
	tryStep(t, r.m, a, args, allowed)
	if !allowed {
		to = from
	}
	got := r.state()
	if got != to {
		t.Fatalf("%s by %s took %s to %s, want %s", a.fn, a.who, from, got, to)
	}
	_, granted := r.m.state[ledger.RecordKey(mGrant(ledger.KindOrder, mID("O")))]
	was := got != "-" && get[ledger.Order](r.m, mOrder("O")).ActiveAt != 0
	if granted != was {
		t.Fatalf("state %s: right %v, activated %v", got, granted, was)
	}
}

func (r orderRun) place() ledger.OrderPlaceArgs {
	if r.kind == "paid" {
		return r.m.placeArgs("O", "P")
	}
	a := r.m.freeArgs("O", "P")
	a.Evidence = mHash("word")
	return a
}

// Every act is tried in every state that the model can come to.
func TestOrderStatesAll(t *testing.T) {
	model, list := orderModel(t)
	base := trading(t)
	seen := map[[2]string]bool{}
	for _, kind := range []string{"paid", "free"} {
		for queue := []orderRun{{model, kind, base.fork(t)}}; len(queue) > 0; queue = queue[1:] {
			for _, a := range list {
				r := queue[0]
				r.m = r.m.fork(t)
				r.step(t, a)
				if s := [2]string{kind, r.state()}; s[1] != "-" && !seen[s] {
					seen[s] = true
					queue = append(queue, r)
				}
			}
		}
	}
	for from, to := range model {
		if !seen[[2]string{from[0], to}] {
			t.Errorf("no act comes to %s %s", from[0], to)
		}
	}
}

func TestOrderStates(t *testing.T) {
	model, list := orderModel(t)
	base := trading(t)
	rapid.Check(t, func(t *rapid.T) {
		m := base.fork(t)
		r := orderRun{model, rapid.SampledFrom([]string{"paid", "free"}).Draw(t, "kind"), m}
		for range rapid.IntRange(1, 12).Draw(t, "length") {
			choice := list
			if rapid.Bool().Draw(t, "good") {
				choice = slices.DeleteFunc(slices.Clone(list), func(a act) bool {
					_, ok := model[r.key(a)]
					return !ok
				})
			}
			if len(choice) > 0 {
				r.step(t, rapid.SampledFrom(choice).Draw(t, "act"))
			}
		}
	})
}
