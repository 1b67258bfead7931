package contract_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// world is a ledger in memory that was begun and filled by real calls: genesis,
// admissions, the list of 2026. Every call is a signed JWS whose key the
// contract finds by itself. The test owns the clock.
type world struct {
	t     fataler
	state memory
	now   ledger.Millis
	keys  ledgertest.Keys
	n     int
}

// worldParties are the parties of a world, by name. The authority is also the
// implementer; body2 is a second registry body of the city, faraway one of
// another city.
func worldParties() []ledgertest.Person {
	faraway := ledgertest.Someone("faraway", "12430200MB0B00003", ledger.Institution, ledger.RoleRegistryBody)
	faraway.Region = "430200"
	return []ledgertest.Person{
		ledgertest.Someone("body", "12430300MB0B00001", ledger.Institution, ledger.RoleRegistryBody),
		ledgertest.Someone("body2", "12430300MB0B00002", ledger.Institution, ledger.RoleRegistryBody),
		faraway,
		ledgertest.Someone("holder", "11430300MB0B00004", ledger.Organ, ledger.RoleHolder),
		ledgertest.Someone("holder2", "11430300MB0B00005", ledger.Organ, ledger.RoleHolder),
		ledgertest.Someone("operator", "91430300MA4B00006", ledger.Enterprise, ledger.RoleOperator, ledger.RoleBuyer),
		ledgertest.Someone("operator2", "91430300MA4B00007", ledger.Enterprise, ledger.RoleOperator, ledger.RoleBuyer),
		ledgertest.Someone("buyer", "91430300MA4B00008", ledger.Enterprise, ledger.RoleBuyer),
		ledgertest.Someone("regulator", "11430300MB0B00009", ledger.Organ, ledger.RoleRegulator),
	}
}

// newWorld begins a ledger by the statutory limits on 2026-09-01.
func newWorld(t fataler) *world { return beginWorld(t, ledger.StatutoryLimits(), false) }

// newDemo begins a demonstration ledger all of whose limits are 0 days.
func newDemo(t fataler) *world { return beginWorld(t, ledger.Limits{}, true) }

func beginWorld(t fataler, limits ledger.Limits, demo bool) *world {
	t.Helper()
	w := &world{t: t, state: memory{}, now: noon("2026-09-01"), keys: ledgertest.Keys{}}
	authority := w.profile(ledgertest.Someone("authority", "11430300MB0B00010", ledger.Organ, ledger.RoleDataAuthority, ledger.RoleImplementer))
	node := w.profile(ledgertest.Someone("node", "12430300MB0B00011", ledger.Institution, ledger.RolePlatform))
	node.Origin, node.LogKey = "node.example", receiptLog.public
	w.must("authority", ledger.FnGenesis, ledger.GenesisArgs{
		Ledger: wID("ledger"), Name: "湘潭市公共数据资源登记",
		Region: "430300", Origin: "node.example", LedgerKey: ledgerLog.public, Authority: authority,
		Recovery: w.key("recovery").Public(), Platform: w.keys.Apply(w.t, "node", node), Limits: limits,
		Gate: ledger.GateStrict, Rules: contract.Rules, Demo: demo,
	})
	for _, p := range worldParties() {
		w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.keys.Apply(w.t, p.Name, w.profile(p))})
	}
	w.must("authority", ledger.FnCalendarSet, list2026())
	return w
}

// list2026 holds the days of 2026 that the worked example needs.
func list2026() ledger.CalendarArgs {
	return ledger.CalendarArgs{
		Year: 2026, Source: "国务院办公厅关于2026年部分节假日安排的通知",
		Off: []ledger.Date{
			"2026-09-25", "2026-09-26", "2026-09-27", "2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04",
			"2026-10-05", "2026-10-06", "2026-10-07",
		},
		Work: []ledger.Date{"2026-09-20", "2026-10-10"},
	}
}

func wID(name string) ledger.ID { return ledger.DeriveID("world", name) }

// tale is what happens in a world, on the day of the market.
var tale = ledgertest.Story{
	ID: wID, Today: func() time.Time { return ledgertest.Noon(marketDay) }, Region: "430300",
	Purposes: []ledger.Purpose{{Class: ledger.Industry}, {Class: ledger.Governance}, {Class: ledger.Welfare}},
}

func (w *world) key(name string) *ledger.Key { return w.keys.Of(w.t, name) }

func (w *world) profile(p ledgertest.Person) ledger.PartyProfile { return tale.Profile(w.t, w.keys, p) }

// on sets the clock to noon of a day in Shanghai.
func (w *world) on(day ledger.Date) { w.now = noon(day) }

// clock sets the clock to a time of a day in Shanghai, as 23:59:59.999.
func (w *world) clock(day ledger.Date, at string) {
	w.t.Helper()
	moment, err := time.Parse(time.RFC3339Nano, string(day)+"T"+at+"+08:00")
	if err != nil {
		w.t.Fatalf("clock: %v", err)
	}
	w.now = ledger.Millis(moment.UnixMilli())
}

// fork is a copy that a case may spoil.
func (w *world) fork(t fataler) *world {
	c := *w
	c.t, c.state, c.keys = t, maps.Clone(w.state), maps.Clone(w.keys)
	return &c
}

// sign makes a call under a fresh id.
func (w *world) sign(who string, fn ledger.Function, args any) string {
	w.t.Helper()
	w.n++
	return w.signAs(wID("call"+strconv.Itoa(w.n)), who, fn, args)
}

func (w *world) signAs(id ledger.ID, who string, fn ledger.Function, args any) string {
	w.t.Helper()
	call := ledger.Call{Ledger: wID("ledger"), ID: id, Party: wID(who), Function: fn, Time: w.now, Expires: w.now + 3_600_000}
	signer := ledgertest.Signer(who, fn)
	if w.keys[signer] == nil { // not a registry body
		signer = who
	}
	jws, err := ledger.SignCall(w.key(signer), call, args)
	if err != nil {
		w.t.Fatalf("sign %s by %s: %v", fn, who, err)
	}
	return jws
}

// verified parses a JWS and checks it with the key that the ledger has for it.
func (w *world) verified(jws string) contract.Verified {
	w.t.Helper()
	s, err := contract.Parse(jws)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	key, err := contract.FindKey(w.state, s)
	if err != nil {
		w.t.Fatalf("find key: %v", err)
	}
	v, err := contract.Verify(ledger.Standard(), s, key)
	if err != nil {
		w.t.Fatalf("verify: %v", err)
	}
	return v
}

// submit applies calls in one batch and commits what they write.
func (w *world) submit(calls ...string) []contract.Result {
	w.t.Helper()
	var vs []contract.Verified
	for _, jws := range calls {
		vs = append(vs, w.verified(jws))
	}
	return w.apply(vs...)
}

func (w *world) apply(vs ...contract.Verified) []contract.Result {
	w.t.Helper()
	results := applyBatch(w.t, contract.Env{Time: w.now, Rules: contract.Rules}, w.state, vs)
	for _, r := range results {
		for _, write := range r.Writes {
			if write.Value == nil {
				delete(w.state, write.Key)
				continue
			}
			w.state[write.Key] = write.Value
		}
	}
	return results
}

// call makes one call: its event, or its refusal.
func (w *world) call(who string, fn ledger.Function, args any) (ledger.Event, error) {
	w.t.Helper()
	r := w.submit(w.sign(who, fn, args))[0]
	if r.Err != nil {
		return ledger.Event{}, r.Err
	}
	var e ledger.Event
	if err := ledger.DecodeStrict(r.Event, &e); err != nil {
		w.t.Fatalf("event of %s: %v", fn, err)
	}
	return e, nil
}

// must makes one call that may not be refused.
func (w *world) must(who string, fn ledger.Function, args any) ledger.Event {
	w.t.Helper()
	e, err := w.call(who, fn, args)
	if err != nil {
		w.t.Fatalf("%s by %s: %v", fn, who, err)
	}
	return e
}

// refused makes one call that must be refused so, and must write nothing.
func (w *world) refused(want refusal, who string, fn ledger.Function, args any) {
	w.t.Helper()
	before := maps.Clone(w.state)
	_, err := w.call(who, fn, args)
	expect(w.t, err, want)
	if want.code != "" && !maps.EqualFunc(before, w.state, slices.Equal[[]byte]) {
		w.t.Fatalf("refused %s has written", fn)
	}
}

// record reads a record that must be there.
func record[T any](w *world, ref ledger.Ref) T {
	w.t.Helper()
	v, ok := lookup[T](w, ledger.RecordKey(ref))
	if !ok {
		w.t.Fatalf("no record %s", ref)
	}
	return v
}

func lookup[T any](w *world, key string) (T, bool) {
	w.t.Helper()
	var v T
	b, ok := w.state[key]
	if !ok {
		return v, false
	}
	if err := json.Unmarshal(b, &v); err != nil {
		w.t.Fatalf("decode %s: %v", key, err)
	}
	return v, true
}

func (w *world) app(name string) ledger.Application {
	w.t.Helper()
	return record[ledger.Application](w, ledger.RefTo(ledger.KindApplication, wID(name)))
}

func (w *world) entry(name string) ledger.Entry {
	w.t.Helper()
	return record[ledger.Entry](w, ledger.RefTo(ledger.KindEntry, wID(name)))
}

// step names an application and the call that last wrote it.
func (w *world) step(name string) ledger.AppStepArgs {
	w.t.Helper()
	return ledger.AppStepArgs{Application: wID(name), Answers: w.app(name).Cite.Payload}
}

// submitArgs are a good application to the registry body, for a resource with two items.
func (w *world) submitArgs(name, holder string) ledger.AppSubmitArgs {
	a := tale.Submission(name, holder)
	a.Resource.Modified = noon("2026-08-31")
	a.Resource.Items = append(a.Resource.Items, ledger.Item{Name: "arrived_at", Label: "到站时间", DataType: "datetime", Level: ledger.General, PIStatus: ledger.PINone})
	return a
}

// deposited puts the deposit of an application on record.
func (w *world) deposited(name, holder string) {
	w.t.Helper()
	w.must(holder, ledger.FnDeposit, ledger.DepositArgs{SHA256: mHash("deposit " + name), Bytes: 4096})
}

// submitted is an application of a holder that waits for acceptance.
func (w *world) submitted(name, holder string) {
	w.t.Helper()
	w.deposited(name, holder)
	w.must(holder, ledger.FnAppSubmit, w.submitArgs(name, holder))
}

func (w *world) accepted(name, holder string) {
	w.t.Helper()
	w.submitted(name, holder)
	w.must("body", ledger.FnAppAccept, w.step(name))
}

func (w *world) passArgs(name string) ledger.AppPassArgs {
	w.t.Helper()
	return ledger.AppPassArgs{AppStepArgs: w.step(name), Checklist: []string{"complete", "consistent", "admissible"}}
}

func (w *world) noticed(name, holder string) {
	w.t.Helper()
	w.accepted(name, holder)
	w.must("body", ledger.FnAppPass, w.passArgs(name))
}

// coded registers a resource on a day after its notice period.
func (w *world) coded(name, holder string) {
	w.t.Helper()
	w.noticed(name, holder)
	if n := w.app(name).Notice; n.Days > 0 {
		w.on(n.Due)
		w.now += 24 * 3_600_000
	}
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: w.step(name)})
}

func (w *world) returnArgs(name string, fields ...string) ledger.AppReturnArgs {
	w.t.Helper()
	a := ledger.AppReturnArgs{AppStepArgs: w.step(name)}
	for _, f := range fields {
		a.Defects = append(a.Defects, ledger.Defect{Field: f, Rule: "R7"})
	}
	return a
}

func (w *world) refuseArgs(name string) ledger.AppRefuseArgs {
	w.t.Helper()
	return ledger.AppRefuseArgs{AppStepArgs: w.step(name), Reason: ledger.ReasonNonconforming}
}

func (w *world) objectArgs(name, objection string) ledger.AppObjectArgs {
	w.t.Helper()
	return ledger.AppObjectArgs{
		Application: wID(name), Objection: wID(objection), Answers: w.notice(name),
		Ground: "ownership", Evidence: []ledger.Digest{mHash("evidence " + objection)},
	}
}

// notice returns the call that published the notice of an application, or the hash of
// no call.
func (w *world) notice(name string) ledger.Digest {
	w.t.Helper()
	n, ok := lookup[ledger.Notice](w, ledger.RecordKey(ledger.RefTo(ledger.KindNotice, wID(name))))
	if !ok {
		return mHash("no notice")
	}
	return n.Cite.Payload
}

func (w *world) decideArgs(name, objection string, upheld bool) ledger.AppDecideArgs {
	w.t.Helper()
	return ledger.AppDecideArgs{
		AppStepArgs: w.step(name), Objection: wID(objection), Upheld: upheld,
		Reason: ledger.Salt([16]byte{9}, "证据不足"),
	}
}

func (w *world) target(name string) ledger.TargetArgs {
	w.t.Helper()
	return ledger.TargetArgs{ID: wID(name), Answers: w.entry(name).Cite.Payload, Ground: "order-7"}
}

// TestWorld holds the world itself: begun by real calls, with all its parties.
func TestWorld(t *testing.T) {
	w := newWorld(t)
	for _, p := range worldParties() {
		got := record[ledger.Party](w, ledger.RefTo(ledger.KindParty, wID(p.Name)))
		if !got.Has(p.Roles...) || !got.Active() {
			t.Errorf("party %s was not admitted as it applied: %+v", p.Name, got)
		}
	}
	g := record[ledger.Genesis](newDemo(t), ledger.GenesisRef)
	if !g.Demo || g.Limits != (ledger.Limits{}) {
		t.Errorf("a demo ledger begins with its own limits, got %+v", g)
	}
}
