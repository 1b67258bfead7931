package words

import (
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// EnumWord returns what people read for a word of the closed list of that name, and
// the word itself if the list does not have it.
func EnumWord[T ~string](lang, list string, word T) string {
	e, _ := ledger.EnumOf(list)
	if s := Of(lang, e.Words(string(word))); s != "" {
		return s
	}
	return Printable(string(word))
}

// Printable replaces the control characters of a text, so that it can't steer a
// terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// Short returns the last eight digits of an id, for texts that also show its name.
func Short(id string) string {
	if len(id) <= 8 {
		return id
	}
	return "…" + id[len(id)-8:]
}

// stateLists names the closed lists in which the state of a kind of record is found.
var stateLists = map[string][]string{
	ledger.KindApplication: {"application_states"},
	ledger.KindResource:    {"entry_statuses", "application_states"},
	ledger.KindEntry:       {"entry_statuses"},
	ledger.KindLicense:     {"license_states"},
	ledger.KindProduct:     {"product_states"},
	ledger.KindContent:     {"content_states"},
	ledger.KindOrder:       {"order_states"},
	ledger.KindReceipt:     {"delivery_outcomes"},
}

// states are states that no closed list has: they follow from other members of a
// record, or from several receipts.
var states = map[string]ledger.Words{
	"admitted":  {ZH: "已准入", EN: "Admitted"},
	"suspended": {ZH: "已暂停", EN: "Suspended"},
	"running":   {ZH: "进行中", EN: "Running"},
	"mixed":     {ZH: "结果不一", EN: "Different outcomes"},
}

// StateOf returns what people read for a state of a kind of record, and the state
// itself in both languages if it is not known.
func StateOf(kind, state string) ledger.Words {
	for _, list := range stateLists[kind] {
		e, _ := ledger.EnumOf(list)
		if w := e.Words(state); w != (ledger.Words{}) {
			return w
		}
	}
	if w, ok := states[state]; ok {
		return w
	}
	return ledger.Words{ZH: Printable(state), EN: Printable(state)}
}

// State returns StateOf in one language.
func State(lang, kind, state string) string { return Of(lang, StateOf(kind, state)) }

// RefOf returns what people read for a record: its kind with its short id.
func RefOf(ref ledger.Ref) ledger.Words {
	id := Short(ref.ID())
	return ledger.Words{ZH: Kind("zh", ref.Kind()) + "（" + id + "）", EN: Kind("en", ref.Kind()) + " (" + id + ")"}
}

// ReasonOf returns what happened for a reason, without a member or a value.
func ReasonOf(r ledger.Reason) ledger.Words {
	zh, _ := Sentence("zh", &ledger.Error{Reason: r})
	en, _ := Sentence("en", &ledger.Error{Reason: r})
	if zh == "" || en == "" {
		return ledger.Words{ZH: Printable(string(r)), EN: Printable(string(r))}
	}
	return ledger.Words{ZH: zh, EN: en}
}
