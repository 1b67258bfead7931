package catalog

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/ledger"
)

// values are the cleaned values of a record by the resource's member.
type values map[string][]string

// one is the only value of a member, or empty.
func (v values) one(name string) string {
	if len(v[name]) == 0 {
		return ""
	}
	return v[name][0]
}

// take reads a member's values from the record, or where it has none, from the
// constant: then they are assumed.
func (s slot) take(src source) (found []string, assumed bool, err error) {
	if s.field != nil {
		if found, assumed, err = s.read(src); err != nil {
			return nil, false, err
		}
	}
	if len(found) > 0 || len(s.constant) == 0 {
		return found, assumed, nil
	}
	for _, c := range s.constant {
		c, err := clean(s.name, s.kind, c)
		if err != nil {
			return nil, false, err
		}
		found = append(found, c)
	}
	return found, true, nil
}

func (s slot) read(src source) (found []string, assumed bool, err error) {
	v, err := src.at(s.field.From)
	if err != nil {
		return nil, false, located(err, s.name, s.field.From)
	}
	raw, ok := v.([]string)
	if one, isOne := v.(string); isOne {
		if raw = []string{one}; s.field.Split != "" {
			raw = strings.Split(one, s.field.Split)
		}
	}
	for _, r := range raw {
		c, err := clean(s.name, s.kind, r)
		if err != nil {
			return nil, false, err
		}
		if c != "" {
			found = append(found, c)
		}
	}
	if found, assumed, err = s.translate(found); err != nil {
		return nil, false, err
	}
	if ok && s.kind != list && len(found) > 1 {
		return nil, false, ledger.Invalid(s.name, "one_value").With("from", s.field.From)
	}
	return found, assumed, s.bound(found)
}

// translate puts our words for the source's. Of several words for a member that
// takes one, the first that is known counts.
func (s slot) translate(found []string) ([]string, bool, error) {
	if s.field.words == nil || len(found) == 0 {
		return found, false, nil
	}
	var known []string
	unknown := ""
	for _, f := range found {
		if w, ok := s.field.words[f]; ok {
			known = append(known, w)
		} else if unknown == "" {
			unknown = f
		}
	}
	switch {
	case s.kind != list && len(known) > 0:
		return known[:1], false, nil
	case unknown == "":
		return known, false, nil
	case s.field.Otherwise != "":
		return append(known, s.field.Otherwise), true, nil
	}
	return nil, false, ledger.Invalid(s.name, "known_value").With("value", unknown).With("from", s.field.From)
}

func (s slot) bound(found []string) error {
	if s.field.Max == 0 {
		return nil
	}
	limit := strconv.Itoa(s.field.Max)
	if s.kind == list {
		if len(found) > s.field.Max {
			return ledger.Invalid(s.name, "max_members").With("limit", limit)
		}
		return nil
	}
	for _, f := range found {
		if utf8.RuneCountInString(f) > s.field.Max {
			return ledger.Invalid(s.name, "max_runes").With("limit", limit)
		}
	}
	return nil
}

// clean makes a text fit for signing: NFC, no blank edges, line ends of one kind;
// on one line, unless it is free text. It refuses what the ledger refuses in any
// text, and the mark of text that was lost in decoding.
func clean(field string, k kind, s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", ledger.Invalid(field, "utf8")
	}
	s = strings.ReplaceAll(s, "\ufeff", "")
	if k == text {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	} else {
		s = strings.Join(strings.Fields(s), " ")
	}
	s = strings.TrimSpace(norm.NFC.String(s))
	if strings.ContainsRune(s, utf8.RuneError) {
		return "", ledger.Invalid(field, "replacement_character").With("value", "U+FFFD")
	}
	return s, ledger.CheckCharacters(field, s, k == text)
}
