package ledger_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// TestActTable compares each row with its act, by what programs read of it.
func TestPublishedActs(t *testing.T) {
	rows := ledger.PublishedActs().Acts
	acts := ledger.Acts()
	if len(rows) != len(acts) {
		t.Fatalf("%d rows of %d acts", len(rows), len(acts))
	}
	for i, a := range acts {
		r := rows[i]
		if r.Function != a.Name || r.Title != a.Title || (r.Note == nil) != (a.Note == ledger.Words{}) || r.On != a.On || r.ID != a.ID || r.Makes != a.Makes || !slices.Equal(r.Until, a.Until) || !slices.Equal(r.After, a.After) {
			t.Errorf("%s: the row says %+v", a.Name, r)
		}
		if r.Begins != a.Begins || r.Answers != a.Answers() || r.Batched != a.Batched || r.Custody != a.Custody {
			t.Errorf("%s: the row says %+v", a.Name, r)
		}
		if !strings.HasSuffix(r.Args, "Args") {
			t.Errorf("%s: its arguments are called %q", a.Name, r.Args)
		}
		if diff := cmp.Diff(ledger.FieldsOf(a.Args()), r.Fields); diff != "" {
			t.Errorf("%s: fields (-arguments +row):\n%s", a.Name, diff)
		}
	}
}

// TestPublishedActInJSON pins the names of the members on the row of order.cancel.
func TestPublishedActInJSON(t *testing.T) {
	var got map[string]any
	for _, r := range ledger.PublishedActs().Acts {
		if r.Function != ledger.FnOrderCancel {
			continue
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
	}
	delete(got, "fields")
	want := map[string]any{
		"function": "order.cancel", "title": map[string]any{"zh": "取消订单", "en": "Cancel an order"},
		"who": []any{map[string]any{"role": "buyer", "as": "buyer"}}, "on": "order", "id": "id", "begins": false,
		"moves":   []any{map[string]any{"from": "placed", "to": "cancelled"}, map[string]any{"from": "accepted", "to": "cancelled"}},
		"answers": true, "refusals": []any{"not_yours", "stale", "state", "unknown"},
		"until": []any{}, "after": []any{}, "batched": false, "custody": true, "args": "AnswerArgs",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order.cancel (-want +got):\n%s", diff)
	}
}

// TestPublishedActsHaveNoNull: a client may loop over every list.
func TestPublishedActsHaveNoNull(t *testing.T) {
	b, err := json.Marshal(ledger.PublishedActs())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), ":null") {
		t.Error("a list is null")
	}
}
