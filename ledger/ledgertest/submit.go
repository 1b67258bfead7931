package ledgertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func genesisFirst(t *testing.T, s *subject) {
	_, err := s.Head(t.Context())
	Refused(t, err, ledger.NotFound, ledger.ReasonGenesis)
	_, err = s.Value(t.Context(), ledger.RecordKey(ledger.GenesisRef))
	Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
	s.refused(t, s.Calendar(t, 2026), ledger.Forbidden, ledger.ReasonKey)
	other := s.Args
	other.Name = "另一个登记簿"
	s.refused(t, s.Call(t, s.Authority, ledger.FnGenesis, other), ledger.Forbidden, ledger.ReasonGenesis)
	_, err = s.Head(t.Context())
	Refused(t, err, ledger.NotFound, ledger.ReasonGenesis)

	out := s.begin(t)
	if out.Repeated {
		t.Error("the first genesis was there before")
	}
	got := Read[ledger.Genesis](t, s, ledger.GenesisRef)
	if got.Ledger != s.World.Ledger || got.Authority != s.Authority.ID || got.Platform != s.Platform.ID {
		t.Errorf("genesis %+v is not that of the ledger %s", got, s.World.Ledger)
	}
	if h := s.head(t); h.Block != out.Position.Block || h.Head == "" {
		t.Errorf("head is %+v after the genesis in block %d", h, out.Position.Block)
	}
}

func genesisOnce(t *testing.T, s *subject) {
	first := s.begin(t)
	if again := s.begin(t); !again.Repeated || again.Position != first.Position {
		t.Errorf("the same genesis again gave %+v, first %+v", again, first)
	}
	s.refused(t, s.Call(t, s.Authority, ledger.FnGenesis, s.Args), ledger.Conflict, ledger.ReasonGenesis)
}

func repeated(t *testing.T, s *subject) {
	s.begin(t)
	jws := s.Calendar(t, 2026)
	first := Must(t, s, jws)
	if first.Repeated {
		t.Error("a fresh call was there before")
	}
	Must(t, s, s.Calendar(t, 2027))
	want := first
	want.Repeated = true
	check := func(what, jws string) {
		t.Helper()
		if diff := cmp.Diff(want, Must(t, s, jws)); diff != "" {
			t.Errorf("%s has another outcome than the first (-first +again):\n%s", what, diff)
		}
	}
	check("the same call", jws)
	check("the same payload signed again", resign(t, s.Authority.Key, jws))
	if s.reopen(t) {
		check("the same call after a restart", jws)
	}
}

// resign signs the payload of a call again: another signature of the same call.
func resign(t *testing.T, key *ledger.Key, jws string) string {
	t.Helper()
	again, err := ledger.SignJWS(key, ledger.TypeCall, Parse(t, jws).JWS.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if again == jws {
		t.Fatal("ES256 gave the same signature twice")
	}
	return again
}

func callIDUsed(t *testing.T, s *subject) {
	s.begin(t)
	draft := s.Draft(s.Authority, ledger.FnCalendarSet)
	first := Sign(t, s.Authority.Key, draft, CalendarOf(2026))
	Must(t, s, first)
	s.refused(t, Sign(t, s.Authority.Key, draft, CalendarOf(2027)), ledger.Conflict, ledger.ReasonCallUsed)
	if s.reopen(t) {
		s.refused(t, Sign(t, s.Authority.Key, draft, CalendarOf(2027)), ledger.Conflict, ledger.ReasonCallUsed)
	}
	m := s.Admitted(t, s, ledger.RoleDataAuthority)
	for name, call := range map[string]string{
		"a new":    Sign(t, m.Key, s.Draft(s.Authority, ledger.FnCalendarSet), CalendarOf(2027)),
		"a used":   Sign(t, m.Key, draft, CalendarOf(2027)),
		"the same": Sign(t, m.Key, draft, CalendarOf(2026)),
	} {
		if _, err := s.Submit(t.Context(), call); ledger.AsError(err) == nil || ledger.AsError(err).Reason != ledger.ReasonKey {
			t.Errorf("%s id of another party: %v", name, err)
		}
	}
	draft.Party = m.ID
	if out := Must(t, s, Sign(t, m.Key, draft, CalendarOf(2027))); out.Repeated {
		t.Error("another party's call of the same id was taken for the first one's")
	}
}

func form(t *testing.T, s *subject) {
	s.begin(t)
	good := s.Calendar(t, 2026)
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	s.refused(t, "", ledger.InvalidCode, ledger.ReasonJWS)
	s.refused(t, head+"."+payload, ledger.InvalidCode, ledger.ReasonJWS)
	s.refused(t, good+"=", ledger.InvalidCode, ledger.ReasonJWS)
	s.refused(t, strings.Repeat("a", 2*ledger.MaxCall), ledger.InvalidCode, ledger.ReasonTooLarge)
	for _, alg := range []string{"none", "HS256", "es256", "ES384"} {
		h := header(t, ledger.Header{Alg: alg, Kid: s.Authority.Key.ID(), Typ: ledger.TypeCall})
		s.refused(t, h+"."+payload+"."+signature, ledger.InvalidCode, ledger.ReasonAlgorithm)
	}
	h := header(t, ledger.Header{Alg: ledger.ES256, Kid: s.Authority.Key.ID(), Typ: ledger.TypeAdmission})
	s.refused(t, h+"."+payload+"."+signature, ledger.InvalidCode, ledger.ReasonJWS)
	extra := `{"Year":2026,"off":["2026-01-01"],"work":[],"source":"x"}`
	s.refused(t, s.Call(t, s.Authority, ledger.FnCalendarSet, json.RawMessage(extra)), ledger.InvalidCode, ledger.ReasonField)
	s.refused(t, s.Call(t, s.Authority, "calendar.forget", struct{}{}), ledger.InvalidCode, ledger.ReasonFunction)
	Must(t, s, good)
}

func header(t *testing.T, h ledger.Header) string {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// largest submits calls of exactly the maximum size, and of one byte more. They are
// padded with spaces between members.
func largest(t *testing.T, s *subject) {
	s.begin(t)
	sized := func(size int) string {
		payload := Parse(t, s.Calendar(t, 2026)).JWS.Payload
		space := strings.Repeat(" ", size-len(payload))
		jws, err := ledger.SignJWS(s.Authority.Key, ledger.TypeCall, append([]byte("{"+space), payload[1:]...))
		if err != nil {
			t.Fatal(err)
		}
		return jws
	}
	Must(t, s, sized(ledger.MaxCall))
	s.refused(t, sized(ledger.MaxCall+1), ledger.InvalidCode, ledger.ReasonTooLarge)
	s.refused(t, sized(ledger.MaxCall+1<<10), ledger.InvalidCode, ledger.ReasonTooLarge)
}

func times(t *testing.T, s *subject) {
	s.begin(t)
	draft := func(begin, end time.Duration) string {
		c := s.Draft(s.Authority, ledger.FnCalendarSet)
		c.Time, c.Expires = s.Now()+ledger.Millis(begin.Milliseconds()), s.Now()+ledger.Millis(end.Milliseconds())
		return Sign(t, s.Authority.Key, c, CalendarOf(2026))
	}
	s.refused(t, draft(-2*time.Hour, -time.Hour), ledger.InvalidCode, ledger.ReasonExpired)
	s.refused(t, draft(time.Hour, 2*time.Hour), ledger.InvalidCode, ledger.ReasonTime)
	Must(t, s, draft(-23*time.Hour, time.Hour))
	Must(t, s, draft(time.Minute, time.Hour))
}

func keys(t *testing.T, s *subject) {
	s.begin(t)
	m := s.Admitted(t, s, ledger.RoleHolder)
	draft := s.Draft(s.Authority, ledger.FnCalendarSet)
	by := func(k *ledger.Key) string { return Sign(t, k, draft, CalendarOf(2026)) }
	s.refused(t, by(NewKey(t)), ledger.Forbidden, ledger.ReasonKey)
	s.refused(t, by(m.Key), ledger.Forbidden, ledger.ReasonKey)
	s.refused(t, by(s.Authority.Auth), ledger.Forbidden, ledger.ReasonKeyUse)
	s.refused(t, by(s.Recovery), ledger.Forbidden, ledger.ReasonKeyUse)
	good := by(s.Authority.Key)
	other := draft
	other.Time++
	head, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	forged := strings.Split(Sign(t, m.Key, other, CalendarOf(2026)), ".")[1]
	s.refused(t, head+"."+forged+"."+signature, ledger.Forbidden, ledger.ReasonSignature)
	abroad := draft
	abroad.Ledger = s.NewID()
	s.refused(t, Sign(t, s.Authority.Key, abroad, CalendarOf(2026)), ledger.Forbidden, ledger.ReasonLedger)
	Must(t, s, good)
}

func codes(t *testing.T, s *subject) {
	s.begin(t)
	m := s.Admitted(t, s, ledger.RoleHolder)
	nobody := ledger.TargetArgs{ID: s.NewID(), Answers: ledger.DigestOf(nil), Ground: "test"}
	s.refused(t, s.Call(t, s.Authority, ledger.FnPartySuspend, nobody), ledger.NotFound, ledger.ReasonUnknown)
	s.refused(t, s.Call(t, m, ledger.FnCalendarSet, CalendarOf(2026)), ledger.Forbidden, ledger.ReasonRole)
	s.refused(t, s.Admission(t, m), ledger.Conflict, ledger.ReasonExists)
	stale := ledger.TargetArgs{ID: m.ID, Answers: ledger.DigestOf(nil), Ground: "test"}
	s.refused(t, s.Call(t, s.Authority, ledger.FnPartySuspend, stale), ledger.Conflict, ledger.ReasonStale)
	bad := CalendarOf(2026)
	bad.Off[0] = "2026-02-30"
	s.refused(t, s.Call(t, s.Authority, ledger.FnCalendarSet, bad), ledger.InvalidCode, ledger.ReasonField)
	_, err := s.Value(t.Context(), "party/nobody")
	Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
	_, err = s.Recorded(t.Context(), m.ID, s.NewID())
	Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
}

func refusedWritesNothing(t *testing.T, s *subject) {
	s.begin(t)
	before := s.head(t)
	m := s.Member(t, ledger.RoleHolder)
	m.Profile.USCC = s.Platform.Profile.USCC
	jws := s.Admission(t, m)
	s.refused(t, jws, ledger.Conflict, ledger.ReasonExists)
	call := Parse(t, jws).Call
	for _, key := range []string{
		ledger.RecordKey(ledger.RefTo(ledger.KindParty, m.ID)), ledger.RecordKey(ledger.KeyRef(m.Key.ID())), ledger.CallKey(call.Party, call.ID),
	} {
		_, err := s.Value(t.Context(), key)
		Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
	}
	_, err := s.Recorded(t.Context(), call.Party, call.ID)
	Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
	if diff := cmp.Diff(before, s.head(t)); diff != "" {
		t.Errorf("a refused call moved the head (-before +after):\n%s", diff)
	}
	// A refusal is not stored as a result: the same id may be used again with
	// correct arguments.
	fixed := m.Profile
	fixed.USCC = NewUSCC(9_999)
	m.Profile = fixed
	Must(t, s, Sign(t, s.Authority.Key, call, ledger.PartyAdmitArgs{Application: m.Application(t)}))
}

func callerGone(t *testing.T, s *subject) {
	s.begin(t)
	jws := s.Calendar(t, 2026)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Submit(ctx, jws); err != nil {
		Refused(t, err, ledger.Unavailable, ledger.ReasonBusy)
	}
	Must(t, s, jws)
	call := Parse(t, jws).Call
	if _, err := s.Recorded(t.Context(), call.Party, call.ID); err != nil {
		t.Errorf("asked again after the caller was gone: %v", err)
	}
}
