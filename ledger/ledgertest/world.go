package ledgertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Region is the region of all fixtures: Hangzhou, GB/T 2260.
const Region ledger.Region = "330100"

// World is the beginning of a ledger with all keys, so that a test can sign for
// every party.
type World struct {
	Ledger    ledger.ID
	Authority *Member
	Platform  *Member
	Recovery  *ledger.Key
	Args      ledger.GenesisArgs
	Genesis   string // the signed call that begins the ledger

	now   func() time.Time
	count atomic.Int64
}

// Member is a party with its keys, admitted or not.
type Member struct {
	ID      ledger.ID
	Key     *ledger.Key // signs calls
	Auth    *ledger.Key // signs tokens
	Profile ledger.PartyProfile
}

// NewWorld returns keys and a genesis for a demonstration ledger with the clock
// now, which its authority may move ahead.
func NewWorld(t testing.TB, now func() time.Time) *World {
	t.Helper()
	w := &World{now: now, Recovery: NewKey(t)}
	w.Ledger = w.NewID()
	w.Authority = w.Member(t, ledger.RoleDataAuthority)
	w.Platform = w.Member(t, ledger.RolePlatform)
	w.Args = ledger.GenesisArgs{
		Ledger: w.Ledger, Name: "测试登记簿", Region: Region, Origin: w.Platform.Profile.Origin,
		Authority: w.Authority.Profile, Recovery: w.Recovery.Public(), Platform: w.Platform.Application(t),
		Limits: ledger.StatutoryLimits(), Gate: ledger.GateStrict, Rules: 1, Demo: true, Clock: ledger.ClockSimulated,
	}
	w.Genesis = w.Call(t, w.Authority, ledger.FnGenesis, w.Args)
	return w
}

// NewKey generates a new key.
func NewKey(t testing.TB) *ledger.Key {
	t.Helper()
	k, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// NewID returns an id that this world has not used. The ids of two worlds differ,
// since their recovery keys differ.
func (w *World) NewID() ledger.ID {
	return ledger.DeriveID("ledgertest", string(w.Recovery.ID()), fmt.Sprint(w.count.Add(1)))
}

// Now returns the world's time in milliseconds.
func (w *World) Now() ledger.Millis { return ledger.Millis(w.now().UnixMilli()) }

// Member returns a party with new keys and a new credit code, which is not admitted
// yet. A platform has an origin and a receipt log.
func (w *World) Member(t testing.TB, roles ...ledger.Role) *Member {
	t.Helper()
	m := &Member{ID: w.NewID(), Key: NewKey(t), Auth: NewKey(t)}
	n := w.count.Add(1)
	kind := ledger.Organ
	if slices.Contains(roles, ledger.RoleOperator) {
		kind = ledger.Enterprise
	}
	m.Profile = ledger.PartyProfile{
		ID: m.ID, Name: fmt.Sprintf("单位%d", n), USCC: NewUSCC(n), Kind: kind, Roles: roles,
		Region: Region, Affiliates: []ledger.USCC{}, Keys: []ledger.NewKeyArg{
			{JWK: m.Key.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf},
			{JWK: m.Auth.Public(), Use: ledger.UseAuth, Custody: ledger.CustodySelf},
		},
	}
	if slices.Contains(roles, ledger.RolePlatform) {
		m.Profile.Origin = fmt.Sprintf("node%d.example.org", n)
		m.Profile.LogKey = fmt.Sprintf("%s+00000000+%d", ledger.ReceiptLog(m.Profile.Origin), n)
	}
	return m
}

// NewUSCC returns the n-th unified social credit code, with a correct check
// character.
func NewUSCC(n int64) ledger.USCC {
	body := fmt.Sprintf("113301%011d", n)
	return ledger.USCC(body + string(rune(ledger.USCCCheck(body))))
}

// Application returns the member's signed application for admission.
func (m *Member) Application(t testing.TB) string {
	t.Helper()
	s, err := ledger.SignProfile(m.Key, m.Profile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Draft returns a call of m without arguments, valid for an hour from now.
func (w *World) Draft(m *Member, fn ledger.Function) ledger.Call {
	return ledger.Call{
		Ledger: w.Ledger, ID: w.NewID(), Party: m.ID, Function: fn,
		Time: w.Now(), Expires: w.Now() + ledger.Millis(time.Hour.Milliseconds()),
	}
}

// Call returns a new signed call of m.
func (w *World) Call(t testing.TB, m *Member, fn ledger.Function, args any) string {
	t.Helper()
	return Sign(t, m.Key, w.Draft(m, fn), args)
}

// Sign signs a call with its arguments.
func Sign(t testing.TB, key *ledger.Key, c ledger.Call, args any) string {
	t.Helper()
	s, err := ledger.SignCall(key, c, args)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Parse parses a call that a fixture signed.
func Parse(t testing.TB, jws string) ledger.Signed {
	t.Helper()
	s, err := ledger.ParseCall(jws)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Admission returns the call by which the authority admits m.
func (w *World) Admission(t testing.TB, m *Member) string {
	t.Helper()
	return w.Call(t, w.Authority, ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: m.Application(t)})
}

// Calendar returns the call by which the authority records a year's list, with New
// Year's Day as the only day off.
func (w *World) Calendar(t testing.TB, year int) string {
	t.Helper()
	return w.Call(t, w.Authority, ledger.FnCalendarSet, CalendarOf(year))
}

// CalendarOf returns a year's list with New Year's Day as the only day off.
func CalendarOf(year int) ledger.CalendarArgs {
	return ledger.CalendarArgs{
		Year: year, Off: []ledger.Date{ledger.Date(fmt.Sprintf("%d-01-01", year))}, Work: []ledger.Date{},
		Source: fmt.Sprintf("国办发明电〔%d〕1号", year),
	}
}

// Must submits a call that must be accepted.
func Must(t testing.TB, l ledger.Ledger, jws string) ledger.Outcome {
	t.Helper()
	out, err := l.Submit(t.Context(), jws)
	if err != nil {
		t.Fatalf("%s: %v", Parse(t, jws).Call.Function, err)
	}
	return out
}

// Begin submits the genesis.
func (w *World) Begin(t testing.TB, l ledger.Ledger) ledger.Outcome {
	t.Helper()
	return Must(t, l, w.Genesis)
}

// Admitted returns a new party after its admission to l.
func (w *World) Admitted(t testing.TB, l ledger.Ledger, roles ...ledger.Role) *Member {
	t.Helper()
	m := w.Member(t, roles...)
	Must(t, l, w.Admission(t, m))
	return m
}

// Read decodes the committed record of ref.
func Read[T any](t testing.TB, l ledger.Ledger, ref ledger.Ref) T {
	t.Helper()
	var v T
	b, err := l.Value(t.Context(), ledger.RecordKey(ref))
	if err != nil {
		t.Fatalf("read %s: %v", ref, err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("decode %s: %v", ref, err)
	}
	return v
}

// Refused fails t unless err is the typed error with that code and reason, and its
// text form decodes to the same error.
func Refused(t testing.TB, err error, code ledger.Code, reason ledger.Reason) {
	t.Helper()
	e := ledger.AsError(err)
	if e == nil {
		t.Errorf("got %v, want %s: %s", err, code, reason)
		return
	}
	if e.Code != code || e.Reason != reason {
		t.Errorf("got %v, want %s: %s", e, code, reason)
	}
	if back, err := ledger.ParseError(e.Text()); err != nil || back.Error() != e.Error() {
		t.Errorf("error %q came back from its text as %v, %v", e, back, err)
	}
}
