// Package readmodeltest gives the tests of all domains one read model: a database in a
// folder of the test, into which records are written as the events of blocks.
package readmodeltest

import (
	"context"
	"database/sql"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// Domain writes what an event says into its tables.
type Domain interface {
	Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error
}

// Open opens an empty read model with the tables of domains, by their names, and
// closes it when the test ends.
func Open(t testing.TB, tables map[string]fs.FS) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), filepath.Join(t.TempDir(), "read.db"), sqldb.SyncNormal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, migrations := range tables {
		if err := db.Migrate(context.Background(), name, migrations); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// Project has domains write events in one transaction, each event in all of them.
func Project[D Domain](t testing.TB, db *sqldb.DB, domains []D, events ...ledger.Event) {
	t.Helper()
	err := sqldb.InTx(context.Background(), db.W, func(tx *sql.Tx) error {
		for _, e := range events {
			for _, d := range domains {
				if err := d.Project(context.Background(), tx, e); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Record encodes a record. It panics for what JSON has no form for.
func Record(ref ledger.Ref, v any) ledger.Record {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return ledger.Record{Ref: ref, Value: b}
}

// Stored splits the details of entries and applications into two records each, as the
// ledger stores them: the record, and the submission that it refers to.
func Stored(t testing.TB, records ...ledger.Record) (list []ledger.Record) {
	t.Helper()
	decode := func(r ledger.Record, v any) {
		if err := json.Unmarshal(r.Value, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range records {
		switch r.Ref.Kind() {
		case ledger.KindEntry:
			var d ledger.EntryDetail
			decode(r, &d)
			if d.SubjectHash == "" {
				d.SubjectHash = ledger.DigestOf(r.Value)
			}
			list = append(list, Record(ledger.SubmissionRef(d.SubjectHash), ledger.Submission{Resource: d.Resource}), Record(r.Ref, d.Entry))
		case ledger.KindApplication:
			var d ledger.ApplicationDetail
			decode(r, &d)
			list = append(list, Record(ledger.SubmissionRef(d.SubmitPayload), d.Submission), Record(r.Ref, d.Application))
		default:
			list = append(list, r)
		}
	}
	return list
}
