package licensing_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
)

// world is a read model that tests write events into.
type world struct {
	t  testing.TB
	db *sqldb.DB
	l  *licensing.Licensing
}

var noon = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	db := readmodeltest.Open(t, map[string]fs.FS{"licensing": licensing.Migrations()})
	if _, err := db.W.ExecContext(t.Context(), "CREATE TABLE at (block INTEGER); INSERT INTO at VALUES (0)"); err != nil {
		t.Fatal(err)
	}
	l, err := licensing.New(db.R, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, l: l}
	l.UseRevision(w.revision)
	w.commit(party("op"), party("other"))
	return w
}

// revision reads the position that moves with each block's transaction.
func (w *world) revision() (ledger.Revision, bool) {
	var n uint64
	if err := w.db.R.QueryRow("SELECT block FROM at").Scan(&n); err != nil {
		w.t.Error(err)
	}
	return ledger.Revision{Block: n, Head: ledger.DigestOf([]byte{byte(n)})}, n > 0
}

// project commits one event with records, without telling the domain that it did.
func (w *world) project(records ...ledger.Record) ledger.Event {
	w.t.Helper()
	e := ledger.Event{Name: ledger.FnLicenseOffer, Records: readmodeltest.Stored(w.t, records...)}
	if err := sqldb.InTx(w.t.Context(), w.db.W, func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE at SET block = block + 1")
		return errors.Join(err, w.l.Project(w.t.Context(), tx, e))
	}); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// commit does what a node does with a block.
func (w *world) commit(records ...ledger.Record) {
	w.t.Helper()
	w.l.Refresh(w.l.Touched(w.project(records...))...)
}

func (w *world) decide(q licensing.Question) licensing.Decision {
	w.t.Helper()
	d, err := w.l.Decide(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	if r, _ := w.revision(); d.Revision != r {
		w.t.Errorf("decided at %v, applied is %v", d.Revision, r)
	}
	return d
}

func record(kind string, id ledger.ID, v any) ledger.Record {
	return readmodeltest.Record(ledger.RefTo(kind, id), v)
}

// id makes the text of a test's own UUID of version 8 from a name.
func id(name string) ledger.ID { return ledger.DeriveID(name) }

func held(on bool) []ledger.Suspension {
	if !on {
		return []ledger.Suspension{}
	}
	return []ledger.Suspension{{Role: ledger.RoleRegulator, By: id("regulator"), Ground: "leak", Since: 1}}
}

func party(name string) ledger.Record { return suspendedParty(name, false) }

func suspendedParty(name string, suspended bool) ledger.Record {
	return record(ledger.KindParty, id(name), ledger.Party{ID: id(name), Suspensions: held(suspended)})
}

func entry(resource string, change ...func(*ledger.EntryDetail)) ledger.Record {
	e := ledger.EntryDetail{
		Entry: ledger.Entry{
			ID: id("entry of " + resource), Subject: id(resource), Holder: id("holder"), State: ledger.EntryActive,
			ValidFrom: "2026-01-01", ValidUntil: "2027-12-31", Suspensions: held(false),
		},
		Resource: ledger.Resource{ID: id(resource), Title: resource, Domain: "transport", Spatial: "330106", Level: ledger.General},
	}
	for _, f := range change {
		f(&e)
	}
	return record(ledger.KindEntry, e.ID, e)
}

func terms(name string, change ...func(*ledger.License)) ledger.License {
	var l ledger.License
	l.ID, l.Mode, l.Region, l.Domains, l.State = id(name), ledger.Domain, "330100", []string{"transport"}, ledger.LicenseAccepted
	l.Purposes, l.Actions = []ledger.Purpose{{Class: ledger.Industry, Code: "parking"}}, []string{"use", "distribute"}
	l.Assignee, l.Assigner, l.StartOn, l.EndOn, l.Suspensions = id("op"), id("city"), "2026-01-01", "2028-12-31", held(false)
	for _, f := range change {
		f(&l)
	}
	return l
}

func license(name string, change ...func(*ledger.License)) ledger.Record {
	l := terms(name, change...)
	return record(ledger.KindLicense, l.ID, l)
}

func suspended(l *ledger.License) { l.Suspensions = held(true) }

func use(resource string) licensing.Question {
	return licensing.Question{
		Party: id("op"), Facts: ledger.Facts{Resource: id(resource)}, Action: "use",
		Purpose: ledger.Purpose{Class: ledger.Industry, Code: "parking"},
	}
}

func ids(list []ledger.License) []ledger.ID {
	out := []ledger.ID{}
	for _, l := range list {
		out = append(out, l.ID)
	}
	return out
}

func sorted(names ...string) []ledger.ID {
	out := []ledger.ID{}
	for _, n := range names {
		out = append(out, id(n))
	}
	slices.Sort(out)
	return out
}
