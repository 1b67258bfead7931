package contract_test

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// rows reads a table of words; lines that begin with # are comments.
func rows(t *testing.T, file string, width int) [][]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var table [][]string
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) != width {
			t.Fatalf("%s: %q has %d words, want %d", file, line, len(words), width)
		}
		table = append(table, words)
	}
	return table
}

// act is one thing that one party may try.
type act struct {
	fn  ledger.Function
	who string
}

// acts is every pair of a function and a party that holds its role, and one
// that does not.
func acts(fns []ledger.Function, parties []string) []act {
	var list []act
	for _, fn := range fns {
		for _, who := range parties {
			list = append(list, act{fn, who})
		}
	}
	return list
}

// licenseState is the state's name in the model, from the record and the day.
func licenseState(m *market, ref ledger.Ref, over bool) string {
	if _, ok := m.state[ledger.RecordKey(ref)]; !ok {
		return "-"
	}
	l := get[ledger.License](m, ref)
	switch {
	case l.State == ledger.LicenseTerminated:
		return "terminated"
	case l.State == ledger.LicenseOffered && over:
		return "lapsed"
	case l.State == ledger.LicenseOffered:
		return "offered"
	case over:
		return "expired"
	case len(l.Suspensions) == 2:
		return "suspended:both"
	case len(l.Suspensions) == 1:
		return "suspended:" + string(l.Suspensions[0].Role)
	case !l.Effective(marketDay):
		return "not effective"
	}
	return "active"
}

// licenseRun is one license against its model.
type licenseRun struct {
	model map[[3]string]string
	m     *market
	over  bool
}

func licenseModel(t *testing.T) (map[[3]string]string, []act) {
	model := map[[3]string]string{}
	for _, r := range rows(t, "testdata/license_states.txt", 4) {
		model[[3]string{r[0], r[1], r[2]}] = r[3]
	}
	list := acts([]ledger.Function{ledger.FnLicenseOffer, ledger.FnLicenseAccept, ledger.FnLicenseSuspend, ledger.FnLicenseResume, ledger.FnLicenseTerminate},
		[]string{"implementer", "implementer2", "operator", "operator2", "regulator"})
	return model, append(list, act{"end_passes", "time"})
}

func (r *licenseRun) state() string { return licenseState(r.m, mLicense("L"), r.over) }

// step tries one act and holds what came of it against the model.
func (r *licenseRun) step(t fataler, a act) {
	t.Helper()
	from := r.state()
	to, allowed := r.model[[3]string{from, string(a.fn), a.who}]
	switch {
	case a.fn != "end_passes":
		tryStep(t, r.m, a, r.m.argsOf(a.fn, mLicense("L")), allowed)
	case allowed:
		r.m.now, r.over = noon("2029-10-19"), true
	}
	if !allowed {
		to = from
	}
	if got := r.state(); got != to {
		t.Fatalf("%s by %s took %s to %s, want %s", a.fn, a.who, from, got, to)
	}
}

// Every act is tried in every state that the model can come to.
func TestLicenseStatesAll(t *testing.T) {
	model, list := licenseModel(t)
	m := newMarket(t)
	seen := map[string]bool{"-": true}
	for queue := []licenseRun{{model, m, false}}; len(queue) > 0; queue = queue[1:] {
		for _, a := range list {
			r := queue[0]
			r.m = r.m.fork(t)
			r.step(t, a)
			if s := r.state(); !seen[s] {
				seen[s] = true
				queue = append(queue, r)
			}
		}
	}
	for _, to := range model {
		if !seen[to] {
			t.Errorf("no act comes to %s", to)
		}
	}
}

func TestLicenseStates(t *testing.T) {
	model, list := licenseModel(t)
	base := newMarket(t)
	rapid.Check(t, func(t *rapid.T) {
		m := *base
		m.t, m.state = t, maps.Clone(base.state)
		r := licenseRun{model, &m, false}
		for range rapid.IntRange(1, 24).Draw(t, "length") {
			state, choice := r.state(), list
			if rapid.Bool().Draw(t, "good") {
				choice = slices.DeleteFunc(slices.Clone(list), func(a act) bool {
					_, ok := model[[3]string{state, string(a.fn), a.who}]
					return !ok
				})
			}
			if len(choice) > 0 {
				r.step(t, rapid.SampledFrom(choice).Draw(t, "act"))
			}
		}
	})
}

// tryStep makes one call and holds its success, or that it changed nothing.
func tryStep(t fataler, m *market, a act, args any, allowed bool) {
	t.Helper()
	before := maps.Clone(m.state)
	err := m.try(a.who, a.fn, args)
	if allowed != (err == nil) {
		t.Fatalf("%s by %s: got %v, want allowed %v", a.fn, a.who, err, allowed)
	}
	if err == nil {
		return
	}
	if ledger.AsError(err) == nil {
		t.Fatalf("%s by %s failed: %v", a.fn, a.who, err)
	}
	if !maps.EqualFunc(before, m.state, bytes.Equal) {
		t.Fatalf("%s by %s was refused and wrote", a.fn, a.who)
	}
}

// argsOf are good arguments of a function on one record, as it stands.
func (m *market) argsOf(fn ledger.Function, ref ledger.Ref) any {
	switch fn {
	case ledger.FnLicenseOffer:
		return offerArgs("L")
	case ledger.FnLicenseAccept, ledger.FnOrderAccept, ledger.FnOrderCancel:
		return m.answer(ref)
	case ledger.FnOrderConfirmPayment:
		return ledger.OrderPaymentArgs{ID: ledger.ID(ref.ID()), Answers: m.last(ref), Reference: "bank-1", PaidAt: m.now, Fen: 300000}
	}
	return m.target(ref)
}

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
	return model, acts([]ledger.Function{
		ledger.FnOrderPlace, ledger.FnOrderAccept, ledger.FnOrderRefuse, ledger.FnOrderConfirmPayment,
		ledger.FnOrderCancel, ledger.FnOrderFulfill, ledger.FnOrderBlock,
	},
		[]string{"buyer", "operator", "operator2", "buyer2", "regulator", "implementer"})
}

func (r orderRun) state() string {
	if _, ok := r.m.state[ledger.RecordKey(mOrder("O"))]; !ok {
		return "-"
	}
	return string(get[ledger.Order](r.m, mOrder("O")).State)
}

func (r orderRun) key(a act) [4]string { return [4]string{r.kind, r.state(), string(a.fn), a.who} }

// step tries one act and holds what came of it against the model; the buyer's
// right must be there from the order's activation on, and never before.
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
		m := *base
		m.t, m.state = t, maps.Clone(base.state)
		r := orderRun{model, rapid.SampledFrom([]string{"paid", "free"}).Draw(t, "kind"), &m}
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

// Of two calls in one batch that can't both hold, exactly the first does, and
// the second is told what it met.
func TestConflictingCallsInOneBatch(t *testing.T) {
	base := trading(t)
	base.must("implementer", ledger.FnLicenseOffer, offerArgs("M"))
	base.must("buyer", ledger.FnOrderPlace, base.placeArgs("O", "P"))
	change := listArgs("P", "L")
	change.Version = 2
	key := base.newKey()
	for _, c := range []struct {
		name   string
		a, b   act
		argsA  any
		argsB  any
		reason ledger.Reason
	}{
		{
			"accept a license twice",
			act{ledger.FnLicenseAccept, "operator"},
			act{ledger.FnLicenseAccept, "operator"},
			base.answer(mLicense("M")), base.answer(mLicense("M")), ledger.ReasonState,
		},
		{
			"offer one id twice",
			act{ledger.FnLicenseOffer, "implementer"},
			act{ledger.FnLicenseOffer, "implementer2"},
			offerArgs("N"), func() ledger.LicenseOfferArgs {
				a := offerArgs("N")
				a.Assigner = mID("implementer2")
				return a
			}(), ledger.ReasonExists,
		},
		{
			"suspend twice",
			act{ledger.FnLicenseSuspend, "regulator"},
			act{ledger.FnLicenseSuspend, "implementer"},
			base.target(mLicense("L")), base.target(mLicense("L")), ledger.ReasonStale,
		},
		{
			"accept and refuse an order",
			act{ledger.FnOrderAccept, "operator"},
			act{ledger.FnOrderRefuse, "operator"},
			base.answer(mOrder("O")), base.target(mOrder("O")), ledger.ReasonState,
		},
		{
			"accept and cancel an order",
			act{ledger.FnOrderAccept, "operator"},
			act{ledger.FnOrderCancel, "buyer"},
			base.answer(mOrder("O")), base.answer(mOrder("O")), ledger.ReasonStale,
		},
		{
			"change a product and order its old version",
			act{ledger.FnProductChange, "operator"},
			act{ledger.FnOrderPlace, "buyer2"},
			change, base.placeArgs("Q", "P"), ledger.ReasonStale,
		},
		{
			"change a product twice",
			act{ledger.FnProductChange, "operator"},
			act{ledger.FnProductChange, "operator"},
			change, change, ledger.ReasonStale,
		},
		{
			"one key for two environments",
			act{ledger.FnEnvironmentSet, "implementer"},
			act{ledger.FnEnvironmentSet, "implementer2"},
			base.environment(key, "E", "operator"), base.environment(key, "F", "operator2"), ledger.ReasonExists,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base.fork(t)
			results := m.batch(m.signed(c.a.who, c.a.fn, c.argsA), m.signed(c.b.who, c.b.fn, c.argsB))
			if results[0].Err != nil {
				t.Fatalf("first: %v", results[0].Err)
			}
			e := ledger.AsError(results[1].Err)
			if e == nil || e.Code != ledger.Conflict || e.Reason != c.reason {
				t.Fatalf("second: %v, want conflict by %s", results[1].Err, c.reason)
			}
			if len(results[1].Writes) != 0 || results[1].Event != nil {
				t.Fatal("the refused call wrote")
			}
		})
	}
}

// The functions of licenses and the market are all answered by the contract.
func TestMarketFunctionsAreKnown(t *testing.T) {
	m := newMarket(t)
	for _, row := range ledger.Acts() {
		kind, _, _ := strings.Cut(string(row.Name), ".")
		if !slices.Contains([]string{"license", "environment", "product", "content", "order"}, kind) {
			continue
		}
		for _, p := range marketParties() {
			if !slices.ContainsFunc(p.roles, func(r ledger.Role) bool { return slices.Contains(row.Roles(), r) }) {
				continue
			}
			e := ledger.AsError(m.try(p.name, row.Name, struct{}{}))
			if e == nil || e.Code != ledger.InvalidCode || e.Reason != ledger.ReasonField || !strings.HasPrefix(e.Field, "args.") {
				t.Errorf("%s without arguments: %v", row.Name, e)
			}
		}
	}
}
