package catalog_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

const small = `{"format":"csv","id":"i","fields":{"title":{"from":"t"},"description":{"from":"d"}},"constants":{}}`

func TestParseMapping(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(small, old, replacement, 1) }
	for _, c := range []struct{ name, text, field, rule string }{
		{"good", small, "", ""},
		{"not JSON", `{`, "", "syntax"},
		{"unknown member", with(`"id"`, `"ID":"i","id"`), "ID", "known_member"},
		{"twice", with(`"id"`, `"id":"i","id"`), "id", "not_twice"},
		{"unknown field", with(`"title"`, `"titel":{"from":"x"},"title"`), "fields.titel", "known_member"},
		{"another format", with(`csv`, `xml`), "format", "enum"},
		{"no id", with(`"id":"i"`, `"id":""`), "id", "required"},
		{"no title", with(`"title":{"from":"t"},`, ``), "fields.title", "required"},
		{"no description", with(`,"description":{"from":"d"}`, ``), "fields.description", "required"},
		{"no path", with(`"from":"t"`, `"max":1`), "fields.title.from", "required"},
		{"long path", with(`"from":"t"`, `"from":"`+strings.Repeat("t", 201)+`"`), "fields.title.from", "max_length"},
		{"negative", with(`"from":"t"`, `"from":"t","max":-1`), "fields.title.max", "at_least_0"},
		{"split of a text", with(`"from":"t"`, `"from":"t","split":","`), "fields.title.split", "list_only"},
		{"otherwise alone", with(`"from":"t"`, `"from":"t","otherwise":"x"`), "fields.title.otherwise", "with_values"},
		{"values no object", with(`"from":"t"`, `"from":"t","values":["a"]`), "fields.title.values", "object_of_text"},
		{"values empty", with(`"from":"t"`, `"from":"t","values":{}`), "fields.title.values", "object_of_text"},
		{"word twice", with(`"from":"t"`, `"from":"t","values":{"a":"b","a":"c"}`), "fields.title.values.a", "not_twice"},
		{"word of nothing", with(`"from":"t"`, `"from":"t","values":{"a":""}`), "fields.title.values.a", "required"},
		{"delimiter", with(`"id"`, `"delimiter":"，","id"`), "delimiter", "one_character_of_csv"},
		{"quote", with(`"id"`, `"delimiter":"\"","id"`), "delimiter", "one_character_of_csv"},
		{"delimiter of JSON", strings.Replace(with(`"id"`, `"delimiter":";","id"`), "csv", "jsonl", 1), "delimiter", "one_character_of_csv"},
	} {
		_, err := catalog.ParseMapping([]byte(c.text))
		if c.rule == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if e := ledger.AsError(err); e == nil || e.Field != c.field || e.Rule != c.rule {
			t.Errorf("%s: %v, want field %s, rule %s", c.name, err, c.field, c.rule)
		}
	}
	if _, err := catalog.ParseMapping(make([]byte, catalog.MaxMapping+1)); ledger.AsError(err) == nil || ledger.AsError(err).Reason != ledger.ReasonTooLarge {
		t.Errorf("too large: %v", err)
	}
}

// FuzzParseMapping holds that what is accepted is the same after encoding, and can
// be read with.
func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `"from":"t"`, `"from":"t","max":3,"values":{"a":"b"},"otherwise":"c"`, 1)))
	sources, err := os.ReadFile("sources.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sources)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := catalog.ParseMapping(data)
		if err != nil {
			if ledger.AsError(err) == nil {
				t.Fatalf("no typed error: %v", err)
			}
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		same, err := catalog.ParseMapping(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if diff := cmp.Diff(m, same, cmpopts.IgnoreUnexported(catalog.Field{}), cmp.Transformer("compact", compact)); diff != "" {
			t.Fatal(diff)
		}
		for range catalog.Read(t.Context(), strings.NewReader(good+"\ni,t,d\n1,a,b\n"), m, book, owner) {
		}
	})
}

func compact(raw json.RawMessage) string {
	b, err := json.Marshal(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// FuzzRead holds that no source stops the reading or yields what is not valid.
func FuzzRead(f *testing.F) {
	f.Add([]byte(good), false)
	f.Add([]byte("编号,名称,摘要,关键词,信息项,规模\n1,\"a\"\"\n\","+summary+",b,c,1\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, table bool) {
		m := sourcesMapping(t)
		if table {
			m = csvMapping(t)
		}
		o := read(t, m, strings.NewReader(string(data)))
		if o.fatal != nil {
			t.Fatalf("%v", o.fatal)
		}
		for _, r := range o.records {
			if err := r.Resource.Validate(""); err != nil {
				t.Fatalf("line %d: %v", r.Line, err)
			}
			b, err := json.Marshal(r.Resource)
			if err != nil {
				t.Fatal(err)
			}
			var again ledger.Resource
			if err := ledger.DecodeStrict(b, &again); err != nil {
				t.Fatalf("line %d does not pass strict decoding: %v", r.Line, err)
			}
		}
	})
}
