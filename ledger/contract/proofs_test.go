package contract_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// spoiled is what can be wrong with a JWS among the arguments of a call.
type spoiled struct {
	name string
	jws  string
	want refusal // its field: below the argument
}

// spoil returns a good JWS of a key in each way that the ledger refuses.
func spoil(t *testing.T, key *ledger.Key, typ string, good string) []spoiled {
	t.Helper()
	sign := func(typ, payload string) string {
		jws, err := ledger.SignJWS(key, typ, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		return jws
	}
	part := strings.Split(good, ".")
	header, err := base64.RawURLEncoding.DecodeString(part[0])
	if err != nil {
		t.Fatal(err)
	}
	part[0] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(header), "ES256", "none", 1)))
	first := "A"
	if part[2][0] == 'A' {
		first = "B"
	}
	return []spoiled{
		{"no JWS", "proof", refusal{ledger.InvalidCode, ledger.ReasonJWS, ""}},
		{"another type", sign(ledger.TypeToken, "{}"), refusal{ledger.InvalidCode, ledger.ReasonJWS, ""}},
		{"no JSON", sign(typ, "{"), refusal{ledger.InvalidCode, ledger.ReasonJSON, ""}},
		{"unknown member", sign(typ, `{"x":1}`), refusal{ledger.InvalidCode, ledger.ReasonField, ".x"}},
		{"no algorithm", strings.Join(part, "."), refusal{ledger.InvalidCode, ledger.ReasonAlgorithm, ".header.alg"}},
		{"broken signature", good[:strings.LastIndex(good, ".")+1] + first + part[2][1:], refusal{ledger.Forbidden, ledger.ReasonSignature, ""}},
	}
}

// TestProofs spoils the proof of each function whose arguments have one, and the
// application for admission.
func TestProofs(t *testing.T) {
	w, m := newWorld(t), newMarket(t)
	addition := w.addition("holder", "fresh", ledger.UseSign)
	rotation := w.rotation("holder", "holder", "fresh", ledger.UseSign)
	replacement := w.replacement("holder", "holder", "fresh")
	key := m.newKey()
	environment := m.environment(key, "E", "operator")
	profile := w.keys.Apply(w.t, "newcomer", w.newcomer(ledger.RoleHolder))
	long := spoiled{"too long", strings.Repeat("x", 7000), refusal{ledger.InvalidCode, ledger.ReasonTooLarge, ".call"}}
	for _, c := range []struct {
		fn    ledger.Function
		field string
		cases []spoiled
		do    func(t *testing.T, jws string) error
	}{
		{ledger.FnKeyAdd, "args.proof", append(spoil(t, w.key("fresh"), ledger.TypeRotation, addition.Proof), long), func(t *testing.T, jws string) error {
			a := addition
			a.Proof = jws
			return w.fork(t).callBy("holder", "holder", ledger.FnKeyAdd, a)
		}},
		{ledger.FnKeyRotate, "args.proof", append(spoil(t, w.key("fresh"), ledger.TypeRotation, rotation.Proof), long), func(t *testing.T, jws string) error {
			a := rotation
			a.Proof = jws
			return w.fork(t).callBy("holder", "holder", ledger.FnKeyRotate, a)
		}},
		{ledger.FnKeyReplace, "args.proof", append(spoil(t, w.key("fresh"), ledger.TypeRotation, replacement.Proof), long), func(t *testing.T, jws string) error {
			a := replacement
			a.Proof = jws
			return w.fork(t).callBy("authority", "authority", ledger.FnKeyReplace, a)
		}},
		{ledger.FnEnvironmentSet, "args.proof", append(spoil(t, key, ledger.TypeEnvironment, environment.Proof), long), func(t *testing.T, jws string) error {
			a := environment
			a.Proof = jws
			return m.fork(t).try("implementer", ledger.FnEnvironmentSet, a)
		}},
		{ledger.FnPartyAdmit, "args.application", spoil(t, w.key("newcomer"), ledger.TypeAdmission, profile), func(t *testing.T, jws string) error {
			return w.fork(t).callBy("authority", "authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})
		}},
		{ledger.FnGenesis, "args.application", genesisProfiles(t), func(t *testing.T, jws string) error {
			b := newBeginning(t)
			b.args.Platform = jws
			return b.begin().Err
		}},
	} {
		for _, s := range c.cases {
			t.Run(string(c.fn)+" "+s.name, func(t *testing.T) {
				want := s.want
				want.field = c.field + want.field
				expect(t, c.do(t, s.jws), want)
			})
		}
	}
}

func genesisProfiles(t *testing.T) []spoiled {
	t.Helper()
	b := newBeginning(t)
	return spoil(t, b.key("node"), ledger.TypeAdmission, b.keys.Apply(b.t, "node", b.node))
}
