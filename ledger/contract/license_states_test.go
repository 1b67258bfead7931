package contract_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// licenseState is the state's name in the model, from the record and the day.
func licenseState(m *market, ref ledger.Ref, over bool) string {
	if _, ok := m.state[ledger.RecordKey(ref)]; !ok {
		return "-"
	}
	l := get[ledger.License](m, ref)
	switch {
	case l.State == ledger.LicenseTerminated, l.State == ledger.LicenseWithdrawn, l.State == ledger.LicenseDeclined:
		return string(l.State)
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
	list := acts(functionsOn(ledger.KindLicense), []string{"implementer", "implementer2", "operator", "operator2", "regulator"})
	return model, append(list, act{"end_passes", "time"})
}

func (r *licenseRun) state() string { return licenseState(r.m, mLicense("L"), r.over) }

// step tries one act and compares the result with the model.
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
		r := licenseRun{model, base.fork(t), false}
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
