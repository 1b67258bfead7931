package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

// TestUnreadableRecordsHaveTheirPlace checks the line of the file and the column, in
// characters, at which the reading of a record ended.
func TestUnreadableRecordsHaveTheirPlace(t *testing.T) {
	for _, c := range []struct{ name, format, text, rule, line, column string }{
		{"comma", "jsonl", "{\"id\":\"1\"}\n{\"名称\":\"公交\",,}\n", "syntax", "2", "12"},
		{"end", "jsonl", `{"id":`, "syntax", "1", "7"},
		{"second value", "jsonl", `{"id":"1"} 2`, "one_value", "1", "12"},
		{"UTF-8 in JSON", "jsonl", "{\"id\":\"公\xff\"}", "utf8", "1", "9"},
		{"quote", "csv", "编号,名称\n1,\"公\"交\n", "csv_quotes", "2", "5"},
		{"quote in a second line", "csv", "编号,名称\n1,\"公\n交\"站\n", "csv_quotes", "3", "2"},
		{"UTF-8 in CSV", "csv", "编号,名称\n1,公\xff\n", "utf8", "2", "4"},
	} {
		id, title := "id", "title"
		if c.format == "csv" {
			id, title = "编号", "名称"
		}
		m, err := catalog.ParseMapping(fmt.Appendf(nil, `{"format":%q,"id":%q,"fields":{"title":{"from":%q},"description":{"from":%[3]q}},"constants":{}}`, c.format, id, title))
		if err != nil {
			t.Fatal(err)
		}
		var wrong *catalog.RecordError
		for _, err := range catalog.Read(t.Context(), strings.NewReader(c.text), m, "01a22c83-5111-7901-820e-e5bf6a039d8e", "01a22c83-5212-794c-b6e8-7d2cd73fae39") {
			if w, ok := errors.AsType[*catalog.RecordError](err); ok && (w.Rule == c.rule || wrong == nil) {
				wrong = w
			}
		}
		if wrong == nil {
			t.Fatalf("%s: no error", c.name)
		}
		e := ledger.AsError(wrong)
		if e.Rule != c.rule || e.Param("line") != c.line || e.Param("column") != c.column {
			t.Errorf("%s: %v at line %s, column %s", c.name, e, e.Param("line"), e.Param("column"))
		}
	}
}
