package ledger_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// vectors are JWSs made by another library (see testdata/jws_vectors.json), with
// the reason for which each must be refused, or "" if it must be valid.
type vectors struct {
	Note    string       `json:"note"`
	Key     ledger.JWK   `json:"key"`
	Kid     ledger.KeyID `json:"kid"`
	Payload string       `json:"payload"`
	Vectors []struct {
		Name    string        `json:"name"`
		Compact string        `json:"compact"`
		Reason  ledger.Reason `json:"reason"`
	} `json:"vectors"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "jws_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := ledger.DecodeStrict(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Vectors) < 20 {
		t.Fatalf("%d vectors: the file is not believed", len(v.Vectors))
	}
	return v
}

// check parses a call and verifies it with key.
func check(compact string, key ledger.JWK) (ledger.Signed, error) {
	s, err := ledger.ParseCall(compact)
	if err != nil {
		return s, err
	}
	return s, s.JWS.Verify(ledger.Standard(), key)
}

func TestForeignVectors(t *testing.T) {
	v := readVectors(t)
	if got := v.Key.Thumbprint(); got != v.Kid {
		t.Fatalf("thumbprint %s, the other library says %s", got, v.Kid)
	}
	for _, c := range v.Vectors {
		t.Run(c.Name, func(t *testing.T) {
			s, err := check(c.Compact, v.Key)
			if c.Reason == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				if string(s.JWS.Payload) != v.Payload || s.Payload != ledger.DigestOf([]byte(v.Payload)) {
					t.Fatal("the payload is not the one that was signed")
				}
				return
			}
			if e := ledger.AsError(err); e == nil || e.Reason != c.Reason {
				t.Fatalf("got %v, want reason %s", err, c.Reason)
			}
		})
	}
}

// TestThumbprint is the example of RFC 7638 for the members of an EC key,
// computed by hand over the canonical text.
func TestThumbprint(t *testing.T) {
	k := readVectors(t).Key
	k.X, k.Y = k.Y, k.X
	if k.Thumbprint() == readVectors(t).Kid {
		t.Error("the order of the coordinates does not matter")
	}
	if err := k.Validate("key"); err == nil {
		t.Error("swapped coordinates are taken as a point")
	}
}

func TestJWKValidate(t *testing.T) {
	good := readVectors(t).Key
	for _, c := range []struct {
		name string
		edit func(*ledger.JWK)
	}{
		{"RSA", func(k *ledger.JWK) { k.Kty = "RSA" }},
		{"symmetric", func(k *ledger.JWK) { k.Kty = "oct" }},
		{"P-384", func(k *ledger.JWK) { k.Crv = "P-384" }},
		{"P-256K", func(k *ledger.JWK) { k.Crv = "secp256k1" }},
		{"no x", func(k *ledger.JWK) { k.X = "" }},
		{"short y", func(k *ledger.JWK) { k.Y = k.Y[:42] }},
		{"padded x", func(k *ledger.JWK) { k.X += "=" }},
		{"infinity", func(k *ledger.JWK) { k.X, k.Y = strings.Repeat("A", 43), strings.Repeat("A", 43) }},
		{"off the curve", func(k *ledger.JWK) { k.Y = k.X }},
	} {
		k := good
		c.edit(&k)
		if err := k.Validate("key"); err == nil {
			t.Errorf("%s: taken", c.name)
		}
	}
	if err := good.Validate("key"); err != nil {
		t.Errorf("good key: %v", err)
	}
}

func newKey(t testing.TB) *ledger.Key {
	t.Helper()
	k, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignAndVerify(t *testing.T) {
	k, other := newKey(t), newKey(t)
	jws, err := ledger.SignJWS(k, ledger.TypeRotation, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := ledger.ParseJWS(jws, ledger.TypeRotation, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Verify(ledger.Standard(), k.Public()); err != nil {
		t.Errorf("own signature: %v", err)
	}
	for _, c := range []struct {
		name string
		err  error
		want ledger.Reason
	}{
		{"another key", j.Verify(ledger.Standard(), other.Public()), ledger.ReasonKey},
		{"empty table of algorithms", j.Verify(nil, k.Public()), ledger.ReasonAlgorithm},
		{"another type", parse(jws, ledger.TypeCall, 100), ledger.ReasonJWS},
		{"too long", parse(jws, ledger.TypeRotation, 1), ledger.ReasonTooLarge},
	} {
		if e := ledger.AsError(c.err); e == nil || e.Reason != c.want {
			t.Errorf("%s: got %v, want %s", c.name, c.err, c.want)
		}
	}
}

func parse(jws, typ string, most int) error {
	_, err := ledger.ParseJWS(jws, typ, most)
	return err
}

func TestKeyBytesRoundTrip(t *testing.T) {
	k := newKey(t)
	b, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ledger.ParseKey(b)
	if err != nil {
		t.Fatal(err)
	}
	if back.ID() != k.ID() || back.Public() != k.Public() {
		t.Error("the key came back as another")
	}
	if _, err := ledger.ParseKey(b[:len(b)-1]); err == nil {
		t.Error("a cut key is taken")
	}
}

func goodCall() ledger.Call {
	return ledger.Call{
		Ledger: ledger.DeriveID("ledger"), ID: ledger.DeriveID("call"), Party: ledger.DeriveID("party"),
		Function: ledger.FnDeposit, Time: 1_789_012_800_000, Expires: 1_789_016_400_000,
	}
}

func TestSignCall(t *testing.T) {
	k := newKey(t)
	jws, err := ledger.SignCall(k, goodCall(), ledger.DepositArgs{SHA256: ledger.DigestOf(nil)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := check(jws, k.Public())
	if err != nil {
		t.Fatal(err)
	}
	want := goodCall()
	want.Args = json.RawMessage(`{"sha256":"` + string(ledger.DigestOf(nil)) + `","bytes":0}`)
	got, err := json.Marshal(s.Call)
	if err != nil {
		t.Fatal(err)
	}
	if w, err := json.Marshal(want); err != nil || string(got) != string(w) {
		t.Errorf("got %s, want %s (%v)", got, w, err)
	}
	for _, c := range []struct {
		name string
		edit func(*ledger.Call)
		args any
	}{
		{"no party", func(c *ledger.Call) { c.Party = "" }, struct{}{}},
		{"no function", func(c *ledger.Call) { c.Function = "" }, struct{}{}},
		{"no time", func(c *ledger.Call) { c.Time = 0 }, struct{}{}},
		{"expires at once", func(c *ledger.Call) { c.Expires = c.Time }, struct{}{}},
		{"expires after more than a day", func(c *ledger.Call) { c.Expires = c.Time + ledger.MaxExpiry + 1 }, struct{}{}},
		{"arguments no object", func(*ledger.Call) {}, []string{}},
		{"arguments too long", func(*ledger.Call) {}, struct{ A string }{strings.Repeat("a", ledger.MaxCall)}},
	} {
		call := goodCall()
		c.edit(&call)
		if _, err := ledger.SignCall(k, call, c.args); err == nil {
			t.Errorf("%s: signed", c.name)
		}
	}
	day := goodCall()
	day.Expires = day.Time + ledger.MaxExpiry
	if _, err := ledger.SignCall(k, day, struct{}{}); err != nil {
		t.Errorf("a whole day: %v", err)
	}
}

// FuzzParseCall: whatever comes is refused or is a call whose form holds; what is
// taken is one text only, so that its hash names it.
func FuzzParseCall(f *testing.F) {
	v := readVectors(f)
	for _, c := range v.Vectors {
		f.Add(c.Compact)
	}
	f.Add("..")
	f.Add(strings.Repeat("A", 100))
	f.Fuzz(func(t *testing.T, compact string) {
		s, err := ledger.ParseCall(compact)
		if err != nil {
			if ledger.AsError(err) == nil {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		if err := s.Call.Validate(); err != nil {
			t.Fatalf("taken and not valid: %v", err)
		}
		if s.Payload != ledger.DigestOf(s.JWS.Payload) || !strings.HasPrefix(compact, string(s.JWS.Signed)+".") {
			t.Fatal("the parts are not those of the text")
		}
		if s.JWS.Header.Alg != ledger.ES256 && s.JWS.Verify(ledger.Standard(), v.Key) == nil {
			t.Fatalf("algorithm %q verifies", s.JWS.Header.Alg)
		}
	})
}
