package main

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// TestPlainActsAreCommands: each act that takes no more than an id and a ground is
// a command of its record's group, and calls what the table says.
func TestPlainActsAreCommands(t *testing.T) {
	n := newNode(t)
	who := profile(t, n.URL)
	cite := ledger.DigestOf([]byte("the last call"))
	plain := 0
	for _, a := range ledger.Acts() {
		ground, ok := isPlain(a)
		if !ok || a.Name == ledger.FnContentRemove { // whose record is found by its subject
			continue
		}
		plain++
		id := client.NewID()
		p := placeOf(a.On)
		n.records["/v1/"+p.collection+"/"+string(id)] = `{"cite":{"payload":"` + string(cite) + `"}}`
		args := append(strings.Fields(p.group), verbOf(a), string(id), "--profile", who)
		if ground {
			args = append(args, "--ground", "inspection")
		}
		must(t, args...)
		call := n.order[len(n.order)-1].Call
		sent := a.Args()
		if err := ledger.DecodeStrict(call.Args, sent); err != nil || call.Function != a.Name {
			t.Errorf("%v called %s with %s: %v", args, call.Function, call.Args, err)
			continue
		}
		if ledger.MemberText(sent, a.ID) != string(id) || ledger.MemberText(sent, "answers") != string(cite) || ground != (ledger.MemberText(sent, "ground") == "inspection") {
			t.Errorf("%v sent %s", args, call.Args)
		}
	}
	if plain < 15 {
		t.Errorf("only %d acts are plain", plain)
	}
}

// TestANewActIsACommand: a new plain act of a known kind and one of a new kind are
// commands without another line of code.
func TestANewActIsACommand(t *testing.T) {
	decline := ledger.Act{
		Name: "license.send_back", Title: ledger.Words{ZH: "退回授权", EN: "Send a license back"}, Who: []ledger.Who{{Role: ledger.RoleOperator, As: "assignee"}},
		Args: func() ledger.Args { return &ledger.AnswerArgs{} }, On: ledger.KindLicense, ID: "id",
	}
	close := ledger.Act{
		Name: "dispute.close", Title: ledger.Words{ZH: "办结争议", EN: "Close a dispute"}, Args: func() ledger.Args { return &ledger.TargetArgs{} },
		On: "dispute", ID: "id", Moves: []ledger.Move{{From: "filed", To: "closed"}},
	}
	var c struct {
		kong.Plugins
		License struct{ kong.Plugins } `cmd:""`
	}
	fillGroups([]ledger.Act{decline, close}, map[string]*kong.Plugins{"license": &c.License.Plugins}, nil, &c.Plugins)
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"dispute", "close", "x"}); err == nil {
		t.Error("a dispute is closed without a ground")
	}
	for _, args := range [][]string{{"license", "send-back", "x"}, {"dispute", "close", "x", "--ground", "settled"}} {
		if _, err := parser.Parse(args); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// writers are the commands that make a call: they take --check, others do not.
var writers = strings.Fields(`call calendar/set
	license/accept license/environment/set license/offer license/resume license/suspend license/terminate
	order/accept order/block order/cancel order/confirm-payment order/fulfill order/place order/refuse
	party/admit party/replace-key party/resume party/revoke-key party/rotate-key party/suspend
	product/change product/content/add product/content/remove product/delist product/publish
	registry/accept registry/code registry/decide registry/deposit registry/fail registry/import registry/object registry/pass
	registry/refuse registry/resubmit registry/resume registry/return registry/submit registry/suspend registry/withdraw`)

func TestWritingCommandsCanBeChecked(t *testing.T) {
	var c commands
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		name := strings.ReplaceAll(path(leaf), " ", "/")
		can := slices.ContainsFunc(leaf.Flags, func(f *kong.Flag) bool { return f.Name == "check" })
		if can != slices.Contains(writers, name) {
			t.Errorf("%s: takes --check: %v", name, can)
		}
	}
}

// TestCheckRecordsNothing: a command with --check asks the node, says what it says,
// and sends, uploads and keeps nothing.
func TestCheckRecordsNothing(t *testing.T) {
	n := newNode(t)
	refused := false
	var asked []string
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/check") {
			n.ServeHTTP(w, r)
			return
		}
		asked = append(asked, r.URL.Path)
		if r.Header.Get("Authorization") == "" {
			t.Error("asked without a token")
		}
		if refused {
			refuse(w, http.StatusForbidden, ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("function"))
			return
		}
		_, _ = w.Write([]byte(`{"function":"x","party":"y","allowed":true}`))
	})
	who, id := profile(t, n.URL), client.NewID()
	cite := `{"cite":{"payload":"` + string(ledger.DigestOf([]byte("x"))) + `"}}`
	n.records["/v1/licenses/"+string(id)], n.records["/v1/applications/"+string(id)] = cite, cite
	file := write(t, "data.csv", "a,b\n1,2\n")
	commands := [][]string{
		{"license", "suspend", string(id), "--ground", "breach"},
		{"registry", "decide", string(id), "--objection", string(client.NewID()), "--reason", "证据不足"},
		{"registry", "deposit", file},
		{"product", "content", "add", file, "--subject", "resource/" + string(client.NewID())},
		{"party", "rotate-key"},
	}
	for _, args := range commands {
		code, out, errs := command(t, append(args, "--check", "--profile", who, "--lang", "en")...)
		if code != exitOK || !strings.HasPrefix(out, "Would be recorded: ") || strings.Contains(errs, "salt") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	refused = true
	for _, args := range commands {
		if code, out, errs := command(t, append(args, "--check", "--profile", who)...); code != exitRefused || out != "" || !strings.Contains(errs, "没有找到") {
			t.Errorf("%v refused: exit %d, %q, %q", args, code, out, errs)
		}
	}
	if _, err := os.Stat(who + ".next"); err == nil {
		t.Error("a check kept a new key")
	}
	if len(n.order) != 0 || len(asked) != 2*len(commands) {
		t.Errorf("recorded %d, asked %v", len(n.order), asked)
	}
	if code, _, errs := command(t, "order", "list", "--check", "--profile", who); code != exitUsage || !strings.Contains(errs, "--check") {
		t.Errorf("a reading command takes --check: exit %d, %s", code, errs)
	}
	refused = false
	out := must(t, "registry", "deposit", file, "--check", "--json", "--profile", who)
	var said struct {
		Function ledger.Function `json:"function"`
		Allowed  bool            `json:"allowed"`
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || !said.Allowed || said.Function != ledger.FnDeposit {
		t.Errorf("%s: %v", out, err)
	}
}
