package evidence_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestJoinShowsWhatWasHidden: the forgeries that replay can't refuse are refused when
// the bundle of the other side is joined, which holds what was left out.
func TestJoinShowsWhatWasHidden(t *testing.T) {
	for _, c := range []struct {
		name   string
		about  ledger.Ref
		do     func(w *world)
		hidden ledger.Function
		want   string
	}{
		{"a cancellation left out", theOrder, hiddenCancellation, ledger.FnOrderCancel, "refused state"},
		{"a rotation left out", theLicense, hiddenRotation, ledger.FnKeyRotate, "refused key_ended"},
		{"a suspension left out", theOrder, hiddenSuspension, ledger.FnPartySuspend, "refused party_suspended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			c.do(w)
			honest := seen(w, c.about, c.hidden)
			w.hide(c.hidden)
			forged := encode(t, w.lenient(c.about))
			for _, b := range [][]byte{honest, forged} {
				if _, err := w.verify(b); err != nil {
					t.Fatalf("by itself: %v", err)
				}
			}
			_, err := w.join(honest, forged)
			if got := outcome(errors.Unwrap(err)); got != c.want {
				t.Errorf("joined: %v, want %q", err, c.want)
			}
		})
	}
}

// seen is the bundle of someone who saw all but the last entry, under the newest
// checkpoint; it holds the call that the node hides. A party's own record shows its
// rotations and suspensions.
func seen(w *world, about ledger.Ref, hidden ledger.Function) []byte {
	w.t.Helper()
	if hidden != ledger.FnOrderCancel {
		about = ref(ledger.KindParty, "operator")
	}
	b, err := evidence.Lenient(w.t.Context(), earlier{w}, about, w.trust(), checkers())
	if err != nil {
		w.t.Fatal(err)
	}
	if !slices.ContainsFunc(b.Calls, func(c evidence.Call) bool { return w.fn(w.seq(c)) == hidden }) {
		w.t.Fatalf("the bundle does not hold %s", hidden)
	}
	return encode(w.t, b)
}

// earlier is a source whose matter is before the last entry of its checkpoint.
type earlier struct{ *world }

func (e earlier) Open(ctx context.Context) (evidence.ProofSet, ledger.Position, error) {
	set, end, err := e.world.Open(ctx)
	end.Block--
	return set, end, err
}
