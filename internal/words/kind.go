package words

import (
	"cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// Kind returns the name of a kind of record, and the word itself if it is not a kind.
func Kind(lang, kind string) string {
	return cmp.Or(Of(lang, ledger.KindName(kind)), kind)
}

func isKind(word string) bool { return ledger.KindName(word) != (ledger.Words{}) }

// Act returns the title of a function with its name in brackets, and the name alone if
// there is no such function.
func Act(lang string, fn ledger.Function) string {
	a, ok := ledger.ActOf(fn)
	if !ok {
		return string(fn)
	}
	return Of(lang, ledger.Words{ZH: a.Title.ZH + "（" + string(fn) + "）", EN: a.Title.EN + " (" + string(fn) + ")"})
}
