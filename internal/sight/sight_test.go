package sight_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/policies"
	"github.com/datacadastre/cadastre/registry"
)

// town is a read model of the domains that list what not everyone may read.
type town struct {
	*sight.Sight

	t        testing.TB
	db       *sqldb.DB
	registry *registry.Registry
	market   *marketplace.Market
	looks    []string // noted, "who at what"
	broken   error    // of noting
}

func (w *town) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func open(t testing.TB) *town {
	t.Helper()
	db := readmodeltest.Open(t, map[string]fs.FS{"registry": registry.Migrations(), "marketplace": marketplace.Migrations(), "sight": sight.Migrations()})
	w := &town{t: t, db: db}
	roles, err := policies.NewRoles()
	w.ok(err)
	w.registry, w.market = registry.New(db.R, time.Now), marketplace.New(marketplace.Config{DB: db.R, Now: time.Now})
	w.Sight = sight.New(sight.Config{
		DB: db.R, Roles: roles, Log: slog.New(slog.DiscardHandler),
		Licensed: func(_ context.Context, party, resource ledger.ID) (bool, error) {
			return party == id("licensed to "+string(resource)), nil
		},
		StoreLook: func(_ context.Context, by ledger.ID, target ledger.Ref) error {
			w.looks = append(w.looks, string(by)+" at "+string(target))
			return w.broken
		},
	})
	return w
}

func id(name string) ledger.ID { return ledger.DeriveID("sight", name) }

func ref(kind, name string) ledger.Ref { return ledger.RefTo(kind, id(name)) }

// write writes a record as its event does.
func (w *town) write(r ledger.Ref, v any) {
	w.t.Helper()
	readmodeltest.Project(w.t, w.db, []projection.Domain{w.registry, w.market, w.Sight}, ledger.Event{Time: 1, Records: []ledger.Record{readmodeltest.Record(r, v)}})
}

func (w *town) party(name string, region ledger.Region, roles ...ledger.Role) *ledger.Party {
	w.t.Helper()
	p := ledger.Party{ID: id(name), Name: name, Region: region, Roles: roles, AdmittedBy: id("authority")}
	w.write(ref(ledger.KindParty, name), p)
	return &p
}

func (w *town) reads(p *ledger.Party, r ledger.Ref) bool {
	w.t.Helper()
	list, err := w.Judge(w.t.Context(), p, policies.Read, sight.Item{Ref: r})
	w.ok(err)
	return list[0].Allow
}

// TestListsHoldWhatIsReadOneByOne draws records of many regions and readers of many
// roles: what a reader lists is what he may read, one by one, of all there is.
func TestListsHoldWhatIsReadOneByOne(t *testing.T) {
	w := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		for _, table := range []string{"sight", "registry_party", "registry_party_role", "registry_application", "registry_submission", "orders", "market_record"} {
			_, err := w.db.W.ExecContext(context.Background(), "DELETE FROM "+table)
			w.ok(err)
		}
		regions := rapid.SampledFrom([]ledger.Region{"430000", "430300", "430381", "430382", "430400", "440300", "110000"})
		roles := rapid.SampledFrom([]ledger.Role{
			ledger.RoleHolder, ledger.RoleRegistryBody, ledger.RoleRegulator, ledger.RoleDataAuthority, ledger.RoleOperator, ledger.RoleBuyer, ledger.RoleAssessor,
		})
		w.party("authority", regions.Draw(rt, "authority"), ledger.RoleDataAuthority)
		var parties []*ledger.Party
		for i := range 6 {
			parties = append(parties, w.party(fmt.Sprint(i), regions.Draw(rt, "region"), roles.Draw(rt, "role"), roles.Draw(rt, "second role")))
		}
		pick := rapid.SampledFrom(parties)
		w.write(ledger.SubmissionRef("s"), ledger.Submission{})
		orders, applications := []ledger.Ref{}, []ledger.Ref{}
		for i := range rapid.IntRange(1, 12).Draw(rt, "records") {
			name := fmt.Sprint(i)
			w.write(ref(ledger.KindLicense, name), ledger.License{LicenseTerms: ledger.LicenseTerms{ID: id(name), Region: regions.Draw(rt, "license")}})
			w.write(ref(ledger.KindOrder, name), ledger.Order{ID: id(name), License: id(name), Buyer: pick.Draw(rt, "buyer").ID, Operator: pick.Draw(rt, "operator").ID})
			w.write(ref(ledger.KindApplication, name), ledger.Application{
				ID: id(name), Applicant: pick.Draw(rt, "applicant").ID, Body: pick.Draw(rt, "body").ID, SubmitPayload: "s",
			})
			orders, applications = append(orders, ref(ledger.KindOrder, name)), append(applications, ref(ledger.KindApplication, name))
		}
		for _, p := range parties {
			scope, err := w.List(t.Context(), p, ledger.KindOrder, "order/all")
			w.ok(err)
			list, _, err := w.market.Orders(t.Context(), marketplace.OrderFilter{Readers: scope}, readmodel.Page{Limit: 500})
			w.ok(err)
			same(rt, w, p, orders, list, func(o ledger.Order) ledger.Ref { return ledger.RefTo(ledger.KindOrder, o.ID) })
			scope, err = w.List(t.Context(), p, ledger.KindApplication, "application/all")
			w.ok(err)
			forms, _, err := w.registry.Applications(t.Context(), registry.Filter{Readers: scope, Limit: 500})
			w.ok(err)
			same(rt, w, p, applications, forms, func(a ledger.ApplicationDetail) ledger.Ref { return ledger.RefTo(ledger.KindApplication, a.ID) })
		}
	})
}

// same holds a list to all that its reader may read.
func same[T any](rt *rapid.T, w *town, p *ledger.Party, all []ledger.Ref, list []T, of func(T) ledger.Ref) {
	var listed, single []ledger.Ref
	for _, v := range list {
		listed = append(listed, of(v))
	}
	for _, r := range all {
		if w.reads(p, r) {
			single = append(single, r)
		}
	}
	slices.Sort(listed)
	slices.Sort(single)
	if !slices.Equal(listed, single) {
		rt.Fatalf("%v of %s lists %v, and reads %v one by one", p.Roles, p.Region, listed, single)
	}
}

// TestWhereAPartyLies: its own region, if that is inside the region of the authority
// that admitted it, and else that one.
func TestWhereAPartyLies(t *testing.T) {
	w := open(t)
	w.party("authority", "430300", ledger.RoleDataAuthority)
	w.party("inside", "430381")
	w.party("from elsewhere", "440300")
	w.write(ledger.RefTo(ledger.KindDeposit, "inside"), ledger.Deposit{Party: id("inside")})
	w.write(ledger.RefTo(ledger.KindDeposit, "elsewhere"), ledger.Deposit{Party: id("from elsewhere")})
	w.write(ledger.RefTo(ledger.KindDeposit, "nobody"), ledger.Deposit{Party: id("nobody")})
	for _, c := range []struct {
		office            ledger.Region
		inside, elsewhere bool
	}{{"430381", true, false}, {"430300", true, true}, {"430000", true, true}, {"440300", false, false}, {"430400", false, false}} {
		p := &ledger.Party{ID: id("office"), Roles: []ledger.Role{ledger.RoleRegulator}, Region: c.office}
		got := []bool{w.reads(p, "deposit/inside"), w.reads(p, "deposit/elsewhere"), w.reads(p, "deposit/nobody")}
		if !slices.Equal(got, []bool{c.inside, c.elsewhere, false}) {
			t.Errorf("the regulator of %s reads %v", c.office, got)
		}
	}
}

// TestNothingIsShownThatCouldNotBeNoted: the receipt of a look comes first.
func TestNothingIsShownThatCouldNotBeNoted(t *testing.T) {
	w := open(t)
	w.write(ref(ledger.KindLicense, "l"), ledger.License{LicenseTerms: ledger.LicenseTerms{Region: "430300"}})
	w.write(ref(ledger.KindOrder, "o"), ledger.Order{Buyer: id("buyer"), License: id("l")})
	office := &ledger.Party{ID: id("office"), Roles: []ledger.Role{ledger.RoleRegulator}, Region: "430300"}
	order := sight.Item{Ref: ref(ledger.KindOrder, "o")}
	w.ok(w.Look(t.Context(), office, order, "id"))
	if want := []string{string(office.ID) + " at " + string(order.Ref)}; !slices.Equal(w.looks, want) {
		t.Errorf("noted %v, want %v", w.looks, want)
	}
	w.broken = ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	if err := w.Look(t.Context(), office, order, "id"); !errors.Is(err, ledger.Unavailable) {
		t.Errorf("shown though the look could not be noted: %v", err)
	}
	buyer := &ledger.Party{ID: id("buyer"), Roles: []ledger.Role{ledger.RoleBuyer}, Region: "430300"}
	w.ok(w.Look(t.Context(), buyer, order, "id"))
	for _, p := range []*ledger.Party{nil, {ID: id("other"), Roles: []ledger.Role{ledger.RoleBuyer}, Region: "430300"}} {
		hidden, none := w.Look(t.Context(), p, order, "id"), w.Look(t.Context(), p, sight.Item{Ref: "order/none"}, "id")
		if !errors.Is(hidden, ledger.NotFound) || hidden.Error() != none.Error() {
			t.Errorf("hidden: %v, not there: %v", hidden, none)
		}
	}
}

// TestKeep: of what says its own readers each sees his own, an office its region's.
func TestKeep(t *testing.T) {
	w := open(t)
	w.party("authority", "430000", ledger.RoleDataAuthority)
	w.party("near", "430300", ledger.RoleHolder)
	w.party("far", "430400", ledger.RoleHolder)
	alarms := []registry.Alarm{{Applicant: id("near"), Body: id("body")}, {Applicant: id("far"), Body: id("other body")}}
	for _, c := range []struct {
		who    ledger.Party
		want   []ledger.ID
		looked bool
	}{
		{ledger.Party{ID: id("body"), Roles: []ledger.Role{ledger.RoleRegistryBody}, Region: "430300"}, []ledger.ID{id("near")}, false},
		{ledger.Party{ID: id("office"), Roles: []ledger.Role{ledger.RoleRegulator}, Region: "430400"}, []ledger.ID{id("far")}, true},
		{ledger.Party{ID: id("office"), Roles: []ledger.Role{ledger.RoleDataAuthority}, Region: "430000"}, []ledger.ID{id("near"), id("far")}, true},
	} {
		w.looks = nil
		kept, err := sight.Visible(t.Context(), w.Sight, &c.who, ledger.ReadAlarm, alarms, "application/overdue")
		w.ok(err)
		var got []ledger.ID
		for _, a := range kept {
			got = append(got, a.Applicant)
		}
		if !slices.Equal(got, c.want) || (len(w.looks) == 1) != c.looked {
			t.Errorf("%v of %s sees %v and left %v", c.who.Roles, c.who.Region, got, w.looks)
		}
	}
	buyer := &ledger.Party{ID: id("near"), Roles: []ledger.Role{ledger.RoleBuyer}}
	if _, err := sight.Visible(t.Context(), w.Sight, buyer, ledger.ReadAlarm, alarms, "application/overdue"); !errors.Is(err, ledger.Forbidden) {
		t.Errorf("whom no row lets: %v", err)
	}
}

// TestLabels: a resource is called as its entry is, and that as what was submitted.
func TestLabels(t *testing.T) {
	w := open(t)
	w.write(ledger.SubmissionRef("s"), ledger.Submission{Resource: ledger.Resource{Title: "公交"}})
	w.write(ref(ledger.KindEntry, "e"), ledger.Entry{SubjectHash: "s", Holder: id("h"), State: ledger.EntryActive, Suspensions: []ledger.Suspension{{}}})
	w.write(ref(ledger.KindResource, "r"), ledger.ResourceIndex{Holder: id("h"), Entry: id("e")})
	facts, err := w.Load(t.Context(), ref(ledger.KindResource, "r"))
	w.ok(err)
	if got := facts.Label(ref(ledger.KindResource, "r")); got != (ledger.Label{Name: "公交", Party: id("h"), State: "suspended"}) {
		t.Errorf("called %+v", got)
	}
}

// TestAnEarlierReadModelIsRefused: without its facts everything would be hidden.
func TestAnEarlierReadModelIsRefused(t *testing.T) {
	w := open(t)
	if err := readmodel.CheckBegun(t.Context(), w.db.R, "sight"); err == nil {
		t.Error("a read model without facts is taken")
	}
	w.party("a", "430300")
	w.ok(readmodel.CheckBegun(t.Context(), w.db.R, "sight"))
}
