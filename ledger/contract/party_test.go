package contract_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// beginning is all that a genesis is made of, to be spoiled.
type beginning struct {
	*world
	args ledger.GenesisArgs
	node ledger.PartyProfile
	call ledger.Call
	by   *ledger.Key
	only ledger.Digest // the only genesis that the ledger takes
}

func newBeginning(t fataler) *beginning {
	w := &world{t: t, state: memory{}, now: noon("2026-09-01"), keys: map[string]*ledger.Key{}}
	b := &beginning{world: w, by: w.key("authority")}
	b.node = w.profile(ledgertest.Someone("node", "12430300MB0B00011", ledger.Institution, ledger.RolePlatform))
	b.node.Origin, b.node.LogKey = "node.example", "node.example/log/receipts+00000000+AA"
	b.args = ledger.GenesisArgs{
		Ledger: wID("ledger"), Name: "湘潭市公共数据资源登记", Region: "430300", Origin: "node.example",
		Authority: w.profile(ledgertest.Someone("authority", "11430300MB0B00010", ledger.Organ, ledger.RoleDataAuthority)),
		Recovery:  w.key("recovery").Public(), Limits: ledger.StatutoryLimits(), Gate: ledger.GateStrict, Rules: contract.Rules,
	}
	b.call = ledger.Call{
		Ledger: wID("ledger"), ID: wID("genesis"), Party: wID("authority"), Function: ledger.FnGenesis,
		Time: w.now, Expires: w.now + 3_600_000,
	}
	return b
}

// begin signs what b is made of and applies it.
func (b *beginning) begin() contract.Result {
	b.t.Helper()
	if b.args.Platform == "" {
		b.args.Platform = b.keys.Apply(b.t, "node", b.node)
	}
	jws, err := ledger.SignCall(b.by, b.call, b.args)
	if err != nil {
		b.t.Fatalf("sign: %v", err)
	}
	return applyJWS(b.t, contract.Env{Time: b.now, Rules: contract.Rules, Genesis: b.only}, b.state, jws)
}

func TestGenesis(t *testing.T) {
	b := newBeginning(t)
	r := b.begin()
	expect(t, r.Err, refusal{})
	want := []string{
		ledger.RecordKey(ledger.GenesisRef), ledger.RecordKey(ledger.RefTo(ledger.KindParty, wID("authority"))),
		ledger.RecordKey(ledger.RefTo(ledger.KindParty, wID("node"))), "log/node.example/log/receipts",
		string(ledger.KeyRef(b.key("authority").ID())), string(ledger.KeyRef(b.key("node").ID())), string(ledger.KeyRef(b.key("recovery").ID())),
		ledger.SignKeysKey(wID("authority")), ledger.SignKeysKey(wID("node")), ledger.USCCKey(b.args.Authority.USCC), ledger.USCCKey(b.node.USCC), ledger.CallKey(b.call.Party, b.call.ID),
	}
	var got []string
	for _, w := range r.Writes {
		got = append(got, w.Key)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys written by a genesis (-want +got):\n%s", diff)
	}
	again := newBeginning(t)
	again.only = ledger.DigestOf([]byte("another"))
	expect(t, again.begin().Err, refusal{ledger.Forbidden, ledger.ReasonGenesis, ""})
}

func TestGenesisRefuses(t *testing.T) {
	invalid := func(field string) refusal { return refusal{ledger.InvalidCode, ledger.ReasonField, field} }
	for name, c := range map[string]struct {
		spoil func(*beginning)
		want  refusal
	}{
		"another ledger's": {func(b *beginning) { b.call.Ledger = wID("other") }, invalid("args.ledger")},
		"by another party": {func(b *beginning) { b.call.Party = wID("node") }, invalid("args.authority.id")},
		"by a stranger's key": {
			func(b *beginning) { b.by = b.key("stranger") }, refusal{ledger.Forbidden, ledger.ReasonKey, "header.kid"},
		},
		"a node that others apply for": {
			func(b *beginning) { b.args.Platform = b.keys.Apply(b.t, "stranger", b.node) },
			refusal{ledger.Forbidden, ledger.ReasonKey, "args.application.header.kid"},
		},
		"by an auth key": {
			func(b *beginning) { b.args.Authority.Keys[0].Use = ledger.UseAuth }, refusal{ledger.Forbidden, ledger.ReasonKeyUse, "header.kid"},
		},
		"stored by the node": {
			func(b *beginning) { b.args.Authority.Keys[0].Custody = ledger.CustodyNode },
			refusal{ledger.Forbidden, ledger.ReasonCustody, "args.keys[0].custody"},
		},
		"no data authority": {
			func(b *beginning) { b.args.Authority.Roles = []ledger.Role{ledger.RoleHolder} }, invalid("args.authority.roles"),
		},
		"a central body": {
			func(b *beginning) { b.args.Authority.Kind = ledger.Central }, refusal{ledger.Forbidden, ledger.ReasonCentral, "args.roles[0]"},
		},
		"an operator that regulates": {
			func(b *beginning) {
				b.args.Authority.Roles = []ledger.Role{ledger.RoleDataAuthority, ledger.RoleRegulator, ledger.RoleOperator}
			},
			refusal{ledger.Forbidden, ledger.ReasonRolesExclude, "args.roles"},
		},
		"an enterprise": {
			func(b *beginning) { b.args.Authority.Kind = ledger.Enterprise }, refusal{ledger.Forbidden, ledger.ReasonKind, "args.kind"},
		},
		"a central body as node": {
			func(b *beginning) { b.node.Kind = ledger.Central }, refusal{ledger.Forbidden, ledger.ReasonCentral, "args.roles[0]"},
		},
		"no platform":      {func(b *beginning) { b.node.Roles = []ledger.Role{ledger.RoleHolder} }, invalid("args.platform")},
		"no receipt log":   {func(b *beginning) { b.node.LogKey = "" }, invalid("args.platform")},
		"limit too long":   {func(b *beginning) { b.args.Limits.Exam++ }, invalid("args.limits.exam_days")},
		"limit of no days": {func(b *beginning) { b.args.Limits.Accept = 0 }, invalid("args.limits.accept_days")},
		"notice too short": {func(b *beginning) { b.args.Limits.Notice-- }, invalid("args.limits.notice_days")},
		"demo too long":    {func(b *beginning) { b.args.Demo, b.args.Limits.Code = true, 4 }, invalid("args.limits.code_days")},
		"some periods of a demo without days": {
			func(b *beginning) { b.args.Demo, b.args.Limits.Code = true, 0 }, invalid("args.limits.code_days"),
		},
		"a simulated clock, not for a demo": {func(b *beginning) { b.args.Clock = ledger.ClockSimulated }, invalid("args.clock")},
		"an unknown clock":                  {func(b *beginning) { b.args.Demo, b.args.Clock = true, "slow" }, invalid("args.clock")},
		"stored by the node of a demo with the law's limits": {
			func(b *beginning) { b.args.Demo, b.args.Authority.Keys[0].Custody = true, ledger.CustodyNode },
			refusal{ledger.Forbidden, ledger.ReasonCustody, "args.keys[0].custody"},
		},
		"unknown rules":     {func(b *beginning) { b.args.Rules = 2 }, invalid("args.rules")},
		"unknown gate":      {func(b *beginning) { b.args.Gate = "open" }, invalid("args.gate")},
		"no region":         {func(b *beginning) { b.args.Region = "" }, invalid("args.region")},
		"bad recovery key":  {func(b *beginning) { b.args.Recovery.X = "" }, invalid("args.recovery")},
		"from the future":   {func(b *beginning) { b.now -= 6 * 60_000 }, refusal{ledger.InvalidCode, ledger.ReasonTime, "time"}},
		"past its expiry":   {func(b *beginning) { b.now = b.call.Expires }, refusal{ledger.InvalidCode, ledger.ReasonExpired, "expires"}},
		"one code for both": {func(b *beginning) { b.node.USCC = b.args.Authority.USCC }, invalid("args.platform")},
		"one party as both": {func(b *beginning) { b.node.ID = b.args.Authority.ID }, invalid("args.platform")},
		"one key for both": {
			func(b *beginning) { b.node.Keys = append(b.node.Keys, b.args.Authority.Keys...) }, invalid("args.platform"),
		},
		"recovery in use": {
			func(b *beginning) { b.args.Recovery = b.key("authority").Public() }, invalid("args.recovery"),
		},
		"authority as node": {
			func(b *beginning) { b.args.Authority.Roles = append(b.args.Authority.Roles, ledger.RolePlatform) },
			invalid("args.authority.roles"),
		},
		"another node's origin": {func(b *beginning) { b.node.Origin = "other.example" }, invalid("args.platform")},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBeginning(t)
			c.spoil(b)
			expect(t, b.begin().Err, c.want)
		})
	}
}

// TestBeforeGenesis: no call at all is taken by a ledger that has not begun,
// and no second genesis by one that has.
func TestBeforeGenesis(t *testing.T) {
	w := newWorld(t)
	v := w.verified(w.sign("authority", ledger.FnCalendarSet, list2026()))
	r := apply(t, contract.Env{Time: w.now, Rules: contract.Rules}, memory{}, v)
	expect(t, r.Err, refusal{ledger.Conflict, ledger.ReasonGenesis, "function"})
	b := newBeginning(t)
	b.state = w.state
	expect(t, b.begin().Err, refusal{ledger.Conflict, ledger.ReasonGenesis, "function"})
	b = newBeginning(t)
	b.state, b.by = w.state, w.key("holder") // known to the ledger, but not to the genesis
	expect(t, b.begin().Err, refusal{ledger.Forbidden, ledger.ReasonKey, "header.kid"})
}

// newcomer is a party that applies, to be spoiled.
func (w *world) newcomer(roles ...ledger.Role) ledger.PartyProfile {
	w.t.Helper()
	p := w.profile(ledgertest.Someone("newcomer", "12430300MB0B00099", ledger.Institution, roles...))
	p.Keys = append(p.Keys, ledger.NewKeyArg{JWK: w.key("newcomer auth").Public(), Use: ledger.UseAuth, Custody: ledger.CustodyNode})
	return p
}

func TestAdmit(t *testing.T) {
	w := newWorld(t)
	p := w.newcomer(ledger.RoleHolder, ledger.RoleBuyer)
	e := w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", p)})
	want := ledger.Party{
		ID: p.ID, Name: p.Name, USCC: p.USCC, Kind: p.Kind, Roles: p.Roles, Region: p.Region, Under: p.Region, Affiliates: []ledger.USCC{},
		AdmittedAt: w.now, AdmittedBy: wID("authority"), Suspensions: []ledger.Suspension{},
		Cite: ledger.Cite{Party: wID("authority"), Call: e.Call, Payload: e.Payload},
	}
	if diff := cmp.Diff(want, record[ledger.Party](w, ledger.RefTo(ledger.KindParty, p.ID))); diff != "" {
		t.Errorf("the party's record (-want +got):\n%s", diff)
	}
	for _, k := range []ledger.KeyRecord{
		{Kid: w.key("newcomer").ID(), JWK: w.key("newcomer").Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf},
		{Kid: w.key("newcomer auth").ID(), JWK: w.key("newcomer auth").Public(), Use: ledger.UseAuth, Custody: ledger.CustodyNode},
	} {
		k.Party, k.From, k.Cite = p.ID, w.now, want.Cite
		if diff := cmp.Diff(k, record[ledger.KeyRecord](w, ledger.KeyRef(k.Kid))); diff != "" {
			t.Errorf("the key's record (-want +got):\n%s", diff)
		}
	}
	w.signsWith("newcomer", "newcomer")
	if len(e.Records) != 3 || e.Records[0].Ref != ledger.RefTo(ledger.KindParty, p.ID) {
		t.Errorf("the event carries %v", e.Records)
	}
	w.must("newcomer", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("first"), Bytes: 1})
}

func TestAdmitPlatform(t *testing.T) {
	w := newWorld(t)
	p := w.newcomer(ledger.RolePlatform)
	admit := func() ledger.PartyAdmitArgs {
		return ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", p)}
	}
	noLog := refusal{ledger.InvalidCode, ledger.ReasonField, "args.application.origin"}
	w.refused(noLog, "authority", ledger.FnPartyAdmit, admit())
	p.Origin = "other.example"
	w.refused(noLog, "authority", ledger.FnPartyAdmit, admit())
	p.Origin, p.LogKey = "node.example", "key"
	w.refused(refusal{ledger.Conflict, ledger.ReasonExists, "args.origin"}, "authority", ledger.FnPartyAdmit, admit())
	p.Origin, p.URL = "other.example", "https://other.example:8443/cadastre"
	w.must("authority", ledger.FnPartyAdmit, admit())
	if got := w.party("newcomer").URL; got != p.URL {
		t.Errorf("the node is reached at %q, want %q", got, p.URL)
	}
	got := record[ledger.LogRecord](w, ledger.RefTo(ledger.KindLog, ledger.ReceiptLog("other.example")))
	if want := (ledger.LogRecord{Origin: "other.example/log/receipts", Owner: p.ID, Key: "key"}); got != want {
		t.Errorf("the log's record is %+v, want %+v", got, want)
	}
}

func TestAdmitRefuses(t *testing.T) {
	w := newWorld(t)
	conflict := func(field string) refusal { return refusal{ledger.Conflict, ledger.ReasonExists, field} }
	invalid := func(field string) refusal { return refusal{ledger.InvalidCode, ledger.ReasonField, field} }
	for name, c := range map[string]struct {
		spoil func(*ledger.PartyProfile)
		want  refusal
	}{
		"id taken":  {func(p *ledger.PartyProfile) { p.ID = wID("holder") }, conflict("args.id")},
		"code used": {func(p *ledger.PartyProfile) { p.USCC = ledgertest.USCC("11430300MB0B00004") }, conflict("args.uscc")},
		"key used":  {func(p *ledger.PartyProfile) { p.Keys[1].JWK = w.key("holder").Public() }, conflict("args.keys[1]")},
		"recovery key": {
			func(p *ledger.PartyProfile) { p.Keys[1].JWK = w.key("recovery").Public() }, conflict("args.keys[1]"),
		},
		"key twice": {
			func(p *ledger.PartyProfile) { p.Keys[1].JWK = p.Keys[0].JWK }, invalid("args.application.keys[1]"),
		},
		"central body": {
			func(p *ledger.PartyProfile) { p.Kind = ledger.Central }, refusal{ledger.Forbidden, ledger.ReasonCentral, "args.roles[0]"},
		},
		"operator and regulator": {
			func(p *ledger.PartyProfile) { p.Roles = []ledger.Role{ledger.RoleOperator, ledger.RoleRegulator} },
			refusal{ledger.Forbidden, ledger.ReasonRolesExclude, "args.roles"},
		},
		"operator and registry body": {
			func(p *ledger.PartyProfile) { p.Roles = []ledger.Role{ledger.RoleRegistryBody, ledger.RoleOperator} },
			refusal{ledger.Forbidden, ledger.ReasonRolesExclude, "args.roles"},
		},
		"registry body's key at the node": {
			func(p *ledger.PartyProfile) {
				p.Roles, p.Keys[0].Custody = []ledger.Role{ledger.RoleRegistryBody}, ledger.CustodyNode
			},
			refusal{ledger.Forbidden, ledger.ReasonCustody, "args.keys[0].custody"},
		},
		"bad check character": {func(p *ledger.PartyProfile) { p.USCC = p.USCC[:17] + "-" }, invalid("args.application.uscc")},
		"unknown role":        {func(p *ledger.PartyProfile) { p.Roles = []ledger.Role{"king"} }, invalid("args.application.roles[0]")},
		"address without a node": {
			func(p *ledger.PartyProfile) { p.URL = "https://node.example" }, invalid("args.application.url"),
		},
		"not an address": {
			func(p *ledger.PartyProfile) { p.Origin, p.URL = "node.example", "node.example:8480" }, invalid("args.application.url"),
		},
		"address with a slash to spare": {
			func(p *ledger.PartyProfile) { p.Origin, p.URL = "node.example", "https://node.example/" }, invalid("args.application.url"),
		},
		"address with a query": {
			func(p *ledger.PartyProfile) { p.Origin, p.URL = "node.example", "https://node.example?x" }, invalid("args.application.url"),
		},
		"no role": {func(p *ledger.PartyProfile) { p.Roles = nil }, invalid("args.application.roles")},
	} {
		t.Run(name, func(t *testing.T) {
			f := w.fork(t)
			p := f.newcomer(ledger.RoleHolder)
			c.spoil(&p)
			payload := signProfile(t, f.key("newcomer"), p)
			f.refused(c.want, "authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: payload})
		})
	}
	good := ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "newcomer", w.newcomer(ledger.RoleHolder))}
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "function"}, "body", ledger.FnPartyAdmit, good)
	w.refused(refusal{ledger.Forbidden, ledger.ReasonKey, "args.application.header.kid"}, "authority", ledger.FnPartyAdmit,
		ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, "stranger", w.newcomer(ledger.RoleHolder))})
	w.refused(refusal{ledger.InvalidCode, ledger.ReasonJWS, "args.application"}, "authority", ledger.FnPartyAdmit,
		ledger.PartyAdmitArgs{Application: w.sign("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("x"), Bytes: 1})})
	w.must("authority", ledger.FnPartyAdmit, good)
	w.refused(conflict("args.id"), "authority", ledger.FnPartyAdmit, good)
}

func (w *world) party(name string) ledger.Party {
	w.t.Helper()
	return record[ledger.Party](w, ledger.RefTo(ledger.KindParty, wID(name)))
}

func (w *world) partyTarget(name string) ledger.TargetArgs {
	w.t.Helper()
	return ledger.TargetArgs{ID: wID(name), Answers: w.party(name).Cite.Payload, Ground: "order-9"}
}

func TestSuspendParty(t *testing.T) {
	w := newWorld(t)
	deposit := func(n string) ledger.DepositArgs { return ledger.DepositArgs{SHA256: mHash(n), Bytes: 1} }
	w.must("regulator", ledger.FnPartySuspend, w.partyTarget("holder"))
	suspended := refusal{ledger.Forbidden, ledger.ReasonPartySuspended, "party"}
	w.refused(suspended, "holder", ledger.FnDeposit, deposit("a"))
	w.refused(refusal{ledger.Conflict, ledger.ReasonSuspended, "args.id"}, "regulator", ledger.FnPartySuspend, w.partyTarget("holder"))
	w.refused(refusal{ledger.Conflict, ledger.ReasonNoSuspense, "args.id"}, "authority", ledger.FnPartyResume, w.partyTarget("holder"))

	w.must("authority", ledger.FnPartySuspend, w.partyTarget("holder"))
	w.must("regulator", ledger.FnPartyResume, w.partyTarget("holder"))
	w.refused(suspended, "holder", ledger.FnDeposit, deposit("a")) // the authority's is open still
	if s := w.party("holder").Suspensions; len(s) != 1 || s[0].Role != ledger.RoleDataAuthority || s[0].By != wID("authority") {
		t.Errorf("open suspensions: %+v", s)
	}
	w.must("authority", ledger.FnPartyResume, w.partyTarget("holder"))
	w.must("holder", ledger.FnDeposit, deposit("a"))
}

func TestSuspendPartyRefuses(t *testing.T) {
	w := newWorld(t)
	role := refusal{ledger.Forbidden, ledger.ReasonRole, "function"}
	w.refused(role, "body", ledger.FnPartySuspend, w.partyTarget("holder"))
	w.refused(role, "holder", ledger.FnPartyResume, w.partyTarget("holder"))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "args.id"}, "regulator", ledger.FnPartySuspend, w.partyTarget("authority"))
	stale := w.partyTarget("holder")
	stale.Answers = mHash("seen before")
	w.refused(refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"}, "regulator", ledger.FnPartySuspend, stale)
	unknown := stale
	unknown.ID = wID("nobody")
	w.refused(refusal{ledger.NotFound, ledger.ReasonUnknown, "args.id"}, "regulator", ledger.FnPartySuspend, unknown)
	w.must("authority", ledger.FnPartySuspend, w.partyTarget("regulator"))
	w.refused(refusal{ledger.Forbidden, ledger.ReasonPartySuspended, "party"}, "regulator", ledger.FnPartyResume, w.partyTarget("regulator"))
}

func TestCalendar(t *testing.T) {
	w := newWorld(t)
	a := list2026()
	e := w.must("authority", ledger.FnCalendarSet, a)
	want := ledger.CalendarYear{
		Year: a.Year, Off: a.Off, Work: a.Work, Source: a.Source,
		Cite: ledger.Cite{Party: wID("authority"), Call: e.Call, Payload: e.Payload},
	}
	if diff := cmp.Diff(want, record[ledger.CalendarYear](w, "calendar/2026")); diff != "" {
		t.Errorf("a list set again (-want +got):\n%s", diff)
	}
	w.refused(refusal{ledger.Forbidden, ledger.ReasonRole, "function"}, "regulator", ledger.FnCalendarSet, a)
	for name, spoil := range map[string]func(*ledger.CalendarArgs){
		"another year": func(a *ledger.CalendarArgs) { a.Off[0] = "2025-09-25" },
		"out of order": func(a *ledger.CalendarArgs) { a.Off[0], a.Off[1] = a.Off[1], a.Off[0] },
		"both":         func(a *ledger.CalendarArgs) { a.Work = []ledger.Date{a.Off[0]} },
		"no days":      func(a *ledger.CalendarArgs) { a.Off = []ledger.Date{} },
	} {
		t.Run(name, func(t *testing.T) {
			f, a := w.fork(t), list2026()
			a.Off = slices.Clone(a.Off)
			spoil(&a)
			f.refused(refusal{ledger.InvalidCode, ledger.ReasonField, "args.off"}, "authority", ledger.FnCalendarSet, a)
		})
	}
}

// TestFunctionTable calls every function by a party of every role that the
// table does not name: each is refused for its role, before its arguments count.
func TestFunctionTable(t *testing.T) {
	w := newWorld(t)
	names := []string{"authority", "body", "holder", "operator", "buyer", "regulator", "node"}
	for _, row := range ledger.Acts() {
		if len(row.Who) == 0 || row.Name == ledger.FnGenesis {
			continue
		}
		for _, name := range names {
			if row.MayCall(w.party(name)) {
				continue
			}
			before := maps.Clone(w.state)
			_, err := w.call(name, row.Name, struct{}{})
			if e := ledger.AsError(err); e == nil || e.Code != ledger.Forbidden || e.Reason != ledger.ReasonRole || len(before) != len(w.state) {
				t.Errorf("%s by %s: %v", row.Name, name, err)
			}
		}
	}
}
