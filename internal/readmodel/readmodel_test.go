package readmodel_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
)

func TestOneAndList(t *testing.T) {
	db := open(t)
	missing := readmodel.Unknown("order/x")
	_, err := readmodel.One[ledger.Order](t.Context(), db.R, missing, "SELECT value FROM orders WHERE id = ?", "x")
	if e := ledger.AsError(err); !errors.Is(err, ledger.NotFound) || e.Param("ref") != "order/x" {
		t.Errorf("no record: %v", err)
	}
	list, err := readmodel.List[ledger.Order](t.Context(), db.R, "SELECT value FROM orders")
	if err != nil || list == nil || len(list) != 0 {
		t.Errorf("no records: %v, %v", list, err)
	}
	if _, err := db.W.ExecContext(t.Context(), "INSERT INTO market_record (ref, value) VALUES ('a', '{\"id\":\"a\"}'), ('b', '[')"); err != nil {
		t.Fatal(err)
	}
	one, err := readmodel.One[ledger.Order](t.Context(), db.R, missing, "SELECT value FROM market_record WHERE ref = 'a'")
	if err != nil || one.ID != "a" {
		t.Errorf("one: %+v, %v", one, err)
	}
	if _, err := readmodel.List[ledger.Order](t.Context(), db.R, "SELECT value FROM market_record"); err == nil {
		t.Error("a record that is no JSON was listed")
	}
}

// TestUpsert holds that Once is written once, the rest each time.
func TestUpsert(t *testing.T) {
	db := open(t)
	row := readmodel.Row{Table: "product", Key: "id", Once: []string{"operator", "listed_at"}, Columns: []string{"license", "state", "title", "value"}}
	write := func(values ...any) {
		t.Helper()
		if err := sqldb.InTx(t.Context(), db.W, func(tx *sql.Tx) error { return readmodel.Write(row.Upsert(), values...)(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
	}
	write("p", "operator", 1, "license", "listed", "title", "{}")
	write("p", "another", 2, "second", "delisted", "other", "{}")
	var got string
	if err := db.R.QueryRowContext(t.Context(), "SELECT operator || listed_at || license || state || title FROM product").Scan(&got); err != nil {
		t.Fatal(err)
	}
	if want := "operator1seconddelistedother"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// BenchmarkMyOrders lists a party's newest orders among 100,000, by the listing
// and by a query that no index can serve.
func BenchmarkMyOrders(b *testing.B) {
	db := open(b)
	const n, parties = 100_000, 500
	row := readmodel.Row{Table: "orders", Key: "id", Once: []string{"product", "operator", "buyer", "region", "placed_at"}, Columns: []string{"state", "value"}}.Upsert()
	err := sqldb.InTx(context.Background(), db.W, func(tx *sql.Tx) error {
		for i := range n {
			id, buyer := ledger.DeriveID("order", fmt.Sprint(i)), fmt.Sprint("party", i%parties)
			if err := readmodel.Exec(context.Background(), tx, row, id, "product", fmt.Sprint("party", (i+7)%parties), buyer, "430300", i, "placed",
				fmt.Sprintf(`{"id":%q,"buyer":%q}`, id, buyer)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	m := marketplace.New(marketplace.Config{DB: db.R})
	b.Run("listing", func(b *testing.B) {
		for b.Loop() {
			if list, _, err := m.Orders(b.Context(), marketplace.OrderFilter{Readers: readmodel.Scope{Party: "party3"}}, marketplace.Page{}); err != nil || len(list) != 50 {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			list, err := readmodel.List[ledger.Order](b.Context(), db.R, "SELECT value FROM orders WHERE (placed_at, id) < (?1, ?2) "+
				"AND (?3 = '' OR buyer = ?3 OR operator = ?3) ORDER BY placed_at DESC, id DESC LIMIT 51", int64(1)<<62, "~", "party3")
			if err != nil || len(list) != 51 {
				b.Fatal(len(list), err)
			}
		}
	})
}

// TestRows adds fewer rows than one statement takes, as many, and more, some of them twice.
func TestRows(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 33, 200} {
		db, err := sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "read.db"), sqldb.SyncNormal)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE x (a INTEGER PRIMARY KEY, b TEXT NOT NULL)"); err != nil {
			t.Fatal(err)
		}
		var values []any
		for i := range n {
			values = append(values, i, "first")
		}
		write := readmodel.NewRows("x", "a", "b").Write(append(values, values...))
		if err := sqldb.InTx(t.Context(), db.W, func(tx *sql.Tx) error { return write(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		var count, sum int
		if err := db.R.QueryRowContext(t.Context(), "SELECT count(*), coalesce(sum(a), 0) FROM x WHERE b = 'first'").Scan(&count, &sum); err != nil {
			t.Fatal(err)
		}
		if count != n || sum != n*(n-1)/2 {
			t.Errorf("of %d rows there are %d, of sum %d", n, count, sum)
		}
	}
}
