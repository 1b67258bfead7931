package contract_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// officeActs returns the ready acts that a regulator may take as an office.
func officeActs(t *testing.T) []ready {
	t.Helper()
	var list []ready
	for _, r := range append(readyWorld(t), readyMarket(t)...) {
		if act, _ := ledger.ActOf(r.fn); act.IsOffice(ledger.RoleRegulator) {
			list = append(list, r)
		}
	}
	return list
}

// as is the act on a copy of its ledger on which a party's record differs.
func (r ready) as(t *testing.T, who string, change func(*ledger.Party)) ready {
	t.Helper()
	key := ledger.RecordKey(ledger.RefTo(ledger.KindParty, wID(who)))
	var p ledger.Party
	if err := json.Unmarshal(r.state[key], &p); err != nil {
		t.Fatal(err)
	}
	change(&p)
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	r.state = maps.Clone(r.state)
	r.state[key] = b
	return r
}

// TestOffice: an office acts on records of its region only, and on none that is its own
// or an affiliate's, whichever of both declared the other.
func TestOffice(t *testing.T) {
	tried := map[ledger.Function]bool{}
	for _, r := range officeActs(t) {
		act, _ := ledger.ActOf(r.fn)
		field := "args." + act.ID
		tried[r.fn] = true
		t.Run(string(r.fn), func(t *testing.T) {
			for _, region := range []ledger.Region{"430381", "430200", "110000"} {
				away := r.as(t, "regulator", func(p *ledger.Party) { p.Region = region })
				expect(t, away.try(t, "regulator", r.args), refusal{ledger.Forbidden, ledger.ReasonJurisdiction, field})
			}
			for _, owner := range []string{"holder", "operator"} {
				key := ledger.RecordKey(ledger.RefTo(ledger.KindParty, wID(owner)))
				var p, regulator ledger.Party
				decode(t, r.state[key], &p)
				declares := r.as(t, "regulator", func(r *ledger.Party) { r.Affiliates, regulator = []ledger.USCC{p.USCC}, *r })
				declared := r.as(t, owner, func(p *ledger.Party) { p.Affiliates = []ledger.USCC{regulator.USCC} })
				own := refusal{ledger.Forbidden, ledger.ReasonOwnMatter, field}
				if slices.Contains([]string{ledger.KindParty, ledger.KindEntry}, act.On) != (owner == "holder") {
					continue
				}
				expect(t, declares.try(t, "regulator", r.args), own)
				expect(t, declared.try(t, "regulator", r.args), own)
			}
		})
	}
	for _, a := range ledger.Acts() {
		if a.IsOffice(ledger.RoleRegulator) && !tried[a.Name] {
			t.Errorf("%s is an act of an office, and was not tried", a.Name)
		}
	}
}

func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// TestOfficeAbove: the regulator and the data authority of the city and of the province
// may do all of it.
func TestOfficeAbove(t *testing.T) {
	for _, r := range officeActs(t) {
		act, _ := ledger.ActOf(r.fn)
		for _, role := range []ledger.Role{ledger.RoleRegulator, ledger.RoleDataAuthority} {
			for _, region := range []ledger.Region{"430300", "430000"} {
				above := r.as(t, "regulator", func(p *ledger.Party) { p.Roles, p.Region = []ledger.Role{role}, region })
				err := above.try(t, "regulator", r.args)
				if e := ledger.AsError(err); e != nil && e.Reason == ledger.ReasonNoSuspense && (role != ledger.RoleRegulator || act.On == ledger.KindLicense) {
					continue // it is another office's
				}
				expect(t, err, refusal{})
			}
		}
	}
}

// TestPartyUnder: a party from elsewhere comes under the authority that admits it, one
// of a county under the offices of the county too.
func TestPartyUnder(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ region, under ledger.Region }{
		"from elsewhere": {"110000", "430300"},
		"of the county":  {"430381", "430381"},
		"of the city":    {"430300", "430300"},
	} {
		t.Run(name, func(t *testing.T) {
			f := w.fork(t)
			p := f.newcomer(ledger.RoleBuyer)
			p.Kind, p.Region = ledger.Enterprise, c.region
			f.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: f.keys.Apply(t, "newcomer", p)})
			if got := f.party("newcomer").Under; got != c.under {
				t.Fatalf("under %s, want %s", got, c.under)
			}
			f.must("regulator", ledger.FnPartySuspend, f.partyTarget("newcomer"))
			county := f.regulatorOf("430381")
			want := refusal{}
			if c.under != "430381" {
				want = refusal{ledger.Forbidden, ledger.ReasonJurisdiction, "args.id"}
			}
			f.refused(want, county, ledger.FnPartySuspend, f.partyTarget("newcomer"))
		})
	}
}

// regulatorOf admits a regulator of a region.
func (w *world) regulatorOf(region ledger.Region) string {
	w.t.Helper()
	name := "regulator of " + string(region)
	p := ledgertest.Someone(name, "11"+string(region)+"MB0B00090", ledger.Organ, ledger.RoleRegulator)
	p.Region = region
	w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, name, w.profile(p))})
	return name
}

// TestWhoLiftsASuspension: the party that set it, or the same office of a region that
// covers that party's.
func TestWhoLiftsASuspension(t *testing.T) {
	w := newDemo(t)
	county, province := w.regulatorOf("430381"), w.regulatorOf("430000")
	none := refusal{ledger.Conflict, ledger.ReasonNoSuspense, "args.id"}
	suspend := func(who string) { w.t.Helper(); w.must(who, ledger.FnPartySuspend, w.partyTarget("holder")) }
	resume := func(want refusal, who string) {
		w.t.Helper()
		w.refused(want, who, ledger.FnPartyResume, w.partyTarget("holder"))
	}
	by := func(want ...string) {
		w.t.Helper()
		got := []string{}
		for _, s := range w.party("holder").Suspensions {
			for _, name := range []string{"regulator", "authority", county, province} {
				if s.By == wID(name) && s.Region == w.party(name).Region {
					got = append(got, name)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("suspended by %q, want %q", got, want)
		}
	}

	suspend("regulator")
	resume(none, "authority") // another office
	resume(refusal{ledger.Forbidden, ledger.ReasonJurisdiction, "args.id"}, county)
	suspend(province)
	suspend("authority")
	by("regulator", province, "authority")
	resume(refusal{}, province) // its own first
	by("regulator", "authority")
	resume(refusal{}, province) // then that of the same office below
	by("authority")
	resume(none, province)
	suspend(province)
	resume(none, "regulator") // of an office above
	resume(refusal{}, "authority")
	by(province)
}

// TestPossibleWithinOffice: an office isn't told that it may act outside its region, and
// its implementer's part in a license is no office.
func TestPossibleWithinOffice(t *testing.T) {
	m := licensed(t)
	open := func() []ledger.Function {
		list, err := possible(m.state, m.now, mID("regulator"), mLicense("L"))
		expect(t, err, refusal{})
		return list
	}
	if got := open(); !slices.Contains(got, ledger.FnLicenseSuspend) {
		t.Errorf("the city's regulator may %v", got)
	}
	edit(m, ledger.RefTo(ledger.KindParty, mID("regulator")), func(p *ledger.Party) { p.Region = "430381" })
	if got := open(); slices.Contains(got, ledger.FnLicenseSuspend) {
		t.Errorf("a county's regulator may %v", got)
	}
	edit(m, ledger.RefTo(ledger.KindParty, mID("regulator")), func(p *ledger.Party) { p.Roles = append(p.Roles, ledger.RoleImplementer) })
	edit(m, mLicense("L"), func(l *ledger.License) { l.Assigner = mID("regulator") })
	if got := open(); !slices.Contains(got, ledger.FnLicenseSuspend) {
		t.Errorf("the assigner may %v", got)
	}
}

// TestFourEyes: the key that accepted may not examine, and the key that passed may not
// code. On a ledger whose periods have no days one key may.
func TestFourEyes(t *testing.T) {
	eyes := refusal{ledger.Forbidden, ledger.ReasonFourEyes, "header.kid"}
	step := func(w *world, key string, fn ledger.Function, args any, want refusal) {
		w.t.Helper()
		w.n++
		call := ledger.Call{
			Ledger: wID("ledger"), ID: wID("step" + strconv.Itoa(w.n)), Party: wID("body"), Function: fn, Time: w.now, Expires: w.now + 1000,
		}
		jws, err := ledger.SignCall(w.key(key), call, args)
		if err != nil {
			w.t.Fatalf("sign: %v", err)
		}
		expect(w.t, w.submit(jws)[0].Err, want)
	}
	w, demo := newWorld(t), newDemo(t)
	for _, w := range []*world{w, demo} {
		w.submitted("a", "holder")
		step(w, "body", ledger.FnAppAccept, w.step("a"), refusal{})
	}
	step(w, "body", ledger.FnAppPass, w.passArgs("a"), eyes)
	step(w, "body", ledger.FnAppFail, w.refuseArgs("a"), eyes)
	step(w.fork(t), "body, examining", ledger.FnAppFail, w.refuseArgs("a"), refusal{})
	step(demo.fork(t), "body", ledger.FnAppFail, demo.refuseArgs("a"), refusal{})
	step(w, "body, examining", ledger.FnAppPass, w.passArgs("a"), refusal{})
	step(demo, "body", ledger.FnAppPass, demo.passArgs("a"), refusal{})
	w.on(nextDay(w.app("a").Notice.Due))
	code := func(w *world) ledger.AppCodeArgs { return ledger.AppCodeArgs{AppStepArgs: w.step("a")} }
	step(w, "body, examining", ledger.FnAppCode, code(w), eyes)
	step(w, "body", ledger.FnAppCode, code(w), refusal{})
	step(demo, "body", ledger.FnAppCode, code(demo), refusal{})
	if a := w.app("a"); a.AcceptedKey != w.key("body").ID() || a.PassedKey != w.key("body, examining").ID() {
		t.Errorf("the keys of the steps: %+v", a)
	}
}
