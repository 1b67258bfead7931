package ledger_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// TestAppliedAndBack shortens a call's event and write set as a transaction
// carries them, sends them over the wire and makes them whole again.
func TestAppliedAndBack(t *testing.T) {
	record := json.RawMessage(`{"title":"a \u003c b","n":1}`)
	event := ledger.Event{
		Name: ledger.FnDeposit, Time: 7, Records: []ledger.Record{{Ref: "deposit/b", Value: record}}, Links: []ledger.Link{},
	}
	encoded, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	want := []ledger.Write{{Key: "code/a", Value: []byte(`"x"`)}, {Key: "deposit/b", Value: record}, {Key: "title/c"}}
	applied, err := ledger.NewApplied(3, encoded, append([]ledger.Write{{Key: "call/p/c", Value: []byte("{}")}}, want...))
	if err != nil {
		t.Fatal(err)
	}
	if len(applied.Writes) != 2 {
		t.Errorf("the short form repeats what the event holds: %+v", applied.Writes)
	}
	wire, err := json.Marshal(applied)
	if err != nil {
		t.Fatal(err)
	}
	var back ledger.Applied
	if err := json.Unmarshal(wire, &back); err != nil {
		t.Fatal(err)
	}
	c, err := back.Committed("jws", 8, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.Writes); diff != "" {
		t.Errorf("write set (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(event, c.Event); diff != "" {
		t.Errorf("event (-before +after):\n%s", diff)
	}
	if ledger.HashWrites(c.Writes) != ledger.HashWrites(want) || ledger.DigestOf(back.Event) != ledger.DigestOf(encoded) {
		t.Error("the digests have changed on the way")
	}
	if (c.Position != ledger.Position{Block: 8, Tx: 2, I: 3}) || c.Time != 7 || c.JWS != "jws" {
		t.Errorf("the call is at %+v, %d", c.Position, c.Time)
	}
	if _, err := ledger.NewApplied(0, []byte("x"), nil); err == nil {
		t.Error("an invalid event was accepted")
	}
	if _, err := (ledger.Applied{Event: []byte("x")}).Committed("", 0, 0); err == nil {
		t.Error("an invalid event was returned")
	}
}
