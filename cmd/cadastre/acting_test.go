package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/terminal/terminaltest"
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
		if !ok || slices.Contains(withPage, a.Name) {
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

// lines are the command lines of the plain acts. A new act may not take over a
// line that people have in their scripts.
var lines = map[string]ledger.Function{
	"party suspend": ledger.FnPartySuspend, "party resume": ledger.FnPartyResume,
	"registry accept": ledger.FnAppAccept, "registry withdraw": ledger.FnAppWithdraw,
	"registry suspend": ledger.FnEntrySuspend, "registry resume": ledger.FnEntryResume,
	"license accept": ledger.FnLicenseAccept, "license suspend": ledger.FnLicenseSuspend, "license resume": ledger.FnLicenseResume,
	"license withdraw": ledger.FnLicenseWithdraw, "license decline": ledger.FnLicenseDecline,
	"license terminate": ledger.FnLicenseTerminate, "product delist": ledger.FnProductDelist,
	"order accept": ledger.FnOrderAccept, "order refuse": ledger.FnOrderRefuse, "order cancel": ledger.FnOrderCancel,
	"order fulfill": ledger.FnOrderFulfill, "order block": ledger.FnOrderBlock,
}

// TestEveryActHasACommand: a plain act has a command with its title in both
// languages, and any act can be called with a file of arguments.
func TestEveryActHasACommand(t *testing.T) {
	parser, err := newParser(&commands{}, "zh")
	if err != nil {
		t.Fatal(err)
	}
	found := actCommands(parser)
	file := write(t, "args.json", "{}")
	for _, a := range ledger.Acts() {
		if _, plain := isPlain(a); plain && !slices.Contains(withPage, a.Name) {
			leaf := found[a.Name]
			if leaf == nil || lines[leaf.Path()] == "" {
				t.Errorf("%s has no command, or one that is not in the list of command lines", a.Name)
			} else if !strings.Contains(leaf.Help, a.Title.ZH) || !strings.Contains(leaf.Tag.Get("en"), a.Title.EN) {
				t.Errorf("the help of %s does not have its title: %s", a.Name, leaf.Help)
			}
		}
		fresh, err := newParser(&commands{}, "zh")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fresh.Parse([]string{"call", string(a.Name), file}); err != nil {
			t.Errorf("call %s: %v", a.Name, err)
		}
	}
	for line, fn := range lines {
		if leaf := found[fn]; leaf == nil || leaf.Path() != line {
			t.Errorf("cadastre %s does not call %s", line, fn)
		}
	}
}

// TestHelpIsInBothLanguages, of every command, flag, argument and page.
func TestHelpIsInBothLanguages(t *testing.T) {
	parser, err := newParser(&commands{}, "zh")
	if err != nil {
		t.Fatal(err)
	}
	terminaltest.Model(t, parser.Model)
}

// actCommands returns the commands that follow from the table of acts.
func actCommands(parser *kong.Kong) map[ledger.Function]*kong.Node {
	found := map[ledger.Function]*kong.Node{}
	for _, leaf := range parser.Model.Leaves(true) {
		switch c := leaf.Target.Addr().Interface().(type) {
		case *groundCmd:
			found[c.act.Name] = leaf
		case *actCmd:
			found[c.act.Name] = leaf
		}
	}
	return found
}

// TestANewActIsACommand: a new plain act is a command without another line of
// code, whatever its kind of record and its verb, and its example works.
func TestANewActIsACommand(t *testing.T) {
	want := map[ledger.Function]string{
		"license.send_back": "license send-back", "environment.close": "license environment close", "content.hide": "product content hide",
		"dispute.close": "dispute close", "dispute.reopen": "dispute reopen", "data_right.end": "data-right end",
		"entry.withdraw": "registry entry-withdraw", // application.withdraw has the verb
		"entry.refuse":   "registry entry-refuse",   // a command written by hand has it
		"dispute":        "dispute dispute",
		"trace.end":      "trace-end", // no group, but a command
	}
	for kind := range ledger.Kinds() {
		want[ledger.Function(kind+".retire")] = strings.TrimSpace(placeOf(kind).group + " retire")
	}
	want["calendar.retire"], want["genesis.retire"] = "calendar-retire", "genesis-retire"
	want["application.retire"], want["entry.retire"] = "registry retire", "registry entry-retire"
	acts := ledger.Acts()
	for _, fn := range slices.Sorted(maps.Keys(want)) {
		kind, _, _ := strings.Cut(string(fn), ".")
		acts = append(acts, ledger.Act{
			Name: fn, Title: ledger.Words{ZH: "办结“某”", EN: `Close "it"`}, Who: []ledger.Who{{Role: ledger.RoleOperator}}, Args: func() ledger.Args { return &ledger.TargetArgs{} },
			On: kind, ID: "id", Moves: []ledger.Move{{From: "filed", To: "closed"}},
		})
	}
	var c commands
	groupsOf(&c).fill(acts)
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	found := actCommands(parser)
	for fn, line := range want {
		leaf := found[fn]
		if leaf == nil || leaf.Path() != line {
			t.Errorf("%s is not called by cadastre %s", fn, line)
			continue
		}
		if page := terminal.PageOf(leaf); len(page) == 0 || !strings.HasPrefix(page[0].Lines, "cadastre "+line+" ID --ground WORD") {
			t.Errorf("%s: the example is %v", fn, page)
		}
		if _, err := parser.Parse(strings.Fields(line + " x")); err == nil {
			t.Errorf("%s is done without a ground", line)
		}
		if _, err := parser.Parse(strings.Fields(line + " x --ground settled --check")); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for line, fn := range lines {
		if leaf := found[fn]; leaf == nil || leaf.Path() != line {
			t.Errorf("cadastre %s no longer calls %s", line, fn)
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
		if code != proving.ExitOK || !strings.HasPrefix(out, "Would be recorded: ") || strings.Contains(errs, "salt") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	refused = true
	for _, args := range commands {
		if code, out, errs := command(t, append(args, "--check", "--profile", who)...); code != proving.ExitRefused || out != "" || !strings.Contains(errs, "没有找到") {
			t.Errorf("%v refused: exit %d, %q, %q", args, code, out, errs)
		}
	}
	if _, err := os.Stat(who + ".next"); err == nil {
		t.Error("a check kept a new key")
	}
	if len(n.order) != 0 || len(asked) != 2*len(commands) {
		t.Errorf("recorded %d, asked %v", len(n.order), asked)
	}
	for _, args := range [][]string{{"order", "list", "--check"}, {"--check", "order", "list"}, {"call", "deposit", file, "--sign", "--check"}} {
		if code, out, errs := command(t, append(args, "--profile", who)...); code != proving.ExitUsage || out != "" || !strings.Contains(errs, "--check") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
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

// TestCheckKeepsAnInterruptedRotation: where a rotation was interrupted, a check
// leaves both files as they are, whatever the node answers.
func TestCheckKeepsAnInterruptedRotation(t *testing.T) {
	n := newNode(t)
	reason := ledger.ReasonRole
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, ledger.Refuse(ledger.Forbidden, reason))
	})
	who := profile(t, n.URL)
	if code, _, errs := command(t, "party", "rotate-key", "--profile", who); code != proving.ExitRefused {
		t.Fatalf("exit %d, %s", code, errs)
	}
	read := func() [2]string {
		var files [2]string
		for i, name := range []string{who, who + ".next"} {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[i] = string(b)
		}
		return files
	}
	before := read()
	reason = ledger.ReasonKeyEnded
	if code, out, _ := command(t, "party", "rotate-key", "--check", "--profile", who); code != proving.ExitRefused || out != "" || read() != before {
		t.Errorf("exit %d, %q; the files are as they were: %v", code, out, read() == before)
	}
}
