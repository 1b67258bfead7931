package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

func TestReadArgsIsStrict(t *testing.T) {
	for name, c := range map[string]struct{ content, field, rule string }{
		"unknown":  {`{"sha256":"x","bytes":1,"more":2}`, "more", "known_member"},
		"twice":    {`{"sha256":"x","sha256":"y","bytes":1}`, "sha256", "not_twice"},
		"case":     {`{"SHA256":"x","bytes":1}`, "SHA256", "known_member"},
		"type":     {`{"sha256":1,"bytes":1}`, "sha256", "type_text"},
		"trailing": {`{"sha256":"x","bytes":1} {}`, "", "one_value"},
	} {
		t.Run(name, func(t *testing.T) {
			var a ledger.DepositArgs
			e := ledger.AsError(readArgs(write(t, "args.json", c.content), &a))
			if e == nil || e.Field != c.field || e.Rule != c.rule {
				t.Errorf("got %v, want field %q rule %q", e, c.field, c.rule)
			}
		})
	}
	if err := readArgs(write(t, "big.json", strings.Repeat(" ", maxArgs+1)), &ledger.DepositArgs{}); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("a file without bounds was read: %v", err)
	}
}

func TestWrongUsage(t *testing.T) {
	n := newNode(t)
	party := profile(t, n.URL)
	for _, c := range []struct {
		args []string
		exit int
		want string
	}{
		{[]string{"nonsense"}, proving.ExitUsage, "--help"},
		{[]string{"order", "accept"}, proving.ExitUsage, "<id>"},
		{[]string{"order", "accept", "not-an-id", "--answers", "x", "--profile", party}, proving.ExitRefused, "answers"},
		{[]string{"order", "list", "--profile", "missing.json"}, proving.ExitFailed, "cadastre keygen"},
		{[]string{"registry", "deposit"}, proving.ExitRefused, "sha256"},
		{[]string{"registry", "deposit", "--sha256", strings.Repeat("a", 64)}, proving.ExitFailed, "--profile"},
		{[]string{"registry", "return", string(testBody), "--defect", "nothing", "--profile", party}, proving.ExitRefused, "defect"},
		{[]string{"license", "explain", "--party", "a", "--resource", "b", "--purpose", "fun/x"}, proving.ExitRefused, "purpose.class"},
		{[]string{"call", "no.such", "args.json"}, proving.ExitRefused, "function"},
		{[]string{"call", "deposit", write(t, "a.json", `{"a":1},"b":{`), "--profile", party}, proving.ExitRefused, "a.json"},
		{[]string{"product", "show", string(testBody), "--url", n.URL}, proving.ExitRefused, "请检查编号"},
		{[]string{"product", "show", string(testBody), "--url", "ftp://x"}, proving.ExitFailed, "http://127.0.0.1:8480"},
	} {
		t.Run(strings.Join(c.args[:min(2, len(c.args))], " "), func(t *testing.T) {
			code, out, errs := command(t, c.args...)
			if code != c.exit || !strings.Contains(errs, c.want) {
				t.Errorf("%v: exit %d, %q (%q), want exit %d and %q", c.args, code, errs, out, c.exit, c.want)
			}
		})
	}
	if len(n.order) != 0 {
		t.Errorf("%d calls were sent by wrong commands", len(n.order))
	}
}

// TestEveryCommandHasHelp: its help is in one language and shows an example, and each
// command in an example is one that the program takes.
func TestEveryCommandHasHelp(t *testing.T) {
	parser, err := newParser(&commands{}, "zh")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // examples name files that have to be there
	for _, leaf := range parser.Model.Leaves(true) {
		line := leaf.Path()
		for lang, says := range map[string]string{"zh": "用法：cadastre ", "en": "Usage: cadastre "} {
			code, out, errs := command(t, append(strings.Fields(line), "--help", "--lang", lang)...)
			if code != proving.ExitOK || !strings.Contains(out, says+line) || !strings.Contains(out, "\n    ") || lang == "zh" && strings.Contains(out, "Flags:") {
				t.Errorf("%s --help: exit %d, %s%s", line, code, out, errs)
			}
		}
		var lines []string
		for _, part := range terminal.PageOf(leaf) {
			lines = append(lines, part.Lines)
		}
		text := strings.ReplaceAll(strings.Join(lines, "\n"), "\\\n", "")
		shown := regexp.MustCompile(`cadastre `+line+`\b[^>|()\n]*`).FindAllString(text, -1)
		if len(shown) == 0 {
			t.Errorf("%s has no example", line)
		}
		for _, example := range shown {
			takes(t, strings.Fields(example)[1:])
		}
	}
}

// takes fails where the program does not take a command line.
func takes(t *testing.T, args []string) {
	t.Helper()
	for _, a := range args {
		if strings.Contains(a, ".") && !strings.ContainsAny(a, ":/") {
			if err := os.WriteFile(a, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	fresh, err := newParser(&commands{}, "zh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Parse(args); err != nil {
		t.Errorf("%v: %v", args, err)
	}
}

func TestExplain(t *testing.T) {
	c, err := client.New(client.Profile{URL: newNode(t).URL}, "zh", now)
	if err != nil {
		t.Fatal(err)
	}
	told := fmt.Errorf("ask: %w", c.Get(t.Context(), "/v1/orders/x", nil))
	_, dialed := http.Get("http://127.0.0.1:1/")
	silent := errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy), errors.New("no answer from http://127.0.0.1:1"))
	for _, c := range []struct {
		name, lang string
		err        error
		want, not  string
	}{
		{"field zh", "zh", ledger.Invalid("start_on", "date"), "start_on 不符合规则 date：须为存在的日期 YYYY-MM-DD，不早于 1900 年：请改正后再试", "invalid"},
		{"field en", "en", ledger.Invalid("start_on", "date"), "start_on breaks the rule date: It must be a day that exists, YYYY-MM-DD, from 1900 on: correct it", "invalid"},
		{"file", "en", fmt.Errorf("offer.json: %w", ledger.Invalid("mode", "enum")), "offer.json: mode breaks the rule enum", "invalid: field"},
		{"an article", "en", ledger.Invalid("resource.sharer_consent", "O5"), "resource.sharer_consent breaks the rule O5", "invalid"},
		{"missing groups", "zh", ledger.Join(lacking("deposit"), lacking("risk_assessment")), "materials 不符合规则 R9(1)：缺少材料：存证情况（deposit）\n  materials 不符合规则 R9(1)：缺少材料：安全风险评估（risk_assessment）", "incomplete"},
		{"missing groups and a field", "en", ledger.Join(lacking("deposit"), ledger.Invalid("body", "required")), "materials breaks the rule R9(1): materials are missing: Deposit (deposit)\n  body breaks the rule required", "more"},
		{"where JSON ends", "en", fmt.Errorf("a.json: %w", ledger.DecodeStrict([]byte("{\n,"), &ledger.DepositArgs{})), "a.json: the content breaks the rule syntax: It is not JSON, or the query can't be decoded, line 2, column 1", "invalid"},
		{"label", "zh", terminal.OfForm(ledger.Invalid("resource.title", "required"), &ledger.AppSubmitArgs{}), "resource.title（数据资源 › 名称） 不符合规则 required：必须填写", "invalid"},
		{"node's words", "zh", told, "ask：没有找到：请检查编号（字段 id）", "not_found"},
		{"a node that does not run", "zh", dialed, "127.0.0.1:1：连接被拒绝", "dial"},
		{"a node that does not run", "en", dialed, "127.0.0.1:1: connection refused", "dial"},
		{"a state", "zh", ledger.Refuse(ledger.Conflict, ledger.ReasonState).With("on", "order").With("state", "active"), "当前状态（履行中）不允许此操作：请刷新后", "active"},
		{"a state", "en", ledger.Refuse(ledger.Conflict, ledger.ReasonState).With("on", "order").With("state", "placed"), "state (placed) does not allow this: Read the record again", "conflict"},
		{"a role", "zh", ledger.Refuse(ledger.Forbidden, ledger.ReasonRole), "本单位的角色不能办理此事项：请由具有相应角色的单位办理", "§"},
		{"unreachable", "en", silent, "run the same command again", "unavailable: busy"},
		{"stopped", "en", fmt.Errorf("x: %w", context.Canceled), "Run the same command again", "canceled"},
		{"other", "en", errors.New("disk full"), "disk full", "rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := terminal.Explain(c.err, c.lang)
			if !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
				t.Errorf("%q, want %q and not %q", got, c.want, c.not)
			}
		})
	}
	if got := proving.ExitCode(silent); got != proving.ExitUnavailable {
		t.Errorf("exit code %d for no answer, want %d", got, proving.ExitUnavailable)
	}
}

func lacking(name string) error {
	return ledger.Refuse(ledger.InvalidCode, ledger.ReasonIncomplete).At("materials").By("R9(1)").With("group", name)
}

func TestCalendarDue(t *testing.T) {
	out := must(t, "calendar", "due", "--from", "2026-09-14", "--days", "20", "--json")
	var got any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(map[string]any{"due": "2026-10-16", "provisional": false}), got); diff != "" {
		t.Error(diff)
	}
	if got := must(t, "calendar", "due", "--from", "2026-09-14", "--days", "20"); got != "2026-10-16\n" {
		t.Errorf("%q", got)
	}
	if got := must(t, "calendar", "due", "--from", "2199-09-14", "--days", "1"); !strings.Contains(got, "暂定") {
		t.Errorf("%q does not say that the year's list is missing", got)
	}
	if code, _, errs := command(t, "calendar", "due", "--from", "2026-02-30", "--days", "1"); code != proving.ExitRefused || !strings.Contains(errs, "from") {
		t.Errorf("a day that does not exist: exit %d, %q", code, errs)
	}
}

// TestCalendarAgreesWithAnotherCollection holds the library's lists against a
// collection made by others, where it lies beside the repository.
func TestCalendarAgreesWithAnotherCollection(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "holiday-cn-*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no other collection here")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var other struct {
			Year int `json:"year"`
			Days []struct {
				Date ledger.Date `json:"date"`
				Off  bool        `json:"isOffDay"`
			} `json:"days"`
		}
		if err := json.Unmarshal(b, &other); err != nil {
			t.Fatal(err)
		}
		off, work := []ledger.Date{}, []ledger.Date{}
		for _, d := range other.Days {
			switch {
			case !strings.HasPrefix(string(d.Date), fmt.Sprint(other.Year)):
			case d.Off:
				off = append(off, d.Date)
			default:
				work = append(work, d.Date)
			}
		}
		got, err := list(other.Year)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]ledger.Date{weekdays(off), work}, [][]ledger.Date{weekdays(got.Off), got.Work}); diff != "" {
			t.Errorf("%d: %s", other.Year, diff)
		}
	}
}

// weekdays leaves out Saturdays and Sundays: whether a list names them as off
// changes no count, and collections differ in it.
func weekdays(days []ledger.Date) []ledger.Date {
	return slices.DeleteFunc(slices.Clone(days), func(d ledger.Date) bool {
		day, err := time.Parse(time.DateOnly, string(d))
		return err == nil && (day.Weekday() == time.Saturday || day.Weekday() == time.Sunday)
	})
}

func TestVersion(t *testing.T) {
	setting := func(pairs ...string) *debug.BuildInfo {
		b := &debug.BuildInfo{}
		for i := 0; i < len(pairs); i += 2 {
			b.Settings = append(b.Settings, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return b
	}
	tagged := &debug.BuildInfo{}
	tagged.Main.Version = "v1.2.3"
	for want, b := range map[string]*debug.BuildInfo{
		"v1.2.3": tagged, "devel": setting(),
		"devel-0123456789ab": setting("vcs.revision", "0123456789abcdef"), "devel-0123+changed": setting("vcs.revision", "0123", "vcs.modified", "true"),
	} {
		if got := releaseOf(b); got.Version != want {
			t.Errorf("%q, want %q", got.Version, want)
		}
	}
	tagged.Settings = setting("vcs.revision", "0123456789abcdef", "vcs.modified", "true").Settings
	tagged.GoVersion = "go1.26"
	if got := releaseOf(tagged).line(); got != "cadastre v1.2.3 (go1.26, revision 0123456789abcdef+changed)" {
		t.Errorf("%q", got)
	}
	if got := must(t, "version"); !strings.HasPrefix(got, "cadastre ") || must(t, "--version") != got {
		t.Errorf("%q and %q", got, must(t, "--version"))
	}
}

func TestPrintableKeepsTheTerminal(t *testing.T) {
	if got := words.Printable("公交\x1b[2J\u009b路\n"); strings.ContainsAny(got, "\x1b\u009b\n") || !strings.Contains(got, "公交") {
		t.Errorf("%q", got)
	}
}
