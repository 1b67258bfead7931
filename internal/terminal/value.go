package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// beijing is the time zone of all printed times: the one in which the law counts days.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// Moment returns a time in Beijing, to the second, with the time zone.
func Moment(lang string, t ledger.Millis) string {
	return time.UnixMilli(int64(t)).In(beijing).Format(time.DateTime) + say(lang, "（北京时间）", " (UTC+8)")
}

// Money returns an amount in yuan: 3,000.00元, or ¥3,000.00 in English.
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

// Named returns a name with the short id of its record, and the whole id if the name is
// not known.
func Named(lang, name, id string) string {
	switch {
	case name == "":
		return id
	case id == "":
		return words.Printable(name)
	}
	return words.Printable(name) + say(lang, "（"+words.Short(id)+"）", " ("+words.Short(id)+")")
}

// text returns a JSON value on one line.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return words.Printable(s)
	}
	var b bytes.Buffer
	if json.Compact(&b, v) != nil {
		return words.Printable(string(v))
	}
	return words.Printable(b.String())
}
