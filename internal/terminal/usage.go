package terminal

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/words"
)

// chinese are the sentences of kong about a wrong command line, with ours.
var chinese = compiled([][2]string{
	{`, did you mean (?:one of )?(.*)\?$`, "；是否要用 $1？"},
	{`unknown flag (\S+?)([,;；]|$)`, "没有选项 $1$2"},
	{`unexpected argument ([^,；]+)`, "多余的参数 $1"},
	{`unexpected flag argument (".*?")`, "选项不应有值 $1"},
	{`unexpected token (.*)`, "无法识别 $1"},
	{`missing flags: (.*)`, "缺少选项：$1"},
	{`missing positional arguments (.*)`, "缺少参数：$1"},
	{`expected one of (".*)`, "须有下列之一：$1"},
	{`(\S+) must be one of (\S+) but got (".*?")`, "$1 须为 $2 之一，而非 $3"},
	{`(--\S+) and (--\S+) can't be used together`, "$1 与 $2 不能同时使用"},
	{`expected a valid \d+ bit u?int but got (".*?")`, "须为整数，而非 $1"},
	{`expected an int but got (".*?")(?: \(.*?\))?`, "须为整数，而非 $1"},
	{`expected duration but got (".*?")(?:: .*)?`, "须为时长（如 5m），而非 $1"},
	{`bool value must be .*? but got (".*?")`, "须为 true 或 false，而非 $1"},
	{`expected bool but got (".*?").*`, "须为 true 或 false，而非 $1"},
	{`expected \S+ value but got "EOL" \(<EOL>\)`, "缺少取值"},
	{`expected \S+ value but got (".*?") \(.*?\)`, "缺少取值，其后为 $1"},
	{`missing value, expecting (".*?")`, "缺少取值，须为 $1"},
	{`expected "<key>=<value>" but got (".*?")`, "须为 名称=取值，而非 $1"},
	{`parsing time (".*?").*`, "时间 $1 不符合 RFC 3339（如 2026-10-20T09:00:00+08:00）"},
	{`(?:stat|open) (.*): no such file or directory`, "没有文件 $1"},
	{`(?:stat|open) (.*): permission denied`, "无权读取文件 $1"},
	{`(".*?") exists but is a directory`, "$1 是文件夹，不是文件"},
	{`; perhaps try (.*)\?$`, "；是否要用 $1？"},
	{`expected (".*)`, "须有 $1"},
})

// sentence is a sentence of kong with its Chinese.
type sentence struct {
	english *regexp.Regexp
	zh      string
}

func compiled(table [][2]string) []sentence {
	list := make([]sentence, len(table))
	for i, row := range table {
		list[i] = sentence{regexp.MustCompile(row[0]), row[1]}
	}
	return list
}

// Usage returns what is wrong with a command line, and which help to read.
func Usage(lang, program string, err error) string {
	return usageSentence(lang, err) + "\n" + fmt.Sprintf(say(lang, "用法见 %[1]s", "Run %[1]s."), helpOf(program, err))
}

// helpOf returns the command that shows the help for the called command.
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
		return say(lang, "--check 用在写入的命令之后：其他命令不作记录", "--check goes with a command that writes: other commands record nothing")
	}
	if lang == "en" {
		return text
	}
	for _, c := range chinese {
		text = c.english.ReplaceAllString(text, c.zh)
	}
	return strings.ReplaceAll(text, ": ", "：")
}
