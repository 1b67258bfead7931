package catalog_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry/catalog"
)

func importPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestThePageNamesEveryMember of a mapping file.
func TestThePageNamesEveryMember(t *testing.T) {
	page, n := importPage(t), 0
	for _, v := range []any{catalog.Mapping{}, catalog.Field{}, catalog.Fields{}, catalog.Constants{}} {
		typ := reflect.TypeOf(v)
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				continue
			}
			if n++; !regexp.MustCompile(`(?m)^\|[^|]*` + "`" + name + "`").MatchString(page) {
				t.Errorf("docs/import.md does not tell of %s.%s", typ.Name(), name)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d members were looked for", n)
	}
}

// TestThePagesExample can be imported unchanged.
func TestThePagesExample(t *testing.T) {
	block := func(kind string) string {
		m := regexp.MustCompile("(?s)```" + kind + "\n(.*?)```").FindStringSubmatch(importPage(t))
		if m == nil {
			t.Fatalf("no example of %s", kind)
		}
		return m[1]
	}
	mapping, err := catalog.ParseMapping([]byte(block("json")))
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for record, err := range catalog.Read(t.Context(), strings.NewReader(block("csv")), mapping, ledger.DeriveID("ledger"), ledger.DeriveID("holder")) {
		if err != nil {
			t.Fatal(err)
		}
		titles = append(titles, record.Resource.Title+" "+record.Resource.Periodicity+" "+strings.Join(record.Resource.Keywords, "/"))
	}
	if got := strings.Join(titles, "; "); got != "公交站点 daily 公交/站点; 公交线路 realtime 公交/线路" {
		t.Errorf("the example gives %s", got)
	}
}
