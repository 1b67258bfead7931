package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of text and lists.
const (
	MaxName  = 100      // runes of a name or title
	MaxText  = 4000     // runes of a public text
	MaxBytes = 12 << 10 // bytes of a public text
	MaxList  = 500      // members of a list
	MaxItems = 8 << 10  // bytes of the information items in a call
)

// CheckText checks a public text: lower to upper runes, at most MaxBytes bytes, no
// space at its ends, in NFC, and only characters that CheckCharacters accepts. A
// text of up to MaxText runes may have several lines.
func CheckText(field, s string, lower, upper int) error {
	n := utf8.RuneCountInString(s)
	var e *Error
	switch {
	case s == "" && lower > 0:
		e = Invalid(field, "required").With("min", strconv.Itoa(lower)).allow(runeWords(lower, upper))
	case n < lower:
		e = Invalid(field, "min_runes").With("limit", strconv.Itoa(lower)).allow(runeWords(lower, upper))
	case n > upper:
		e = Invalid(field, "max_runes").With("limit", strconv.Itoa(upper)).allow(runeWords(lower, upper))
	case len(s) > MaxBytes:
		e = Invalid(field, "max_bytes").With("limit", strconv.Itoa(MaxBytes)).allow("≤ " + strconv.Itoa(MaxBytes) + " 字节/bytes")
	case hasBlankEdge(s):
		e = Invalid(field, "blank_edge").allow("首尾不留空白/no blank at the beginning or end")
	case !norm.NFC.IsNormalString(s):
		e = Invalid(field, "nfc").allow("Unicode NFC")
	default:
		return CheckCharacters(field, s, upper >= MaxText)
	}
	return e.quote(s)
}

func runeWords(lower, upper int) string { return between(lower, upper) + " 字/characters" }

// between returns the bounds of a length as text.
func between(lower, upper int) string {
	if lower == 0 {
		return "≤ " + strconv.Itoa(upper)
	}
	return strconv.Itoa(lower) + "–" + strconv.Itoa(upper)
}

func hasBlankEdge(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && (isBlank(first) || isBlank(last))
}

// CheckCharacters refuses characters that are invisible but change how a text is
// read: control characters (with lines, line feed and tab are accepted), characters
// that change the direction of writing, line and paragraph separators, zero-width
// characters, soft hyphens, tags, letters that look like a space, and
// noncharacters. It also refuses words that mix Latin with Cyrillic letters, or
// with more than one Greek letter. The tables are our own, so that what a version
// of the rules accepts does not depend on a version of Unicode.
func CheckCharacters(field, s string, lines bool) error {
	var w wordScripts
	for i, r := range s {
		if r >= 0x3000 && r <= 0x9fff && r != hangulFiller { // most characters of a text
			w = wordScripts{}
			continue
		}
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return Invalid(field, "utf8").allow("UTF-8")
		}
		if r < 0x20 && lines && (r == '\n' || r == '\t') {
			w = wordScripts{}
			continue
		}
		if isRefusedCharacter(r) {
			return Invalid(field, "text_character").With("value", codePoint(r)).allow(seenWords(lines))
		}
		if w.add(r); w.isMixed() {
			return Invalid(field, "mixed_script").With("value", codePoint(r)).With("allowed", "一词一种文字，拉丁字母间可有一个希腊字母/letters of one script in a word, or Latin with one Greek letter")
		}
	}
	return nil
}

// seenWords describes which characters a text accepts.
func seenWords(lines bool) string {
	if lines {
		return "看得见的字符、空格、换行、制表符/characters that are seen, blank, line feed, tab"
	}
	return "看得见的字符、空格，不分行/characters that are seen, blank, on one line"
}

// codePoint returns the code of a character that may not be displayed.
func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

// wordScripts counts the letters of a word by script. A word is a run of letters
// of these scripts, with the digits, joiners and marks between them.
type wordScripts struct{ latin, greek, cyrillic int }

func (w *wordScripts) add(r rune) {
	switch scriptOf(r) {
	case latinScript:
		w.latin++
	case greekScript:
		w.greek++
	case cyrillicScript:
		w.cyrillic++
	case wordPart:
	case otherScript:
		*w = wordScripts{}
	}
}

func (w *wordScripts) isMixed() bool { return w.latin > 0 && (w.cyrillic > 0 || w.greek > 1) }

// plainCharacters describes the characters of a token for people.
const plainCharacters = "A–Z a–z 0–9 . _ : / -"

// CheckToken checks a short machine word (a kid, a code, a reference): 1 to upper
// of the characters A–Z a–z 0–9 . _ : / -.
func CheckToken(field, s string, upper int) error {
	if s == "" {
		return Invalid(field, "required").allow(tokenWords(upper))
	}
	if len(s) > upper {
		return Invalid(field, "max_length").With("limit", strconv.Itoa(upper)).quote(s).allow(tokenWords(upper))
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("._:/-", c) < 0 {
			return Invalid(field, "token_characters").quote(s).allow(tokenWords(upper))
		}
	}
	return nil
}

func tokenWords(upper int) string { return between(1, upper) + ": " + plainCharacters }

// OneOf checks an enumerated value against its closed list.
func OneOf[T ~string](field string, v T, list []T) error {
	if v != "" && slices.Contains(list, v) {
		return nil
	}
	allowed := make([]string, len(list))
	for i, w := range list {
		allowed[i] = string(w)
	}
	return notOneOf(string(v), strings.Join(allowed, ", ")).At(field)
}

func notOneOf(v, allowed string) *Error {
	if v == "" {
		return Invalid("", "required").With("allowed", allowed)
	}
	return Invalid("", "enum").quote(v).With("allowed", allowed)
}

// CheckList checks the number of members of a list, and that no member is repeated.
func CheckList[T comparable](field string, list []T, lower, upper int) error {
	if e := checkCount(len(list), lower, upper); e != nil {
		return e.At(field)
	}
	if i := repeated(list); i >= 0 {
		return Invalid(at(field, i), "not_twice")
	}
	return nil
}

func checkCount(n, lower, upper int) *Error {
	switch {
	case n < lower:
		e := Invalid("", "required").With("min", strconv.Itoa(lower))
		if n > 0 {
			e = e.With("value", strconv.Itoa(n))
		}
		return e
	case n > upper:
		return Invalid("", "max_members").With("value", strconv.Itoa(n)).With("limit", strconv.Itoa(upper))
	}
	return nil
}

// repeated returns the index of the first repeated member, or -1.
func repeated[T comparable](list []T) int {
	for i := range list {
		if slices.Contains(list[:i], list[i]) {
			return i
		}
	}
	return -1
}

// First returns the first error of a list of checks, or nil.
func First(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
