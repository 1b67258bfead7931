package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
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
	indent := strings.Repeat(" ", 29)
	for _, a := range ledger.Acts() {
		line := fmt.Sprintf("%-28s ", a.Name)
		if !strings.Contains("\n"+zh, "\n"+line+a.Title.ZH+"\n") || !strings.Contains("\n"+en, "\n"+line+a.Title.EN+"\n") {
			t.Errorf("%s does not stand there with its title", a.Name)
		}
	}
	for _, want := range []string{
		" Implementer, Regulator, Data authority; license: Accepted → Accepted; until: Last day\n",
		" the node may sign it\n" + indent + "It may be refused because:\n" + indent + "  This record is not yours (not_yours)\n" + indent + "  The period is over (period_over)\n",
		" may share a transaction; the node may sign it\n" + indent + "It may be refused because:\n" + indent + "  This exists already (exists)\n",
		" Implementer (Set by); environment\n",
		" Registry body; application: Accepted → In notice; until: Examination due, later with: Reason of delay; makes notice\n",
		" Registry body; application: In notice → Coded; after: Notice period; makes entry\n",
		"\nAny call may also be refused because:\n  This breaks a rule (field)\n  The content is not strict JSON (json)\n",
		" Buyer; order: Placed → Cancelled, Accepted → Cancelled\n",
		" any admitted party\n",
	} {
		if !strings.Contains(en, want) {
			t.Errorf("no act has the line %q", want)
		}
	}
}

// TestActsOnARecord: what is open on a record is told with its last day, in the
// user's language; without a profile nobody asks.
func TestActsOnARecord(t *testing.T) {
	n := newNode(t)
	who, id := profile(t, n.URL), string(client.NewID())
	items := `[{"function":"application.pass","title":{"zh":"审查通过","en":"Pass"},"args":"AppPassArgs","id":"application","answers":true,` +
		`"as":["registry_body"],"until":"2026-10-20","unless":"late"},` +
		`{"function":"application.fail","title":{"zh":"不通过","en":"Fail"},"args":"AppRefuseArgs","id":"application","answers":true,"as":["registry_body"]}]`
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/v1/acts" || r.URL.Query().Get("on") != "application" || r.Header.Get("Authorization") == "":
			t.Errorf("asked %s", r.URL)
		case r.URL.Query().Get("id") == id:
			_, _ = w.Write([]byte(`{"items":` + items + `}`))
		default:
			_, _ = w.Write([]byte(`{"items":[]}`))
		}
	})
	want := fmt.Sprintf("%-28s Pass; until 2026-10-20, later with: Reason of delay\n%-28s Fail\n", "application.pass", "application.fail")
	if got := must(t, "acts", "--on", "application/"+id, "--profile", who, "--lang", "en"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := must(t, "acts", "--on", "application/"+id, "--profile", who); !strings.Contains(got, "审查通过；截至 2026-10-20，逾期须填逾期原因\n") {
		t.Errorf("in Chinese: %q", got)
	}
	var listed, sent []ledger.Open
	if err := errors.Join(json.Unmarshal([]byte(must(t, "acts", "--on", "application/"+id, "--json", "--profile", who)), &listed), json.Unmarshal([]byte(items), &sent)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, listed); diff != "" {
		t.Errorf("in JSON (-sent +listed):\n%s", diff)
	}
	if got := must(t, "acts", "--on", "application/"+string(client.NewID()), "--profile", who, "--lang", "en"); got != "You may do nothing on it now.\n" {
		t.Errorf("nothing: %q", got)
	}
	if code, out, errs := command(t, "acts", "--on", "application/"+id); code == proving.ExitOK || out != "" || !strings.Contains(errs, "profile") {
		t.Errorf("without a profile: exit %d, %q, %q", code, out, errs)
	}
}
