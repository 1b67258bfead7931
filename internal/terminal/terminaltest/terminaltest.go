// Package terminaltest checks that a program speaks to its users in both languages.
package terminaltest

import (
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/terminal"
)

// Han reports whether a text has a Chinese character.
func Han(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// Model fails for each command, flag and argument of a program whose words are not in
// both languages, each in its own, and for each command without an example.
func Model(t *testing.T, app *kong.Application) {
	t.Helper()
	if n := node(t, app.Node); n < 5 {
		t.Errorf("only %d words were looked at", n)
	}
}

// node checks a command and all below it, and counts what it looked at.
func node(t *testing.T, n *kong.Node) int {
	t.Helper()
	count := 0
	tag := func(what string, tag *kong.Tag) {
		count++
		pair(t, what, tag.Get("zh"), tag.Get("en"))
		if tag.Get("help") != "" {
			t.Errorf("%s has a help in one language", what)
		}
	}
	if n.Type == kong.CommandNode {
		tag(n.FullPath(), n.Tag)
		page := terminal.PageOf(n)
		if n.Leaf() && len(page) == 0 {
			t.Errorf("%s has no example", n.FullPath())
		}
		for _, part := range page {
			if part.ZH != "" || part.EN != "" || part.Lines == "" {
				pair(t, n.FullPath(), part.ZH, part.EN)
			}
		}
	}
	for _, v := range n.Values() {
		if v.Name != "help" { // kong's own, which Speak words
			tag(n.FullPath()+" "+v.Summary(), v.Tag)
		}
	}
	for _, c := range n.Children {
		count += node(t, c)
	}
	return count
}

func pair(t *testing.T, what, zh, en string) {
	t.Helper()
	if !Han(zh) {
		t.Errorf("%s has no Chinese: %q", what, zh)
	}
	if en == "" || Han(en) {
		t.Errorf("%s has no English: %q", what, en)
	}
}
