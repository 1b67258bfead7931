// Package bigram converts Chinese and Latin text to the terms of a full-text index, and
// search texts to queries on them.
//
// Chinese is written without spaces, and users of catalogs expect to find any part of a
// title. So a run of Han characters becomes its overlapping pairs and its last
// character, and a query of Han characters finds exactly the texts that contain it.
// Other words are folded to lower case and found whole; a single character finds the
// words that begin with it.
//
// Terms are made for the tokenizer unicode61 of SQLite's FTS5, and every search text
// gives a safe query. The package does not rank results or split words by meaning. It
// expects text in NFKC; it folds only full-width forms of ASCII, because input methods
// produce them by accident.
package bigram

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// border is the term between two fields. It is a private-use character, so no text has
// this term, and no phrase matches across two fields.
const border = "\uE000"

// Index returns the terms of the fields of one record, separated by spaces.
func Index(fields ...string) string {
	var b strings.Builder
	for i, field := range fields {
		if i > 0 {
			addTerm(&b, border)
		}
		for r := range runs(field) {
			for pair := range r.pairs() {
				addTerm(&b, pair)
			}
			if r.han {
				addTerm(&b, r.text[r.last:])
			}
		}
	}
	return b.String()
}

func addTerm(b *strings.Builder, term string) {
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(term)
}

// Query returns the FTS5 MATCH expression that finds the records with every run of
// text, in any order. It is empty if text has no run; MATCH would refuse an empty
// expression.
func Query(text string) string {
	var phrases []string
	seen := map[string]bool{}
	for r := range runs(text) {
		phrase := `"` + strings.Join(slices.Collect(r.pairs()), " ") + `"`
		if r.last == 0 {
			phrase = `"` + r.text + `"*`
		}
		if !seen[phrase] {
			seen[phrase] = true
			phrases = append(phrases, phrase)
		}
	}
	return strings.Join(phrases, " AND ")
}

// run is a maximal sequence of characters of one kind; it is never empty.
type run struct {
	text string
	last int // byte index of its last character
	han  bool
}

// pairs returns the overlapping pairs of a Han run, or another run unchanged.
func (r run) pairs() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !r.han {
			yield(r.text)
			return
		}
		begin, second := 0, 0 // indexes of the pair's first and second character
		for i := range r.text {
			if i > 0 && second > begin && !yield(r.text[begin:i]) {
				return
			}
			begin, second = second, i
		}
		if second > begin {
			yield(r.text[begin:])
		}
	}
}

// runs yields the runs of text. Characters that are neither letters nor numbers
// separate runs, except invisible ones: zero-width spaces and variation selectors.
func runs(text string) iter.Seq[run] {
	return func(yield func(run) bool) {
		buf := make([]byte, 0, 64)
		var now run
		for _, c := range text {
			var han, part bool
			if '一' <= c && c <= '鿿' && unicode.Is(unicode.Han, c) { // the common case, decided without a table
				han, part = true, true
			} else {
				if unicode.In(c, unicode.Cf, unicode.Variation_Selector) {
					continue
				}
				c = fold(c)
				han, part = isHan(c), isWord(c) || len(buf) > 0 && !now.han && unicode.IsMark(c)
			}
			if len(buf) > 0 && (!part || han != now.han) {
				if now.text = string(buf); !yield(now) {
					return
				}
				buf = buf[:0]
			}
			if part {
				now.last, now.han = len(buf), han
				buf = utf8.AppendRune(buf, c)
			}
		}
		if len(buf) > 0 {
			now.text = string(buf)
			yield(now)
		}
	}
}

// fold converts full-width ASCII to ASCII, and capitals to small letters.
func fold(c rune) rune {
	const wide = '！' - '!'
	if c >= '！' && c <= '～' {
		c -= wide
	}
	return unicode.ToLower(c)
}

// isHan excludes the radicals, which are symbols and not terms in FTS5.
func isHan(c rune) bool { return unicode.Is(unicode.Han, c) && isWord(c) }

func isWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }
