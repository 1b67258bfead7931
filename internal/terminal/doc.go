// Package terminal is what the programs say to whoever sits at a terminal: help,
// errors and results, in Chinese or in English, never both mixed. Chinese is the
// default. Programs read JSON instead (--json).
//
// The words of a command, a flag and an argument stand in its struct tags zh and en;
// Speak puts those of the language into kong's model.
package terminal

import (
	"strings"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Language is the language that the arguments of a program ask for by --lang, or else
// the environment variable CADASTRE_LANG, whose value is given: "en", or "zh" for
// anything else. It is known before the arguments are read, since what is wrong with
// them is said in it.
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

// AsksJSON reports whether the arguments of a program ask for JSON: what is wrong with
// them is then said in JSON too.
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

// say returns the words of the language.
func say(lang, zh, en string) string { return words.Of(lang, ledger.Words{ZH: zh, EN: en}) }
