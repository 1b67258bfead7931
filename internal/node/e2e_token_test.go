package node_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// claims are those of a good token of a party.
func claims(party string) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{
		"iss": string(id(party)), "aud": []string{nodeOrigin}, "jti": string(client.NewID()),
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
}

// forge signs claims as it is told, under a party's kid.
func (w *world) forge(party string, method jwt.SigningMethod, with any, typ string, c jwt.MapClaims) string {
	w.t.Helper()
	t := jwt.NewWithClaims(method, c)
	t.Header["typ"], t.Header["kid"] = typ, string(w.key(party).ID())
	s, err := t.SignedString(with)
	w.ok(err)
	return s
}

func change(c jwt.MapClaims, name string, value any) jwt.MapClaims {
	c[name] = value
	return c
}

func TestTokensThatAreNone(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	up := w.upload("operator", data(1000))
	w.sale("sale", "bus", up, ledger.Quota{})
	path := orderPath("sale", up.Object)
	key, other := w.key("buyer").Private(), w.key("rival").Private()
	public, err := w.key("buyer").Public().Public()
	w.ok(err)
	raw, err := public.Bytes()
	w.ok(err)
	es, typ := jwt.SigningMethodES256, ledger.TypeToken
	good := w.forge("buyer", es, key, typ, claims("buyer"))
	if status, err := w.once(path, "Bearer "+good); err != nil || status != http.StatusOK {
		t.Fatalf("a good token: %d, %v", status, err)
	}
	past, early := time.Now().Add(-time.Hour).Unix(), time.Now().Add(-2*time.Hour).Unix()
	for name, c := range map[string]struct{ token, rule string }{
		"alg none":             {w.forge("buyer", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, typ, claims("buyer")), ""},
		"HS256, public key":    {w.forge("buyer", jwt.SigningMethodHS256, raw, typ, claims("buyer")), "signature"},
		"HS256, nothing":       {w.forge("buyer", jwt.SigningMethodHS256, []byte{}, typ, claims("buyer")), "signature"},
		"another's key":        {w.forge("buyer", es, other, typ, claims("buyer")), "signature"},
		"another's name":       {w.forge("rival", es, other, typ, claims("buyer")), "issuer"},
		"other audience":       {w.forge("buyer", es, key, typ, change(claims("buyer"), "aud", []string{"other.example"})), "audience"},
		"no audience":          {w.forge("buyer", es, key, typ, change(claims("buyer"), "aud", []string{})), ""},
		"expired":              {w.forge("buyer", es, key, typ, change(change(claims("buyer"), "exp", past), "iat", early)), "expired"},
		"longer than allowed":  {w.forge("buyer", es, key, typ, change(claims("buyer"), "exp", time.Now().Add(time.Hour).Unix())), "at_most_10m"},
		"of a call":            {w.forge("buyer", es, key, ledger.TypeCall, claims("buyer")), "typ"},
		"without type":         {w.forge("buyer", es, key, "JWT", claims("buyer")), "typ"},
		"a member more":        {w.forge("buyer", es, key, typ, change(claims("buyer"), "role", "regulator")), "strict"},
		"unsigned":             {good[:strings.LastIndex(good, ".")+1], ""},
		"too long":             {good + strings.Repeat("A", 4096), "max_length"},
		"a word":               {"token", "strict"},
		"without id":           {w.forge("buyer", es, key, typ, change(claims("buyer"), "jti", "")), "jti"},
		"issued in the future": {w.forge("buyer", es, key, typ, change(claims("buyer"), "iat", time.Now().Add(4*time.Minute).Unix())), ""},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			target := path
			if method == http.MethodPost {
				target = "/v1/uploads"
			}
			resp, err := w.send(method, target, nil, "Authorization", "Bearer "+c.token)
			w.ok(err)
			p := w.refused(resp, http.StatusUnauthorized, ledger.ReasonToken)
			if p.Field != "authorization" || c.rule != "" && p.Rule != c.rule || p.Rule == "" {
				t.Errorf("%s: refused for %s %q, want %q", name, p.Field, p.Rule, c.rule)
			}
			if resp.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: 401 without a challenge", name)
			}
		}
	}
	for _, header := range []string{"", "Basic YTpi", "Bearer"} {
		resp, err := w.send(http.MethodGet, path, nil, "Authorization", header)
		w.ok(err)
		w.refused(resp, http.StatusUnauthorized, ledger.ReasonAuthorization)
	}
}

// TestTokensOfAWriteAreGoodOnce: a read may repeat its token, an upload not,
// whatever came of the first.
func TestTokensOfAWriteAreGoodOnce(t *testing.T) {
	w := serve(t, nil)
	token := "Bearer " + w.token("operator")
	first, err := w.send(http.MethodPost, "/v1/uploads", strings.NewReader("a"), "Authorization", token)
	w.ok(err)
	if w.ok(first.Body.Close()); first.StatusCode != http.StatusCreated {
		t.Fatalf("an upload: %d", first.StatusCode)
	}
	for range 2 {
		resp, err := w.send(http.MethodPost, "/v1/uploads", strings.NewReader("b"), "Authorization", token)
		w.ok(err)
		w.refused(resp, http.StatusUnauthorized, ledger.ReasonTokenUsed)
	}
	for range 2 {
		resp, err := w.send(http.MethodGet, "/v1/orders", nil, "Authorization", token)
		w.ok(err)
		if w.ok(resp.Body.Close()); resp.StatusCode != http.StatusOK {
			t.Errorf("a read with it: %d", resp.StatusCode)
		}
	}
	if n := w.stored(); n != 1 {
		t.Errorf("%d objects are kept, want 1", n)
	}
}

// TestKeysOfPartyAndEnvironmentAreNotOne: raw data go to the environment only,
// and products to the party only, though one operator answers for both keys.
func TestKeysOfPartyAndEnvironmentAreNotOne(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	raw := w.upload("holder", other(data(1000)))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	w.license("license", "operator", "bus")
	supply := supplyPath("license", "bus", raw.Object)
	p := w.refused(w.ask(http.MethodGet, "operator", supply), http.StatusForbidden, ledger.ReasonEnvironment)
	if p.Rule != "O15" {
		t.Errorf("supply to a party is refused by %q", p.Rule)
	}
	w.refused(w.ask(http.MethodGet, "buyer", supply), http.StatusNotFound, ledger.ReasonUnknown)
	if status, err := w.once(supply, "Bearer "+w.token("environment")); err != nil || status != http.StatusOK {
		t.Errorf("supply to the environment: %d, %v", status, err)
	}

	made := w.upload("seller", data(1000))
	w.saleOf("seller", "operator", "sale", "bus", made, ledger.Quota{})
	order := orderPath("sale", made.Object)
	w.refused(w.ask(http.MethodGet, "environment", order), http.StatusForbidden, ledger.ReasonKeyUse)
	if head := w.ask(http.MethodHead, "environment", order); head.StatusCode != http.StatusForbidden {
		t.Errorf("HEAD with the environment's key: %d", head.StatusCode)
	}
	w.refused(w.ask(http.MethodGet, "buyer", order), http.StatusNotFound, ledger.ReasonUnknown)
	if status, err := w.once(order, "Bearer "+w.token("operator")); err != nil || status != http.StatusOK {
		t.Errorf("delivery to the party: %d, %v", status, err)
	}
	resp, err := w.send(http.MethodPost, "/v1/uploads", strings.NewReader("a"), "Authorization", "Bearer "+w.token("environment"))
	w.ok(err)
	w.refused(resp, http.StatusForbidden, ledger.ReasonKeyUse)
	if _, err := w.party["environment"].Call(t.Context(), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("x"), Bytes: 1}); !errors.Is(err, ledger.Forbidden) {
		t.Errorf("a call signed by the environment's key: %v", err)
	}
}
