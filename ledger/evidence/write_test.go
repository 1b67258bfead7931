package evidence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestABundleIsWrittenInOneForm: what is written piece by piece is what encoding/json
// writes at once.
func TestABundleIsWrittenInOneForm(t *testing.T) {
	w := begin(t)
	story(w)
	whole, _ := w.build(ref(ledger.KindOrder, "O"))
	bare := whole
	bare.Receipts = []evidence.ReceiptGroup{}
	without := whole
	without.Receipts = []evidence.ReceiptGroup{{Log: "l", Items: []evidence.ReceiptItem{}}}
	empty := evidence.Bundle{Calls: []evidence.Call{}, Receipts: []evidence.ReceiptGroup{}, Proof: evidence.ProofSet{Common: json.RawMessage("{}")}}
	for _, b := range []evidence.Bundle{whole, bare, without, empty} {
		want, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		n, err := b.WriteTo(&got)
		if err != nil || n != int64(len(want)) || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d bytes (%v):\n%s\nwant\n%s", n, err, got.Bytes(), want)
		}
	}
	if len(whole.Receipts) == 0 {
		t.Error("the bundle has no receipt")
	}
	if _, err := whole.WriteTo(full{}); !errors.Is(err, errFull) {
		t.Errorf("a writer that fails: %v", err)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestNobodyWaitsForABundle: making one stops when the asker leaves, while calls are
// gathered and while they are checked.
func TestNobodyWaitsForABundle(t *testing.T) {
	w := begin(t)
	story(w)
	for _, at := range []int{1, 5, 1 << 30} {
		ctx, leave := context.WithCancel(t.Context())
		l := &leaving{world: w, left: at, leave: leave}
		opened := evidence.Checker(evidence.TLog{})
		if at == 1<<30 {
			opened = &opening{leave: leave}
		}
		_, _, err := evidence.Build(ctx, l, ref(ledger.KindOrder, "O"), w.trust(), ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: opened})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("asker left at %d: %v", at, err)
		}
		leave()
	}
}

// leaving is a source whose asker leaves when so many calls were proved.
type leaving struct {
	*world
	left  int
	leave func()
}

func (l *leaving) Prove(ctx context.Context, at ledger.Position) (evidence.Proven, error) {
	if l.left--; l.left == 0 {
		l.leave()
	}
	return l.world.Prove(ctx, at)
}

// opening is a checker whose asker leaves when it is opened again, to check the whole.
type opening struct {
	evidence.TLog
	leave func()
	n     int
}

func (o *opening) Open(t evidence.Trust, common json.RawMessage) (evidence.CallChecker, error) {
	if o.n++; o.n == 2 {
		o.leave()
	}
	return o.TLog.Open(t, common)
}
