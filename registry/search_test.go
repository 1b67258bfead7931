package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// city has three holders' resources in every state.
func city(t *testing.T) *fixture {
	f := open(t, "2026-10-20")
	f.record(t,
		partyRecord(t, "市交通运输局", ledger.RoleHolder), partyRecord(t, "市卫生健康委", ledger.RoleHolder),
		partyRecord(t, "市数据登记中心", ledger.RoleRegistryBody),
		entryRecord(t, entry("公交车辆到离站信息", "市交通运输局")),
		entryRecord(t, entry("道路拥堵指数", "市交通运输局", func(e *ledger.EntryDetail) { e.Resource.Description = "含公交车辆的平均速度" })),
		entryRecord(t, entry("医院床位", "市卫生健康委", func(e *ledger.EntryDetail) {
			e.Resource.Domain, e.Resource.Spatial, e.Resource.Keywords = "health", "430100", []string{"ICU"}
		})),
		entryRecord(t, entry("门诊量", "市卫生健康委", func(e *ledger.EntryDetail) {
			e.Resource.Domain, e.ValidUntil = "health", "2026-10-19"
		})),
		entryRecord(t, entry("疫苗库存", "市卫生健康委", func(e *ledger.EntryDetail) {
			e.Resource.Domain, e.Suspensions = "health", []ledger.Suspension{{Role: ledger.RoleRegulator}}
		})),
		entryRecord(t, entry("旧航道", "市交通运输局", func(e *ledger.EntryDetail) { e.State = ledger.EntryCancelled })),
		entryRecord(t, entry("假航班", "市交通运输局", func(e *ledger.EntryDetail) { e.State = ledger.EntryRevoked })),
	)
	return f
}

func TestSearch(t *testing.T) {
	f := city(t)
	for _, c := range []struct {
		name  string
		query registry.Query
		want  []string
	}{
		{"everything, newest first", registry.Query{}, []string{"假航班", "旧航道", "疫苗库存", "门诊量", "医院床位", "道路拥堵指数", "公交车辆到离站信息"}},
		{"title before text", registry.Query{Text: "公交车辆"}, []string{"公交车辆到离站信息", "道路拥堵指数"}},
		{"holder's name", registry.Query{Text: "卫生健康", State: registry.StatusActive}, []string{"医院床位"}},
		{"keyword, full width", registry.Query{Text: "ｉｃｕ"}, []string{"医院床位"}},
		{"both words", registry.Query{Text: "航 旧"}, []string{"旧航道"}},
		{"only signs", registry.Query{Text: "，*", Domain: "health"}, []string{"疫苗库存", "门诊量", "医院床位"}},
		{"what is not public is not found", registry.Query{Text: "不公开的列"}, nil},
		{"province", registry.Query{Region: "430000", Domain: "health"}, []string{"疫苗库存", "门诊量", "医院床位"}},
		{"city", registry.Query{Region: "430100"}, []string{"医院床位"}},
		{"another province", registry.Query{Region: "440000"}, nil},
		{"holder", registry.Query{Holder: id("市卫生健康委"), Text: "库存"}, []string{"疫苗库存"}},
		{"expired", registry.Query{State: registry.StatusExpired}, []string{"门诊量"}},
		{"suspended", registry.Query{State: registry.StatusSuspended}, []string{"疫苗库存"}},
		{"cancelled", registry.Query{State: registry.StatusCancelled}, []string{"旧航道"}},
		{"revoked", registry.Query{State: registry.StatusRevoked}, []string{"假航班"}},
	} {
		p := f.search(t, c.query)
		if diff := cmp.Diff(c.want, titles(p)); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
		if p.Total != len(c.want) {
			t.Errorf("%s: total %d, want %d", c.name, p.Total, len(c.want))
		}
	}
	f.today = "2026-10-19" // the last day counts
	if got := titles(f.search(t, registry.Query{State: registry.StatusExpired})); got != nil {
		t.Errorf("expired on the last day: %v", got)
	}
}

// TestSearchIsPublic holds the names of all that is shown.
func TestSearchIsPublic(t *testing.T) {
	f := city(t)
	p := f.search(t, registry.Query{Text: "公交车辆到离站"})
	var got map[string]any
	b, err := json.Marshal(p.Resources[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	e := entry("公交车辆到离站信息", "市交通运输局")
	want := map[string]any{
		"entry": string(e.ID), "resource": string(e.Subject), "cad_code": string(e.CadCode), "title": e.Resource.Title,
		"description": e.Resource.Description, "holder": map[string]any{"id": string(e.Holder), "name": "市交通运输局"},
		"registry_body": map[string]any{"id": string(e.Body), "name": "市数据登记中心"}, "valid_from": "2026-10-15", "valid_until": "2029-10-15",
		"status": "active", "region": "430300", "domain": "transport", "sector": "G54", "accrual_periodicity": "daily", "supply_mode": []any{"open"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	r, err := f.Resource(t.Context(), e.Subject)
	if diff := cmp.Diff(p.Resources[0], r); err != nil || diff != "" {
		t.Errorf("resource (%v): -search +resource\n%s", err, diff)
	}
}

func TestFacets(t *testing.T) {
	f := city(t)
	got := f.search(t, registry.Query{Domain: "health", Limit: 1}).Facets
	want := registry.Facets{
		Domain: []registry.Count{{Value: "transport", Count: 4}, {Value: "health", Count: 3}}, // other choices
		Region: []registry.Count{{Value: "430300", Count: 2}, {Value: "430100", Count: 1}},
		Holder: []registry.Count{{Value: string(id("市卫生健康委")), Label: "市卫生健康委", Count: 3}},
		State:  []registry.Count{{Value: "active", Count: 1}, {Value: "expired", Count: 1}, {Value: "suspended", Count: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if none := f.search(t, registry.Query{Text: "没有这样的"}); none.Total != 0 || len(none.Facets.Domain) != 0 || none.Resources == nil {
		t.Errorf("nothing found: %+v", none)
	}
}

// TestProjectAgain checks that a later version of an entry replaces what is found and
// shown, but neither its place nor the call that coded it.
func TestProjectAgain(t *testing.T) {
	f := city(t)
	before, err := f.Certificate(t.Context(), string(entry("公交车辆到离站信息", "").CadCode))
	if err != nil {
		t.Fatal(err)
	}
	f.record(t, entryRecord(t, entry("公交车辆到离站信息", "市交通运输局", func(e *ledger.EntryDetail) {
		e.Resource.Title, e.SubjectHash = "巴士到站", ledger.DigestOf([]byte("changed"))
		e.RegistryCode, e.State = "4303-0001", ledger.EntryRevoked
	})))
	if got := titles(f.search(t, registry.Query{Text: "到离站"})); len(got) != 1 {
		t.Errorf("by the description alone: %v", got) // the fixture's description still has it
	}
	if got := titles(f.search(t, registry.Query{Text: "巴士"})); !cmp.Equal(got, []string{"巴士到站"}) {
		t.Errorf("by the new title: %v", got)
	}
	if got := titles(f.search(t, registry.Query{})); got[len(got)-1] != "巴士到站" {
		t.Errorf("the place moved: %v", got)
	}
	after, err := f.Certificate(t.Context(), "4303-0001")
	if err != nil || after.Status != registry.StatusRevoked || after.Coding != before.Coding {
		t.Errorf("certificate: %+v, %v, coded before by %v", after, err, before.Coding)
	}
}

// TestPages holds that walking through pages while records are added shows each
// record that was there at the start once, in order.
func TestPages(t *testing.T) {
	f := open(t, "2026-10-20")
	n := 0
	add := func(k int) {
		var rs []ledger.Record
		for range k {
			name := fmt.Sprintf("资源%03d", n)
			if n%3 == 0 {
				name = fmt.Sprintf("公交%03d", n)
			}
			rs = append(rs, entryRecord(t, entry(name, "甲局", func(e *ledger.EntryDetail) {
				e.Resource.Description = "公交的说明"
				if n%2 == 0 {
					e.Resource.Domain = "health"
				}
			})))
			n++
		}
		f.record(t, rs...)
	}
	add(40)
	rapid.Check(t, func(rt *rapid.T) {
		q := registry.Query{
			Limit: rapid.IntRange(8, 30).Draw(rt, "limit"), Text: rapid.SampledFrom([]string{"", "公交", "公"}).Draw(rt, "text"),
			Domain: rapid.SampledFrom([]string{"", "health"}).Draw(rt, "domain"),
		}
		all := q
		all.Limit = 500
		want := titles(f.search(t, all))
		seen := map[string]bool{}
		var got []string
		for {
			p := f.search(t, q)
			for _, title := range titles(p) {
				if seen[title] {
					rt.Fatalf("%s twice", title)
				}
				seen[title] = true
				got = append(got, title)
			}
			if q.Cursor = p.Next; q.Cursor == "" {
				break
			}
			if n < 90 && rapid.Bool().Draw(rt, "more") {
				add(2)
			}
		}
		old := map[string]bool{}
		for _, w := range want {
			old[w] = true
		}
		var kept []string
		for _, g := range got {
			if old[g] {
				kept = append(kept, g)
			}
		}
		if diff := cmp.Diff(want, kept); diff != "" {
			rt.Fatalf("%+v: -want +got\n%s", q, diff)
		}
	})
}

func TestSearchRefuses(t *testing.T) {
	f := city(t)
	for field, q := range map[string]registry.Query{
		"limit":  {Limit: 501},
		"text":   {Text: strings.Repeat("公", 201)},
		"region": {Region: "43%"},
		"domain": {Domain: "' OR 1=1 --"},
		"state":  {State: "coded"},
		"holder": {Holder: "x"},
	} {
		if _, err := f.Search(t.Context(), q); ledger.AsError(err) == nil || ledger.AsError(err).Field != field {
			t.Errorf("%+v: %v, want a refusal of %s", q, err, field)
		}
	}
	first := f.search(t, registry.Query{Limit: 1})
	for _, c := range []registry.Query{{Cursor: "%"}, {Cursor: "AAAA"}, {Cursor: first.Next, Text: "公交"}, {Cursor: first.Next + "A"}} {
		if _, err := f.Search(t.Context(), c); !errors.Is(err, ledger.InvalidCode) {
			t.Errorf("cursor %q with %q: %v", c.Cursor, c.Text, err)
		}
	}
}

// FuzzSearch holds that no text or cursor breaks a query.
func FuzzSearch(f *testing.F) {
	x := open(f, "2026-10-20")
	x.record(f, entryRecord(f, entry("公交车辆到离站信息", "甲局")))
	for _, s := range []string{"公交", `"`, `x" OR y`, "NEAR(公 共)", "{title} : 公*", "'; DROP TABLE registry_entry; --", "^公-共", "NOT", "\x00\xff"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, cursor string) {
		for _, q := range []registry.Query{{Text: text}, {Text: text, Cursor: cursor}, {Cursor: cursor}} {
			if _, err := x.Search(t.Context(), q); err != nil && !errors.Is(err, ledger.InvalidCode) {
				t.Fatalf("%+v: %v", q, err)
			}
		}
		if _, err := x.Certificate(t.Context(), text); !errors.Is(err, ledger.NotFound) {
			t.Fatalf("certificate %q: %v", text, err)
		}
		if got := x.search(t, registry.Query{}).Total; got != 1 {
			t.Fatalf("%d entries left", got)
		}
	})
}
