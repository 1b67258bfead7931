// Package bigram turns Chinese and Latin text into the terms of a full-text
// index, and what people type into a query on them.
//
// Chinese is written without spaces, and users of catalogs expect to find any
// part of a title. So a run of Han characters becomes its overlapping pairs and
// its last character alone, and a query of Han characters finds exactly the texts
// that contain it. Other words are folded to lower case and found whole; a single
// character finds what begins with it.
//
// Terms suit the tokenizer unicode61 of SQLite's FTS5, and queries are safe
// there whatever was typed. The package does not rank, split words by meaning or
// normalize: text is NFKC by the caller; only full-width forms of ASCII are
// folded here, since keyboards make them in passing.
package bigram

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// border is the term between two fields: a private character, so that no text
// has it as a term, and no phrase matches across.
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

// Query returns the FTS5 MATCH expression that finds the records with every run
// of text, in any order. It is empty if there is nothing to look for, which
// MATCH would refuse.
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

// run is a longest sequence of characters of one kind; never empty.
type run struct {
	text string
	last int // where its last character begins
	han  bool
}

// pairs are the overlapping pairs of a Han run, and any other run itself.
func (r run) pairs() iter.Seq[string] {
	return func(yield func(string) bool) {
		if !r.han {
			yield(r.text)
			return
		}
		begin, second := 0, 0 // of the pair: its first character and its second
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

// runs yields the runs of text; whatever is neither letter nor number divides,
// but for what nobody sees: zero-width spaces and variants of one character.
func runs(text string) iter.Seq[run] {
	return func(yield func(run) bool) {
		buf := make([]byte, 0, 64)
		var now run
		for _, c := range text {
			var han, part bool
			if '一' <= c && c <= '鿿' && unicode.Is(unicode.Han, c) { // most of what there is
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

// fold makes full-width ASCII narrow, and capitals small.
func fold(c rune) rune {
	const wide = '！' - '!'
	if c >= '！' && c <= '～' {
		c -= wide
	}
	return unicode.ToLower(c)
}

// isHan leaves out the radicals, which are symbols and no term of FTS5.
func isHan(c rune) bool { return unicode.Is(unicode.Han, c) && isWord(c) }

func isWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }
