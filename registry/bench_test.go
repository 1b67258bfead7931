package registry_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/registry"
)

const benchSize = 20_000

// words are what the synthetic catalog is made of, the first ones most often.
var words = []string{
	"公共", "数据", "信息", "交通", "医疗", "教育", "企业", "登记", "许可", "环境", "监测", "公交", "车辆", "人口", "统计", "土地",
	"规划", "水质", "空气", "养老", "就业", "社保", "税务", "信用", "处罚", "旅游", "景区", "文化", "场馆", "气象", "预警", "消防", "应急", "供水", "燃气", "电力",
}

func synthetic(b *testing.B) *fixture {
	b.Helper()
	f, r := open(b, "2026-10-20"), rand.New(rand.NewSource(1))
	zipf := rand.NewZipf(r, 1.2, 3, uint64(len(words)-1))
	text := func(n int) (s string) {
		for range n {
			s += words[zipf.Uint64()]
		}
		return s
	}
	for i := 0; i < benchSize; {
		var rs []ledger.Record
		for range 1000 {
			rs = append(rs, entryRecord(b, entry(fmt.Sprintf("%s%d", text(5), i), fmt.Sprintf("第%d局", i%40), func(e *ledger.EntryDetail) {
				e.Resource.Description, e.Resource.Domain = text(50), ledger.Domains()[i%15]
				e.ValidUntil = ledger.Date(calendar.Date("2027-01-01").AddDays(i / 25)) // a coding day for each 25
				e.Resource.Spatial = ledger.Region(fmt.Sprintf("43%02d00", i%14+1))
			})))
			i++
		}
		f.record(b, rs...)
	}
	return f
}

// BenchmarkSearch compares the first 20 titles and texts that contain a term,
// newest first, found by terms and by reading every text. "whole" is Search as it
// is, with facets and total.
func BenchmarkSearch(b *testing.B) {
	f := synthetic(b)
	for _, term := range []string{"公共", "燃气电力", "燃气电力供水"} {
		like := "SELECT e.n FROM registry_entry e JOIN registry_entry_text t ON t.n = e.n JOIN registry_submission s ON s.n = t.submission " +
			"WHERE unpack(s.value) ->> '$.resource.title' LIKE ?1 OR unpack(s.value) ->> '$.resource.description' LIKE ?1 ORDER BY e.n DESC LIMIT 20"
		b.Run(term+"/like", func(b *testing.B) {
			for b.Loop() {
				rows, err := f.db.R.Query(like, "%"+term+"%")
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next() {
				}
				if err := rows.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(term+"/terms", func(b *testing.B) {
			for b.Loop() {
				rows, err := f.db.R.Query("SELECT e.n, t.value FROM registry_found f CROSS JOIN registry_entry e ON e.n = f.rowid "+
					"JOIN registry_entry_text t ON t.n = e.n WHERE registry_found MATCH ? ORDER BY f.rowid DESC LIMIT 20", phrase(term))
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next() {
				}
				if err := rows.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(term+"/whole", func(b *testing.B) {
			total := 0
			for b.Loop() {
				total = f.search(b, registry.Query{Text: term, Limit: 20}).Total
			}
			b.ReportMetric(float64(total), "found")
		})
	}
	b.Run("everything/whole", func(b *testing.B) {
		for b.Loop() {
			f.search(b, registry.Query{Limit: 20})
		}
	})
}

// phrase is a run of Han characters as overlapping pairs.
func phrase(term string) string {
	chars, s := []rune(term), `"`
	for i := 1; i < len(chars); i++ {
		s += string(chars[i-1:i+1]) + " "
	}
	return s + `"`
}
