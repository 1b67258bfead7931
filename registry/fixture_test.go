package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// fixture is a registry on a real database, with a clock that is set by hand.
type fixture struct {
	*registry.Registry
	db    *sqldb.DB
	today ledger.Date
}

func open(t testing.TB, today ledger.Date) *fixture {
	t.Helper()
	db := readmodeltest.Open(t, map[string]fs.FS{"registry": registry.Migrations()})
	f := &fixture{db: db, today: today}
	f.Registry = registry.New(db.R, func() time.Time {
		at, err := time.ParseInLocation(time.DateOnly, string(f.today), time.FixedZone("CST", 8*3600))
		if err != nil {
			t.Fatal(err)
		}
		return at.Add(12 * time.Hour)
	})
	return f
}

// record puts records into the read model as the events of one transaction, each
// record its own call.
func (f *fixture) record(t testing.TB, records ...ledger.Record) {
	t.Helper()
	var events []ledger.Event
	for _, r := range readmodeltest.Stored(t, records...) {
		events = append(events, ledger.Event{
			Name: "test", Party: id("caller"), Call: id("call" + string(r.Value)), Payload: ledger.DigestOf(r.Value),
			Records: []ledger.Record{r, {Ref: "grant/" + ledger.Ref(id("g")), Value: json.RawMessage(`{}`)}},
		})
	}
	readmodeltest.Project(t, f.db, []*registry.Registry{f.Registry}, events...)
}

func id(s string) ledger.ID { return ledger.DeriveID(s) }

func partyRecord(t testing.TB, name string, roles ...ledger.Role) ledger.Record {
	p := ledger.Party{
		ID: id(name), Name: name, Region: "430300", Roles: roles,
	}
	return readmodeltest.Record(ledger.RefTo(ledger.KindParty, p.ID), p)
}

// keyRecords are the two keys of a party of that name: an auth key, and a sign key
// that has ended.
func keyRecords(t testing.TB, name string) []ledger.Record {
	auth := ledger.KeyRecord{Kid: ledger.KeyID("kid-" + name), Party: id(name), Use: ledger.UseAuth, From: 5}
	old := ledger.KeyRecord{Kid: ledger.KeyID("old-" + name), Party: id(name), Use: ledger.UseSign, Until: 9}
	return []ledger.Record{readmodeltest.Record(ledger.KeyRef(auth.Kid), auth), readmodeltest.Record(ledger.KeyRef(old.Kid), old)}
}

// entry is an active entry of the resource of that name.
func entry(name, holder string, change ...func(*ledger.EntryDetail)) ledger.EntryDetail {
	e := ledger.EntryDetail{
		Entry: ledger.Entry{
			ID: id("entry" + name), SubjectType: "resource", Subject: id("resource" + name), SubjectHash: ledger.DigestOf([]byte(name)),
			Holder: id(holder), Body: id("市数据登记中心"), State: ledger.EntryActive, ValidFrom: "2026-10-15", ValidUntil: "2029-10-15",
		},
		Resource: ledger.Resource{
			ID: id("resource" + name), Title: name, Description: "关于" + name + "的说明", Publisher: id(holder), Domain: "transport",
			Spatial: "430300", Sector: "G54", Periodicity: "daily", SupplyMode: []string{"open"}, Keywords: []string{"关键词"},
			Items: []ledger.Item{{Name: "secret_column", Label: "不公开的列"}},
		},
	}
	e.CadCode = ledger.MakeCadCode("430300", '1', e.ValidFrom, e.ID)
	for _, c := range change {
		c(&e)
	}
	return e
}

func entryRecord(t testing.TB, e ledger.EntryDetail) ledger.Record {
	return readmodeltest.Record(ledger.RefTo(ledger.KindEntry, e.ID), e)
}

func application(name string, state ledger.ApplicationState) ledger.ApplicationDetail {
	return ledger.ApplicationDetail{
		Application: ledger.Application{
			ID: id("application" + name), Kind: "initial", SubjectType: "resource", Applicant: id("市交通运输局"), Body: id("市数据登记中心"),
			State: state, SubmitPayload: ledger.DigestOf([]byte("submit " + name)), Cite: ledger.Cite{Payload: ledger.DigestOf([]byte(name))},
		},
		Submission: ledger.Submission{Resource: ledger.Resource{Title: name, Description: name + "的摘要"}},
	}
}

func applicationRecord(t testing.TB, a ledger.ApplicationDetail) ledger.Record {
	return readmodeltest.Record(ledger.RefTo(ledger.KindApplication, a.ID), a)
}

// autumn is the list of 2026 as in the worked example.
func autumn(t testing.TB) ledger.Record {
	y := ledger.CalendarYear{Year: 2026, Work: []ledger.Date{"2026-09-20", "2026-10-10"}, Source: "国办发明电"}
	for _, d := range []int{25, 26, 27} {
		y.Off = append(y.Off, ledger.Date("2026-09-"+strconv.Itoa(d)))
	}
	for d := 1; d <= 7; d++ {
		y.Off = append(y.Off, ledger.Date(fmt.Sprintf("2026-10-%02d", d)))
	}
	return readmodeltest.Record("calendar/2026", y)
}

func titles(p registry.Page) []string {
	var list []string
	for _, r := range p.Resources {
		list = append(list, r.Title)
	}
	return list
}

func (f *fixture) search(t testing.TB, q registry.Query) registry.Page {
	t.Helper()
	p, err := f.Search(context.Background(), q)
	if err != nil {
		t.Fatalf("search %+v: %v", q, err)
	}
	return p
}
