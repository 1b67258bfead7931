package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

func TestCheck(t *testing.T) {
	n := newNode(t)
	c := holder(t, n)
	for name, x := range map[string]struct {
		status int
		answer string
		want   string // in the error; empty: allowed
	}{
		"allowed":        {200, `{"function":"deposit","party":"x","allowed":true}`, ""},
		"refused":        {409, `{"title":"Taken","code":"conflict","reason":"exists","field":"sha256"}`, "Taken"},
		"not a yes":      {200, `{"function":"deposit","allowed":false}`, "does not understand the answer"},
		"another answer": {200, `{"position":{"block":1}}`, "does not understand the answer"},
		"not JSON":       {200, `<html>`, "does not understand the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				if r.Method != http.MethodPost || r.URL.Path != "/v1/acts/deposit/check" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") ||
					string(body) != `{"sha256":"","bytes":3}` {
					t.Errorf("asked %s %s with %s", r.Method, r.URL.Path, body)
				}
				w.WriteHeader(x.status)
				_, _ = io.WriteString(w, x.answer)
			})
			err := c.Check(t.Context(), ledger.FnDeposit, ledger.DepositArgs{Bytes: 3})
			if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
				t.Errorf("%v, want %q", err, x.want)
			}
			if x.status == 409 && (!errors.Is(err, ledger.Conflict) || ledger.AsError(err).Field != "sha256") {
				t.Errorf("%v is not the refusal that the node gave", err)
			}
		})
	}
}

// TestPossible: the record is named in the question, and what comes is a list.
func TestPossible(t *testing.T) {
	n := newNode(t)
	c := holder(t, n)
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/v1/acts" || r.URL.Query().Get("on") != "log" || r.URL.Query().Get("id") != "n.example/log/receipts" ||
			!strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		_, _ = io.WriteString(w, `{"items":[{"function":"anchor","title":{"zh":"锚定","en":"Anchor"},"args":"AnchorArgs","id":"log","answers":false,"as":["platform"]}]}`)
	})
	got, err := c.Possible(t.Context(), ledger.RefTo(ledger.KindLog, "n.example/log/receipts"))
	want := []ledger.Open{{
		Function: ledger.FnAnchor, Title: ledger.Words{ZH: "锚定", EN: "Anchor"}, Args: "AnchorArgs", ID: "log", As: []ledger.Role{ledger.RolePlatform},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// wouldRecord answers what apply would, in the contract's order, and records nothing.
func (n *node) wouldRecord(w http.ResponseWriter, r *http.Request) {
	var a ledger.AppSubmitArgs
	err := json.NewDecoder(r.Body).Decode(&a)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch _, taken := n.titles[ledger.FoldTitle(a.Resource.Title)]; {
	case err != nil || r.URL.Path != "/v1/acts/application.submit/check":
		problem(w, 404, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown))
	case n.refuse != "":
		problem(w, 403, ledger.Refuse(ledger.Forbidden, n.refuse))
	case taken:
		problem(w, 409, ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At("resource.title"))
	case !n.deposits[a.Deposit]:
		problem(w, 404, ledger.Refuse(ledger.NotFound, ledger.ReasonDeposit).At("deposit_hash"))
	default:
		_, _ = io.WriteString(w, `{"allowed":true}`)
	}
}

// TestImportCheckedIsTheImport: a checked import finds what the import then does,
// line by line, and records nothing.
func TestImportCheckedIsTheImport(t *testing.T) {
	n := newNode(t)
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/check") {
			n.wouldRecord(w, r)
			return
		}
		n.ServeHTTP(w, r)
	})
	n.titles[ledger.FoldTitle("公交站点")] = testBody // registered before, from elsewhere
	var text strings.Builder
	for i := range 20 {
		text.WriteString(source(fmt.Sprint("bus-", i), fmt.Sprintf("公交线路第%d号", i)))
	}
	text.WriteString(source("twin", "公交线路 第7号。") + source("taken", "公交站点") + "{not json\n" + source("blank", ""))
	// What an import says of each line, but for payloads: nothing has one yet.
	run := func(check bool) (sum client.ImportSummary, states map[int]client.ImportState) {
		m, err := client.SourcesMapping()
		if err != nil {
			t.Fatal(err)
		}
		states = map[int]client.ImportState{}
		sum, err = client.Import{Mapping: m, Body: testBody, Check: check, OnResult: func(r client.ImportResult) { states[r.Line] = r.State }}.
			Run(t.Context(), holder(t, n), strings.NewReader(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		return sum, states
	}
	checked, wouldBe := run(true)
	if len(n.calls) != 0 || len(n.deposits) != 0 {
		t.Fatalf("%d calls and %d deposits were recorded", len(n.calls), len(n.deposits))
	}
	if !checked.Checked || checked.Registered != 20 || len(checked.Duplicates) != 2 || checked.Refused != 2 {
		t.Errorf("checked: %+v", checked)
	}
	done, was := run(false)
	if diff := cmp.Diff(wouldBe, was); diff != "" {
		t.Errorf("states of lines (-checked +done):\n%s", diff)
	}
	checked.Checked = false
	if diff := cmp.Diff(checked, done); diff != "" {
		t.Errorf("summaries (-checked +done):\n%s", diff)
	}
	if again, _ := run(true); again.Unchanged != 20 || again.Registered != 0 {
		t.Errorf("checked again: %+v", again)
	}
	n.refuse = ledger.ReasonRole
	m, err := client.SourcesMapping()
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Import{Mapping: m, Body: testBody, Check: true}.Run(t.Context(), holder(t, n), strings.NewReader(source("new", "公交车辆")))
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonRole {
		t.Errorf("%v, want the refusal of the role", err)
	}
}
