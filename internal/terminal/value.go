package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// beijing is the zone in which people are told times: that of the law's days.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// Moment is a time in Beijing, to the second, and says so.
func Moment(lang string, t ledger.Millis) string {
	return time.UnixMilli(int64(t)).In(beijing).Format(time.DateTime) + say(lang, "（北京时间）", " (UTC+8)")
}

// Money is an amount in yuan: 3,000.00元, or ¥3,000.00 in English.
func Money(lang string, fen ledger.Fen) string {
	sign, n := "", int64(fen)
	if n < 0 {
		sign, n = "-", -n
	}
	yuan := strconv.FormatInt(n/100, 10)
	for i := len(yuan) - 3; i > 0; i -= 3 {
		yuan = yuan[:i] + "," + yuan[i:]
	}
	text := fmt.Sprintf("%s%s.%02d", sign, yuan, n%100)
	return say(lang, text+"元", "¥"+text)
}

// Short is an id for people who have the name beside it: its last eight digits.
func Short(id string) string {
	if len(id) <= 8 {
		return id
	}
	return "…" + id[len(id)-8:]
}

// Named is a name with the short id of what bears it; the whole id where no name is
// known.
func Named(lang, name, id string) string {
	switch {
	case name == "":
		return id
	case id == "":
		return Printable(name)
	}
	return Printable(name) + say(lang, "（"+Short(id)+"）", " ("+Short(id)+")")
}

// EnumWord is what people read for a word of the closed list of that name; the word
// itself where the list does not have it.
func EnumWord[T ~string](lang, list string, word T) string {
	e, _ := ledger.EnumOf(list)
	if s := words.Of(lang, e.Words(string(word))); s != "" {
		return s
	}
	return Printable(string(word))
}

// Printable keeps what comes from elsewhere from steering the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// text is a JSON value on one line.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return Printable(s)
	}
	var b bytes.Buffer
	if json.Compact(&b, v) != nil {
		return Printable(string(v))
	}
	return Printable(b.String())
}

// State is what people read for a state of a kind of record.
func State(lang, kind, state string) string {
	record, ok := ledger.Kinds()[kind]
	if !ok {
		return Printable(state)
	}
	f := fieldAt(ledger.FieldsOf(record), "state")
	if f.Enum == nil {
		return Printable(state)
	}
	return EnumWord(lang, f.Enum.Name, state)
}
