package ledgertest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	ledgertest.Run(t, ledgertest.Factory{
		Now:    time.Now,
		Open:   func(_ *testing.T, genesis string) ledger.Ledger { return ledgertest.NewMemory(time.Now, genesis) },
		Reopen: func(_ *testing.T, l ledger.Ledger) ledger.Ledger { return l },
	})
}

func TestFaulty(t *testing.T) {
	w := ledgertest.NewWorld(t, time.Now)
	l := ledgertest.NewMemory(time.Now, w.Genesis)
	w.Begin(t, l)
	for _, c := range []struct {
		name     string
		plan     func(int64) ledgertest.Fault
		first    bool // the first submission is answered
		recorded bool // and recorded
	}{
		{"none", ledgertest.Always(ledgertest.NoFault), true, true},
		{"lost", ledgertest.Always(ledgertest.Lost), false, false},
		{"mute", ledgertest.Always(ledgertest.Mute), false, true},
		{"later", ledgertest.Always(ledgertest.Later), false, false},
		{"first", ledgertest.At(1, ledgertest.Lost), false, false},
		{"second", ledgertest.At(2, ledgertest.Lost), true, true},
	} {
		f := ledgertest.NewFaulty(l, c.plan)
		jws := w.Calendar(t, 2026)
		call := ledgertest.Parse(t, jws).Call
		_, err := f.Submit(t.Context(), jws)
		if c.first != (err == nil) || err != nil && !errors.Is(err, ledger.Unavailable) {
			t.Errorf("%s: submit said %v", c.name, err)
		}
		_, err = l.Recorded(t.Context(), call.Party, call.ID)
		if c.recorded != (err == nil) {
			t.Errorf("%s: recorded said %v", c.name, err)
		}
		if c.name == "later" {
			if _, err := f.Submit(t.Context(), w.Calendar(t, 2027)); !errors.Is(err, ledger.Unavailable) {
				t.Errorf("later: the next submission said %v", err)
			}
			if _, err := l.Recorded(t.Context(), call.Party, call.ID); err != nil {
				t.Errorf("later: the late call never came: %v", err)
			}
		}
	}
}
