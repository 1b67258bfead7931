package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
)

const (
	testLedger = ledger.ID("01890000-0000-7000-8000-000000000001")
	testBody   = ledger.ID("01890000-0000-7000-8000-000000000002")
	testOrigin = "data.example.gov.cn"
)

// command runs the program and gives its exit code and what it printed.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

// must runs a command that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := command(t, args...)
	if code != proving.ExitOK {
		t.Fatalf("%v: exit %d: %s", args, code, errs)
	}
	return out
}

// profile makes a profile for a node.
func profile(t *testing.T, where string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "party.json")
	must(t, "keygen", "--out", file, "--ledger", string(testLedger), "--origin", testOrigin, "--url", where)
	return file
}

// write makes a file.
func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// testNode is a small node that behaves: it checks the form and signature of calls,
// records each id once, and serves records by path.
type testNode struct {
	*httptest.Server
	records map[string]string // by path
	calls   map[ledger.ID]ledger.Signed
	order   []ledger.Signed
	check   func(ledger.Signed) *ledger.Error
}

func newNode(t *testing.T) *testNode {
	t.Helper()
	n := &testNode{records: map[string]string{}, calls: map[ledger.ID]ledger.Signed{}}
	n.Server = httptest.NewServer(n)
	t.Cleanup(n.Close)
	return n
}

func (n *testNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		path := r.URL.Path
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		if v, ok := n.records[path]; ok {
			_, _ = io.WriteString(w, v)
			return
		}
		refuse(w, http.StatusNotFound, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("id"))
		return
	}
	var in struct {
		Call string `json:"call"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, http.StatusUnprocessableEntity, ledger.Invalid("call", "required"))
		return
	}
	s, err := ledger.ParseCall(in.Call)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, ledger.AsError(err))
		return
	}
	if n.check != nil {
		if e := n.check(s); e != nil {
			refuse(w, http.StatusForbidden, e)
			return
		}
	}
	if old, ok := n.calls[s.Call.ID]; ok && old.Payload != s.Payload {
		refuse(w, http.StatusConflict, ledger.Refuse(ledger.Conflict, ledger.ReasonCallUsed))
		return
	}
	n.calls[s.Call.ID], n.order = s, append(n.order, s)
	_ = json.NewEncoder(w).Encode(ledger.Outcome{Position: ledger.Position{Block: uint64(len(n.order))}, Payload: s.Payload})
}

func refuse(w http.ResponseWriter, status int, e *ledger.Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		*ledger.Error
	}{"没有找到", "请检查编号", e})
}

func TestKeygenKeepsItsKeyForItsOwnerAlone(t *testing.T) {
	n := newNode(t)
	n.records["/v1/about"] = `{"origin":"` + testOrigin + `","ledger":"` + string(testLedger) + `"}`
	file := filepath.Join(t.TempDir(), "deep", "holder.json")
	out := must(t, "keygen", "--out", file, "--url", n.URL, "--json")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	prof, err := client.LoadProfile(file)
	if err != nil {
		t.Fatal(err)
	}
	if prof.Origin != testOrigin || prof.Ledger != testLedger || prof.URL != n.URL {
		t.Errorf("profile %+v does not name the node's ledger", prof)
	}
	if !strings.Contains(out, string(prof.Kid)) || strings.Contains(out, prof.Key) {
		t.Errorf("it must print the kid and not the key: %s", out)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "keygen", "--out", file, "--url", n.URL); code != proving.ExitFailed || errs == "" {
		t.Errorf("an existing profile was not refused: exit %d, %q", code, errs)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Error("an existing key was overwritten")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "token", "--profile", file); code != proving.ExitFailed || !strings.Contains(errs, "chmod 600") {
		t.Errorf("a profile that others can read was used: exit %d, %q", code, errs)
	}
}

func TestApplicationOfAPartyIsAdmittedAsItWasSigned(t *testing.T) {
	n := newNode(t)
	holder, authority := profile(t, n.URL), profile(t, n.URL)
	jws := must(t, "party", "apply", "--profile", holder, "--name", "市交通运输局", "--uscc", "11430300MB0A00001L",
		"--kind", "organ", "--role", "holder,buyer", "--region", "430300")
	a, err := ledger.ParseProfile(ledger.Standard(), strings.TrimSpace(jws))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.Role{ledger.RoleHolder, ledger.RoleBuyer}, a.Roles); diff != "" {
		t.Error(diff)
	}
	out := must(t, "party", "admit", write(t, "holder.jws", jws), "--profile", authority, "--json")
	var got struct {
		Party    ledger.ID       `json:"party"`
		Call     ledger.ID       `json:"call"`
		Position ledger.Position `json:"position"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Party != a.ID || got.Position.Block != 1 || n.calls[got.Call].Call.Function != ledger.FnPartyAdmit {
		t.Errorf("outcome %+v does not name the party, the call and its position", got)
	}
}

func TestStepsAnswerTheRecordAsItStands(t *testing.T) {
	n := newNode(t)
	body := profile(t, n.URL)
	id := client.NewID()
	cite := string(ledger.DigestOf([]byte("the submit call")))
	n.records["/v1/applications/"+string(id)] = `{"cite":{"payload":"` + cite + `"}}`
	other := string(ledger.DigestOf([]byte("an older call")))
	for _, c := range []struct {
		args []string
		fn   ledger.Function
		want string
	}{
		{[]string{"accept", string(id)}, ledger.FnAppAccept, `{"application":"` + string(id) + `","answers":"` + cite + `"}`},
		{[]string{"accept", string(id), "--answers", other}, ledger.FnAppAccept, `{"application":"` + string(id) + `","answers":"` + other + `"}`},
		{
			[]string{"return", string(id), "--defect", "materials=R9(1)", "--defect", "resource.title=Q03"},
			ledger.FnAppReturn,
			`{"application":"` + string(id) + `","answers":"` + cite + `","defects":[{"field":"materials","rule":"R9(1)"},{"field":"resource.title","rule":"Q03"}]}`,
		},
		{
			[]string{"pass", string(id)},
			ledger.FnAppPass,
			`{"application":"` + string(id) + `","answers":"` + cite + `","checklist":["complete","consistent","admissible"]}`,
		},
	} {
		must(t, append(append([]string{"registry"}, c.args...), "--profile", body)...)
		call := n.order[len(n.order)-1].Call
		if call.Function != c.fn || string(call.Args) != c.want {
			t.Errorf("%v sent %s %s, want %s %s", c.args, call.Function, call.Args, c.fn, c.want)
		}
	}
}

func TestOrderIsPlacedAtTheListedPrice(t *testing.T) {
	n := newNode(t)
	buyer := profile(t, n.URL)
	product, license := client.NewID(), client.NewID()
	cite := ledger.DigestOf([]byte("the listing"))
	n.records["/v1/products/"+string(product)] = `{"license_id":"` + string(license) + `","price":{"price":300},"cite":{"payload":"` + string(cite) + `"}}`
	n.records["/v1/licenses/"+string(license)] = `{"start_on":"2026-01-01","end_on":"2099-10-18"}`
	for purpose, want := range map[string]ledger.Fen{"industry/logistics": 900, "governance/emergency": 0} {
		must(t, "order", "place", "--product", string(product), "--purpose", purpose, "--quantity", "3", "--recipient", "430300", "--profile", buyer)
		var a ledger.OrderPlaceArgs
		if err := ledger.DecodeStrict(n.order[len(n.order)-1].Call.Args, &a); err != nil {
			t.Fatal(err)
		}
		if a.Total != want || a.Answers != cite || a.EndOn != "2099-10-18" {
			t.Errorf("%s: total %d, end %s, answers %s; want %d", purpose, a.Total, a.EndOn, a.Answers, want)
		}
	}
}

func TestRefusedFetchLeavesNothing(t *testing.T) {
	n := newNode(t)
	order, product := client.NewID(), client.NewID()
	n.records["/v1/orders/"+string(order)] = `{"id":"` + string(order) + `","product_id":"` + string(product) + `"}`
	n.records["/v1/products/"+string(product)+"/content"] = `{"items":[{"id":"` + string(testBody) + `","object":"one","name":"a.csv"}]}`
	dir := t.TempDir()
	code, _, errs := command(t, "fetch", string(order), "--output", filepath.Join(dir, "a.csv"), "--profile", profile(t, n.URL))
	if code != proving.ExitRefused || !strings.Contains(errs, "没有找到") {
		t.Errorf("exit %d, %q", code, errs)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left behind", left)
	}
}

// TestAProfileThatIsNoneIsNoRefusal: nobody was asked.
func TestAProfileThatIsNoneIsNoRefusal(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON": "{", "a member too many": `{"url":"http://127.0.0.1:1","token":"x"}`,
		"no key": `{"url":"http://127.0.0.1:1","origin":"o","ledger":"` + string(testLedger) + `","party":"` + string(testBody) + `","kid":"k","key":"AAAA"}`,
	} {
		file := write(t, "party.json", content)
		if code, _, errs := command(t, "token", "--profile", file); code != proving.ExitFailed || !strings.Contains(errs, "profile") && !strings.Contains(errs, "身份") {
			t.Errorf("%s: exit %d, %q", name, code, errs)
		}
	}
}

func TestEnvironmentProvesItsKey(t *testing.T) {
	n := newNode(t)
	implementer := profile(t, n.URL)
	file := filepath.Join(t.TempDir(), "sandbox.json")
	must(t, "keygen", "--out", file, "--party", string(testBody), "--environment", "new", "--ledger", string(testLedger), "--origin", testOrigin)
	proof := write(t, "proof.json", must(t, "license", "environment", "prove", "--profile", file))
	must(t, "license", "environment", "set", proof, "--region", "430300", "--attestation", proof, "--profile", implementer)
	var a ledger.EnvironmentArgs
	if err := ledger.DecodeStrict(n.order[0].Call.Args, &a); err != nil {
		t.Fatal(err)
	}
	want := ledger.EnvironmentProof{Ledger: testLedger, ID: a.ID, Operator: testBody}
	if err := ledger.CheckEnvironment(ledger.Standard(), a.Proof, a.Key, want); err != nil {
		t.Errorf("proof: %v", err)
	}
}

func TestRotationNeverLosesTheNewKey(t *testing.T) {
	n := newNode(t)
	file := profile(t, n.URL)
	old, err := client.LoadProfile(file)
	if err != nil {
		t.Fatal(err)
	}
	n.check = func(ledger.Signed) *ledger.Error { return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole) }
	if code, _, _ := command(t, "party", "rotate-key", "--profile", file); code != proving.ExitRefused {
		t.Fatalf("exit %d, want refused", code)
	}
	next, err := client.LoadProfile(file + ".next")
	if err != nil {
		t.Fatal(err)
	}
	n.check = nil
	must(t, "party", "rotate-key", "--profile", file)
	got, err := client.LoadProfile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Kid != next.Kid || got.Kid == old.Kid {
		t.Errorf("kid %s, want the one stored before the call, %s", got.Kid, next.Kid)
	}
	var a ledger.KeyRotateArgs
	if err := ledger.DecodeStrict(n.order[0].Call.Args, &a); err != nil {
		t.Fatal(err)
	}
	want := ledger.RotationProof{Ledger: testLedger, Party: old.Party, Old: old.Kid}
	if err := ledger.CheckRotation(ledger.Standard(), a.Proof, a.New.JWK, want); err != nil {
		t.Errorf("proof: %v", err)
	}
}

// TestAKeyIDMayBeginWithAHyphen: one in 64 does, and is not a flag.
func TestAKeyIDMayBeginWithAHyphen(t *testing.T) {
	n := newNode(t)
	file := profile(t, n.URL)
	for _, kid := range []string{"-TRkbGgGlBDPlQK2rF6_ZnXFyXa_D2Wb2wmbr3jrmVc", "--RkbGgGlBDPlQK2rF6_ZnXFyXa_D2Wb2wmbr3jrmVc"} {
		must(t, "party", "revoke-key", kid, "--reason", "lost", "--profile", file)
		var a ledger.KeyRevokeArgs
		if err := ledger.DecodeStrict(n.order[len(n.order)-1].Call.Args, &a); err != nil || string(a.Kid) != kid || a.Reason != "lost" {
			t.Errorf("sent %+v, %v; want %s", a, err, kid)
		}
		if out := must(t, "party", "prove-key", "--old", kid, "--profile", file); !strings.Contains(out, "proof") {
			t.Errorf("a proof for %s: %s", kid, out)
		}
	}
}
