package arrows_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// banned lists the private words that no comment, name, message or page may use,
// each with the plain words to write instead. Text is matched in lower case, and
// after the phrases of allowed are removed from it.
var banned = []struct {
	re      *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\bh(?:old|olds|eld|olding)\s+(?:[\w'’-]+\s+){1,4}(?:to|against)\b|\bheld\s+(?:to|against)\b`), "check X against Y, compare"},
	{regexp.MustCompile(`\b(?:keep|keeps|kept|keeping|keepers?)\b`), "store, retain, save, operator"},
	{regexp.MustCompile(`\b(?:tell|tells|told|telling)\b`), "report, say, notify, distinguish"},
	{regexp.MustCompile(`\bnone\b`), "no X, nothing, missing, 0"},
	{regexp.MustCompile(`\bof\s+(?:its|their|his|her|our|your|my|one's)\s+own\b`), "own, separate"},
	{regexp.MustCompile(`\banew\b`), "again, from scratch"},
	{regexp.MustCompile(`\b(?:mend|mends|mended|mending)\b`), "fix, repair"},
	{regexp.MustCompile(`\b(?:reckon|reckons|reckoned|reckoning)\b`), "compute, calculate, use"},
	{regexp.MustCompile(`\b(?:whoever|whomever)\b`), "anyone who, the caller"},
	{regexp.MustCompile(`\b(?:speak|speaks|spoke|spoken|speaking)\s+of\b`), "name, describe, refer to"},
	{regexp.MustCompile(`\b(?:stand|stands|stood)\b`), "is, is stored, is listed"},
	{regexp.MustCompile(`\bcounts\s+(?:as|for|on|at no|now|under|today|if|when|where)\b|\bcount(?:ed)?\s+as\b|\b(?:what|that|which|who|it|and|still|also|longer|not|n't|only)\s+counts?(?:[.,;:)]|$|\s+(?:as|for|on|at|now|under|against|today|if|when|where|was|were|is|are)\b)`), "is valid, applies"},
	{regexp.MustCompile(`\b(?:hear|hears|heard|unheard)\b`), "receive, answered, no answer"},
	{regexp.MustCompile(`\b(?:fates?|doubted|astray|halved?|steady|pacers?|shelf|shelves|shelved?)\b`), "outcome, in doubt, elsewhere, split, cache"},
	{regexp.MustCompile(`\b(?:thereof|thereby|hence|amiss)\b`), "of it, so, wrong"},
	{regexp.MustCompile(`\b(?:ought|nought|ere|lest|whither|hither|hitherto)\b`), "should, nothing, before, so that … not, until now"},
	{regexp.MustCompile(`\b(?:protocol|domain|shape|acts)\s+§`), "the article of a law, a standard, or a page of docs"},
}

// allowed are plain phrases that contain a banned word: an HTTP header, the part of
// "alone", what an abbreviation means, and the value none of a vocabulary: in quotes,
// or as ledger.PINone.
var allowed = regexp.MustCompile("keep-?alives?|keep alives?|stand-?alone|\\bstands? for\\b|\\bpi none\\b|[\"'`“]none[\"'`”]")

// TestPlainEnglish finds no banned word in the comments, names and texts of the
// packages, tests aside, and in the English pages.
func TestPlainEnglish(t *testing.T) {
	noticeSources(t)
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(filepath.ToSlash(path), root+"/")
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(d.Name(), "test") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !isRead(name):
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		for _, f := range findings(name, text) {
			t.Error(f)
		}
		return err
	})
	if err != nil || files < 300 {
		t.Fatalf("%d files read: %v", files, err)
	}
}

// isRead reports whether TestPlainEnglish reads the file: Go outside tests, and the
// pages in English.
func isRead(name string) bool {
	if filepath.Ext(name) == ".go" {
		return !strings.HasSuffix(name, "_test.go")
	}
	return name == "README.md" || filepath.Ext(name) == ".md" && filepath.Dir(name) == "docs"
}

// finding is a banned word at its place.
type finding struct {
	file    string
	line    int
	word    string
	instead string
}

func (f finding) String() string {
	return fmt.Sprintf("%s:%d: %q: write %s", f.file, f.line, f.word, f.instead)
}

// findings returns the banned words of a file in the order of its lines.
func findings(name string, text []byte) []finding {
	var found []finding
	look := func(line int, text string) {
		for _, b := range bannedIn(text) {
			at := line + strings.Count(text[:b.at], "\n")
			found = append(found, finding{name, at, b.word, b.instead})
		}
	}
	if filepath.Ext(name) != ".go" {
		look(1, withoutCode(string(text)))
		return found
	}
	fset := token.NewFileSet()
	file := fset.AddFile(name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	var comment strings.Builder // lines of // that follow each other are one text
	var began, last int
	flush := func() {
		look(began, comment.String())
		comment.Reset()
	}
	for {
		pos, tok, lit := s.Scan()
		line := file.Line(pos)
		if tok == token.COMMENT {
			if comment.Len() > 0 && line != last+1 {
				flush()
			}
			if comment.Len() == 0 {
				began = line
			} else {
				comment.WriteByte('\n')
			}
			comment.WriteString(strings.TrimPrefix(lit, "//"))
			last = line + strings.Count(lit, "\n")
			continue
		}
		if tok == token.SEMICOLON && lit == "\n" { // put there by the scanner
			continue
		}
		flush()
		if tok == token.EOF {
			return found
		}
		if tok == token.IDENT {
			look(line, splitName(lit))
		}
		if tok == token.STRING {
			for _, part := range sentences(lit) {
				look(line, part)
			}
		}
	}
}

// match is a banned word at a byte offset of a text.
type match struct {
	at      int
	word    string
	instead string
}

// bannedIn returns the banned words of a text. Line breaks are spaces to it.
func bannedIn(text string) []match {
	flat := strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, text)
	flat = asciiLower(flat)
	flat = allowed.ReplaceAllStringFunc(flat, func(s string) string { return strings.Repeat("_", len(s)) })
	var found []match
	for _, b := range banned {
		for _, at := range b.re.FindAllStringIndex(flat, -1) {
			word := strings.Join(strings.Fields(flat[at[0]:at[1]]), " ")
			found = append(found, match{at[0], word, b.instead})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return a.at - b.at })
	return found
}

// asciiLower lowers the letters of ASCII, so that every byte stays at its place.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

var (
	humps = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
	tags  = regexp.MustCompile(`(\w+):("(?:[^"\\]|\\.)*")`)
	sql   = regexp.MustCompile(`(?i)^\s*(?:select|insert|update|delete|create|alter|drop|with|from|where|pragma|and|order|join)\b`)
	fence = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// splitName splits a name at its humps: "keptUntil" becomes "kept Until".
func splitName(name string) string {
	name = humps.ReplaceAllString(name, "$1$3 $2$4")
	return strings.ReplaceAll(name, "_", " ")
}

// sentences returns the parts of a string literal that people read: the text when
// it holds a space and is no SQL, and of a field's tag the values that do.
func sentences(lit string) []string {
	text, err := strconv.Unquote(lit)
	if err != nil || !strings.Contains(text, " ") || sql.MatchString(text) {
		return nil
	}
	if lit[0] != '`' || !regexp.MustCompile(`^\w+:"`).MatchString(text) {
		return []string{text}
	}
	var parts []string
	for _, tag := range tags.FindAllStringSubmatch(text, -1) {
		parts = append(parts, sentences(tag[2])...)
	}
	return parts
}

// withoutCode blanks the code of a page, line by line.
func withoutCode(page string) string {
	return fence.ReplaceAllStringFunc(page, func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return '_'
		}, s)
	})
}

// TestFindsBanned plants words of each row of banned, and plain words that look like
// one.
func TestFindsBanned(t *testing.T) {
	planted := map[string]bool{}
	for _, c := range []struct {
		name, text string
		want       []string // line and word
	}{
		{"a.go", "package a\n\n// f holds the call\n// to its rule.\nfunc f() {}", []string{"3 holds the call to"}},
		{"a.go", "package a\n\nvar s = \"a page is held against the list\"", []string{"3 held against"}},
		{"a.go", "package a // keeps\n\nvar keeper = 1 // kept for good", []string{"1 keeps", "3 keeper", "3 kept"}},
		{"a.go", "package a\n\nfunc tellOwner(bytesKept, HTTPTold int) {}", []string{"3 tell", "3 kept", "3 told"}},
		{"a.go", "package a\n\ntype a struct {\n\tB int `json:\"kept\" doc:\"None of its own\"`\n}", []string{"4 none", "4 of its own"}},
		{"a.go", "package a\n\n/* It is made\nanew, hence\nmended. */", []string{"4 anew", "4 hence", "5 mended"}},
		{"a.go", "package a\n\n// Whoever reckons speaks of it.", []string{"3 whoever", "3 reckons", "3 speaks of"}},
		{"a.go", "package a\n\n// The entry stands: it counts. What counts on a day was heard.", []string{"3 stands", "3 it counts.", "3 what counts on", "3 heard"}},
		{"a.go", "package a\n\nfunc halveDoubted(fate, steadyPacer, shelf int) {}", []string{"3 halve", "3 doubted", "3 fate", "3 steady", "3 pacer", "3 shelf"}},
		{"a.go", "package a\n\n// Shelved, astray and amiss thereby, lest it ought, ere nought.", []string{"3 shelved", "3 astray", "3 amiss", "3 thereby", "3 lest", "3 ought", "3 ere", "3 nought"}},
		{"a.go", "package a\n\n// Hitherto unheard, doubted and thereof; it stood; the mending keeper tells.", []string{"3 hitherto", "3 unheard", "3 doubted", "3 thereof", "3 stood", "3 mending", "3 keeper", "3 tells"}},
		{"a.go", "package a\n\n// f checks the role (protocol §4), and (domain\n// §7) the day.\nfunc f() {}", []string{"3 protocol §", "3 domain §"}},
		{"docs/a.md", "# A\n\nIt keeps `kept` data.\n\n```\nkept\n```\n\nNone is told.", []string{"3 keeps", "9 none", "9 told"}},
		{"a.go", "package a\n\n// Keep-alive of a stand-alone node; SQL stands for a name; close is \"none\"; it counts lines.", nil},
		{"a.go", "package a\n\nvar a, b = \"kept\", `SELECT kept FROM a`\n\n// The account holds rights. Hold, use\n\n// to the end.", nil},
		{"a.go", "package a\n\n// Understands and withstood; outstanding; bookkeeping; recount.", nil},
	} {
		var got []string
		for _, f := range findings(c.name, []byte(c.text)) {
			got = append(got, strconv.Itoa(f.line)+" "+f.word)
			planted[f.instead] = true
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("in %q found %q, want %q", c.text, got, c.want)
		}
	}
	for _, b := range banned {
		if !planted[b.instead] {
			t.Errorf("no sample has a word of the row %q", b.instead)
		}
	}
}
