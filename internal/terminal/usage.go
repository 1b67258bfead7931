package terminal

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/words"
)

// chinese are kong's sentences on what is wrong with a command line, and ours.
var chinese = []struct {
	english *regexp.Regexp
	zh      string
}{
	{regexp.MustCompile(`, did you mean (?:one of )?(.*)\?$`), "；是否要用 $1？"},
	{regexp.MustCompile(`unknown flag (\S+?)([,;；]|$)`), "没有选项 $1$2"},
	{regexp.MustCompile(`unexpected argument ([^,；]+)`), "多余的参数 $1"},
	{regexp.MustCompile(`unexpected flag argument (".*?")`), "选项不应有值 $1"},
	{regexp.MustCompile(`unexpected token (.*)`), "无法识别 $1"},
	{regexp.MustCompile(`missing flags: (.*)`), "缺少选项：$1"},
	{regexp.MustCompile(`missing positional arguments (.*)`), "缺少参数：$1"},
	{regexp.MustCompile(`expected one of (".*)`), "须有下列之一：$1"},
	{regexp.MustCompile(`(\S+) must be one of (\S+) but got (".*?")`), "$1 须为 $2 之一，而非 $3"},
	{regexp.MustCompile(`(--\S+) and (--\S+) can't be used together`), "$1 与 $2 不能同时使用"},
	{regexp.MustCompile(`expected a valid \d+ bit u?int but got (".*?")`), "须为整数，而非 $1"},
	{regexp.MustCompile(`expected an int but got (".*?")(?: \(.*?\))?`), "须为整数，而非 $1"},
	{regexp.MustCompile(`expected duration but got (".*?")(?:: .*)?`), "须为时长（如 5m），而非 $1"},
	{regexp.MustCompile(`bool value must be .*? but got (".*?")`), "须为 true 或 false，而非 $1"},
	{regexp.MustCompile(`expected bool but got (".*?").*`), "须为 true 或 false，而非 $1"},
	{regexp.MustCompile(`expected \S+ value but got "EOL" \(<EOL>\)`), "缺少取值"},
	{regexp.MustCompile(`expected \S+ value but got (".*?") \(.*?\)`), "缺少取值，其后为 $1"},
	{regexp.MustCompile(`missing value, expecting (".*?")`), "缺少取值，须为 $1"},
	{regexp.MustCompile(`expected "<key>=<value>" but got (".*?")`), "须为 名称=取值，而非 $1"},
	{regexp.MustCompile(`parsing time (".*?").*`), "时间 $1 不符合 RFC 3339（如 2026-10-20T09:00:00+08:00）"},
	{regexp.MustCompile(`(?:stat|open) (.*): no such file or directory`), "没有文件 $1"},
	{regexp.MustCompile(`(?:stat|open) (.*): permission denied`), "无权读取文件 $1"},
	{regexp.MustCompile(`(".*?") exists but is a directory`), "$1 是文件夹，不是文件"},
	{regexp.MustCompile(`; perhaps try (.*)\?$`), "；是否要用 $1？"},
	{regexp.MustCompile(`expected (".*)`), "须有 $1"},
}

// Usage is what is wrong with a command line, in the language, and which help to read.
func Usage(lang, program string, err error) string {
	return usageSentence(lang, err) + "\n" + fmt.Sprintf(say(lang, "用法见 %[1]s", "Run %[1]s."), helpOf(program, err))
}

// helpOf is the command that shows the help of what was called.
func helpOf(program string, err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if n := parse.Context.Selected(); n != nil {
			return n.FullPath() + " --help"
		}
	}
	return program + " --help"
}

func usageSentence(lang string, err error) string {
	if own, ok := errors.AsType[*words.Error](err); ok {
		return own.In(lang, func(err error) string { return render(lang, nil, err) })
	}
	text := err.Error()
	if strings.HasSuffix(text, "unknown flag --check") {
		return say(lang, "--check 用在写入的命令之后：其他命令不作记录", "--check goes after a command that writes: no other records anything")
	}
	if lang == "en" {
		return text
	}
	for _, c := range chinese {
		text = c.english.ReplaceAllString(text, c.zh)
	}
	return strings.ReplaceAll(text, ": ", "：")
}
