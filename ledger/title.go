package ledger

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FoldTitle returns the form of a title that is used for comparison (duplicate,
// Q04): compatibility characters unified (NFKC), lower case, without punctuation,
// symbols, spaces and invisible characters. A title without other characters folds
// to the empty string.
//
// Folding uses the Unicode tables of Go and of golang.org/x/text. A version of the
// rules fixes their version, since the ledger stores hashes of folded titles. To
// build with newer tables, show that they fold every title in the same way, or
// raise the version of the rules.
func FoldTitle(title string) string {
	var b strings.Builder
	for _, r := range norm.NFKC.String(strings.ToLower(norm.NFKC.String(title))) {
		seen := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
		if seen && !unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			b.WriteRune(r)
		}
	}
	// Removing characters may have brought a letter and its mark together.
	return norm.NFKC.String(b.String())
}
