package terminal_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/terminal/terminaltest"
	"github.com/datacadastre/cadastre/internal/words"
)

// grammar is a small program with every way to go wrong.
type grammar struct {
	Lang string `zh:"语言" en:"Language." enum:"zh,en" default:"zh"`
	Do   struct {
		File  string            `arg:"" zh:"文件" en:"File." type:"existingfile"`
		Other string            `arg:"" zh:"其他" en:"Other."`
		Need  string            `required:"" zh:"必需" en:"Needed." placeholder:"X"`
		N     int               `zh:"数" en:"Number."`
		Age   time.Duration     `zh:"时长" en:"How long."`
		At    time.Time         `zh:"时间" en:"When."`
		Yes   bool              `zh:"是" en:"Yes." xor:"a"`
		No    bool              `zh:"否" en:"No." xor:"a"`
		Map   map[string]string `zh:"表" en:"Map."`
	} `cmd:"" zh:"做" en:"Do it." example:"x do"`
	Say sayCmd `cmd:"" zh:"说" en:"Say it."`
}

type sayCmd struct {
	State string `zh:"状态" en:"State" values:"key_reasons" short:"s"`
}

// Page has both kinds of part.
func (sayCmd) Page() terminal.Page {
	return terminal.Page{{Lines: "x say -s lost"}, {ZH: "甲", EN: "First."}}
}

// Validate is kong's.
func (c sayCmd) Validate() error {
	if c.State == "bad" {
		return words.Errorf("状态 %s 不好", "state %s is bad", c.State)
	}
	return nil
}

func parse(t *testing.T, lang string, args ...string) (help string, err error) {
	t.Helper()
	var b bytes.Buffer
	k, err := kong.New(&grammar{}, kong.Name("x"), kong.Writers(&b, &b), kong.Help(terminal.Help(lang)), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	terminal.Speak(k.Model, lang)
	terminaltest.Model(t, k.Model)
	_, err = k.Parse(args)
	return b.String(), err
}

// english is a word of a sentence that was left in English.
var english = regexp.MustCompile(`\b(the|expected|must|missing|unknown|but|got|value|flag|flags|argument|expecting|parsing|no such|used|together|exists)\b`)

// TestUsage: whatever kong finds wrong with a command line is said in Chinese without
// an English word of its own, and in English as kong says it.
func TestUsage(t *testing.T) {
	good := []string{"do", "usage_test.go", "b", "--need", "x"}
	with := func(more ...string) []string { return append(append([]string{}, good...), more...) }
	for _, c := range []struct {
		args []string
		zh   string
	}{
		{nil, `须有下列之一："do", "say"`},
		{[]string{"d"}, `多余的参数 d；是否要用 "do"？`},
		{with("c"), "多余的参数 c"},
		{with("--neat"), `没有选项 --neat；是否要用 "--need", "--at"？`},
		{with("--zzz"), "没有选项 --zzz"},
		{[]string{"do", "usage_test.go", "b"}, "缺少选项：--need=X"},
		{[]string{"do", "--need", "x"}, `须有 "<file> <other>"`},
		{[]string{"do", "nowhere", "b", "--need", "x"}, "没有文件 "},
		{[]string{"do", ".", "b", "--need", "x"}, "是文件夹，不是文件"},
		{with("--n", "x"), `--n：须为整数，而非 "x"`},
		{with("--age", "x"), `--age：须为时长（如 5m），而非 "x"`},
		{with("--at", "x"), `--at：时间 "x" 不符合 RFC 3339`},
		{with("--yes", "--no"), "--yes 与 --no 不能同时使用"},
		{with("--map", "x"), `--map：须为 名称=取值，而非 "x"`},
		{with("--need"), "--need：缺少取值"},
		{with("--yes=perhaps"), `--yes：须为 true 或 false，而非 "perhaps"`},
		{[]string{"--lang", "fr", "say"}, `--lang 须为 "zh","en" 之一，而非 "fr"`},
		{[]string{"say", "-s", "bad"}, "状态 bad 不好"},
	} {
		_, err := parse(t, "zh", c.args...)
		if err == nil {
			t.Errorf("%v is taken", c.args)
			continue
		}
		first, next, _ := strings.Cut(terminal.Usage("zh", "x", err), "\n")
		if !strings.Contains(first, c.zh) || english.MatchString(first) || !strings.HasPrefix(next, "用法见 x ") {
			t.Errorf("%v: %q, %q, want %q (kong: %v)", c.args, first, next, c.zh, err)
		}
		if got := terminal.Usage("en", "x", err); terminaltest.Han(got) || !strings.Contains(got, "\nRun x ") {
			t.Errorf("%v in English: %q", c.args, got)
		}
	}
}

func TestHelp(t *testing.T) {
	zh, _ := parse(t, "zh", "say", "--help")
	want := "用法：x say [选项]\n\n说\n\n示例：\n\n    x say -s lost\n\n甲\n\n选项：\n  -h, --help            显示帮助\n      --lang=\"zh\"       语言\n\n" +
		"  -s, --state=STRING    状态：lost 遗失、compromised 泄露、retired 停用\n"
	if zh != want {
		t.Errorf("got\n%s\nwant\n%s", zh, want)
	}
	en, _ := parse(t, "en", "--help")
	for _, says := range []string{"Usage: x <command> [flags]\n", "\nFlags:\n", "\nCommands:\n  do     Do it.\n", "Help on a command: x <command> --help\n"} {
		if !strings.Contains(en, says) || terminaltest.Han(en) {
			t.Errorf("%s\ndoes not say %q", en, says)
		}
	}
	long, _ := parse(t, "zh", "do", "--help")
	for line := range strings.SplitSeq(long, "\n") {
		if terminal.Columns(line) > 110 {
			t.Errorf("%q is too long", line)
		}
	}
}

// TestWrap: Chinese breaks between any two characters, but no line begins with a mark.
func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"甲乙丙丁，戊", 8, "甲乙丙|丁，戊"},
		{"one two three", 8, "one two|three"},
		{"看 README 文件", 9, "看 README|文件"},
		{"unbreakable", 4, "unbreakable"},
		{"a\n\nb", 4, "a||b"},
	} {
		if got := strings.Join(terminal.Wrap(c.text, c.n), "|"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
