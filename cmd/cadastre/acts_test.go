package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// TestActsInJSON compares the document with the one that the API serves.
func TestActsInJSON(t *testing.T) {
	want, err := json.Marshal(ledger.PublishedActs())
	if err != nil {
		t.Fatal(err)
	}
	var got, expected any
	if err := json.Unmarshal([]byte(must(t, "acts", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &expected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("acts --json (-table +got):\n%s", diff)
	}
}

// TestActsAsATable: every act stands there, with its title in the user's language
// and what follows from the table.
func TestActsAsATable(t *testing.T) {
	zh, en := must(t, "acts", "--lang", "zh"), must(t, "acts", "--lang", "en")
	for _, a := range ledger.Acts() {
		line := fmt.Sprintf("%-28s ", a.Name)
		if !strings.Contains("\n"+zh, "\n"+line+a.Title.ZH+"\n") || !strings.Contains("\n"+en, "\n"+line+a.Title.EN+"\n") {
			t.Errorf("%s does not stand there with its title", a.Name)
		}
	}
	for _, want := range []string{
		" Implementer (license.assigner), Regulator; license: accepted → accepted; until license.end_on\n",
		" kept key; refused for not_yours, period_over, stale, state, suspended, unknown\n",
		" Registry body (application.body); application: noticed → coded; makes entry\n",
		" batched; kept key; refused for exists\n",
		" Implementer; environment\n",
		"\nAny call may also be refused for: field, json, ",
		" Buyer (order.buyer); order: placed → cancelled, accepted → cancelled\n",
		" any admitted party\n",
	} {
		if !strings.Contains(en, want) {
			t.Errorf("no act has the line %q", want)
		}
	}
}
