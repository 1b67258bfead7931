package records_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/ledger"
)

func hash(name string) ledger.Digest { return ledger.DigestOf([]byte(name)) }

func depositOf(name string, bytes int64) ledger.Record {
	return readmodeltest.Record(ledger.RefTo(ledger.KindDeposit, hash(name)), ledger.Deposit{SHA256: hash(name), Bytes: bytes})
}

// TestRecords writes records of three kinds, one of them twice, and finds the last state
// of each by its id and in the list of its kind. What another package stores is not there.
func TestRecords(t *testing.T) {
	db := readmodeltest.Open(t, map[string]fs.FS{"records": records.Migrations()})
	r := records.New(db.R)
	log := ledger.LogRecord{Origin: "node.example/log/receipts", Owner: "owner", Key: "key"}
	order := ledger.RefTo(ledger.KindOrder, "one")
	events := []ledger.Event{
		{Records: readmodeltest.Stored(t, depositOf("a", 1), depositOf("b", 2), readmodeltest.Record(order, ledger.Order{ID: "one"}))},
		{Records: readmodeltest.Stored(t, depositOf("a", 3), depositOf("c", 4), readmodeltest.Record(ledger.RefTo(ledger.KindLog, log.Origin), log))},
	}
	readmodeltest.Project(t, db, []*records.Records{r}, events...)

	if got, err := records.Get[ledger.Deposit](t.Context(), r, ledger.RefTo(ledger.KindDeposit, hash("a"))); err != nil || got.Bytes != 3 {
		t.Errorf("a: %+v, %v", got, err)
	}
	if got, err := records.Get[ledger.LogRecord](t.Context(), r, ledger.RefTo(ledger.KindLog, log.Origin)); err != nil || got != log {
		t.Errorf("log: %+v, %v", got, err)
	}
	for _, ref := range []ledger.Ref{order, ledger.RefTo(ledger.KindDeposit, hash("d"))} {
		if _, err := records.Get[ledger.Deposit](t.Context(), r, ref); !errors.Is(err, ledger.NotFound) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	var found []ledger.Digest
	for page := (readmodel.Page{Limit: 2}); ; {
		list, next, err := records.List[ledger.Deposit](t.Context(), r, ledger.KindDeposit, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			found = append(found, d.SHA256)
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	want := []ledger.Digest{hash("a"), hash("b"), hash("c")}
	slices.Sort(want)
	slices.Reverse(want)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}
