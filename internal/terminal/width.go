package terminal

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"

	"github.com/datacadastre/cadastre/internal/words"
)

// runeWidth returns the number of terminal columns of a character: 2 for Chinese
// characters and their punctuation.
func runeWidth(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// columns returns the number of terminal columns of a text.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// pad appends blanks to a text up to n columns.
func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-columns(s))) }

// wrap breaks a text into lines of at most n columns: at blanks, and between any two
// Chinese characters, but never before a closing mark.
func wrap(s string, n int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		lines = append(lines, wrapOne(paragraph, n)...)
	}
	return lines
}

// closing are the marks with which no line begins.
const closing = "，。；：、！？）》”’…"

func wrapOne(s string, n int) []string {
	var lines []string
	line := ""
	for _, piece := range pieces(s) {
		if line != "" && columns(line)+columns(strings.TrimRight(piece, " ")) > n {
			lines = append(lines, strings.TrimRight(line, " "))
			line, piece = "", strings.TrimLeft(piece, " ")
		}
		line += piece
	}
	return append(lines, strings.TrimRight(line, " "))
}

// pieces splits a text where a line may break: each piece is a word with the blanks
// after it, or a Chinese character with the closing marks after it.
func pieces(s string) []string {
	var list []string
	piece, wide := "", false
	for _, r := range s {
		w := runeWidth(r) == 2
		mark := strings.ContainsRune(closing, r)
		if piece != "" && !mark && r != ' ' && (wide || w || strings.HasSuffix(piece, " ")) {
			list, piece = append(list, piece), ""
		}
		piece, wide = piece+string(r), w
	}
	if piece != "" {
		list = append(list, piece)
	}
	return list
}

// Table prints rows with aligned columns, for characters of any width. No cell may have
// several lines.
func Table(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(pad(cell, widths[i]) + "  ")
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return words.Errorf("输出：%v", "print: %v", err)
		}
	}
	return nil
}
