package ledger

import "strings"

// Value is one word of a closed list, with its label for people.
type Value struct {
	Word string `json:"word" zh:"取值" en:"the word itself"`
	Words
}

// Enum is a closed list of words, in order. Its values are shared and must not be
// changed.
type Enum struct {
	Name   string  `json:"name" zh:"取值表名称" en:"name of the list"`
	Values []Value `json:"values" zh:"取值，按顺序" en:"values, in order"`
}

// Words returns the label of a value; empty if the value is unknown.
func (e Enum) Words(value string) Words {
	for _, v := range e.Values {
		if v.Word == value {
			return v.Words
		}
	}
	return Words{}
}

// Has reports whether the value is in the list.
func (e Enum) Has(value string) bool { return e.place(value) >= 0 }

// place returns the index of a value in the list, or -1.
func (e Enum) place(value string) int {
	for i := range e.Values {
		if e.Values[i].Word == value {
			return i
		}
	}
	return -1
}

// List returns the words in order, without labels.
func (e Enum) List() []string { return list[string](e) }

// String joins the words with a comma and a space.
func (e Enum) String() string { return strings.Join(e.List(), ", ") }

// EnumOf returns the closed list with the given name.
func EnumOf(name string) (Enum, bool) {
	for _, e := range enums {
		if e.Name == name {
			return e, true
		}
	}
	return Enum{}, false
}

// Enums returns all closed lists.
func Enums() []Enum { return append([]Enum(nil), enums...) }

// list returns the words of a list as a named type.
func list[T ~string](e Enum) []T {
	out := make([]T, len(e.Values))
	for i, v := range e.Values {
		out[i] = T(v.Word)
	}
	return out
}

// value returns one entry of a list.
func value[T ~string](word T, zh, en string) Value { return Value{string(word), Words{zh, en}} }
