// Package terminal prints help, errors and results for people at a terminal, in Chinese
// or in English, never both mixed. Chinese is the default. Programs read JSON instead
// (--json).
//
// The words of a command, a flag and an argument are in its struct tags zh and en. Speak
// puts those of the language into kong's model.
package terminal

import (
	"strings"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Language returns the language that the arguments of a program select with --lang, or
// else the value of the environment variable CADASTRE_LANG: "en", or "zh" for anything
// else. It is needed before the arguments are parsed, for the errors of parsing.
func Language(args []string, variable string) string {
	lang := variable
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			lang = v
		} else if a == "--lang" && i+1 < len(args) {
			lang = args[i+1]
		}
	}
	if lang == "en" {
		return "en"
	}
	return "zh"
}

// AsksJSON reports whether the arguments of a program ask for JSON. Errors of parsing are
// then in JSON too.
func AsksJSON(args []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--json" || a == "--json=true" {
			return true
		}
	}
	return false
}

// say returns the text in the language.
func say(lang, zh, en string) string { return words.Of(lang, ledger.Words{ZH: zh, EN: en}) }
