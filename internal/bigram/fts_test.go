package bigram_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/bigram"
)

// index is a contentless FTS5 table as the read model has it.
type index struct{ db *sql.DB }

func openIndex(t testing.TB) index {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1) // each connection would have a separate database
	if _, err := db.ExecContext(t.Context(), `CREATE VIRTUAL TABLE found USING fts5(terms, content='', contentless_delete=1)`); err != nil {
		t.Fatal(err)
	}
	return index{db}
}

type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (x index) put(t fatal, id int, fields ...string) {
	t.Helper()
	if _, err := x.db.Exec(`INSERT OR REPLACE INTO found(rowid, terms) VALUES (?, ?)`, id, bigram.Index(fields...)); err != nil {
		t.Fatalf("index %q: %v", fields, err)
	}
}

func (x index) search(t fatal, text string) []int {
	t.Helper()
	rows, err := x.db.Query(`SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid`, bigram.Query(text))
	if err != nil {
		t.Fatalf("search %q as %s: %v", text, bigram.Query(text), err)
	}
	defer func() { _ = rows.Close() }()
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatalf("search %q: %v", text, err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("search %q as %s: %v", text, bigram.Query(text), err)
	}
	return ids
}

// TestHanIsSubstring holds that a run of Han characters finds the records that
// contain it in one field, no more and no fewer.
func TestHanIsSubstring(t *testing.T) {
	x := openIndex(t)
	field := rapid.StringOfN(rapid.RuneFrom([]rune("公共数据公共，a ")), 0, 12, -1)
	query := rapid.StringOfN(rapid.RuneFrom([]rune("公共数据")), 1, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		// Records of the last round are replaced: their terms must be gone.
		records := rapid.SliceOfN(rapid.SliceOfN(field, 2, 2), 5, 5).Draw(t, "records")
		for i, fields := range records {
			x.put(t, i, fields...)
		}
		for range 4 {
			q := query.Draw(t, "query")
			var want []int
			for i, fields := range records {
				if slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(f, q) }) {
					want = append(want, i)
				}
			}
			if got := x.search(t, q); !slices.Equal(got, want) {
				t.Fatalf("%q finds %v, want %v, in %q", q, got, want, records)
			}
		}
	})
}

func TestSearch(t *testing.T) {
	x := openIndex(t)
	x.put(t, 1, "公交车辆到离站信息", "Bus arrivals, GPS and ＡＰＩ")
	x.put(t, 2, "车辆年检公交", "open API")
	x.put(t, 3, "𠮷野家门店", "data")
	for text, want := range map[string][]int{
		"公交车辆":         {1},
		"车辆公交":         nil,
		"车辆 公交":        {1, 2}, // any order
		"公交GPS":        {1},
		"息":            {1}, // a run's last character
		"车":            {1, 2},
		"api":          {1, 2},
		"ap":           nil, // words are found whole
		"a":            {1, 2},
		"𠮷野":           {3},
		"吉野":           nil,
		"api OR data":  nil, // an operator is a word like any other
		"gps arrivals": {1},
	} {
		if got := x.search(t, text); !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", text, got, want)
		}
	}
}

// TestLongQuery checks that a long query is not an error.
func TestLongQuery(t *testing.T) {
	x := openIndex(t)
	var words strings.Builder
	for c := '一'; c < '一'+2000; c++ {
		words.WriteRune(c)
		words.WriteString(" w" + string(c) + " ")
	}
	x.put(t, 1, words.String())
	if got := x.search(t, words.String()); !slices.Equal(got, []int{1}) {
		t.Errorf("a text does not find itself: %v", got)
	}
}

// FuzzQuery holds that no text breaks a query, and that each finds itself.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"公共数据", "a", `"`, `x" OR y`, "NEAR(公 共)", "terms:公*", "^公-共", "Ａ１\u0301", "\x00\xff", "AND NOT OR"} {
		f.Add(s)
	}
	x := openIndex(f)
	f.Fuzz(func(t *testing.T, text string) {
		q := bigram.Query(text)
		if (q == "") != (bigram.Index(text) == "") {
			t.Fatalf("%q: terms %q, query %q", text, bigram.Index(text), q)
		}
		// The vowel signs of New Tai Lue are letters to Go and marks to SQLite.
		if q == "" || strings.IndexFunc(text, func(c rune) bool { return c >= '\u19b0' && c <= '\u19c9' || c == '\u1cf2' || c == '\u1cf3' }) >= 0 {
			return
		}
		x.put(t, 1, text)
		if got := x.search(t, text); len(got) != 1 {
			t.Fatalf("%q does not find itself by %s", text, q)
		}
	})
}
