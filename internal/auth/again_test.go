package auth_test

import (
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/ledger"
)

// TestATokenThatWasRightIsCheckedAgain: that its signature was right once does not make it
// right after its time, for an ended key, or for another owner of the key.
func TestATokenThatWasRightIsCheckedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *fixture)
		rule   string
	}{
		"its time is over":    {func(f *fixture) { f.clock = f.clock.Add(auth.MaxAge + auth.Skew) }, "expired"},
		"the clock went back": {func(f *fixture) { f.clock = f.clock.Add(-auth.Skew - time.Second) }, "expired"},
		"its key has ended":   {func(f *fixture) { delete(f.keys, f.key.ID()) }, "key"},
		"its key has another owner": {func(f *fixture) {
			b := f.keys[f.key.ID()]
			b.Party = ledger.DeriveID("another")
			f.keys[f.key.ID()] = b
		}, "issuer"},
		"its id has another key": {func(f *fixture) {
			k, err := ledger.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			b := f.keys[f.key.ID()]
			b.Key = k.Public()
			f.keys[f.key.ID()] = b
		}, "signature"},
	} {
		f := newFixture(t)
		token := f.token(t)
		for range 2 {
			if _, err := f.Check(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		c.change(f)
		f.refused(t, name, token, c.rule)
	}
}

// TestACheckedTokenLendsItsRightToNoOther: another signature under the same claims is
// checked itself.
func TestACheckedTokenLendsItsRightToNoOther(t *testing.T) {
	f := newFixture(t)
	token := f.token(t)
	if _, err := f.Check(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	b := []byte(token)
	for i := len(b) - 20; i < len(b)-1; i++ {
		was := b[i]
		if b[i] = 'A'; was == 'A' {
			b[i] = 'B'
		}
		f.refused(t, "changed", string(b), "signature")
		b[i] = was
	}
}
