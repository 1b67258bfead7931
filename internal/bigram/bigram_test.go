package bigram_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/bigram"
)

func TestIndex(t *testing.T) {
	for _, c := range []struct {
		fields []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"公共数据"}, "公共 共数 数据 据"},
		{[]string{"路"}, "路"},
		{[]string{"公交，车辆"}, "公交 交 车辆 辆"},
		{[]string{"公交GPS数据2026年"}, "公交 交 gps 数据 据 2026 年"},
		{[]string{"Ｏｐｅｎ　Ｄａｔａ（２）"}, "open data 2"},
		{[]string{"Été naïve"}, "été naïve"},
		{[]string{"公\u200b共\ufe00数据"}, "公共 共数 数据 据"},
		{[]string{"公共", "数据"}, "公共 共 \ue000 数据 据"},
		{[]string{"公共", "", "数据"}, "公共 共 \ue000 \ue000 数据 据"},
		{[]string{"a\ue000b\xffc\x00d"}, "a b c d"},
		{[]string{"⼀⺀々〇"}, "々〇 〇"}, // radicals are symbols
	} {
		if diff := cmp.Diff(c.want, bigram.Index(c.fields...)); diff != "" {
			t.Errorf("%q: -want +got\n%s", c.fields, diff)
		}
	}
}

func TestQuery(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		" ，\"*()-:^+ ":          "",
		"公共数据":                  `"公共 共数 数据"`,
		"公":                     `"公"*`,
		"公交 GPS":                `"公交" AND "gps"`,
		"公交公交 公交":               `"公交 交公 公交" AND "公交"`,
		"公交 公交":                 `"公交"`,
		"ａ":                     `"a"*`,
		`x" OR terms:secret --`: `"x"* AND "or" AND "terms" AND "secret"`,
		"NEAR(a b, 3) NOT c^":   `"near" AND "a"* AND "b"* AND "3"* AND "not" AND "c"*`,
	} {
		if diff := cmp.Diff(want, bigram.Query(text)); diff != "" {
			t.Errorf("%q: -want +got\n%s", text, diff)
		}
	}
}
