package readmodel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/readmodel/readmodeltest"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/registry"
)

// fixture writes records into one read model, as the events of blocks do.
type fixture struct {
	t  testing.TB
	db *sqldb.DB
	n  int
}

func (f *fixture) project(d projection.Domain, kind string, id ledger.ID, at ledger.Millis, v any) {
	f.t.Helper()
	e := ledger.Event{Time: at, Records: []ledger.Record{readmodeltest.Record(ledger.RefTo(kind, id), v)}}
	readmodeltest.Project(f.t, f.db, []projection.Domain{d}, e)
}

func (f *fixture) next() (int, ledger.ID) {
	f.n++
	return f.n, ledger.DeriveID("readmodel", f.t.Name(), fmt.Sprint(f.n))
}

func named(s string) ledger.ID { return ledger.DeriveID("readmodel", s) }

func names(list ...string) (ids []string) {
	for _, s := range list {
		ids = append(ids, string(named(s)))
	}
	return ids
}

func pick(rt *rapid.T, label string, from []string) string {
	return rapid.SampledFrom(from).Draw(rt, label)
}

func subjects(t testing.TB) map[string]subject {
	t.Helper()
	return map[string]subject{
		"orders": ordersOf(t), "products": productsOf(t), "licenses": licensesOf(t), "applications": applicationsOf(t),
		"notices": noticesOf(t), "parties": partiesOf(t), "search": searchOf(t), "records": recordsOf(t),
	}
}

func market(t testing.TB) (*fixture, *marketplace.Market) {
	db := open(t)
	return &fixture{t: t, db: db}, marketplace.New(marketplace.Config{DB: db.R, Now: time.Now})
}

// fields is a record whose filters each ask for one value, but those in special.
func fields(id ledger.ID, key string, values map[string]*string, special func(filter, value string) bool) rec {
	return rec{id: string(id), key: func(choice) string { return key }, match: func(filter, value string) bool {
		if v, ok := values[filter]; ok {
			return *v == value
		}
		return special(filter, value)
	}}
}

// scopes are readers as values of a filter: who, and of which region an office.
func scopes(who ...string) (list []string) {
	for _, region := range []string{"", "430000", "430300", "430381", "440000"} {
		for _, w := range append(names(who...), "") {
			if w+region != "" {
				list = append(list, w+"@"+region)
			}
		}
	}
	return list
}

// scope is the reader of a filter's value; none is whoever reads everything.
func scope(value string) readmodel.Scope {
	if value == "" {
		return readmodel.Everything()
	}
	who, region, _ := strings.Cut(value, "@")
	return readmodel.Scope{Party: ledger.ID(who), Region: ledger.Region(region)}
}

// in reports whether a record that names parties and lies in a region is in the scope.
func in(value, region string, parties ...string) bool {
	s := scope(value)
	return slices.Contains(parties, string(s.Party)) || s.Region != "" && s.Region.Covers(ledger.Region(region))
}

// regions are where records lie.
var regions = []string{"430300", "430381", "430400", "440300", ""}

func ordersOf(t testing.TB) subject {
	f, m := market(t)
	for _, r := range regions {
		f.project(m, ledger.KindLicense, ledger.ID("license"+r), 1, ledger.License{LicenseTerms: ledger.LicenseTerms{Region: ledger.Region(r)}})
	}
	who, what := names("a", "b", "c"), names("p", "q")
	states := []string{string(ledger.OrderPlaced), string(ledger.OrderActive)}
	var changes []func(rt *rapid.T)
	return subject{
		listing: "marketplace.orders",
		filters: map[string][]string{"buyer": who, "operator": who, "readers": scopes("a", "b"), "product": what, "state": states},
		add: func(rt *rapid.T) rec {
			_, id := f.next()
			buyer, operator, product, state := pick(rt, "buyer", who), pick(rt, "operator", who), pick(rt, "product", what), pick(rt, "state", states)
			region := pick(rt, "region", regions)
			at := ledger.Millis(rapid.IntRange(1, 9).Draw(rt, "at")) // many at the same time
			write := func() {
				f.project(m, ledger.KindOrder, id, at, ledger.Order{
					ID: id, Buyer: ledger.ID(buyer), Operator: ledger.ID(operator), Product: ledger.ID(product), State: ledger.OrderState(state),
					License: ledger.ID("license" + region),
				})
			}
			write()
			changes = append(changes, func(rt *rapid.T) { state = pick(rt, "state", states); write() })
			return fields(id, fmt.Sprintf("%03d %s", at, id), map[string]*string{"buyer": &buyer, "operator": &operator, "product": &product, "state": &state},
				func(_, value string) bool { return in(value, region, buyer, operator) })
		},
		change: func(rt *rapid.T) { rapid.SampledFrom(changes).Draw(rt, "which")(rt) },
		page: func(c choice, p readmodel.Page) ([]string, string, error) {
			list, next, err := m.Orders(t.Context(), marketplace.OrderFilter{
				Buyer: ledger.ID(c["buyer"]), Operator: ledger.ID(c["operator"]), Readers: scope(c["readers"]),
				Product: ledger.ID(c["product"]), State: ledger.OrderState(c["state"]),
			}, p)
			return ids(list, func(o ledger.Order) ledger.ID { return o.ID }), next, err
		},
	}
}

func ids[T any](list []T, id func(T) ledger.ID) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(id(v))
	}
	return out
}

func productsOf(t testing.TB) subject {
	f, m := market(t)
	who, under := names("a", "b"), names("l", "k")
	states := []string{string(ledger.ProductListed), string(ledger.ProductDelisted)}
	titles := []string{"公交到站", "公交客流", "医院床位"}
	return subject{
		listing: "marketplace.products",
		filters: map[string][]string{"operator": who, "license": under, "state": states, "title": {"公交", "%", "床"}},
		add: func(rt *rapid.T) rec {
			_, id := f.next()
			operator, license, state, title := pick(rt, "operator", who), pick(rt, "license", under), pick(rt, "state", states), pick(rt, "title", titles)
			at := ledger.Millis(rapid.IntRange(1, 9).Draw(rt, "at"))
			f.project(m, ledger.KindProduct, id, at, ledger.Product{
				Operator: ledger.ID(operator), State: ledger.ProductState(state), ListedAt: at,
				ProductOffer: ledger.ProductOffer{ID: id, License: ledger.ID(license), Title: title},
			})
			return fields(id, fmt.Sprintf("%03d %s", at, id), map[string]*string{"operator": &operator, "license": &license, "state": &state},
				func(_, value string) bool { return strings.Contains(title, value) })
		},
		page: func(c choice, p readmodel.Page) ([]string, string, error) {
			list, next, err := m.Products(t.Context(), marketplace.ProductFilter{
				Operator: ledger.ID(c["operator"]), License: ledger.ID(c["license"]), State: ledger.ProductState(c["state"]), Text: c["title"],
			}, p)
			return ids(list, func(p ledger.Product) ledger.ID { return p.ID }), next, err
		},
	}
}

func licensesOf(t testing.TB) subject {
	db := open(t)
	f := &fixture{t: t, db: db}
	l, err := licensing.New(db.R, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	who, states := names("a", "b"), []string{string(ledger.LicenseOffered), string(ledger.LicenseAccepted)}
	resources := names("r", "s")
	facts := map[string]ledger.Facts{}
	for i, r := range resources {
		e := ledger.EntryDetail{Entry: ledger.Entry{
			ID: named("entry" + r), Subject: ledger.ID(r), SubjectHash: ledger.DigestOf([]byte(r)), State: ledger.EntryActive, ValidFrom: "2020-01-01", ValidUntil: "2999-01-01",
		}}
		e.Resource.Domain, e.Resource.Spatial, e.Resource.Level = []string{"transport", "health"}[i], "330106", ledger.General
		f.project(l, ledger.KindSubmission, ledger.ID(e.SubjectHash), 1, ledger.Submission{Resource: e.Resource})
		f.project(l, ledger.KindEntry, e.ID, 1, e.Entry)
		facts[r] = e.Facts()
	}
	return subject{
		listing: "licensing.licenses",
		filters: map[string][]string{"assignee": who, "assigner": who, "state": states, "resource": resources},
		add: func(rt *rapid.T) rec {
			_, id := f.next()
			assignee, assigner, state := pick(rt, "assignee", who), pick(rt, "assigner", who), pick(rt, "state", states)
			v := ledger.License{State: ledger.LicenseState(state)}
			v.ID, v.Assignee, v.Assigner, v.Suspensions = id, ledger.ID(assignee), ledger.ID(assigner), []ledger.Suspension{}
			v.Mode, v.Domains = rapid.SampledFrom(ledger.Modes()).Draw(rt, "mode"), []string{pick(rt, "domain", []string{"transport", "health"})}
			v.Region = rapid.SampledFrom([]ledger.Region{"330000", "330100", "330106", "110000"}).Draw(rt, "region")
			v.Resources = []ledger.ID{ledger.ID(pick(rt, "resource", resources))}
			if rapid.Bool().Draw(rt, "excluded") {
				v.Excluded = []ledger.ID{ledger.ID(resources[0])}
			}
			f.project(l, ledger.KindLicense, id, 1, v)
			return fields(id, string(id), map[string]*string{"assignee": &assignee, "assigner": &assigner, "state": &state},
				func(_, value string) bool { return v.Covers(facts[value], ledger.Purpose{}) })
		},
		page: func(c choice, p readmodel.Page) ([]string, string, error) {
			list, next, err := l.List(t.Context(), licensing.Filter{
				Assignee: ledger.ID(c["assignee"]), Assigner: ledger.ID(c["assigner"]), State: ledger.LicenseState(c["state"]), Resource: ledger.ID(c["resource"]),
			}, p.Cursor, p.Limit)
			return ids(list, func(v ledger.License) ledger.ID { return v.ID }), next, err
		},
	}
}

func register(t testing.TB) (*fixture, *registry.Registry) {
	db := open(t)
	now := time.Date(2026, 10, 20, 4, 0, 0, 0, time.UTC)
	f, r := &fixture{t: t, db: db}, registry.New(db.R, func() time.Time { return now })
	f.project(r, ledger.KindSubmission, submitted, 1, ledger.Submission{})
	return f, r
}

// submitted names what all applications of a subject submitted.
const submitted ledger.ID = "submitted"

func number(n int) string { return fmt.Sprintf("%09d", n) }

func applicationsOf(t testing.TB) subject {
	f, r := register(t)
	s := subject{listing: "registry.applications", filters: map[string][]string{
		"readers": scopes("m", "n", "a", "b"), "state": {string(ledger.AppSubmitted), string(ledger.AppAccepted), string(ledger.AppNoticed)},
	}}
	for who, region := range map[string]string{"a": "430300", "b": "430381", "c": "440300"} {
		f.project(r, ledger.KindParty, named(who), 1, ledger.Party{ID: named(who), Region: ledger.Region(region)})
	}
	lies := map[string]string{string(named("a")): "430300", string(named("b")): "430381", string(named("c")): "440300"}
	var changes []func(rt *rapid.T)
	s.add = func(rt *rapid.T) rec {
		n, id := f.next()
		body, applicant, state := pick(rt, "body", names("m", "n")), pick(rt, "applicant", names("a", "b", "c")), pick(rt, "state", s.filters["state"])
		write := func() {
			f.project(r, ledger.KindApplication, id, 1, ledger.Application{
				ID: id, Body: ledger.ID(body), Applicant: ledger.ID(applicant), State: ledger.ApplicationState(state),
				SubmitPayload: ledger.Digest(submitted),
			})
		}
		write()
		changes = append(changes, func(rt *rapid.T) { state = pick(rt, "state", s.filters["state"]); write() })
		return fields(id, number(n), map[string]*string{"state": &state},
			func(_, value string) bool { return in(value, lies[applicant], body, applicant) })
	}
	s.change = func(rt *rapid.T) { rapid.SampledFrom(changes).Draw(rt, "which")(rt) }
	s.page = func(c choice, p readmodel.Page) ([]string, string, error) {
		list, next, err := r.Applications(t.Context(), registry.Filter{
			Readers: scope(c["readers"]), State: ledger.ApplicationState(c["state"]), Cursor: p.Cursor, Limit: p.Limit,
		})
		return ids(list, func(a ledger.ApplicationDetail) ledger.ID { return a.ID }), next, err
	}
	return s
}

func noticesOf(t testing.TB) subject {
	f, r := register(t)
	return subject{
		listing: "registry.notices",
		add: func(rt *rapid.T) rec {
			n, id := f.next()
			a := ledger.Application{ID: id, SubmitPayload: ledger.Digest(submitted), State: rapid.SampledFrom([]ledger.ApplicationState{ledger.AppNoticed, ledger.AppWithdrawn}).Draw(rt, "state")}
			until := ledger.Period{From: "2026-10-10", Days: 1, Due: rapid.SampledFrom([]ledger.Date{"2026-10-12", "2026-10-20"}).Draw(rt, "due")}
			if n <= 3 { // some are always there
				a.State, until.Due = ledger.AppNoticed, "2026-10-20"
			}
			f.project(r, ledger.KindApplication, id, 1, a)
			f.project(r, ledger.KindNotice, id, 1, ledger.Notice{Application: id, From: until.From, Until: until})
			return rec{id: string(id), key: func(choice) string { return number(n) }, hidden: a.State != ledger.AppNoticed || until.Due < "2026-10-20"}
		},
		page: func(_ choice, p readmodel.Page) ([]string, string, error) {
			list, next, err := r.Notices(t.Context(), registry.NoticeRunning, p)
			return ids(list, func(n registry.Notice) ledger.ID { return n.Application }), next, err
		},
	}
}

func partiesOf(t testing.TB) subject {
	f, r := register(t)
	roles := []string{string(ledger.RoleHolder), string(ledger.RoleBuyer), string(ledger.RoleOperator)}
	return subject{
		listing: "registry.parties",
		filters: map[string][]string{"role": roles, "region": {"430000", "430300", "440000"}, "name": {"交通", "局", "_"}},
		add: func(rt *rapid.T) rec {
			n, id := f.next()
			has := rapid.SliceOfNDistinct(rapid.SampledFrom(roles), 1, 3, rapid.ID[string]).Draw(rt, "roles")
			name, region := pick(rt, "name", []string{"交通局", "卫健委", "交通委"}), pick(rt, "region", []string{"430300", "430100", "440300"})
			p := ledger.Party{ID: id, Name: name, Region: ledger.Region(region)}
			for _, role := range has {
				p.Roles = append(p.Roles, ledger.Role(role))
			}
			f.project(r, ledger.KindParty, id, 1, p)
			return fields(id, number(n), nil, func(filter, value string) bool {
				switch filter {
				case "role":
					return slices.Contains(has, value)
				case "region":
					return strings.HasPrefix(region, strings.TrimRight(value, "0"))
				}
				return strings.Contains(name, value)
			})
		},
		page: func(c choice, p readmodel.Page) ([]string, string, error) {
			list, next, err := r.Parties(t.Context(), registry.PartyFilter{
				Text: c["name"], Role: ledger.Role(c["role"]), Region: ledger.Region(c["region"]), Cursor: p.Cursor, Limit: p.Limit,
			})
			return ids(list, func(p ledger.Party) ledger.ID { return p.ID }), next, err
		},
	}
}

// searchOf holds total too: it is that of the moment of the page.
func searchOf(t testing.TB) subject {
	f, r := register(t)
	s := subject{listing: "registry.search", filters: map[string][]string{
		"text": {"公交", "公", "车辆 公交", "床位"}, "holder": names("a", "b"), "domain": {"transport", "health"}, "region": {"430000", "430300"},
		"state": {string(registry.StatusActive), string(registry.StatusExpired), string(registry.StatusCancelled)},
	}}
	s.add = func(rt *rapid.T) rec {
		n, id := f.next()
		title, text := pick(rt, "title", []string{"公交车辆", "医院床位", "公交"}), pick(rt, "text", []string{"车辆与公交", "床位说明", ""})
		holder, domain, region := pick(rt, "holder", s.filters["holder"]), pick(rt, "domain", s.filters["domain"]), pick(rt, "region", []string{"430300", "430100", "440300"})
		e := ledger.Entry{ID: id, Subject: id, SubjectHash: ledger.DigestOf([]byte(id)), Holder: ledger.ID(holder), State: ledger.EntryActive, ValidFrom: "2026-10-15", ValidUntil: "2029-10-15"}
		f.project(r, ledger.KindSubmission, ledger.ID(e.SubjectHash), 1, ledger.Submission{
			Resource: ledger.Resource{ID: id, Title: title, Description: text, Domain: domain, Spatial: ledger.Region(region)},
		})
		e.CadCode = ledger.MakeCadCode("430300", '1', e.ValidFrom, e.ID)
		state := pick(rt, "state", s.filters["state"])
		switch registry.Status(state) {
		case registry.StatusExpired:
			e.ValidUntil = "2026-10-19"
		case registry.StatusCancelled:
			e.State = ledger.EntryCancelled
		default: // as it is
		}
		f.project(r, ledger.KindEntry, id, 1, e)
		in := func(s, words string) bool {
			return !slices.ContainsFunc(strings.Fields(words), func(w string) bool { return !strings.Contains(s, w) })
		}
		v := fields(id, "", map[string]*string{"holder": &holder, "domain": &domain, "state": &state}, func(filter, value string) bool {
			if filter == "region" {
				return strings.HasPrefix(region, strings.TrimRight(value, "0"))
			}
			return in(title+"|"+text, value)
		})
		v.key = func(c choice) string { // those with the words in their title come first
			if in(title, c["text"]) {
				return "1" + number(n)
			}
			return "0" + number(n)
		}
		return v
	}
	s.page = func(c choice, p readmodel.Page) ([]string, string, error) {
		found, err := r.Search(t.Context(), registry.Query{
			Text: c["text"], Holder: ledger.ID(c["holder"]), Domain: c["domain"], Region: ledger.Region(c["region"]), State: registry.Status(c["state"]),
			Cursor: p.Cursor, Limit: p.Limit,
		})
		return ids(found.Resources, func(s registry.Summary) ledger.ID { return s.Entry }), found.Next, err
	}
	return s
}

// recordsOf has records of two kinds, one type for both.
func recordsOf(t testing.TB) subject {
	f := &fixture{t: t, db: open(t)}
	r, kinds := records.New(f.db.R), []string{ledger.KindDeposit, ledger.KindLog}
	return subject{
		listing: "records",
		filters: map[string][]string{"kind": kinds},
		add: func(rt *rapid.T) rec {
			_, id := f.next()
			kind := pick(rt, "kind", kinds)
			f.project(r, kind, id, 1, ledger.Deposit{Party: id})
			return fields(id, kind+"/"+string(id), map[string]*string{"kind": &kind}, nil)
		},
		page: func(c choice, p readmodel.Page) ([]string, string, error) {
			list, next, err := records.List[ledger.Deposit](t.Context(), r, c["kind"], p)
			return ids(list, func(d ledger.Deposit) ledger.ID { return d.Party }), next, err
		},
	}
}
