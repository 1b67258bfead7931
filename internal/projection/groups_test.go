//go:build unix

package projection_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// TestGroupsAreAsBlocks: the read model is the same, row by row, whether each block of
// a register is applied by itself, all in one group, or in groups of which each is
// applied by a process that remembers nothing of those before.
func TestGroupsAreAsBlocks(t *testing.T) {
	w := newTown(t)
	w.grow(t, 40)
	regulator := w.Admitted(t, w.ledger, ledger.RoleRegulator)
	w.suspendSome(t, regulator)
	head, err := w.ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var blocks []ledger.Block
	for block, err := range w.ledger.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if blocks = append(blocks, block); block.Number == head.Block {
			break
		}
	}
	one := w.dumpOf(t, blocks, func(i int) bool { return true }, projection.OneByOne)
	if strings.Count(one, "\n") < 1500 || !strings.Contains(one, "suspensions") {
		t.Fatalf("the read model holds too little: %d rows", strings.Count(one, "\n"))
	}
	all := w.dumpOf(t, blocks, func(i int) bool { return i == len(blocks)-1 })
	if diff := cmp.Diff(one, all); diff != "" {
		t.Errorf("in one group (-by itself +in the group):\n%s", diff)
	}
	random := rand.New(rand.NewPCG(1, 2))
	some := w.dumpOf(t, blocks, func(i int) bool { return i == len(blocks)-1 || random.IntN(9) == 0 })
	if diff := cmp.Diff(one, some); diff != "" {
		t.Errorf("in groups (-by itself +in groups):\n%s", diff)
	}
}

// suspendSome has a regulator suspend every other entry, and resume half of those.
func (w *town) suspendSome(t *testing.T, regulator *ledgertest.Member) {
	t.Helper()
	n := 0
	head, err := w.ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range w.ledger.Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		e := b.Calls[0].Event
		for _, r := range e.Records {
			if r.Ref.Kind() != ledger.KindEntry || e.Name != ledger.FnAppCode {
				continue
			}
			args := ledger.TargetArgs{ID: ledger.ID(r.Ref.ID()), Answers: e.Payload, Ground: "security_breach"}
			if n++; n%2 == 0 {
				args.Answers = ledgertest.Must(t, w.ledger, w.Call(t, regulator, ledger.FnEntrySuspend, args)).Payload
			}
			if n%4 == 0 {
				ledgertest.Must(t, w.ledger, w.Call(t, regulator, ledger.FnEntryResume, args))
			}
		}
		if b.Number == head.Block {
			return
		}
	}
}

// dumpOf is what a read model holds of blocks of which those have a head that ends says.
// Each group but the first is applied by a new process, where no change is given.
func (w *town) dumpOf(t *testing.T, blocks []ledger.Block, ends func(int) bool, change ...func(*projection.Loop)) string {
	t.Helper()
	l := inMemory{Ledger: w.ledger}
	db := openRead(t)
	defer db.Close()
	exec := func(query string) {
		if _, err := db.W.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	exec("UPDATE writer_salt SET salt = x'01'")
	for i, b := range blocks {
		if b.Head = ""; ends(i) {
			b.Head = "head"
		}
		l.blocks = append(l.blocks, b)
		if b.Head != "" && (change == nil || i == len(blocks)-1) {
			fillRead(t, db, l, b.Number, change...)
		}
	}
	exec("CREATE VIRTUAL TABLE found USING fts5vocab(registry_found, instance)")
	return dump(t, db)
}

// dump is every row of every table, except the internal ones of FTS5.
func dump(t *testing.T, db *sqldb.DB) string {
	t.Helper()
	names := query(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'registry_found%' "+
		"AND name NOT LIKE 'sqlite%' ORDER BY 1")
	var b strings.Builder
	for _, name := range names {
		for _, row := range query(t, db, "SELECT * FROM "+name+" ORDER BY 1, 2, 3") {
			fmt.Fprintln(&b, name, row)
		}
	}
	return b.String()
}

func query(t *testing.T, db *sqldb.DB, q string) (list []string) {
	t.Helper()
	rows, err := db.W.QueryContext(t.Context(), q)
	if err != nil && strings.Contains(err.Error(), "ORDER BY term out of range") {
		rows, err = db.W.QueryContext(t.Context(), strings.TrimSuffix(strings.TrimSuffix(q, ", 3"), ", 2"))
	}
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(columns))
		for i, v := range values {
			if texts[i] = fmt.Sprint(*v.(*any)); len(columns) > 1 {
				texts[i] = columns[i] + "=" + texts[i]
			}
		}
		list = append(list, strings.Join(texts, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
