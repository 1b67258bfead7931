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

// Region is where every fixture is at home: Hangzhou, GB/T 2260.
const Region ledger.Region = "330100"

// World is the beginning of one ledger with all keys in hand, so that a test
// can sign for everybody.
type World struct {
	Ledger    ledger.ID
	Authority *Member
	Platform  *Member
	Recovery  *ledger.Key
	Args      ledger.GenesisArgs
	Genesis   string // the call that begins the ledger, signed

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

// NewWorld makes keys and a genesis for a demo ledger, timed by now.
func NewWorld(t testing.TB, now func() time.Time) *World {
	t.Helper()
	w := &World{now: now, Recovery: NewKey(t)}
	w.Ledger = w.NewID()
	w.Authority = w.Member(t, ledger.RoleDataAuthority)
	w.Platform = w.Member(t, ledger.RolePlatform)
	w.Args = ledger.GenesisArgs{
		Ledger: w.Ledger, Name: "测试登记簿", Region: Region, Origin: w.Platform.Profile.Origin,
		Authority: w.Authority.Profile, Recovery: w.Recovery.Public(), Platform: w.Platform.Application(t),
		Limits: ledger.StatutoryLimits(), Gate: ledger.GateStrict, Rules: 1, Demo: true,
	}
	w.Genesis = w.Call(t, w.Authority, ledger.FnGenesis, w.Args)
	return w
}

// NewKey makes a fresh key.
func NewKey(t testing.TB) *ledger.Key {
	t.Helper()
	k, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// NewID makes an id that this world has not used: the ids of two worlds differ
// by their recovery keys.
func (w *World) NewID() ledger.ID {
	return ledger.DeriveID("ledgertest", string(w.Recovery.ID()), fmt.Sprint(w.count.Add(1)))
}

// Now is the world's time in milliseconds.
func (w *World) Now() ledger.Millis { return ledger.Millis(w.now().UnixMilli()) }

// Member makes a party with fresh keys and a credit code of its own; it is not
// admitted yet. A platform has an origin and a receipt log.
func (w *World) Member(t testing.TB, roles ...ledger.Role) *Member {
	t.Helper()
	m := &Member{ID: w.NewID(), Key: NewKey(t), Auth: NewKey(t)}
	n := w.count.Add(1)
	m.Profile = ledger.PartyProfile{
		ID: m.ID, Name: fmt.Sprintf("单位%d", n), USCC: NewUSCC(n), Kind: ledger.Organ, Roles: roles,
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

// NewUSCC is the n-th unified social credit code with a right check character.
func NewUSCC(n int64) ledger.USCC {
	body := fmt.Sprintf("113301%011d", n)
	return ledger.USCC(body + string(rune(ledger.USCCCheck(body))))
}

// Application is the member's own application for admission, signed.
func (m *Member) Application(t testing.TB) string {
	t.Helper()
	s, err := ledger.SignProfile(m.Key, m.Profile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Draft is a call of m without arguments, good from now for an hour.
func (w *World) Draft(m *Member, fn ledger.Function) ledger.Call {
	return ledger.Call{
		Ledger: w.Ledger, ID: w.NewID(), Party: m.ID, Function: fn,
		Time: w.Now(), Expires: w.Now() + ledger.Millis(time.Hour.Milliseconds()),
	}
}

// Call signs a fresh call of m.
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

// Parse takes a call apart that a fixture signed.
func Parse(t testing.TB, jws string) ledger.Signed {
	t.Helper()
	s, err := ledger.ParseCall(jws)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Admission is the call by which the authority admits m.
func (w *World) Admission(t testing.TB, m *Member) string {
	t.Helper()
	return w.Call(t, w.Authority, ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: m.Application(t)})
}

// Calendar is the call by which the authority records a year's list, which
// speaks of New Year's Day only.
func (w *World) Calendar(t testing.TB, year int) string {
	t.Helper()
	return w.Call(t, w.Authority, ledger.FnCalendarSet, CalendarOf(year))
}

// CalendarOf is a year's list that speaks of New Year's Day only.
func CalendarOf(year int) ledger.CalendarArgs {
	return ledger.CalendarArgs{
		Year: year, Off: []ledger.Date{ledger.Date(fmt.Sprintf("%d-01-01", year))}, Work: []ledger.Date{},
		Source: fmt.Sprintf("国办发明电〔%d〕1号", year),
	}
}

// Must submits a call that has to be accepted.
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

// Admitted makes a party and has it admitted to l.
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

// Refused fails t unless err is the typed error of that code and reason and
// survives the boundaries where only text passes.
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
