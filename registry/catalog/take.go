package catalog

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/ledger"
)

// values are the cleaned values of a record, by the resource's member.
type values map[string][]string

// one returns the only value of a member, or "".
func (v values) one(name string) string {
	if len(v[name]) == 0 {
		return ""
	}
	return v[name][0]
}

// valuesFrom returns a member's values from the record. If the record has no value, it
// returns the constant and assumed is true. For a list it returns an error for each
// faulty member.
func (s slot) valuesFrom(src source) (found []string, assumed bool, errs []error) {
	if s.field != nil {
		if found, assumed, errs = s.read(src); len(errs) > 0 {
			return nil, false, errs
		}
	}
	if len(found) > 0 || len(s.constant) == 0 {
		return found, assumed, nil
	}
	for i, c := range s.constant {
		c, err := clean(s.at(i), s.kind, c)
		if err != nil {
			errs = append(errs, err)
		}
		found = append(found, c)
	}
	return found, true, errs
}

// at returns the path of member i of the slot's list, or of the single value.
func (s slot) at(i int) string {
	if s.kind != list {
		return s.path()
	}
	return s.path() + "[" + strconv.Itoa(i) + "]"
}

func (s slot) read(src source) (found []string, assumed bool, errs []error) {
	v, err := src.at(s.field.From)
	if err != nil {
		return nil, false, []error{located(err, s.path(), s.field.From)}
	}
	raw, ok := v.([]string)
	if one, isOne := v.(string); isOne {
		if raw = []string{one}; s.field.Split != "" {
			raw = strings.Split(one, s.field.Split)
		}
	}
	for i, r := range raw {
		c, err := clean(s.at(i), s.kind, r)
		if err != nil {
			errs = append(errs, err)
		} else if c != "" {
			found = append(found, c)
		}
	}
	if len(errs) > 0 {
		return nil, false, errs
	}
	if found, assumed, errs = s.translate(found); len(errs) > 0 {
		return nil, false, errs
	}
	if ok && s.kind != list && len(found) > 1 {
		return nil, false, []error{ledger.Invalid(s.path(), "one_value").With("value", strconv.Itoa(len(found)))}
	}
	return found, assumed, s.bound(found)
}

// translate replaces the source's words by ours: with the mapping's Values, or without
// them with the labels of a closed list. If a member that takes one word gets several,
// the first known word is used.
func (s slot) translate(found []string) (known []string, assumed bool, errs []error) {
	if s.field.words == nil {
		for i, f := range found {
			found[i] = s.wordOf(f)
		}
		return found, false, nil
	}
	for i, f := range found {
		w, ok := s.field.words[f]
		if ok {
			known = append(known, w)
			continue
		}
		errs = append(errs, ledger.Invalid(s.at(i), "known_value").With("value", ledger.Quotable(f)).With("allowed", s.field.known()))
	}
	switch {
	case s.kind != list && len(known) > 0:
		return known[:1], false, nil
	case len(errs) == 0:
		return known, false, nil
	case s.field.Otherwise != "":
		return append(known, s.field.Otherwise), true, nil
	case s.kind != list:
		return nil, false, errs[:1]
	}
	return nil, false, errs
}

func (s slot) bound(found []string) []error {
	if s.field.Max == 0 {
		return nil
	}
	limit := strconv.Itoa(s.field.Max)
	if s.kind == list {
		if len(found) > s.field.Max {
			return []error{ledger.Invalid(s.path(), "max_members").With("value", strconv.Itoa(len(found))).With("limit", limit)}
		}
		return nil
	}
	var errs []error
	for _, f := range found {
		if utf8.RuneCountInString(f) > s.field.Max {
			errs = append(errs, ledger.Invalid(s.path(), "max_runes").With("value", ledger.Quotable(f)).With("limit", limit))
		}
	}
	return errs
}

// clean prepares a text for signing: NFC, no surrounding blanks, uniform line ends, and
// one line unless it is free text. It refuses what the ledger refuses in a text, and
// the replacement character, which shows a decoding error.
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
