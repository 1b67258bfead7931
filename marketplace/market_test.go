package marketplace_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

const here = "node.example"

var noon = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)

func id(name string) ledger.ID { return ledger.DeriveID("test", name) }

// world is a market over records as the ledger would have written them: an
// operator's product of one resource, ordered and paid, and the resource
// itself, which one environment may fetch. Tests change the records first.
type world struct {
	t          testing.TB
	db         *sqldb.DB
	uploads    *sqldb.DB
	store      *objects.Store
	room       error // what the disk answers
	market     *marketplace.Market
	receipts   *receipts.Store
	policy     func(marketplace.Question) marketplace.Decision // what Casbin would say
	revision   ledger.Revision
	asked      []marketplace.Question
	now        time.Time
	license    ledger.License
	operator   ledger.Party
	holder     ledger.Party
	buyer      ledger.Party
	key        ledger.KeyRecord // of the buyer
	product    ledger.Product
	order      ledger.Order
	more       []ledger.Record // besides these
	maxRunning int
	maxUpload  int64
	maxUnnamed int64
	env        ledger.Environment
	file, raw  ledger.Content
	entries    map[string]ledger.EntryDetail // by the name of their resource
}

func newWorld() *world {
	review := ledger.Review{On: "2026-01-01", ValidUntil: "2026-12-31"}
	purpose := ledger.Purpose{Class: ledger.Industry, Code: "credit"}
	w := &world{maxRunning: 4, maxUpload: 1 << 20, maxUnnamed: 2 << 20, now: noon, revision: ledger.Revision{Block: 7, Head: ledger.DigestOf(nil)}, entries: map[string]ledger.EntryDetail{}}
	w.policy = func(marketplace.Question) marketplace.Decision {
		return marketplace.Decision{Allow: true, Revision: w.revision, Until: ledger.Millis(noon.Add(time.Hour).UnixMilli())}
	}
	w.holder = ledger.Party{ID: id("holder"), USCC: "holder", Roles: []ledger.Role{ledger.RoleHolder}, Affiliates: []ledger.USCC{}}
	w.operator = ledger.Party{ID: id("operator"), USCC: "operator", Roles: []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}, Affiliates: []ledger.USCC{}}
	w.buyer = ledger.Party{
		ID: id("buyer"), USCC: "buyer", Roles: []ledger.Role{ledger.RoleBuyer}, Affiliates: []ledger.USCC{},
	}
	w.key = ledger.KeyRecord{Kid: "other", Party: id("buyer")}
	w.license.ID, w.license.Assignee, w.license.StartOn, w.license.EndOn = id("license"), id("operator"), "2026-01-01", "2027-12-31"
	w.license.Environments, w.license.State = []ledger.ID{id("env")}, ledger.LicenseAccepted
	w.license.Mode, w.license.Region, w.license.Purposes = ledger.Whole, "430300", []ledger.Purpose{purpose}
	w.license.Actions = []string{"use", "derive", "distribute"}
	w.env = ledger.Environment{ID: id("env"), Operator: id("operator"), Region: "430300", Kid: "kid"}
	for _, name := range []string{"bus", "metro"} {
		w.entries[name] = ledger.EntryDetail{
			Entry: ledger.Entry{
				ID: id("entry of " + name), Subject: id(name), SubjectHash: ledger.DigestOf([]byte(name)),
				State: ledger.EntryActive, ValidFrom: "2026-01-01", ValidUntil: "2028-12-31",
			},
			Resource: ledger.Resource{ID: id(name), Spatial: "430300", Level: ledger.General, PIStatus: ledger.PINone},
		}
	}
	w.product = ledger.Product{Operator: id("operator"), State: ledger.ProductListed, ProductOffer: ledger.ProductOffer{
		ID: id("product"), License: id("license"), Sources: []ledger.ID{id("bus"), id("metro")}, Form: ledger.FormDataset,
		Level: ledger.General, PIStatus: ledger.PINone, SecurityReview: review, ConformityReview: review, Purposes: []ledger.Purpose{purpose},
	}}
	w.order = ledger.Order{
		ID: id("order"), Product: id("product"), License: id("license"), Operator: id("operator"), Buyer: id("buyer"), Purpose: purpose,
		State: ledger.OrderActive, StartOn: "2026-04-01", EndOn: "2026-06-30", Recipient: "430300",
	}
	w.file = ledger.Content{State: ledger.ContentRecorded, ID: id("file"), Subject: ledger.RefTo(ledger.KindProduct, id("product")), Owner: id("operator"), Object: "file", SHA256: ledger.DigestOf([]byte("file")), Node: here}
	w.raw = ledger.Content{State: ledger.ContentRecorded, ID: id("raw"), Subject: ledger.RefTo(ledger.KindResource, id("bus")), Owner: id("holder"), Object: "raw", SHA256: ledger.DigestOf([]byte("raw")), Node: here}
	return w
}

// open puts the records into a read model and makes the market over it.
func (w *world) open(t testing.TB) {
	t.Helper()
	w.t = t
	dir := t.TempDir()
	db := readmodeltest.Open(t, map[string]fs.FS{"marketplace": marketplace.Migrations()})
	master, err := seal.Create(filepath.Join(dir, "master"))
	w.ok(err)
	store, err := objects.OpenDisk(filepath.Join(dir, "objects"), master)
	w.ok(err)
	t.Cleanup(func() { w.ok(store.Close()) })
	secret, _, err := tlog.NewKey(ledger.ReceiptLog(here))
	w.ok(err)
	key, err := tlog.ParseKey(secret)
	w.ok(err)
	w.receipts, err = receipts.Open(t.Context(), receipts.Config{Dir: dir, Key: key, Now: time.Now})
	w.ok(err)
	t.Cleanup(func() { w.ok(w.receipts.Close()) })
	w.uploads, err = sqldb.Open(t.Context(), filepath.Join(dir, "node.db"), sqldb.SyncNormal)
	w.ok(err)
	t.Cleanup(func() { w.ok(w.uploads.Close()) })
	w.ok(w.uploads.Migrate(t.Context(), "uploads", marketplace.UploadMigrations()))
	w.store = store
	var n atomic.Int64
	w.market = marketplace.New(marketplace.Config{
		DB: db.R, Uploads: w.uploads.W, Objects: store, MaxUnnamed: w.maxUnnamed, Room: func() error { return w.room }, Receipts: w.receipts, Origin: here, MaxUpload: w.maxUpload, MaxRunning: w.maxRunning, Now: func() time.Time { return w.now },
		Ready: func(context.Context) error { return nil }, Where: func(context.Context, string) string { return "https://other.example" },
		NewID:    func() ledger.ID { return id(fmt.Sprint("made ", n.Add(1))) },
		Revision: func() (ledger.Revision, bool) { return w.revision, true },
		Decide: func(_ context.Context, q marketplace.Question) (marketplace.Decision, error) {
			w.asked = append(w.asked, q)
			return w.policy(q), nil
		},
	})
	w.db = db
	w.project()
}

// reopen makes the market again, as a restart does.
func (w *world) reopen() {
	w.t.Helper()
	w.market = marketplace.New(w.market.Config)
	w.ok(w.market.LoadUploads(w.t.Context()))
}

// project writes the records as they are now, as a block does.
func (w *world) project() {
	w.t.Helper()
	w.revision.Block++
	records := []ledger.Record{
		record(ledger.KindParty, w.operator.ID, w.operator), record(ledger.KindParty, w.buyer.ID, w.buyer),
		record(ledger.KindParty, w.holder.ID, w.holder),
		record(ledger.KindKey, ledger.ID(w.key.Kid), w.key),
		record(ledger.KindLicense, w.license.ID, w.license), record(ledger.KindEnvironment, w.env.ID, w.env),
		record(ledger.KindProduct, w.product.ID, w.product), record(ledger.KindOrder, w.order.ID, w.order),
		record(ledger.KindContent, w.file.ID, w.file), record(ledger.KindContent, w.raw.ID, w.raw),
	}
	records = append(records, w.more...)
	for _, e := range w.entries {
		records = append(records, record(ledger.KindEntry, e.ID, e))
	}
	readmodeltest.Project(w.t, w.db, []*marketplace.Market{w.market}, ledger.Event{Time: 1, Records: readmodeltest.Stored(w.t, records...)})
}

// recheck has a block that wrote records, which are projected already.
func (w *world) recheck(refs ...ledger.Ref) {
	w.t.Helper()
	w.revision.Block++
	w.market.Recheck(w.t.Context(), wrote(refs...))
}

func record(kind string, name ledger.ID, v any) ledger.Record {
	return readmodeltest.Record(ledger.RefTo(kind, name), v)
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// endEntries sets the last day of all entries.
func (w *world) endEntries(on ledger.Date) {
	for name, e := range w.entries {
		e.ValidUntil = on
		w.entries[name] = e
	}
}

// says has the policies refuse one source.
func (w *world) says(reason ledger.Reason) {
	allow := w.policy
	w.policy = func(q marketplace.Question) marketplace.Decision {
		if q.Resource == id("metro") || q.Action == "use" {
			return marketplace.Decision{Reason: reason}
		}
		return allow(q)
	}
}

// delivery and supply are requests that are granted in the initial state.
func delivery() marketplace.Ask {
	return marketplace.Ask{Party: id("buyer"), Key: "other", Order: id("order"), Object: "file"}
}

func supply() marketplace.Ask {
	return marketplace.Ask{Party: id("operator"), Environment: id("env"), Key: "kid", License: id("license"), Resource: id("bus"), Object: "raw"}
}

// outcome is a refusal's class, reason and rule; empty if there is no refusal.
func outcome(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e := ledger.AsError(err)
	if e == nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(e.Code) + " " + string(e.Reason) + " " + e.Rule)
}

// TestDelivery is the rule of delivery, D1 (B1 to B5, B9 to B11 once more) to D3, as data.
func TestDelivery(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world, *marketplace.Ask)
		want   string
	}{
		"as it stands":               {func(*world, *marketplace.Ask) {}, ""},
		"fulfilled":                  {func(w *world, _ *marketplace.Ask) { w.order.State = ledger.OrderFulfilled }, ""},
		"anonymized":                 {func(w *world, _ *marketplace.Ask) { w.product.PIStatus = ledger.PIAnonymized }, ""},
		"on the last day":            {func(w *world, _ *marketplace.Ask) { w.order.EndOn = "2026-05-01" }, ""},
		"B1 delisted":                {func(w *world, _ *marketplace.Ask) { w.product.State = ledger.ProductDelisted }, "forbidden not_listed B1"},
		"B1 license suspended":       {func(w *world, _ *marketplace.Ask) { w.says(ledger.ReasonSuspended) }, "forbidden suspended B2"},
		"B2 a source has ended":      {func(w *world, _ *marketplace.Ask) { w.says(ledger.ReasonEntry) }, "forbidden entry_inactive B2"},
		"B3 security review over":    {func(w *world, _ *marketplace.Ask) { w.product.SecurityReview.ValidUntil = "2026-04-30" }, "forbidden review B3"},
		"B3 conformity review over":  {func(w *world, _ *marketplace.Ask) { w.product.ConformityReview.ValidUntil = "2026-04-30" }, "forbidden review B3"},
		"B8 an affiliate by license": {func(w *world, _ *marketplace.Ask) { w.license.Affiliates = []ledger.USCC{"buyer"} }, "forbidden own_scope B8"},
		"B8 of the operator":         {func(w *world, _ *marketplace.Ask) { w.operator.Affiliates = []ledger.USCC{"buyer"} }, "forbidden own_scope B8"},
		"B8 by its own word":         {func(w *world, _ *marketplace.Ask) { w.buyer.Affiliates = []ledger.USCC{"operator"} }, "forbidden own_scope B8"},
		"B8 the operator itself":     {func(w *world, a *marketplace.Ask) { w.order.Buyer, a.Party = id("operator"), id("operator") }, "forbidden own_scope B8"},
		"B9 important":               {func(w *world, _ *marketplace.Ask) { w.product.Level = ledger.Important }, "forbidden level B9"},
		"B9 personal":                {func(w *world, _ *marketplace.Ask) { w.product.PIStatus = "deidentified" }, "forbidden pi_status B9"},
		"B10 Hong Kong":              {func(w *world, _ *marketplace.Ask) { w.order.Recipient = "810000" }, "forbidden recipient B10"},
		"B11 operator suspended":     {func(w *world, _ *marketplace.Ask) { w.operator.Suspensions = []ledger.Suspension{{}} }, "forbidden party_suspended B11"},
		"B11 buyer suspended":        {func(w *world, _ *marketplace.Ask) { w.buyer.Suspensions = []ledger.Suspension{{}} }, "forbidden party_suspended B11"},
		"D2 unpaid":                  {func(w *world, _ *marketplace.Ask) { w.order.State = ledger.OrderAccepted }, "forbidden unpaid D2"},
		"D2 not accepted":            {func(w *world, _ *marketplace.Ask) { w.order.State = ledger.OrderPlaced }, "forbidden order_inactive D2"},
		"D2 blocked":                 {func(w *world, _ *marketplace.Ask) { w.order.State = ledger.OrderBlocked }, "forbidden order_inactive D2"},
		"D2 over":                    {func(w *world, _ *marketplace.Ask) { w.order.EndOn = "2026-04-30" }, "forbidden order_inactive D2"},
		"D2 not yet":                 {func(w *world, _ *marketplace.Ask) { w.order.StartOn = "2026-05-02" }, "forbidden order_inactive D2"},
		"D3 raw":                     {func(w *world, _ *marketplace.Ask) { w.product.Form = "raw" }, "forbidden form D3"},
		"D3 raw content":             {func(w *world, _ *marketplace.Ask) { w.raw.SHA256 = w.file.SHA256 }, "forbidden raw_content O21"},
		"D3 raw content, removed": {func(w *world, _ *marketplace.Ask) {
			w.raw.SHA256, w.raw.State = w.file.SHA256, ledger.ContentRemoved
		}, "forbidden raw_content O21"},
		"raw content, but open": {func(w *world, _ *marketplace.Ask) {
			w.raw.SHA256 = w.file.SHA256
			w.entry("bus", func(e *ledger.EntryDetail) { e.Resource.OpenType = ledger.OpenTypeOpen })
		}, ""},
		"the same file, of a resource that is no source": {func(w *world, _ *marketplace.Ask) {
			w.raw.SHA256, w.raw.Subject = w.file.SHA256, ledger.RefTo(ledger.KindResource, id("square"))
		}, ""},
		"another's order":      {func(_ *world, a *marketplace.Ask) { a.Party = id("rival") }, "not_found unknown"},
		"no order":             {func(_ *world, a *marketplace.Ask) { a.Order = id("none") }, "not_found unknown"},
		"an environment's key": {func(_ *world, a *marketplace.Ask) { a.Environment = id("env") }, "forbidden key_use"},
		"no such object":       {func(_ *world, a *marketplace.Ask) { a.Object = "raw" }, "not_found content"},
		"removed":              {func(w *world, _ *marketplace.Ask) { w.file.State = ledger.ContentRemoved }, "not_found content"},
		"at another node":      {func(w *world, _ *marketplace.Ask) { w.file.Node = "other.example" }, "not_found elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			w, a := newWorld(), delivery()
			c.change(w, &a)
			w.open(t)
			_, err := w.market.Look(t.Context(), a)
			if got := outcome(t, err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, q := range w.asked {
				if q.Party != id("operator") || q.License != id("license") || q.Purpose != w.order.Purpose || q.Action != "distribute" {
					t.Errorf("the policies were asked %+v", q)
				}
			}
		})
	}
}

// TestSupply is the rule of supply as data.
func TestSupply(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world, *marketplace.Ask)
		want   string
	}{
		"as it stands":           {func(*world, *marketplace.Ask) {}, ""},
		"no environment's key":   {func(_ *world, a *marketplace.Ask) { a.Environment = "" }, "forbidden environment O15"},
		"not on the license":     {func(w *world, _ *marketplace.Ask) { w.license.Environments = []ledger.ID{} }, "forbidden environment O15"},
		"another's environment":  {func(w *world, _ *marketplace.Ask) { w.env.Operator = id("rival") }, "forbidden environment O15"},
		"its key was replaced":   {func(w *world, _ *marketplace.Ask) { w.env.Kid = "next" }, "forbidden key_ended O15"},
		"another's license":      {func(_ *world, a *marketplace.Ask) { a.Party = id("rival") }, "not_found unknown"},
		"no license":             {func(_ *world, a *marketplace.Ask) { a.License = id("none") }, "not_found unknown"},
		"beyond its scope":       {func(w *world, _ *marketplace.Ask) { w.says(ledger.ReasonScope) }, "forbidden scope O21"},
		"suspended":              {func(w *world, _ *marketplace.Ask) { w.says(ledger.ReasonSuspended) }, "forbidden suspended O21"},
		"the license's last day": {func(w *world, _ *marketplace.Ask) { w.license.EndOn = "2026-04-30" }, "forbidden license_ended O21"},
		"a product's object":     {func(_ *world, a *marketplace.Ask) { a.Object = "file" }, "not_found content"},
	} {
		t.Run(name, func(t *testing.T) {
			w, a := newWorld(), supply()
			c.change(w, &a)
			w.open(t)
			_, err := w.market.Look(t.Context(), a)
			if got := outcome(t, err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestAnOrderIsConsidered: failing B6 is invalid, any other rule forbids; of what
// is not there the contract speaks.
func TestAnOrderIsConsidered(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(*world, *ledger.OrderPlaceArgs)
		want, field string
	}{
		"as it stands": {func(*world, *ledger.OrderPlaceArgs) {}, "", ""},
		"no product":   {func(_ *world, a *ledger.OrderPlaceArgs) { a.Product = id("none") }, "", ""},
		"B2":           {func(w *world, _ *ledger.OrderPlaceArgs) { w.says(ledger.ReasonEntry) }, "forbidden entry_inactive B2", "args.product_id"},
		"B6":           {func(w *world, _ *ledger.OrderPlaceArgs) { w.says(ledger.ReasonPurpose) }, "invalid purpose B6", "args.purpose"},
	} {
		w, a := newWorld(), ledger.OrderPlaceArgs{Product: id("product"), Purpose: ledger.Purpose{Class: ledger.Industry, Code: "credit"}}
		c.change(w, &a)
		w.open(t)
		err := w.market.Consider(t.Context(), a)
		got := outcome(t, err)
		if e := ledger.AsError(err); got != c.want || e != nil && e.Field != c.field {
			t.Errorf("%s: got %q at %v, want %q", name, got, err, c.want)
		}
	}
}

// TestADenialIsKeptForWhoHungUp: its receipt does not wait for the caller.
func TestADenialIsKeptForWhoHungUp(t *testing.T) {
	w := newWorld()
	ctx, hangUp := context.WithCancel(t.Context())
	w.policy = func(marketplace.Question) marketplace.Decision {
		hangUp()
		return marketplace.Decision{Reason: ledger.ReasonScope}
	}
	w.open(t)
	if _, err := w.market.Begin(ctx, supply()); !errors.Is(err, ledger.Forbidden) {
		t.Fatal(err)
	}
	page, err := w.receipts.Find(t.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptDenial}}, 0, 9)
	if w.ok(err); len(page.Items) != 1 || page.Items[0].Receipt.Reason != ledger.ReasonScope {
		t.Errorf("kept %+v", page.Items)
	}
}
