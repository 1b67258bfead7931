package ledger

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FoldTitle brings a title to the form in which two are the same (domain §9 Q04):
// NFKC, lower case, only letters, digits and marks.
func FoldTitle(title string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, strings.ToLower(norm.NFKC.String(title)))
}
