package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

const (
	testLedger = ledger.ID("01890000-0000-7000-8000-000000000001")
	testBody   = ledger.ID("01890000-0000-7000-8000-000000000002")
	testHolder = ledger.ID("01890000-0000-7000-8000-000000000003")
)

// node keeps calls as a ledger does: an id once, a title once a holder, a hash
// deposited once and before it is cited.
type node struct {
	*httptest.Server
	mu       sync.Mutex
	calls    map[ledger.ID]ledger.Signed
	titles   map[string]ledger.ID
	deposits map[ledger.Digest]bool
	fail     func(s ledger.Signed) bool // answers 503 after it was recorded
	refuse   ledger.Reason              // refuses every call
	order    []ledger.ID                // applications, as they came
}

func newNode(t *testing.T) *node {
	t.Helper()
	n := &node{calls: map[ledger.ID]ledger.Signed{}, titles: map[string]ledger.ID{}, deposits: map[ledger.Digest]bool{}}
	n.Server = httptest.NewServer(n)
	t.Cleanup(n.Close)
	return n
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.Method == http.MethodGet {
		id := ledger.ID(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		s, ok := n.calls[id]
		if !ok || r.Header.Get("Authorization") == "" {
			problem(w, 404, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown))
			return
		}
		_ = json.NewEncoder(w).Encode(ledger.Recorded{Committed: ledger.Committed{Event: ledger.Event{Payload: s.Payload}}})
		return
	}
	var in struct {
		Call string `json:"call"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	s, err := ledger.ParseCall(in.Call)
	if err == nil {
		err = n.apply(s)
	}
	if err != nil {
		problem(w, 409, ledger.AsError(err))
		return
	}
	if n.fail != nil && n.fail(s) {
		problem(w, 503, ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy))
		return
	}
	_ = json.NewEncoder(w).Encode(ledger.Outcome{Payload: s.Payload, Position: ledger.Position{Block: uint64(len(n.calls))}})
}

func (n *node) apply(s ledger.Signed) error {
	if old, ok := n.calls[s.Call.ID]; ok {
		if old.Payload != s.Payload {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonCallUsed)
		}
		return nil
	}
	if n.refuse != "" {
		return ledger.Refuse(ledger.Forbidden, n.refuse)
	}
	switch s.Call.Function {
	case ledger.FnDeposit:
		var a ledger.DepositArgs
		if err := ledger.First(ledger.DecodeStrict(s.Call.Args, &a), a.Validate()); err != nil {
			return err
		}
		if n.deposits[a.SHA256] {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At("sha256")
		}
		n.deposits[a.SHA256] = true
	case ledger.FnAppSubmit:
		var a ledger.AppSubmitArgs
		if err := ledger.DecodeStrict(s.Call.Args, &a); err != nil {
			return err
		}
		if err := a.Validate(); err != nil {
			return err
		}
		if !n.deposits[a.Deposit] {
			return ledger.Refuse(ledger.NotFound, ledger.ReasonDeposit).At("deposit_hash")
		}
		title := ledger.FoldTitle(a.Resource.Title)
		if _, ok := n.titles[title]; ok {
			return ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At("resource.title")
		}
		n.titles[title] = a.Application
		n.order = append(n.order, a.Application)
	}
	n.calls[s.Call.ID] = s
	return nil
}

func problem(w http.ResponseWriter, status int, e *ledger.Error) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title string `json:"title"`
		*ledger.Error
	}{"refused", e})
}

func holder(t *testing.T, n *node) *client.Client {
	t.Helper()
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	p := client.Profile{URL: n.URL, Origin: "data.example.gov.cn", Ledger: testLedger, Party: testHolder, Name: "市交通运输局"}
	if err := p.SetKey(key); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(p, "en", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func source(id, title string) string {
	return fmt.Sprintf(`{"id":%q,"name":{"zh":%q},"description":{"zh":"示范数据资源的说明文字，说明来源、内容与更新方式，供检索使用。"},`+
		`"website":"https://example.org/","domains":["transportation"],"update_frequency":"daily","data_content":{"zh":["线路"]}}`, id, title) + "\n"
}

func imports(t *testing.T, n *node, c *client.Client, text string) (client.ImportSummary, []client.ImportResult, error) {
	t.Helper()
	m, err := client.SourcesMapping()
	if err != nil {
		t.Fatal(err)
	}
	var told []client.ImportResult
	sum, err := client.Import{Mapping: m, Body: testBody, OnResult: func(r client.ImportResult) { told = append(told, r) }}.
		Run(t.Context(), c, strings.NewReader(text))
	return sum, told, err
}

func TestImportGoesOnAndDoublesNothing(t *testing.T) {
	n := newNode(t)
	c := holder(t, n)
	var text strings.Builder
	for i := range 40 {
		text.WriteString(source(fmt.Sprint("bus-", i), fmt.Sprintf("公交线路第%d号", i)))
	}
	text.WriteString(source("twin", "公交线路 第7号。")) // folds to the title of line 8
	text.WriteString("{not json\n")
	text.WriteString(source("blank", ""))
	sum, told, err := imports(t, n, c, text.String())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Registered != 40 || sum.Unchanged != 0 || sum.Refused != 2 || len(told) != 43 {
		t.Errorf("registered %d, unchanged %d, refused %d of %d told", sum.Registered, sum.Unchanged, sum.Refused, len(told))
	}
	if diff := cmp.Diff([]client.ImportLine{{Line: 41, Title: "公交线路 第7号。", Other: 8}}, sum.Duplicates); diff != "" {
		t.Error(diff)
	}
	if len(sum.Problems) != 2 || sum.Problems[0].Line != 42 || sum.Problems[1].Line != 43 || sum.Problems[1].Field != "title" || sum.Problems[1].Rule == "" {
		t.Errorf("problems %+v do not name line, field and rule", sum.Problems)
	}
	if sum.Assumed["spatial"] != 41 || sum.Assumed["materials"] != 41 {
		t.Errorf("assumed %v", sum.Assumed)
	}
	for _, r := range told {
		if r.State == client.Imported && (r.Payload == "" || r.Application == "") {
			t.Errorf("line %d has no payload for the next step to answer", r.Line)
		}
	}
	before := len(n.calls)
	again, _, err := imports(t, n, holder(t, n), text.String())
	if err != nil {
		t.Fatal(err)
	}
	if again.Registered != 0 || again.Unchanged != 40 || len(again.Duplicates) != 1 || len(n.calls) != before {
		t.Errorf("again: %+v, %d calls after %d", again, len(n.calls), before)
	}
}

func TestImportTakesTheFirstOfTwoTitles(t *testing.T) {
	for range 5 {
		n := newNode(t)
		var text strings.Builder
		for i := range 30 {
			text.WriteString(source(fmt.Sprint("a-", i), "公交线路"))
		}
		sum, told, err := imports(t, n, holder(t, n), text.String())
		if err != nil || sum.Registered != 1 || len(sum.Duplicates) != 29 {
			t.Fatalf("%+v, %v", sum, err)
		}
		for _, r := range told {
			if (r.State == client.Imported) != (r.Line == 1) {
				t.Fatalf("line %d is %s", r.Line, r.State)
			}
		}
	}
}

// TestImportTellsEveryFault: each fault of a row has its column, member, value, rule
// and what is allowed; what the node finds too.
func TestImportTellsEveryFault(t *testing.T) {
	n := newNode(t)
	bad := strings.NewReplacer(`"zh":"公交线路"`, `"zh":""`, `"daily"`, `"often"`, "https://", "javascript:").Replace(source("a", "公交线路"))
	sum, told, err := imports(t, n, holder(t, n), bad+source("b", "公交站点"))
	if err != nil || sum.Refused != 1 || sum.Registered != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	var got []string
	for _, p := range sum.Problems {
		got = append(got, fmt.Sprintf("%d | %s | %s | %s | %s | %s", p.Line, p.Column, p.Field, p.Value, p.Rule, p.Allowed))
	}
	known := ledger.AsError(told[0].Err).All()[0].Allowed()
	want := []string{
		"1 | update_frequency | accrual_periodicity | often | known_value | " + known,
		"1 | name.zh | title |  | required | 1–100 字/characters",
		"1 | website | landing_page | javascript:example.org/ | http_url | http:// or https:// and a host",
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(known, "daily") {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestImportIsRepeatedAfterAnAnswerThatNeverCame(t *testing.T) {
	n := newNode(t)
	lost := map[ledger.ID]bool{}
	n.fail = func(s ledger.Signed) bool { // every call is recorded, its first answer is lost
		was := lost[s.Call.ID]
		lost[s.Call.ID] = true
		return !was
	}
	sum, _, err := imports(t, n, holder(t, n), source("a", "公交线路")+source("b", "公交站点"))
	if err != nil || sum.Registered != 2 || len(n.calls) != 4 {
		t.Fatalf("%+v, %v, %d calls", sum, err, len(n.calls))
	}
}

func TestImportGoesOnFromADepositAlone(t *testing.T) {
	n := newNode(t)
	text := source("a", "公交线路")
	n.deposits[ledger.DigestOf([]byte(strings.TrimSuffix(text, "\n")))] = true // made by hand before
	sum, _, err := imports(t, n, holder(t, n), text)
	if err != nil || sum.Registered != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
}

func TestImportStopsWhereThePartyIsRefused(t *testing.T) {
	n := newNode(t)
	n.refuse = ledger.ReasonRole
	var text strings.Builder
	for i := range 200 {
		text.WriteString(source(fmt.Sprint(i), fmt.Sprint("公交线路", i)))
	}
	sum, told, err := imports(t, n, holder(t, n), text.String())
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonRole {
		t.Fatalf("%v, want the refusal of the role", err)
	}
	if sum.Refused != 0 || len(told) != 0 {
		t.Errorf("%d records are blamed for what their party may not do", sum.Refused)
	}
}

func TestImportEndsWithItsContext(t *testing.T) {
	n := newNode(t)
	ctx, cancel := context.WithCancel(t.Context())
	m, err := client.SourcesMapping()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range 500 {
		text.WriteString(source(fmt.Sprint(i), fmt.Sprint("公交线路", i)))
	}
	sum, err := client.Import{Mapping: m, Body: testBody, OnResult: func(client.ImportResult) { cancel() }}.Run(ctx, holder(t, n), strings.NewReader(text.String()))
	if err == nil || sum.Registered == 0 || sum.Registered == 500 {
		t.Errorf("%d registered, %v", sum.Registered, err)
	}
}
