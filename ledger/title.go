package ledger

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FoldTitle is a title as titles are compared (domain §2.6, Q04): compatibility
// forms made one (NFKC), lower case, without punctuation, symbols, spaces and
// characters that are not seen. A title of nothing else folds to the empty string.
//
// Folding reads the tables of Unicode that come with Go and golang.org/x/text: a
// version of the rules fixes which those are, and the ledger keeps hashes of folded
// titles. Whoever builds with newer tables must show that they fold every title
// alike, or raise the version of the rules.
func FoldTitle(title string) string {
	var b strings.Builder
	for _, r := range norm.NFKC.String(strings.ToLower(norm.NFKC.String(title))) {
		seen := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
		if seen && !unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			b.WriteRune(r)
		}
	}
	// What was left out may have kept a letter and its mark apart.
	return norm.NFKC.String(b.String())
}
