package ledger_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// lines writes the faults of an error, a line each: field, value, rule, allowed.
func lines(err error) []string {
	var out []string
	if e := ledger.AsError(err); e != nil {
		for _, f := range e.All() {
			out = append(out, strings.Join([]string{f.Field, f.Param("value"), f.Rule, f.Allowed()}, " | "))
		}
	}
	return out
}

// TestDecodeStrictAllFaults: one decoding reports every fault of reading, and every
// fault of form in what could be read, each once.
func TestDecodeStrictAllFaults(t *testing.T) {
	data := `{
		"sha256": "abc",
		"bytes": "12",
		"more": {"secret": null, "secret": 1},
		"Sha256": "x",
		"bytes": 3
	}`
	var a ledger.DepositArgs
	want := []string{
		"bytes | 12 | type_integer | 整数/integer, ≤ 9223372036854775807",
		"more |  | known_member | sha256, bytes",
		"Sha256 |  | known_member | sha256, bytes",
		"bytes |  | not_twice | ",
		"sha256 | abc | sha256 | SHA-256, 64 digits of 0–9 a–f",
	}
	// encoding/json takes Sha256 for sha256, but nothing here does.
	if diff := cmp.Diff(want, lines(ledger.DecodeStrict([]byte(data), &a))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a != (ledger.DepositArgs{}) {
		t.Errorf("a refused text was read into %+v", a)
	}
}

// TestDecodeStrictJoinsTheForm: what lies in a member that can't be read is not
// missing besides; everything else is checked as if the rest were sound.
func TestDecodeStrictJoinsTheForm(t *testing.T) {
	b, err := json.Marshal(goodSubmit())
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	resource := m["resource"].(map[string]any)
	resource["title"] = nil
	resource["domain"] = "交通"
	resource["quality"] = []any{1}
	resource["keywords"] = []any{"公交", 5, nil}
	resource["source_basis"] = "来源"
	resource["temporal"].(map[string]any)["end"] = "2023-12-31"
	resource["tilte"] = "x"
	m["materials"] = m["materials"].([]any)[:3]
	m["body"] = ""
	if b, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	var a ledger.AppSubmitArgs
	got := lines(ledger.DecodeStrict(b, &a))
	want := map[string]bool{
		"resource.title |  | not_null | 文本/text":                                    true,
		"resource.quality |  | type_object | 对象/object":                             true,
		"resource.keywords[1] | 5 | type_text | 文本/text":                            true,
		"resource.keywords[2] |  | not_null | 文本/text":                              true,
		"resource.source_basis |  | type_object | 对象/object":                        true, // a proof is not repeated
		"resource.domain | 交通 | enum | " + enumNamed(t, "domains"):                  true,
		"resource.temporal.end | 2023-12-31 | not_before_start | ≥ " + "2024-01-01": true,
		"body |  | required | UUID, version 7 or 8":                                 true,
		"materials |  | R9(1) | ":                                                   true,
	}
	for _, line := range got {
		if strings.HasPrefix(line, "resource.tilte |  | known_member | id, ") {
			continue
		}
		if !want[line] {
			t.Errorf("not expected: %s", line)
		}
	}
	if len(got) != len(want)+3 { // tilte, and three groups of materials
		t.Errorf("%d faults:\n%s", len(got), strings.Join(got, "\n"))
	}
}

func enumNamed(t *testing.T, name string) string {
	t.Helper()
	e, ok := ledger.EnumOf(name)
	if !ok {
		t.Fatalf("no list %s", name)
	}
	return e.String()
}

// TestBrokenJSONSaysWhere: what is no JSON is refused alone, with line and column.
func TestBrokenJSONSaysWhere(t *testing.T) {
	for _, c := range []struct{ name, in, rule, at string }{
		{"comma", "{\n  \"sha256\": 5,\n  \"公\": 1,,\n}", "syntax", "3:10"},
		{"cut", `{"sha256":5`, "syntax", "1:12"},
		{"nothing", "", "syntax", "1:1"},
		{"after the value", "{\"sha256\":5}\n x", "one_value", "2:2"},
		{"not UTF-8", "{\n\"公\xff\"}", "utf8", "2:3"},
		{"lone surrogate", "{\"a\":\n \"\\ud800\"}", "surrogate", "2:3"},
		{"no colon", `{"sha256" 5}`, "syntax", "1:11"},
		{"leading zero", `{"bytes":01}`, "syntax", "1:11"},
	} {
		var a ledger.DepositArgs
		e := ledger.AsError(ledger.DecodeStrict([]byte(c.in), &a))
		if e == nil || e.Rule != c.rule || e.Reason != ledger.ReasonJSON || len(e.More) > 0 {
			t.Errorf("%s: got %v", c.name, e)
			continue
		}
		if got := e.Param("line") + ":" + e.Param("column"); got != c.at {
			t.Errorf("%s: at %s, want %s", c.name, got, c.at)
		}
	}
}

// TestFaultsOfReadingAreBounded: a hostile text makes no larger error than another.
func TestFaultsOfReadingAreBounded(t *testing.T) {
	long := strings.Repeat("公\u202e", 3000)
	var b strings.Builder
	b.WriteString(`{"` + long + `":1,"resource":{"` + long + `":{"a":null}`)
	for i := range 200 {
		fmt.Fprintf(&b, `,"x%d":null`, i)
	}
	b.WriteString(`}}`)
	var a ledger.AppSubmitArgs
	e := ledger.AsError(ledger.DecodeStrict([]byte(b.String()), &a))
	if e == nil || len(e.All()) != ledger.MaxFaults {
		t.Fatalf("%d faults are listed", len(e.All()))
	}
	if n := len(e.Text()); n > 40<<10 {
		t.Errorf("the error is %d bytes long", n)
	}
	if strings.Contains(e.Text(), "\u202e") {
		t.Error("an error turns the direction of writing")
	}
	if _, err := ledger.ParseError(e.Text()); err != nil {
		t.Errorf("its own text can't be read back: %v", err)
	}
	raw := `{"raw":{"` + long + `":{"b":null}}}`
	if e := ledger.AsError(ledger.DecodeStrict([]byte(raw), &strict{})); e == nil || len([]rune(e.Field)) > 200 {
		t.Errorf("the path of an unknown member: %v", e)
	}
}

// TestQuietInReading: of keys, proofs and signatures, and of structs whose members
// nobody described, no value is repeated.
func TestQuietInReading(t *testing.T) {
	const secret = "top-secret"
	for _, c := range []struct {
		name, in string
		v        any
	}{
		{"key", `{"new":{"jwk":"top-secret","use":5}}`, &ledger.KeyRotateArgs{}},
		{"number for a salt", `{"note":{"salt":"top-secret","sha256":7}}`, &ledger.AppRefuseArgs{}},
		{"object for a proof", `{"proof":{"top-secret":1}}`, &ledger.KeyRotateArgs{}},
		{"no plan", `{"party":{"a":1},"flag":"top-secret"}`, &strict{}},
		{"unknown member", `{"password":"top-secret"}`, &ledger.DepositArgs{}},
	} {
		err := ledger.DecodeStrict([]byte(c.in), c.v)
		if err == nil {
			t.Errorf("%s: taken", c.name)
		}
		for _, line := range lines(err) {
			if strings.Contains(strings.Split(line, " | ")[1], secret) {
				t.Errorf("%s: %s", c.name, line)
			}
		}
	}
}

// TestFaultsOfACallAndItsArgs: the error of a call whose members and arguments are
// both wrong reports both.
func TestFaultsOfACallAndItsArgs(t *testing.T) {
	key, err := ledger.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	jws, err := ledger.SignJWS(key, ledger.TypeCall, []byte(`{"ledger":"x","id":"`+string(ledger.DeriveID("c"))+`","function":"deposit","extra":1,"time":5,"expires":"6","args":{"sha256":null,"bytes":-1,"x":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ledger.ParseCall(jws)
	want := []string{
		"extra |  | known_member | ledger, id, party, function, args, time, expires",
		"expires | 6 | type_integer | 整数/integer, ≤ 9223372036854775807",
		"ledger | x | uuid | UUID, version 7 or 8",
		"party |  | required | UUID, version 7 or 8",
		"args.sha256 |  | not_null | 文本/text",
		"args.x |  | known_member | sha256, bytes",
		"args.bytes | -1 | not_negative | ≥ 0",
	}
	if diff := cmp.Diff(want, lines(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNothingIsMissing: what is not there is missing, whatever its form would be.
func TestNothingIsMissing(t *testing.T) {
	for name, err := range map[string]error{
		"id": ledger.ID("").Validate("f"), "digest": ledger.Digest("").Validate("f"), "date": ledger.Date("").Validate("f"),
		"region": ledger.Region("").Validate("f"), "uscc": ledger.USCC("").Validate("f"), "code": ledger.CadCode("").Validate("f"),
		"key id": ledger.KeyID("").Validate("f"), "key": ledger.JWK{}.Validate("f"), "reference": ledger.Ref("").Validate("f", "order"),
		"salted": ledger.Salted{}.Validate("f"), "token": ledger.CheckToken("f", "", 5), "text": ledger.CheckText("f", "", 1, 5),
	} {
		e := ledger.AsError(err)
		if e == nil || e.Rule != "required" || e.Field != "f" || e.Allowed() == "" && name != "salted" {
			t.Errorf("%s: got %v, allowed %q", name, e, e.Allowed())
		}
	}
	// Every act's arguments left out altogether: each member is missing, or is a
	// number or a list that has a bound.
	for _, act := range ledger.Acts() {
		e := ledger.AsError(act.Args().Validate())
		if e == nil {
			continue
		}
		for _, f := range e.All() {
			m := reflect.ValueOf(act.Args()).Elem()
			if v, ok := ledger.Member(m.Interface(), f.Field); ok && v.Kind() == reflect.String && f.Rule != "required" && f.Reason == ledger.ReasonField {
				t.Errorf("%s: %s breaks %s", act.Name, f.Field, f.Rule)
			}
		}
	}
}

// FuzzDecodeStrictForm: whatever is wrong with arguments, the answer is a bounded
// error that can be read back, and names no field twice for reading and for form.
func FuzzDecodeStrictForm(f *testing.F) {
	b, err := json.Marshal(goodSubmit())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"resource":{"items":[{"level":5},null],"title":null,"Title":"x"},"materials":[{}],"":1}`))
	f.Add([]byte(`{"resource":[],"resource":{"items":{}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a ledger.AppSubmitArgs
		err := ledger.DecodeStrict(data, &a)
		if err == nil {
			return
		}
		e := ledger.AsError(err)
		if e == nil || len(e.All()) > ledger.MaxFaults {
			t.Fatalf("%v", err)
		}
		if _, err := ledger.ParseError(e.Text()); err != nil {
			t.Fatalf("can't be read back: %v\n%s", err, e.Text())
		}
		if !reflect.DeepEqual(a, ledger.AppSubmitArgs{}) {
			t.Fatal("a refused text was read")
		}
	})
}
