package ledger_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

type inner struct {
	N int64 `json:"n"`
}

type embedded struct {
	Party string `json:"party"`
}

type strict struct {
	embedded
	Embedded embedded        `json:"embedded"`
	List     []inner         `json:"list"`
	Raw      json.RawMessage `json:"raw,omitempty"`
	Pointer  *inner          `json:"pointer,omitempty"`
	Flag     bool            `json:"flag"`
	Hidden   string          `json:"-"`
}

func TestDecodeStrict(t *testing.T) {
	var got strict
	in := " {\"party\":\"市交通运输局\",\"embedded\":{\"party\":\"b\"},\"list\":[{\"n\":1},{}],\"raw\":{\"any\":[1.5]},\"pointer\":{\"n\":-9007199254740993},\"flag\":true}\n"
	if err := ledger.DecodeStrict([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	want := strict{
		Embedded: embedded{"b"}, List: []inner{{1}, {}}, Raw: json.RawMessage(`{"any":[1.5]}`),
		Pointer: &inner{-9007199254740993}, Flag: true,
	}
	want.Party = "市交通运输局"
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(strict{})); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecodeStrictRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, field, rule string }{
		{"member in capitals", `{"PARTY":"a"}`, "PARTY", "known_member"},
		{"member in a fold of encoding/json", `{"paſty":"a"}`, "paſty", "known_member"},
		{"unknown member", `{"x":1}`, "x", "known_member"},
		{"unknown member below", `{"list":[{"n":1,"m":2}]}`, "list[0].m", "known_member"},
		{"unexported member", `{"Hidden":"a"}`, "Hidden", "known_member"},
		{"dash", `{"-":"a"}`, "-", "known_member"},
		{"member twice", `{"party":"a","party":"b"}`, "party", "not_twice"},
		{"member twice, once escaped", `{"party":"a","\u0070arty":"b"}`, "party", "not_twice"},
		{"member twice below", `{"embedded":{"party":"a","party":"a"}}`, "embedded.party", "not_twice"},
		{"member twice in raw", `{"raw":{"a":1,"a":1}}`, "raw.a", "not_twice"},
		{"null", `{"party":null}`, "party", "not_null"},
		{"null in a list", `{"list":[null]}`, "list[0]", "not_null"},
		{"null in raw", `{"raw":{"a":null}}`, "raw.a", "not_null"},
		{"null alone", `null`, "", "not_null"},
		{"list for object", `[]`, "", "type_object"},
		{"object for list", `{"list":{}}`, "list", "type_list"},
		{"object for text", `{"party":{}}`, "party", "type_text"},
		{"list for text", `{"party":[]}`, "party", "type_text"},
		{"number for text", `{"party":1}`, "party", "type_text"},
		{"text for number", `{"pointer":{"n":"1"}}`, "pointer.n", "type_integer"},
		{"fraction for number", `{"pointer":{"n":1.5}}`, "pointer.n", "type_integer"},
		{"number too large", `{"pointer":{"n":9223372036854775808}}`, "pointer.n", "type_integer"},
		{"exponent", `{"pointer":{"n":1e2}}`, "pointer.n", "type_integer"},
		{"text for bool", `{"flag":"true"}`, "flag", "type_boolean"},
		{"after the value", `{} {}`, "", "one_value"},
		{"a comma after the value", `{},`, "", "one_value"},
		{"nothing", ``, "", "syntax"},
		{"cut", `{"party":"a"`, "", "syntax"},
		{"comma at the end", `{"party":"a",}`, "", "syntax"},
		{"comment", `{/**/}`, "", "syntax"},
		{"single quotes", `{'party':'a'}`, "", "syntax"},
		{"byte order mark", "\ufeff{}", "", "syntax"},
		{"leading zero", `{"pointer":{"n":01}}`, "pointer", "syntax"},
		{"not UTF-8", "{\"party\":\"\xff\"}", "", "utf8"},
		{"surrogate in UTF-8", "{\"party\":\"\xed\xa0\x80\"}", "", "utf8"},
		{"overlong", "{\"party\":\"\xc0\xaf\"}", "", "utf8"},
		{"lone high surrogate", `{"party":"\ud800"}`, "", "surrogate"},
		{"lone low surrogate", `{"party":"\udc00"}`, "", "surrogate"},
		{"high and no low", `{"party":"\ud800\u0041"}`, "", "surrogate"},
		{"not in NFC", "{\"party\":\"e\u0301\"}", "party", "nfc"},
		{"not in NFC by escape", `{"party":"e\u0301"}`, "party", "nfc"},
		{"name not in NFC in raw", "{\"raw\":{\"e\u0301\":1}}", "raw", "nfc"},
		{"control character", `{"party":"\u0000"}`, "party", "control_character"},
		{"escape character", `{"party":"\u001b[31m"}`, "party", "control_character"},
		{"delete", `{"party":"\u007f"}`, "party", "control_character"},
		{"too deep", `{"raw":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "*", "depth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v strict
			e := ledger.AsError(ledger.DecodeStrict([]byte(c.in), &v))
			if e == nil {
				t.Fatal("taken")
			}
			if e.Code != ledger.InvalidCode || e.Rule != c.rule || c.field != "*" && e.Field != c.field {
				t.Fatalf("got field %q rule %q, want %q %q", e.Field, e.Rule, c.field, c.rule)
			}
		})
	}
}

func TestDecodeStrictTakes(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"pair of surrogates", `{"party":"\ud83d\ude00"}`, "😀"},
		{"escaped backslash before u", `{"party":"\\ud800"}`, `\ud800`},
		{"line break and tab", `{"party":"a\n\tb"}`, "a\n\tb"},
		{"composed", "{\"party\":\"é\"}", "é"},
		{"extension B", `{"party":"𠮷"}`, "𠮷"},
	} {
		var v strict
		if err := ledger.DecodeStrict([]byte(c.in), &v); err != nil || v.Party != c.want {
			t.Errorf("%s: got %q, %v", c.name, v.Party, err)
		}
	}
}

func TestCheckText(t *testing.T) {
	for _, c := range []struct{ name, in, rule string }{
		{"good", "公交", ""},
		{"empty", "", "required"},
		{"short", "公", "min_runes"},
		{"as long as it may be", strings.Repeat("公", 10), ""},
		{"long", strings.Repeat("公", 11), "max_runes"},
		{"blank at the beginning", " 公交", "blank_edge"},
		{"ideographic blank at the end", "公交\u3000", "blank_edge"},
		{"not in NFC", "e\u0301e\u0301", "nfc"},
	} {
		e := ledger.AsError(ledger.CheckText("f", c.in, 2, 10))
		if got := rule(e); got != c.rule {
			t.Errorf("%s: got rule %q, want %q", c.name, got, c.rule)
		}
	}
	if got := rule(ledger.AsError(ledger.CheckText("f", strings.Repeat("😀", 3100), 0, ledger.MaxText))); got != "max_bytes" {
		t.Errorf("12 400 bytes in 3 100 runes: got rule %q", got)
	}
}

func rule(e *ledger.Error) string {
	if e == nil {
		return ""
	}
	return e.Rule
}

func TestCheckTokenAndLists(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		rule string
	}{
		{"token", ledger.CheckToken("f", "node.example/log:1_a-b", 30), ""},
		{"no token", ledger.CheckToken("f", "", 30), "required"},
		{"long token", ledger.CheckToken("f", "abcd", 3), "max_length"},
		{"blank in token", ledger.CheckToken("f", "a b", 30), "token_characters"},
		{"other letters", ledger.CheckToken("f", "公", 30), "token_characters"},
		{"list", ledger.CheckList("f", []int{1, 2}, 1, 2), ""},
		{"short list", ledger.CheckList("f", []int{}, 1, 2), "required"},
		{"long list", ledger.CheckList("f", []int{1, 2, 3}, 1, 2), "max_members"},
		{"twice", ledger.CheckList("f", []int{1, 1}, 1, 2), "not_twice"},
		{"one of", ledger.OneOf("f", ledger.Core, ledger.Levels()), ""},
		{"none of", ledger.OneOf("f", ledger.Level("CORE"), ledger.Levels()), "enum"},
		{"nothing of", ledger.OneOf("f", ledger.Level(""), ledger.Levels()), "required"},
	} {
		if got := rule(ledger.AsError(c.err)); got != c.rule {
			t.Errorf("%s: got rule %q, want %q", c.name, got, c.rule)
		}
	}
}

// FuzzDecodeStrict: what is taken, encoding/json takes too and to the same value,
// and its own encoding is taken again.
func FuzzDecodeStrict(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"party":"a","list":[{"n":1}],"raw":{"a":[1,"\ud83d\ude00"]}}`, `{"pointer":{"n":-1}}`,
		`{"party":"a","party":"b"}`, `{"PARTY":"a"}`, `{"raw":[[[[]]]]}`, `null`, "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, plain, again strict
		if err := ledger.DecodeStrict(data, &got); err != nil {
			if ledger.AsError(err) == nil {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		if err := json.Unmarshal(data, &plain); err != nil || !reflect.DeepEqual(got, plain) {
			t.Fatalf("encoding/json reads it otherwise: %v", err)
		}
		if got.List == nil {
			got.List = []inner{}
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.DecodeStrict(b, &again); err != nil {
			t.Fatalf("its own encoding is refused: %v\n%s", err, b)
		}
	})
}
