package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

func goodResource() ledger.Resource {
	return ledger.Resource{
		ID: ledger.DeriveID("resource"), Title: "公交车辆到离站信息",
		Description: "全市公交车辆每次到站和离站的线路、站点、方向与时间。", Identifier: "306001/000012",
		Publisher: ledger.DeriveID("holder"), CatalogClass: "department", Domain: "transport", Sector: "G5411", Spatial: "430300",
		Temporal: ledger.Temporal{Start: "2024-01-01"}, Periodicity: "realtime", Modified: 1_789_012_800_000,
		Keywords: []string{"公交"}, Obtained: "own", SourceBasis: ledger.Salt([16]byte{1}, "法"), ShareType: "conditional",
		OpenType: "closed", SupplyMode: []string{"authorized_operation"},
		Items: []ledger.Item{
			{Name: "route_id", Label: "线路编号", DataType: "string", Length: 16, Level: ledger.General, PIStatus: ledger.PINone},
			{Name: "driver", Label: "驾驶员", DataType: "string", Level: ledger.Important, PIStatus: ledger.PIDeidentified, CodeList: "GB/T 2260"},
		},
		Format: "database", Level: ledger.Important, LevelBasis: ledger.Salt([16]byte{2}, "规"), PIStatus: ledger.PIDeidentified,
		Quality: ledger.Quality{Normative: 100, Assessor: "市数据局", AssessedOn: "2026-08-31"},
	}
}

func TestResourceValidate(t *testing.T) {
	many := func(n int) (items []ledger.Item) {
		for i := range n {
			items = append(items, ledger.Item{Name: fmt.Sprintf("i%d", i), Label: "项", DataType: "string", Level: ledger.General, PIStatus: ledger.PINone})
		}
		return items
	}
	plain := func(r *ledger.Resource, items []ledger.Item) {
		r.Items, r.Level, r.PIStatus = items, ledger.General, ledger.PINone
	}
	for _, c := range []struct {
		name  string
		edit  func(*ledger.Resource)
		field string // of the error, "" if no error is expected
	}{
		{"good", func(*ledger.Resource) {}, ""},
		{"optional left out", func(r *ledger.Resource) { r.Identifier, r.Keywords, r.LandingPage = "", nil, "" }, ""},
		{"span of a day", func(r *ledger.Resource) { r.Temporal.End = "2024-01-01" }, ""},
		{"page", func(r *ledger.Resource) { r.LandingPage = "https://data.example.cn/d?id=1#a" }, ""},
		{"sector only", func(r *ledger.Resource) { r.Sector = "G" }, ""},
		{"shared with consent", func(r *ledger.Resource) {
			r.Obtained, r.SharerConsent = "shared", ledger.DigestOf([]byte("consent"))
		}, ""},
		{"shared and not operated", func(r *ledger.Resource) { r.Obtained, r.SupplyMode = "shared", []string{"share", "open"} }, ""},
		{"items elsewhere", func(r *ledger.Resource) { r.Items, r.ItemsObject = nil, ledger.DigestOf(nil) }, ""},
		{"many items", func(r *ledger.Resource) { plain(r, many(60)) }, ""},

		{"id", func(r *ledger.Resource) { r.ID = "1" }, "id"},
		{"no title", func(r *ledger.Resource) { r.Title = "" }, "title"},
		{"long title", func(r *ledger.Resource) { r.Title = strings.Repeat("公", 101) }, "title"},
		{"title of signs", func(r *ledger.Resource) { r.Title = "——《》" }, "title"},
		{"short description", func(r *ledger.Resource) { r.Description = "公交车辆到离站信息" }, "description"},
		{"long description", func(r *ledger.Resource) { r.Description = strings.Repeat("公", 4001) }, "description"},
		{"identifier", func(r *ledger.Resource) { r.Identifier = "306/000012" }, "identifier"},
		{"identifier and a line", func(r *ledger.Resource) { r.Identifier = "306001/000012\n" }, "identifier"},
		{"publisher", func(r *ledger.Resource) { r.Publisher = "" }, "publisher"},
		{"keyword twice", func(r *ledger.Resource) { r.Keywords = []string{"a", "a"} }, "keywords[1]"},
		{"keyword of nothing", func(r *ledger.Resource) { r.Keywords = []string{"a", ""} }, "keywords[1]"},
		{"script for a page", func(r *ledger.Resource) { r.LandingPage = "javascript:alert(1)" }, "landing_page"},
		{"page without host", func(r *ledger.Resource) { r.LandingPage = "https:///d" }, "landing_page"},
		{"page with a password", func(r *ledger.Resource) { r.LandingPage = "https://a:b@example.cn/" }, "landing_page"},
		{"class", func(r *ledger.Resource) { r.CatalogClass = "subject" }, "catalog_class"},
		{"domain", func(r *ledger.Resource) { r.Domain = "Transport" }, "domain"},
		{"no sector", func(r *ledger.Resource) { r.Sector = "" }, "sector"},
		{"sector beyond T", func(r *ledger.Resource) { r.Sector = "U54" }, "sector"},
		{"sector of one digit", func(r *ledger.Resource) { r.Sector = "G5" }, "sector"},
		{"spatial", func(r *ledger.Resource) { r.Spatial = "4303" }, "spatial"},
		{"no beginning", func(r *ledger.Resource) { r.Temporal = ledger.Temporal{End: "2024-01-01"} }, "temporal.start"},
		{"end before beginning", func(r *ledger.Resource) { r.Temporal.End = "2023-12-31" }, "temporal.end"},
		{"end on no day", func(r *ledger.Resource) { r.Temporal.End = "2024-02-30" }, "temporal.end"},
		{"periodicity", func(r *ledger.Resource) { r.Periodicity = "often" }, "accrual_periodicity"},
		{"never modified", func(r *ledger.Resource) { r.Modified = 0 }, "modified"},
		{"obtained", func(r *ledger.Resource) { r.Obtained = "found" }, "obtained"},
		{"shared without consent", func(r *ledger.Resource) { r.Obtained = "shared" }, "sharer_consent"},
		{"consent that is no hash", func(r *ledger.Resource) { r.SharerConsent = "yes" }, "sharer_consent"},
		{"no basis", func(r *ledger.Resource) { r.SourceBasis = ledger.Salted{} }, "source_basis"},
		{"share type", func(r *ledger.Resource) { r.ShareType = "" }, "share_type"},
		{"open type", func(r *ledger.Resource) { r.OpenType = "ajar" }, "open_type"},
		{"no supply mode", func(r *ledger.Resource) { r.SupplyMode = nil }, "supply_mode"},
		{"supply mode", func(r *ledger.Resource) { r.SupplyMode = []string{"share", "sell"} }, "supply_mode[1]"},
		{"no items", func(r *ledger.Resource) { r.Items = nil }, "items"},
		{"items here and elsewhere", func(r *ledger.Resource) { r.ItemsObject = ledger.DigestOf(nil) }, "items_object"},
		{"items elsewhere by no hash", func(r *ledger.Resource) { r.Items, r.ItemsObject = nil, "x" }, "items_object"},
		{"items of more than 8 KiB", func(r *ledger.Resource) { plain(r, many(80)) }, "items"},
		{"501 items", func(r *ledger.Resource) { plain(r, many(501)) }, "items"},
		{"item twice", func(r *ledger.Resource) { r.Items[1].Name = "route_id" }, "items[1].name"},
		{"item without label", func(r *ledger.Resource) { r.Items[1].Label = "" }, "items[1].label"},
		{"item without type", func(r *ledger.Resource) { r.Items[0].DataType = "" }, "items[0].data_type"},
		{"item of negative length", func(r *ledger.Resource) { r.Items[0].Length = -1 }, "items[0].length"},
		{"item without level", func(r *ledger.Resource) { r.Items[0].Level = "" }, "items[0].level"},
		{"item without status", func(r *ledger.Resource) { r.Items[0].PIStatus = "" }, "items[0].pi_status"},
		{"format", func(r *ledger.Resource) { r.Format = "pdf" }, "format"},
		{"rows", func(r *ledger.Resource) { r.RowCount = -1 }, "row_count"},
		{"bytes", func(r *ledger.Resource) { r.ByteSize = -1 }, "byte_size"},
		{"milder than its items", func(r *ledger.Resource) { r.Level = ledger.General }, "level"},
		{"graver than its items", func(r *ledger.Resource) { r.Level = ledger.Core }, "level"},
		{"no level basis", func(r *ledger.Resource) { r.LevelBasis.SHA256 = "" }, "level_basis.sha256"},
		{"less personal than its items", func(r *ledger.Resource) { r.PIStatus = ledger.PIAnonymized }, "pi_status"},
		{"more personal than its items", func(r *ledger.Resource) { r.PIStatus = ledger.PISensitive }, "pi_status"},
		{"score over 100", func(r *ledger.Resource) { r.Quality.Timely = 101 }, "quality.timely"},
		{"score under 0", func(r *ledger.Resource) { r.Quality.Normative = -1 }, "quality.normative"},
		{"no assessor", func(r *ledger.Resource) { r.Quality.Assessor = "" }, "quality.assessor"},
		{"no day of assessment", func(r *ledger.Resource) { r.Quality.AssessedOn = "" }, "quality.assessed_on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := goodResource()
			c.edit(&r)
			want := c.field
			if want != "" {
				want = "resource." + want
			}
			if got := field(r.Validate("resource")); got != want {
				t.Fatalf("got field %q, want %q", got, want)
			}
			if got := field(r.Validate("")); got != c.field {
				t.Fatalf("alone: got field %q, want %q", got, c.field)
			}
		})
	}
}

func field(err error) string {
	if e := ledger.AsError(err); e != nil {
		return e.Field
	}
	return ""
}

func TestFoldTitle(t *testing.T) {
	const want = "公交车辆到离站信息gps2"
	for name, title := range map[string]string{
		"plain":              "公交车辆到离站信息GPS2",
		"spaces":             " 公交车辆 到离站\u3000信息 G P S 2",
		"punctuation":        "《公交车辆》(到离站)信息——GPS·2。",
		"full width":         "公交车辆到离站信息ＧＰＳ２",
		"other case":         "公交车辆到离站信息gPs2",
		"superscript":        "公交车辆到离站信息GPS²",
		"not seen":           "公交\u200b车辆\ufeff到离站\u2060信息\u00adGPS2",
		"turned":             "公交车辆\u202e到离站信息GPS2",
		"variation selector": "公交车辆\ufe0f到离站信息GPS2\U000e0100",
		"Hangul filler":      "公交车辆到离站\u3164信息GPS2",
		"circled":            "公交车辆到离站信息GPS②",
	} {
		if got := ledger.FoldTitle(title); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := ledger.FoldTitle("公交车辆到离站信息GPS3"); got == want {
		t.Error("another number folds to the same")
	}
	if ledger.FoldTitle("e\u200d\u0301") != ledger.FoldTitle("é") {
		t.Error("an invisible character separates letter and mark")
	}
}

func TestFoldTitleOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := ledger.FoldTitle(rapid.String().Draw(t, "title"))
		if twice := ledger.FoldTitle(once); twice != once {
			t.Fatalf("folded again: %q, then %q", once, twice)
		}
	})
}
