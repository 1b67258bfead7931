package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Maximum columns of a help text, and of its left column.
const (
	helpWidth = 110
	leftMost  = 40
)

// Help returns a printer of the help of the program, or of the selected command, in the
// language. Speak must have prepared the model.
func Help(lang string) kong.HelpPrinter {
	return func(_ kong.HelpOptions, ctx *kong.Context) error {
		h := &help{lang: lang}
		n := ctx.Selected()
		if n == nil {
			n = ctx.Model.Node
		}
		h.node(ctx.Model, n)
		_, err := io.WriteString(ctx.Stdout, h.b.String())
		return err
	}
}

// help builds a help text.
type help struct {
	lang string
	b    strings.Builder
}

func (h *help) node(app *kong.Application, n *kong.Node) {
	h.line("%s%s", say(h.lang, "用法：", "Usage: "), h.summary(app, n))
	if n.Help != "" {
		h.line("")
		h.text("", n.Help)
	}
	h.page(PageOf(n))
	var rows [][2]string
	for _, a := range n.Positional {
		rows = append(rows, [2]string{a.Summary(), h.value(a)})
	}
	h.table(say(h.lang, "参数：", "Arguments:"), rows)
	rows = nil
	for i, group := range n.AllFlags(true) {
		if i > 0 {
			rows = append(rows, [2]string{})
		}
		for _, f := range group {
			rows = append(rows, [2]string{flag(f), h.value(f.Value)})
		}
	}
	h.table(say(h.lang, "选项：", "Flags:"), rows)
	rows = nil
	for _, c := range n.Leaves(true) {
		rows = append(rows, [2]string{c.Path(), c.Help})
	}
	h.table(say(h.lang, "命令：", "Commands:"), rows)
	if len(rows) > 0 {
		h.line("")
		h.line(say(h.lang, "各命令的说明：%s <命令> --help", "Help on a command: %s <command> --help"), n.FullPath())
	}
}

// summary returns the line that shows how to call a command.
func (h *help) summary(app *kong.Application, n *kong.Node) string {
	words := []string{app.Name}
	if path := n.Path(); path != "" {
		words = append(words, path)
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			if f.Required {
				words = append(words, f.Summary())
			}
		}
	}
	for _, a := range n.Positional {
		words = append(words, a.Summary())
	}
	s := strings.Join(words, " ")
	if len(n.Children) > 0 {
		s += say(h.lang, " <命令>", " <command>")
	}
	return s + say(h.lang, " [选项]", " [flags]")
}

// value returns the text of a flag or an argument, with the variable that also sets it.
func (h *help) value(v *kong.Value) string {
	if len(v.Tag.Envs) == 0 {
		return v.Help
	}
	names := "$" + strings.Join(v.Tag.Envs, ", $")
	return strings.TrimSuffix(v.Help, ".") + say(h.lang, "（"+names+"）", " ("+names+").")
}

func flag(f *kong.Flag) string {
	s := "    --" + f.Name
	if f.Short != 0 {
		s = "-" + string(f.Short) + ", --" + f.Name
	}
	if !f.IsBool() && !f.IsCounter() {
		s += "=" + f.FormatPlaceHolder()
	}
	return s
}

func (h *help) page(p Page) {
	for i, part := range p {
		text := say(h.lang, part.ZH, part.EN)
		if i == 0 && text == "" {
			text = say(h.lang, "示例：", "Example:")
		}
		if text != "" {
			h.line("")
			h.text("", text)
		}
		if part.Lines == "" {
			continue
		}
		h.line("")
		for line := range strings.SplitSeq(part.Lines, "\n") {
			h.line("    %s", line)
		}
	}
}

// table prints a title and two columns below it.
func (h *help) table(title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	h.line("")
	h.line("%s", title)
	left := 0
	for _, r := range rows {
		if n := columns(r[0]); n <= leftMost {
			left = max(left, n)
		}
	}
	for _, r := range rows {
		lines := wrap(r[1], helpWidth-left-6)
		first := r[0]
		if columns(first) > left { // too long: its text begins below it
			h.line("  %s", first)
			first = ""
		}
		for _, line := range lines {
			h.line("%s", strings.TrimRight("  "+pad(first, left)+"    "+line, " "))
			first = ""
		}
	}
}

// text prints a text, wrapped.
func (h *help) text(indent, s string) {
	for _, line := range wrap(s, helpWidth-len(indent)) {
		h.line("%s%s", indent, line)
	}
}

func (h *help) line(format string, args ...any) { fmt.Fprintf(&h.b, format+"\n", args...) }
