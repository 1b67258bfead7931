package auth_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

const origin = "https://node.example.org"

// directory finds keys as a node's read model does.
type directory map[ledger.KeyID]auth.Bearer

func (d directory) Bearer(_ context.Context, kid ledger.KeyID, _ ledger.Millis) (auth.Bearer, error) {
	b, ok := d[kid]
	if !ok {
		return b, ledger.Refuse(ledger.NotFound, ledger.ReasonKey)
	}
	return b, nil
}

// fixture is a node's checker with two parties known to it.
type fixture struct {
	*auth.Checker
	db       *sqldb.DB
	clock    time.Time
	keys     directory
	key, two *ledger.Key
	party    ledger.ID
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "node.db"), sqldb.SyncFull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), "auth", auth.Migrations()); err != nil {
		t.Fatal(err)
	}
	f := &fixture{db: db, clock: time.Unix(1_800_000_000, 0), keys: directory{}, party: ledger.DeriveID("one")}
	f.key, f.two = f.enter(t, f.party), f.enter(t, ledger.DeriveID("two"))
	if f.Checker, err = auth.NewChecker(origin, f.keys, db.W, func() time.Time { return f.clock }); err != nil {
		t.Fatal(err)
	}
	return f
}

// enter gives a party a key that the node knows.
func (f *fixture) enter(t testing.TB, party ledger.ID) *ledger.Key {
	t.Helper()
	k, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	f.keys[k.ID()] = auth.Bearer{Party: party, Key: k.Public(), Kid: k.ID()}
	return k
}

// token is a good token of the first party.
func (f *fixture) token(t testing.TB) string {
	t.Helper()
	s, err := auth.New(f.key, f.party, ledger.DeriveID("token"), origin, f.clock, auth.MaxAge)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claims are those of a good token, to be spoiled.
func (f *fixture) claims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": string(f.party), "aud": []string{origin}, "jti": "t1",
		"iat": f.clock.Unix(), "exp": f.clock.Add(5 * time.Minute).Unix(),
	}
}

// make signs claims in any way at all.
func (f *fixture) make(t testing.TB, method jwt.SigningMethod, key any, kid, typ string, claims jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"], token.Header["typ"] = kid, typ
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// spoil signs the claims of a good token after change.
func (f *fixture) spoil(t testing.TB, change func(jwt.MapClaims)) string {
	t.Helper()
	c := f.claims()
	change(c)
	return f.make(t, jwt.SigningMethodES256, f.key.Private(), string(f.key.ID()), ledger.TypeToken, c)
}

func (f *fixture) refused(t *testing.T, name, token, rule string) {
	t.Helper()
	_, err := f.Check(t.Context(), token)
	e := ledger.AsError(err)
	if e == nil || e.Code != ledger.Forbidden || e.Reason != ledger.ReasonToken || e.Rule != rule {
		t.Errorf("%s: %v, want the rule %s", name, err, rule)
	}
}

func TestCheck(t *testing.T) {
	f := newFixture(t)
	got, err := f.Check(t.Context(), f.token(t))
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Bearer{
		Party: f.party, Key: f.key.Public(), Kid: f.key.ID(), ID: string(ledger.DeriveID("token")),
		Expires: f.clock.Add(auth.MaxAge),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bearer (-want +got):\n%s", diff)
	}
	if _, err := f.Check(t.Context(), f.spoil(t, func(jwt.MapClaims) {})); err != nil {
		t.Errorf("the token that the refusals spoil is not good itself: %v", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	f := newFixture(t)
	claim := func(name string, value any) string {
		return f.spoil(t, func(c jwt.MapClaims) { c[name] = value })
	}
	without := func(name string) string { return f.spoil(t, func(c jwt.MapClaims) { delete(c, name) }) }
	kid, private := string(f.key.ID()), f.key.Private()
	es := jwt.SigningMethodES256
	good := f.token(t)
	stranger, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, token, rule string }{
		{"another node's audience", claim("aud", []string{"https://other.example.org"}), "audience"},
		{"a part of the audience", claim("aud", []string{origin[:len(origin)-1]}), "audience"},
		{"two audiences", claim("aud", []string{origin, "https://other.example.org"}), "audience"},
		{"this audience twice", claim("aud", []string{origin, origin}), "audience"},
		{"no audience", claim("aud", []string{}), "form"},
		{"alg none", f.make(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, ledger.TypeToken, f.claims()), "signature"},
		{"HS256 with the public key", f.make(t, jwt.SigningMethodHS256, public, kid, ledger.TypeToken, f.claims()), "signature"},
		{"HS256 with the kid", f.make(t, jwt.SigningMethodHS256, []byte(kid), kid, ledger.TypeToken, f.claims()), "signature"},
		{"no signature", good[:strings.LastIndex(good, ".")+1], "signature"},
		{"cut", good[:strings.LastIndex(good, ".")], "strict"},
		{"empty", "", "strict"},
		{"padded", good + "=", "form"},
		{"long", good + strings.Repeat("A", auth.MaxLen), "max_length"},
		{"expired", claim("exp", f.clock.Add(-2*auth.Skew).Unix()), "expired"},
		{"over ten minutes", claim("exp", f.clock.Add(auth.MaxAge+time.Second).Unix()), "at_most_10m"},
		{"long ago until late", claim("iat", f.clock.Add(-time.Hour).Unix()), "at_most_10m"},
		{"not yet issued", claim("iat", f.clock.Add(2*auth.Skew).Unix()), "expired"},
		{"no time of issue", without("iat"), "at_most_10m"},
		{"no expiry", without("exp"), "form"},
		{"half a second", claim("exp", float64(f.clock.Unix())+30.5), "strict"},
		{"no id", without("jti"), "jti"},
		{"long id", claim("jti", strings.Repeat("x", 65)), "jti"},
		{"unknown member", claim("admin", true), "strict"},
		{"member in capitals", claim("ISS", string(f.party)), "strict"},
		{"a call's typ", f.make(t, es, private, kid, ledger.TypeCall, f.claims()), "typ"},
		{"JWT", f.make(t, es, private, kid, "JWT", f.claims()), "typ"},
		{"no kid", f.make(t, es, private, "", ledger.TypeToken, f.claims()), "typ"},
		{"unknown key", f.make(t, es, stranger.Private(), string(stranger.ID()), ledger.TypeToken, f.claims()), "key"},
		{"stranger's signature", f.make(t, es, stranger.Private(), kid, ledger.TypeToken, f.claims()), "signature"},
		{"another party's kid and signature", f.make(t, es, f.two.Private(), string(f.two.ID()), ledger.TypeToken, f.claims()), "issuer"},
		{"another party's kid", f.make(t, es, private, string(f.two.ID()), ledger.TypeToken, f.claims()), "signature"},
		{"no issuer", without("iss"), "issuer"},
	} {
		f.refused(t, c.name, c.token, c.rule)
	}
}

// TestCheckTime moves the node's clock around one token.
func TestCheckTime(t *testing.T) {
	f := newFixture(t)
	begin, token := f.clock, f.token(t)
	for _, c := range []struct {
		after time.Duration
		rule  string
	}{
		{-auth.Skew - time.Second, "expired"},
		{-auth.Skew, ""},
		{auth.MaxAge, ""},
		{auth.MaxAge + auth.Skew - time.Second, ""},
		{auth.MaxAge + auth.Skew, "expired"},
	} {
		f.clock = begin.Add(c.after)
		if c.rule != "" {
			f.refused(t, c.after.String(), token, c.rule)
		} else if _, err := f.Check(t.Context(), token); err != nil {
			t.Errorf("%v: %v", c.after, err)
		}
	}
}

// broken is a store that can't be read: no reason to call a token bad.
type broken struct{ error }

func (b broken) Bearer(context.Context, ledger.KeyID, ledger.Millis) (auth.Bearer, error) {
	return auth.Bearer{}, b.error
}

func TestCheckKeysUnreadable(t *testing.T) {
	f := newFixture(t)
	for _, want := range []error{ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind), errors.New("disk I/O error")} {
		c, err := auth.NewChecker(origin, broken{want}, f.db.W, func() time.Time { return f.clock })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Check(t.Context(), f.token(t)); !errors.Is(err, want) || errors.Is(err, ledger.Forbidden) {
			t.Errorf("keys that can't be read: %v, want %v", err, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	f := newFixture(t)
	for _, age := range []time.Duration{0, -time.Second, auth.MaxAge + 1} {
		if _, err := auth.New(f.key, f.party, ledger.DeriveID("t"), origin, f.clock, age); !errors.Is(err, ledger.InvalidCode) {
			t.Errorf("age %v: %v", age, err)
		}
	}
	if _, err := auth.NewChecker("", f.keys, f.db.W, time.Now); err == nil {
		t.Error("a checker for no audience was made")
	}
}

func TestSpend(t *testing.T) {
	f := newFixture(t)
	b, err := f.Check(t.Context(), f.token(t))
	if err != nil {
		t.Fatal(err)
	}
	const callers = 8
	answers := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { answers[i] = f.Spend(t.Context(), b) })
	}
	wg.Wait()
	good := 0
	for _, err := range answers {
		if err == nil {
			good++
		} else if e := ledger.AsError(err); e == nil || e.Code != ledger.Forbidden || e.Reason != ledger.ReasonTokenUsed {
			t.Errorf("spent again: %v", err)
		}
	}
	if good != 1 {
		t.Errorf("one token was spent %d times", good)
	}
	other := b
	other.Party = ledger.DeriveID("two")
	if err := f.Spend(t.Context(), other); err != nil {
		t.Errorf("another party's token of the same id: %v", err)
	}
}

// TestSpendRetainsIDs spends a token at its first and at its last moment: an id is
// stored as long as its token is valid.
func TestSpendRetainsIDs(t *testing.T) {
	f := newFixture(t)
	begin, token := f.clock, f.token(t)
	b, err := f.Check(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Spend(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	f.clock = begin.Add(auth.MaxAge + auth.Skew - time.Second)
	if b, err = f.Check(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if err := f.Spend(t.Context(), b); !errors.Is(err, ledger.Forbidden) {
		t.Errorf("spent again in its last second: %v", err)
	}
	f.clock = begin.Add(time.Hour)
	other := auth.Bearer{Party: f.party, ID: "later", Expires: f.clock}
	if err := f.Spend(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := f.db.R.QueryRowContext(t.Context(), "SELECT count(*) FROM token").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d ids are kept when one token has not ended: %v", kept, err)
	}
}

func FuzzCheck(f *testing.F) {
	x := newFixture(f)
	f.Add(x.token(f))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		b, err := x.Check(t.Context(), token)
		if err == nil && (b.Party != x.party && b.Party != ledger.DeriveID("two") || b.ID == "") {
			t.Errorf("%q is a token of %q", token, b.Party)
		}
		if err != nil && !errors.Is(err, ledger.Forbidden) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
