package contract_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func TestLicenseOffer(t *testing.T) {
	base := newMarket(t)
	scenario := func(a *ledger.LicenseOfferArgs, names ...string) {
		a.Mode, a.Domains = ledger.Scenario, []string{}
		a.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
		for _, n := range names {
			a.Resources = append(a.Resources, mID(n))
		}
	}
	whole := func(a *ledger.LicenseOfferArgs) { a.Mode, a.Domains = ledger.Whole, []string{} }
	invalid := func(field string) refusal {
		return refusal{ledger.InvalidCode, ledger.ReasonField, "args." + field}
	}
	forbidden := func(r ledger.Reason, field string) refusal {
		return refusal{ledger.Forbidden, r, "args." + field}
	}
	for _, c := range []struct {
		name string
		edit func(*market, *ledger.LicenseOfferArgs)
		want refusal
	}{
		{"domain", func(*market, *ledger.LicenseOfferArgs) {}, refusal{}},
		{"whole", func(_ *market, a *ledger.LicenseOfferArgs) { whole(a) }, refusal{}},
		{"whole with an exclusion", func(_ *market, a *ledger.LicenseOfferArgs) { whole(a); a.Excluded = []ledger.ID{mID("bus")} }, refusal{}},
		{"scenario", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "bus", "river") }, refusal{}},
		{"last day before five years", func(_ *market, a *ledger.LicenseOfferArgs) { a.EndOn = "2031-10-18" }, refusal{}},
		{"decided on the day of signing", func(_ *market, a *ledger.LicenseOfferArgs) { a.Decision.Date = a.Basis.SignedOn }, refusal{}},
		{"ends today", func(_ *market, a *ledger.LicenseOfferArgs) { a.EndOn, a.OfferUntil = marketDay, marketDay }, refusal{}},
		{"offered for 60 days", func(_ *market, a *ledger.LicenseOfferArgs) { a.OfferUntil = "2026-12-19" }, refusal{}},
		{"signed today, begins today", func(_ *market, a *ledger.LicenseOfferArgs) { a.Basis.SignedOn, a.StartOn = marketDay, marketDay }, refusal{}},

		{"whole with domains", func(_ *market, a *ledger.LicenseOfferArgs) { a.Mode = ledger.Whole }, invalid("domains")},
		{"whole with resources", func(_ *market, a *ledger.LicenseOfferArgs) { whole(a); a.Resources = []ledger.ID{mID("bus")} }, invalid("resource_ids")},
		{"domain without domains", func(_ *market, a *ledger.LicenseOfferArgs) { a.Domains = []string{} }, invalid("domains")},
		{"unknown domain", func(_ *market, a *ledger.LicenseOfferArgs) { a.Domains = []string{"weather"} }, invalid("domains[0]")},
		{"domain twice", func(_ *market, a *ledger.LicenseOfferArgs) { a.Domains = []string{"transport", "transport"} }, invalid("domains[1]")},
		{"domain with resources", func(_ *market, a *ledger.LicenseOfferArgs) { a.Resources = []ledger.ID{mID("bus")} }, invalid("resource_ids")},
		{"scenario without resources", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a) }, invalid("resource_ids")},
		{"scenario for two purposes", func(_ *market, a *ledger.LicenseOfferArgs) {
			scenario(a, "bus")
			a.Purposes = append(a.Purposes, ledger.Purpose{Class: ledger.Governance, Code: "x"})
		}, invalid("purpose")},
		{"scenario for any purpose of a class", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "bus"); a.Purposes[0].Code = "" }, invalid("purpose[0].code")},
		{"no purpose", func(_ *market, a *ledger.LicenseOfferArgs) { a.Purposes = []ledger.Purpose{} }, invalid("purpose")},
		{"unknown class", func(_ *market, a *ledger.LicenseOfferArgs) { a.Purposes[0].Class = "fun" }, invalid("purpose[0].class")},
		{"purpose not a word", func(_ *market, a *ledger.LicenseOfferArgs) { a.Purposes[0].Code = "A b" }, invalid("purpose[0].code")},
		{"unknown action", func(_ *market, a *ledger.LicenseOfferArgs) { a.Actions = []string{"sell"} }, invalid("actions[0]")},
		{"no action", func(_ *market, a *ledger.LicenseOfferArgs) { a.Actions = []string{} }, invalid("actions")},
		{"excluded and named", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "bus"); a.Excluded = []ledger.ID{mID("bus")} }, invalid("excluded[0]")},
		{"plan", func(_ *market, a *ledger.LicenseOfferArgs) { a.Plan = mID("plan") }, invalid("plan_id")},
		{"agreement", func(_ *market, a *ledger.LicenseOfferArgs) { a.Agreement = mID("agreement") }, invalid("agreement_id")},
		{"five years", func(_ *market, a *ledger.LicenseOfferArgs) { a.EndOn = "2031-10-19" }, invalid("end_on")},
		{"leap day plus five years", func(_ *market, a *ledger.LicenseOfferArgs) { a.StartOn, a.EndOn = "2024-02-29", "2029-02-28" }, invalid("end_on")},
		{"ends before it starts", func(_ *market, a *ledger.LicenseOfferArgs) { a.EndOn = "2026-10-18" }, invalid("end_on")},
		{"ended yesterday", func(_ *market, a *ledger.LicenseOfferArgs) { a.StartOn, a.EndOn = "2026-10-01", "2026-10-19" }, invalid("end_on")},
		{"no such day", func(_ *market, a *ledger.LicenseOfferArgs) { a.StartOn = "2026-02-30" }, invalid("start_on")},
		{"decided after signing", func(_ *market, a *ledger.LicenseOfferArgs) { a.Decision.Date = "2026-10-20" }, dates("decision.date")},
		{"selected after deciding", func(_ *market, a *ledger.LicenseOfferArgs) { a.Selection.Date = "2026-10-01" }, dates("selection.date")},
		{"signed after the first day", func(_ *market, a *ledger.LicenseOfferArgs) { a.Basis.SignedOn = marketDay }, dates("basis.signed_on")},
		{"signed tomorrow", func(_ *market, a *ledger.LicenseOfferArgs) {
			a.Basis.SignedOn, a.StartOn = "2026-10-21", "2026-10-22"
		}, dates("basis.signed_on")},
		{"offered for 61 days", func(_ *market, a *ledger.LicenseOfferArgs) { a.OfferUntil = "2026-12-20" }, invalid("offer_until")},
		{"offered until yesterday", func(_ *market, a *ledger.LicenseOfferArgs) { a.OfferUntil = "2026-10-19" }, invalid("offer_until")},
		{"offered beyond its end", func(_ *market, a *ledger.LicenseOfferArgs) { a.EndOn, a.OfferUntil = "2026-11-01", "2026-11-02" }, invalid("offer_until")},
		{"offered without a last day", func(_ *market, a *ledger.LicenseOfferArgs) { a.OfferUntil = "" }, invalid("offer_until")},
		{"no basis hash", func(_ *market, a *ledger.LicenseOfferArgs) { a.Basis.SHA256 = "" }, invalid("basis.document_hash")},
		{"no selection hash", func(_ *market, a *ledger.LicenseOfferArgs) { a.Selection.SHA256 = "" }, invalid("selection.hash")},
		{"no decision hash", func(_ *market, a *ledger.LicenseOfferArgs) { a.Decision.SHA256 = "" }, invalid("decision.hash")},
		{"unknown selection", func(_ *market, a *ledger.LicenseOfferArgs) { a.Selection.Method = "lot" }, invalid("selection.method")},
		{"negative limit", func(_ *market, a *ledger.LicenseOfferArgs) { a.Limits.Bytes = -1 }, invalid("limits.bytes")},
		{"false affiliate", func(_ *market, a *ledger.LicenseOfferArgs) { a.Affiliates = []ledger.USCC{"91430300MA4L000000"} }, invalid("affiliates[0]")},
		{"to oneself", func(_ *market, a *ledger.LicenseOfferArgs) { a.Assignee = a.Assigner }, invalid("assignee")},

		{"in another's name", func(_ *market, a *ledger.LicenseOfferArgs) { a.Assigner = mID("implementer2") }, forbidden(ledger.ReasonNotYours, "assigner")},
		{"outside the region", func(_ *market, a *ledger.LicenseOfferArgs) { a.Region = "430000" }, forbidden(ledger.ReasonJurisdiction, "region")},
		{"to no operator", func(_ *market, a *ledger.LicenseOfferArgs) { a.Assignee = mID("buyer") }, forbidden(ledger.ReasonRole, "assignee")},
		{"to nobody", func(_ *market, a *ledger.LicenseOfferArgs) { a.Assignee = mID("nobody") }, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.assignee"}},
		{"to a suspended operator", func(m *market, _ *ledger.LicenseOfferArgs) {
			edit(m, ledger.RefTo(ledger.KindParty, mID("operator")), func(p *ledger.Party) {
				p.Suspensions = []ledger.Suspension{{Role: ledger.RoleRegulator}}
			})
		}, forbidden(ledger.ReasonPartySuspended, "assignee")},
		{"unknown environment", func(_ *market, a *ledger.LicenseOfferArgs) { a.Environments = []ledger.ID{mID("E")} }, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.environments[0]"}},
		{"another's environment", func(m *market, a *ledger.LicenseOfferArgs) {
			m.seed(ledger.RefTo(ledger.KindEnvironment, mID("E")), ledger.Environment{ID: mID("E"), Operator: mID("operator2")})
			a.Environments = []ledger.ID{mID("E")}
		}, forbidden(ledger.ReasonEnvironment, "environments[0]")},
		{"unknown resource", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "nothing") }, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.resource_ids[0]"}},
		{"resource not yet coded", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "bus", "raw") }, forbidden(ledger.ReasonGate, "resource_ids[1]")},
		{"resource whose entry ended", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "lapsed") }, forbidden(ledger.ReasonEntry, "resource_ids[0]")},
		{"core resource", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "core") }, forbidden(ledger.ReasonScope, "resource_ids[0]")},
		{"resource of another region", func(_ *market, a *ledger.LicenseOfferArgs) { scenario(a, "elsewhere") }, forbidden(ledger.ReasonScope, "resource_ids[0]")},
		{"supersedes nothing", func(_ *market, a *ledger.LicenseOfferArgs) { a.Supersedes = mID("old") }, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.supersedes"}},
		{"supersedes another's", func(m *market, a *ledger.LicenseOfferArgs) {
			m.seed(mLicense("old"), ledger.License{LicenseTerms: ledger.LicenseTerms{ID: mID("old"), Assigner: mID("implementer2")}})
			a.Supersedes = mID("old")
		}, forbidden(ledger.ReasonNotYours, "supersedes")},
		{"id taken", func(m *market, _ *ledger.LicenseOfferArgs) { m.seed(mLicense("L"), ledger.License{}) }, refusal{ledger.Conflict, ledger.ReasonExists, "args.id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, a := base.fork(t), offerArgs("L")
			c.edit(m, &a)
			expect(t, m.try("implementer", ledger.FnLicenseOffer, a), c.want)
		})
	}
}

// dates is the refusal of dates that are out of order.
func dates(field string) refusal {
	return refusal{ledger.InvalidCode, ledger.ReasonDateOrder, "args." + field}
}

// TestAnOfferLapses: on its last day it can be accepted, on the next it can't; whoever made
// or got it may end it at any time before.
func TestAnOfferLapses(t *testing.T) {
	m := newMarket(t)
	ref := mLicense("L")
	m.must("implementer", ledger.FnLicenseOffer, offerArgs("L"))
	last := m.fork(t)
	last.now = noon("2026-11-19")
	last.must("operator", ledger.FnLicenseAccept, last.answer(ref))
	late := m.fork(t)
	late.now = noon("2026-11-20")
	expect(t, late.try("operator", ledger.FnLicenseAccept, late.answer(ref)), refusal{ledger.Conflict, ledger.ReasonLate, "args.id"})
	for who, fn := range map[string]ledger.Function{"implementer": ledger.FnLicenseWithdraw, "operator": ledger.FnLicenseDecline} {
		f := m.fork(t)
		other := map[string]string{"implementer": "implementer2", "operator": "operator2"}[who]
		expect(t, f.try(other, fn, f.target(ref)), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
		f.must(who, fn, f.target(ref))
		if l := get[ledger.License](f, ref); l.Ground != "order-12" || l.EndedAt != f.now || l.Effective(marketDay) {
			t.Errorf("after %s: %+v", fn, l)
		}
		expect(t, f.try("operator", ledger.FnLicenseAccept, f.answer(ref)), refusal{ledger.Conflict, ledger.ReasonState, "args.id"})
	}
}

func TestLicenseOfferByGraceGate(t *testing.T) {
	m := newMarket(t)
	edit(m, ledger.GenesisRef, func(g *ledger.Genesis) { g.Gate = ledger.GateGrace })
	a := offerArgs("L")
	a.Mode, a.Domains, a.Resources = ledger.Scenario, []string{}, []ledger.ID{mID("raw")}
	a.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
	m.fork(t).must("implementer", ledger.FnLicenseOffer, a)

	edit(m, ledger.RefTo(ledger.KindApplication, mID("entry-raw")), func(app *ledger.Application) { app.State = ledger.AppWithdrawn })
	err := ledger.AsError(m.try("implementer", ledger.FnLicenseOffer, a))
	if err == nil || err.Reason != ledger.ReasonGate {
		t.Fatalf("a withdrawn application met the gate: %v", err)
	}
}

func TestLicenseOfferLinks(t *testing.T) {
	m := newMarket(t)
	a := offerArgs("L")
	a.Mode, a.Domains, a.Resources = ledger.Scenario, []string{}, []ledger.ID{mID("bus")}
	a.Purposes = []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}
	e := m.must("implementer", ledger.FnLicenseOffer, a)
	want := []ledger.Link{
		{From: mLicense("L"), Rel: "assignee", To: ledger.RefTo(ledger.KindParty, mID("operator"))},
		{From: mLicense("L"), Rel: "covers", To: ledger.RefTo(ledger.KindResource, mID("bus"))},
	}
	if d := cmp.Diff(want, e.Links); d != "" {
		t.Fatal(d)
	}
}

func TestLicenseAccept(t *testing.T) {
	m := newMarket(t)
	m.must("implementer", ledger.FnLicenseOffer, offerArgs("L"))
	good := m.answer(mLicense("L"))
	stale := good
	stale.Answers = mHash("another offer")
	id := "args.id"
	for _, c := range []struct {
		name string
		who  string
		args ledger.AnswerArgs
		day  ledger.Date
		want refusal
	}{
		{"by another operator", "operator2", good, marketDay, refusal{ledger.Forbidden, ledger.ReasonNotYours, id}},
		{"of another offer", "operator", stale, marketDay, refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"}},
		{"after its term", "operator", good, "2029-10-19", refusal{ledger.Conflict, ledger.ReasonLate, id}},
		{"unknown", "operator", ledger.AnswerArgs{ID: mID("none"), Answers: good.Answers}, marketDay, refusal{ledger.NotFound, ledger.ReasonUnknown, id}},
		{"by a buyer", "buyer", good, marketDay, refusal{ledger.Forbidden, ledger.ReasonRole, "function"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := m.fork(t)
			m.now = noon(c.day)
			expect(t, m.try(c.who, ledger.FnLicenseAccept, c.args), c.want)
		})
	}
	e := m.must("operator", ledger.FnLicenseAccept, good)
	for _, right := range []ledger.Right{ledger.Use, ledger.Operate} {
		ref := mGrant(mID("L"), ledger.ID(right))
		want := ledger.Grant{
			ID: ledger.ID(ref.ID()), Right: right, Nature: ledger.Authorized, Party: mID("operator"), Scope: mLicense("L"),
			From: marketStart, Until: marketEnd, Basis: mLicense("L"),
		}
		if d := cmp.Diff(want, get[ledger.Grant](m, ref)); d != "" {
			t.Fatal(d)
		}
		if !slices.Contains(e.Links, ledger.Link{From: ref, Rel: "basis", To: mLicense("L")}) {
			t.Fatalf("no link from %s in %v", ref, e.Links)
		}
	}
	l := get[ledger.License](m, mLicense("L"))
	if !l.Effective(marketDay) || l.OfferCite.Payload != good.Answers || l.Cite.Payload == good.Answers {
		t.Fatalf("license after acceptance: %+v", l)
	}
}

func TestLicenseSuspensionsAreStoredByRole(t *testing.T) {
	m := licensed(t)
	ref := mLicense("L")
	notYours := refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"}
	expect(t, m.try("implementer2", ledger.FnLicenseSuspend, m.target(ref)), notYours)
	m.must("regulator", ledger.FnLicenseSuspend, m.target(ref))
	expect(t, m.try("implementer2", ledger.FnLicenseResume, m.target(ref)), notYours)
	expect(t, m.try("implementer", ledger.FnLicenseResume, m.target(ref)), refusal{ledger.Conflict, ledger.ReasonNoSuspense, "args.id"})
	expect(t, m.try("regulator", ledger.FnLicenseSuspend, m.target(ref)), refusal{ledger.Conflict, ledger.ReasonSuspended, "args.id"})
	stale := m.target(ref)
	stale.Answers = mHash("before")
	expect(t, m.try("regulator", ledger.FnLicenseResume, stale), refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"})
	m.must("regulator", ledger.FnLicenseResume, m.target(ref))
	if l := get[ledger.License](m, ref); !l.Effective(marketDay) {
		t.Fatalf("after resume: %+v", l)
	}
}

func TestLicenseTerminate(t *testing.T) {
	m := licensed(t)
	ref := mLicense("L")
	expect(t, m.try("implementer2", ledger.FnLicenseTerminate, m.target(ref)), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
	expect(t, m.try("regulator", ledger.FnLicenseTerminate, m.target(ref)), refusal{ledger.Forbidden, ledger.ReasonRole, "function"})
	m.must("regulator", ledger.FnLicenseSuspend, m.target(ref))
	m.must("implementer", ledger.FnLicenseTerminate, m.target(ref))
	l := get[ledger.License](m, ref)
	if l.State != ledger.LicenseTerminated || l.EndedAt != m.now || l.Ground != "order-12" {
		t.Fatalf("after termination: %+v", l)
	}
	err := m.try("regulator", ledger.FnLicenseSuspend, m.target(ref))
	expect(t, err, refusal{ledger.Conflict, ledger.ReasonState, "args.id"})
	if got := ledger.AsError(err).Param("state"); got != "terminated" {
		t.Fatalf("state %q", got)
	}
}

func (m *market) environment(key *ledger.Key, name, operator string) ledger.EnvironmentArgs {
	m.t.Helper()
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: mID("ledger"), ID: mID(name), Operator: mID(operator)})
	if err != nil {
		m.t.Fatalf("proof: %v", err)
	}
	return ledger.EnvironmentArgs{
		ID: mID(name), Operator: mID(operator), Region: "430300", Attestation: mHash("attestation"),
		Key: key.Public(), Proof: proof,
	}
}

func (m *market) newKey() *ledger.Key {
	m.t.Helper()
	k, err := ledger.NewKey()
	if err != nil {
		m.t.Fatalf("key: %v", err)
	}
	return k
}

func TestEnvironmentSet(t *testing.T) {
	m := newMarket(t)
	first, second := m.newKey(), m.newKey()
	e := m.must("implementer", ledger.FnEnvironmentSet, m.environment(first, "E", "operator"))
	if d := cmp.Diff([]ledger.Link{{
		From: ledger.RefTo(ledger.KindEnvironment, mID("E")), Rel: "operator",
		To: ledger.RefTo(ledger.KindParty, mID("operator")),
	}}, e.Links); d != "" {
		t.Fatal(d)
	}
	m.must("implementer", ledger.FnEnvironmentSet, m.environment(first, "E", "operator"))
	m.must("implementer", ledger.FnEnvironmentSet, m.environment(second, "E", "operator"))
	if _, ok := m.state[ledger.EnvironmentKey(first.ID())]; ok {
		t.Fatal("the replaced key still finds the environment")
	}
	if got, want := string(m.state[ledger.EnvironmentKey(second.ID())]), `"`+string(mID("E"))+`"`; got != want {
		t.Fatalf("key index %s, want %s", got, want)
	}
	if got := get[ledger.Environment](m, ledger.RefTo(ledger.KindEnvironment, mID("E"))); got.Kid != second.ID() || got.SetBy != mID("implementer") {
		t.Fatalf("environment %+v", got)
	}
	third := m.newKey()
	for _, c := range []struct {
		name string
		who  string
		args ledger.EnvironmentArgs
		edit func(*ledger.EnvironmentArgs)
		want refusal
	}{
		{"same id for another operator", "implementer", m.environment(third, "E", "operator2"), nil, refusal{ledger.Conflict, ledger.ReasonExists, "args.id"}},
		{"by another implementer", "implementer2", m.environment(third, "E", "operator"), nil, refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"}},
		{"key of a party", "implementer", m.environment(m.keys["buyer"], "F", "operator"), nil, refusal{ledger.Conflict, ledger.ReasonExists, "args.key"}},
		{"key of another environment", "implementer", m.environment(second, "F", "operator"), nil, refusal{ledger.Conflict, ledger.ReasonExists, "args.key"}},
		{"of nobody", "implementer", m.environment(third, "F", "nobody"), nil, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.operator"}},
		{"of no operator", "implementer", m.environment(third, "F", "buyer"), nil, refusal{ledger.Forbidden, ledger.ReasonRole, "args.operator"}},
		{"abroad", "implementer", m.environment(third, "F", "operator"), func(a *ledger.EnvironmentArgs) { a.Region = "810000" }, refusal{ledger.Forbidden, ledger.ReasonRecipient, "args.region"}},
		{"proof by another key", "implementer", m.environment(third, "F", "operator"), func(a *ledger.EnvironmentArgs) { a.Key = m.newKey().Public() }, refusal{ledger.Forbidden, ledger.ReasonKey, "args.proof.header.kid"}},
		{"proof for another id", "implementer", m.environment(third, "F", "operator"), func(a *ledger.EnvironmentArgs) { a.ID = mID("G") }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.proof"}},
		{"no proof", "implementer", m.environment(third, "F", "operator"), func(a *ledger.EnvironmentArgs) { a.Proof = "" }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.proof"}},
		{"by the operator itself", "operator", m.environment(third, "F", "operator"), nil, refusal{ledger.Forbidden, ledger.ReasonRole, "function"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.edit != nil {
				c.edit(&c.args)
			}
			expect(t, m.fork(t).try(c.who, ledger.FnEnvironmentSet, c.args), c.want)
		})
	}
	edit(m, ledger.RefTo(ledger.KindParty, mID("operator")), func(p *ledger.Party) { p.Suspensions = suspendedBy(ledger.RoleRegulator) })
	expect(t, m.try("implementer", ledger.FnEnvironmentSet, m.environment(third, "F", "operator")), refusal{ledger.Forbidden, ledger.ReasonPartySuspended, "args.operator"})
}
