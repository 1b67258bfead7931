package ledger_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/ledger"
)

func TestCheckCharacters(t *testing.T) {
	for _, c := range []struct{ name, in, rule, value string }{
		{"Chinese", "公交车辆到离站信息（2026年）", "", ""},
		{"gamma radiation", "γ辐射监测", "", ""},
		{"microgram, Greek mu", "\u03bcg/m³", "", ""},
		{"microgram, micro sign", "\u00b5g/m³", "", ""},
		{"particles", "PM2.5", "", ""},
		{"Roman numeral", "Ⅲ类水质", "", ""},
		{"change of temperature", "ΔT、λmax、NF-κB", "", ""},
		{"Greek alone", "αβγ射线", "", ""},
		{"Russian alone", "Каталог данных", "", ""},
		{"scripts in separate words", "данные data", "", ""},
		{"scripts parted by Han", "П数据P", "", ""},
		{"Tibetan, Uyghur, Mongolian", "བོད་ཡིག ئۇيغۇرچە ᠮᠣᠩᠭᠣᠯ", "", ""},
		{"extension B", "𠮷林", "", ""},
		{"emoji", "😀", "", ""},
		{"accents", "São Tomé", "", ""},
		{"replacement character", "a\ufffdb", "", ""},

		{"null", "a\x00b", "text_character", "U+0000"},
		{"line feed", "a\nb", "text_character", "U+000A"},
		{"tab", "a\tb", "text_character", "U+0009"},
		{"C1", "a\u0085b", "text_character", "U+0085"},
		{"right to left override", "a\u202eb", "text_character", "U+202E"},
		{"isolate", "a\u2066b", "text_character", "U+2066"},
		{"Arabic letter mark", "a\u061cb", "text_character", "U+061C"},
		{"line separator", "a\u2028b", "text_character", "U+2028"},
		{"paragraph separator", "a\u2029b", "text_character", "U+2029"},
		{"zero width space", "公\u200b交", "text_character", "U+200B"},
		{"zero width joiner", "a\u200db", "text_character", "U+200D"},
		{"word joiner", "a\u2060b", "text_character", "U+2060"},
		{"byte order mark", "a\ufeffb", "text_character", "U+FEFF"},
		{"soft hyphen", "da\u00adta", "text_character", "U+00AD"},
		{"grapheme joiner", "a\u034fb", "text_character", "U+034F"},
		{"tag", "公交\U000e0041", "text_character", "U+E0041"},
		{"last tag", "公交\U000e007f", "text_character", "U+E007F"},
		{"first tag", "公交\U000e0000", "text_character", "U+E0000"},
		{"Hangul filler", "公\u3164交", "text_character", "U+3164"},
		{"Hangul filler of half width", "公\uffa0交", "text_character", "U+FFA0"},
		{"Hangul choseong filler", "\u115f", "text_character", "U+115F"},
		{"Hangul jungseong filler", "\u1160", "text_character", "U+1160"},
		{"blank of Braille", "\u2800", "text_character", "U+2800"},
		{"Khmer vowel that is not seen", "a\u17b4b", "text_character", "U+17B4"},
		{"times that is not seen", "a\u2062b", "text_character", "U+2062"},
		{"annotation", "a\ufff9b", "text_character", "U+FFF9"},
		{"Hangul", "데이터", "", ""},
		{"variant of a character", "葛\U000e0100城", "", ""},
		{"noncharacter", "a\ufdd0b", "text_character", "U+FDD0"},
		{"noncharacter of a plane", "a\U0001ffffb", "text_character", "U+1FFFF"},
		{"Cyrillic a in a Latin word", "d\u0430ta", "mixed_script", "U+0430"},
		{"Latin in a Cyrillic word", "д\u0430нные" + "x", "mixed_script", "U+0078"},
		{"digits do not part a word", "А1B", "mixed_script", "U+0042"},
		{"two Greek letters", "\u03b1\u03c1ple", "mixed_script", "U+0070"},
		{"no UTF-8", "a\xffb", "utf8", ""},
	} {
		e := ledger.AsError(ledger.CheckCharacters("f", c.in, false))
		if got := rule(e); got != c.rule {
			t.Errorf("%s: got rule %q, want %q", c.name, got, c.rule)
		}
		if e != nil && e.Param("value") != c.value {
			t.Errorf("%s: got value %q, want %q", c.name, e.Param("value"), c.value)
		}
		if got := rule(ledger.AsError(ledger.CheckText("f", c.in, 0, ledger.MaxName))); c.rule != "" && got == "" {
			t.Errorf("%s: taken as a text", c.name)
		}
	}
	if err := ledger.CheckCharacters("f", "第一行\n\t第二行", true); err != nil {
		t.Errorf("lines: %v", err)
	}
	if rule(ledger.AsError(ledger.CheckCharacters("f", "a\rb", true))) != "text_character" {
		t.Error("a carriage return is taken")
	}
	if err := ledger.CheckText("f", "第一行\n第二行", 1, ledger.MaxText); err != nil {
		t.Errorf("a long text: %v", err)
	}
}

func TestFileNames(t *testing.T) {
	content := ledger.ContentArgs{
		ID: ledger.DeriveID("c"), Subject: ledger.RefTo("resource", ledger.DeriveID("r")), Object: "a", SHA256: ledger.DigestOf(nil),
		Ingest: ledger.DigestOf(nil), Node: "node.example",
	}
	for name, rule := range map[string]string{
		"公交 2026.csv": "", "a.b": "", "": "required", ".a": "file_name", "-a": "file_name", "a.": "file_name", "a/b": "file_name", `a\b`: "file_name",
		"a:b": "file_name", "gpj\u202eexe": "text_character", "a\u00adb": "text_character", "a\U000e0041b": "text_character", "a\u0600b": "file_name", "a\nb": "text_character",
		strings.Repeat("公", 67): "max_length", strings.Repeat("a", 101): "max_runes",
	} {
		content.Name = name
		e := ledger.AsError(content.Validate())
		got := ""
		if e != nil {
			got = e.Rule
		}
		if got != rule {
			t.Errorf("%q: got rule %q, want %q", name, got, rule)
		}
	}
}

// FuzzCheckText: an accepted text is in NFC and has no refused character (as a
// separate list names them), and the text form of a refusal can be parsed.
func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"公交", "γ辐射", "μg/m³", "PM2.5", "Ⅲ类", "a\u202eb", "dаta", "e\u0301", "\xff", " a", "a\n\tb", "\ufeff", "\U0010ffff", "a\u0300\u0301"} {
		f.Add(s, 100)
		f.Add(s, ledger.MaxText)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		err := ledger.CheckText("f", s, 0, most)
		if e := ledger.AsError(err); e != nil {
			if _, err := ledger.ParseError(e.Text()); err != nil {
				t.Fatalf("%q is refused by what can't be read back: %v\n%s", s, err, e.Text())
			}
			return
		}
		if err != nil {
			t.Fatalf("an error without a reason: %v", err)
		}
		if !norm.NFC.IsNormalString(s) {
			t.Fatalf("%q is not in NFC", s)
		}
		for _, r := range s {
			lines := most >= ledger.MaxText && (r == '\n' || r == '\t')
			switch {
			case r < 0x20 && !lines, r >= 0x7f && r < 0xa0, r == 0xad, r == 0x115f, r == 0x1160, r == 0x2800, r == 0x3164, r == 0xffa0,
				r >= 0xe0000 && r <= 0xe007f, r == 0x061c, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r == 0x2060,
				r >= 0x2066 && r <= 0x2069, r == 0xfeff, r >= 0xfdd0 && r <= 0xfdef, r&0xffff >= 0xfffe:
				t.Fatalf("%q with U+%04X is taken", s, r)
			}
		}
	})
}
