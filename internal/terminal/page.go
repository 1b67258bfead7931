package terminal

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/ledger"
)

// Page is the long help of a command, below its one-line summary.
type Page []Part

// Part is a paragraph in both languages, followed by shell commands, which are the same in
// both. Either may be empty.
type Part struct{ ZH, EN, Lines string }

// Pager is a command that has a page. The page of any other command shows the lines of
// its tag "example".
type Pager interface{ Page() Page }

// PageOf returns the page of a command.
func PageOf(n *kong.Node) Page {
	if n.Target.IsValid() && n.Target.CanAddr() {
		if p, ok := reflect.TypeAssert[Pager](n.Target.Addr()); ok {
			return p.Page()
		}
	}
	if n.Tag != nil && n.Tag.Has("example") {
		return Page{{Lines: n.Tag.Get("example")}}
	}
	return nil
}

// Speak puts the words of a language into the model of a program. They are in the tags zh
// and en of its commands, flags and arguments. A tag "values" names a closed list of the
// ledger (ledger.EnumOf), whose values are added.
func Speak(app *kong.Application, lang string) {
	speakNode(app.Node, lang)
	if app.HelpFlag != nil {
		app.HelpFlag.Help = say(lang, "显示帮助", "Show help.")
	}
}

func speakNode(n *kong.Node, lang string) {
	if n.Tag != nil && n.Type == kong.CommandNode {
		n.Help = tagged(n.Tag, lang)
	}
	for _, v := range n.Values() {
		if v.Tag != nil && v.Tag.Has(lang) {
			v.Help = tagged(v.Tag, lang)
		}
	}
	for _, c := range n.Children {
		speakNode(c, lang)
	}
}

// tagged returns the text of a tag in a language.
func tagged(t *kong.Tag, lang string) string {
	text := t.Get(lang)
	list, ok := ledger.EnumOf(t.Get("values"))
	if !ok {
		return text
	}
	var all []string
	for _, v := range list.Values {
		if lang == "en" {
			all = append(all, v.Word)
		} else {
			all = append(all, v.Word+" "+v.ZH)
		}
	}
	return text + say(lang, "：", ": ") + strings.Join(all, say(lang, "、", ", "))
}
