package contract_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func suspendedBy(role ledger.Role) []ledger.Suspension {
	return []ledger.Suspension{{Role: role, By: mID(string(role)), Ground: "order-1", Since: 1}}
}

func TestProductList(t *testing.T) {
	base := licensed(t)
	from := func(a *ledger.ProductListArgs, names ...string) {
		a.Sources = nil
		for _, n := range names {
			a.Sources = append(a.Sources, mID(n))
		}
	}
	invalid := func(field string) refusal {
		return refusal{ledger.InvalidCode, ledger.ReasonField, "args." + field}
	}
	forbidden := func(r ledger.Reason, field string) refusal {
		return refusal{ledger.Forbidden, r, "args." + field}
	}
	license := func(change func(*ledger.License)) func(*market, *ledger.ProductListArgs) {
		return func(m *market, _ *ledger.ProductListArgs) { edit(m, mLicense("L"), change) }
	}
	args := func(change func(*ledger.ProductListArgs)) func(*market, *ledger.ProductListArgs) {
		return func(_ *market, a *ledger.ProductListArgs) { change(a) }
	}
	for _, c := range []struct {
		name string
		edit func(*market, *ledger.ProductListArgs)
		want refusal
	}{
		{"dataset", args(func(*ledger.ProductListArgs) {}), refusal{}},
		{"report", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormReport }), refusal{}},
		{"statistic", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormStatistic }), refusal{}},
		{"model", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormModel }), refusal{}},
		{"free", args(func(a *ledger.ProductListArgs) { a.Price.Fen = 0 }), refusal{}},
		{"anonymized from personal data", args(func(a *ledger.ProductListArgs) { from(a, "bus", "faces"); a.PIStatus = ledger.PIAnonymized }), refusal{}},
		{"reviewed today, valid until today", args(func(a *ledger.ProductListArgs) {
			a.SecurityReview.On, a.SecurityReview.ValidUntil = marketDay, marketDay
		}), refusal{}},
		{"any purpose of a class", args(func(a *ledger.ProductListArgs) { a.Purposes = []ledger.Purpose{{Class: ledger.Industry}} }), refusal{}},

		{"no title", args(func(a *ledger.ProductListArgs) { a.Title = "" }), invalid("title")},
		{"short description", args(func(a *ledger.ProductListArgs) { a.Description = "短" }), invalid("description")},
		{"no source", args(func(a *ledger.ProductListArgs) { a.Sources = []ledger.ID{} }), invalid("sources")},
		{"source twice", args(func(a *ledger.ProductListArgs) { from(a, "bus", "bus") }), invalid("sources[1]")},
		{"unknown form", args(func(a *ledger.ProductListArgs) { a.Form = "film" }), invalid("form")},
		{"no purpose", args(func(a *ledger.ProductListArgs) { a.Purposes = []ledger.Purpose{} }), invalid("allowed_purposes")},
		{"re-identification", args(func(a *ledger.ProductListArgs) { a.Terms.NoReidentify = false }), invalid("terms.no_reidentify")},
		{"negative retention", args(func(a *ledger.ProductListArgs) { a.Terms.RetentionDays = -1 }), invalid("terms.retention_days")},
		{"negative price", args(func(a *ledger.ProductListArgs) { a.Price.Fen = -1 }), invalid("price.price")},
		{"unknown unit", args(func(a *ledger.ProductListArgs) { a.Price.Unit = "kilo" }), invalid("price.unit")},
		{"ceiling price", args(func(a *ledger.ProductListArgs) { a.Price.Status = "ceiling" }), invalid("price.price_status")},
		{"review without end", args(func(a *ledger.ProductListArgs) { a.ConformityReview.ValidUntil = "" }), invalid("conformity_review.valid_until")},
		{"review ends before it began", args(func(a *ledger.ProductListArgs) { a.ConformityReview.ValidUntil = "2026-10-18" }), invalid("conformity_review.valid_until")},
		{"not the first version", args(func(a *ledger.ProductListArgs) { a.Version = 2 }), invalid("version")},
		{"version 0", args(func(a *ledger.ProductListArgs) { a.Version = 0 }), invalid("version")},

		{"raw", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormRaw }), forbidden(ledger.ReasonForm, "form")},
		{"api", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormAPI }), forbidden(ledger.ReasonForm, "form")},
		{"sandbox", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormSandbox }), forbidden(ledger.ReasonForm, "form")},
		{"verify", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormVerify }), forbidden(ledger.ReasonForm, "form")},
		{"important", args(func(a *ledger.ProductListArgs) { a.Level = ledger.Important }), forbidden(ledger.ReasonLevel, "level")},
		{"core", args(func(a *ledger.ProductListArgs) { a.Level = ledger.Core }), forbidden(ledger.ReasonLevel, "level")},
		{"milder than an important source", args(func(a *ledger.ProductListArgs) { from(a, "clinic") }), forbidden(ledger.ReasonLevel, "sources[0]")},
		{"core source", args(func(a *ledger.ProductListArgs) { from(a, "core") }), forbidden(ledger.ReasonScope, "sources[0]")},
		{"deidentified", args(func(a *ledger.ProductListArgs) { a.PIStatus = ledger.PIDeidentified }), forbidden(ledger.ReasonPI, "pi_status")},
		{"personal", args(func(a *ledger.ProductListArgs) { a.PIStatus = ledger.PIPersonal }), forbidden(ledger.ReasonPI, "pi_status")},
		{"sensitive", args(func(a *ledger.ProductListArgs) { a.PIStatus = ledger.PISensitive }), forbidden(ledger.ReasonPI, "pi_status")},
		{"not from personal data", args(func(a *ledger.ProductListArgs) { from(a, "bus", "faces") }), forbidden(ledger.ReasonPI, "sources[1]")},
		{"security review ran out", args(func(a *ledger.ProductListArgs) { a.SecurityReview.ValidUntil = "2026-10-19" }), forbidden(ledger.ReasonReview, "security_review")},
		{"conformity review tomorrow", args(func(a *ledger.ProductListArgs) { a.ConformityReview.On = "2026-10-21" }), forbidden(ledger.ReasonReview, "conformity_review")},
		{"source outside the domain", args(func(a *ledger.ProductListArgs) { from(a, "river") }), forbidden(ledger.ReasonScope, "sources[0]")},
		{"source outside the region", args(func(a *ledger.ProductListArgs) { from(a, "elsewhere") }), forbidden(ledger.ReasonScope, "sources[0]")},
		{"source not coded", args(func(a *ledger.ProductListArgs) { from(a, "bus", "raw") }), forbidden(ledger.ReasonGate, "sources[1]")},
		{"source's entry ended", args(func(a *ledger.ProductListArgs) { from(a, "lapsed") }), forbidden(ledger.ReasonEntry, "sources[0]")},
		{"unknown source", args(func(a *ledger.ProductListArgs) { from(a, "nothing") }), refusal{ledger.NotFound, ledger.ReasonUnknown, "args.sources[0]"}},
		{"source suspended", func(m *market, _ *ledger.ProductListArgs) {
			edit(m, ledger.RefTo(ledger.KindEntry, mID("entry-bus")), func(e *ledger.Entry) { e.Suspensions = suspendedBy(ledger.RoleRegulator) })
		}, forbidden(ledger.ReasonEntry, "sources[0]")},
		{
			"purpose beyond the license", license(func(l *ledger.License) { l.Purposes = l.Purposes[:2] }),
			refusal{ledger.InvalidCode, ledger.ReasonPurpose, "args.allowed_purposes[2]"},
		},
		{"source excluded", license(func(l *ledger.License) { l.Excluded = []ledger.ID{mID("bus")} }), forbidden(ledger.ReasonScope, "sources[0]")},
		{"license of another operator", license(func(l *ledger.License) { l.Assignee = mID("operator2") }), forbidden(ledger.ReasonNotYours, "license_id")},
		{"license only offered", license(func(l *ledger.License) { l.State = ledger.LicenseOffered }), forbidden(ledger.ReasonLicense, "license_id")},
		{"license terminated", license(func(l *ledger.License) { l.State = ledger.LicenseTerminated }), forbidden(ledger.ReasonLicense, "license_id")},
		{"license suspended", license(func(l *ledger.License) { l.Suspensions = suspendedBy(ledger.RoleImplementer) }), forbidden(ledger.ReasonSuspended, "license_id")},
		{"license not begun", license(func(l *ledger.License) { l.StartOn = "2026-10-21" }), forbidden(ledger.ReasonLicense, "license_id")},
		{"license expired", license(func(l *ledger.License) { l.EndOn = "2026-10-19" }), forbidden(ledger.ReasonLicense, "license_id")},
		{"unknown license", args(func(a *ledger.ProductListArgs) { a.License = mID("none") }), refusal{ledger.NotFound, ledger.ReasonUnknown, "args.license_id"}},
		{"id taken", func(m *market, _ *ledger.ProductListArgs) { m.seed(mProduct("P"), ledger.Product{}) }, refusal{ledger.Conflict, ledger.ReasonExists, "args.id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, a := base.fork(t), listArgs("P", "L")
			c.edit(m, &a)
			expect(t, m.try("operator", ledger.FnProductList, a), c.want)
		})
	}
}

func TestProductLinks(t *testing.T) {
	m := licensed(t)
	e := m.must("operator", ledger.FnProductList, listArgs("P", "L"))
	want := []ledger.Link{
		{From: mProduct("P"), Rel: "under", To: mLicense("L")},
		{From: mProduct("P"), Rel: "derived_from", To: ledger.RefTo(ledger.KindResource, mID("bus"))},
	}
	if d := cmp.Diff(want, e.Links); d != "" {
		t.Fatal(d)
	}
}

func TestProductChangeAndDelist(t *testing.T) {
	m := trading(t)
	change := listArgs("P", "L")
	change.Version, change.Price.Fen = 2, 5

	skipped, moved := change, change
	skipped.Version = 3
	moved.License = mID("L2")
	expect(t, m.try("operator", ledger.FnProductChange, skipped), refusal{ledger.Conflict, ledger.ReasonStale, "args.version"})
	expect(t, m.try("operator", ledger.FnProductChange, moved), refusal{ledger.InvalidCode, ledger.ReasonField, "args.license_id"})
	expect(t, m.try("operator2", ledger.FnProductChange, change), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
	m.must("buyer", ledger.FnOrderPlace, m.placeArgs("before", "P"))
	before := get[ledger.Product](m, mProduct("P"))
	m.must("operator", ledger.FnProductChange, change)
	after := get[ledger.Product](m, mProduct("P"))
	if after.Version != 2 || after.Price.Fen != 5 || after.ListedAt != before.ListedAt || after.Cite == before.Cite {
		t.Fatalf("after the change: %+v", after)
	}
	expect(t, m.try("operator", ledger.FnProductChange, change), refusal{ledger.Conflict, ledger.ReasonStale, "args.version"})

	// An order that was placed before has the same price and can still be accepted.
	m.must("operator", ledger.FnOrderAccept, m.answer(mOrder("before")))
	if o := get[ledger.Order](m, mOrder("before")); o.UnitPrice != 3 || o.Version != 1 || o.Offer != before.Cite.Payload {
		t.Fatalf("order on the first version: %+v", o)
	}

	stale := m.target(mProduct("P"))
	stale.Answers = before.Cite.Payload
	expect(t, m.try("operator", ledger.FnProductDelist, stale), refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"})
	expect(t, m.try("operator2", ledger.FnProductDelist, m.target(mProduct("P"))), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
	byOrder := m.fork(t)
	byOrder.must("regulator", ledger.FnProductDelist, byOrder.target(mProduct("P")))
	m.must("operator", ledger.FnProductDelist, m.target(mProduct("P")))
	expect(t, m.try("operator", ledger.FnProductDelist, m.target(mProduct("P"))), refusal{ledger.Conflict, ledger.ReasonState, "args.id"})
	change.Version = 3
	expect(t, m.try("operator", ledger.FnProductChange, change), refusal{ledger.Conflict, ledger.ReasonState, "args.id"})
	expect(t, m.try("buyer", ledger.FnOrderPlace, m.placeArgs("O", "P")), refusal{ledger.Forbidden, ledger.ReasonNotListed, "args.product_id"})
}

// TestProductChangeRefuses: a new version is checked like the first one, against
// the current license and sources.
func TestProductChangeRefuses(t *testing.T) {
	base := trading(t)
	args := func(change func(*ledger.ProductListArgs)) func(*market, *ledger.ProductListArgs) {
		return func(_ *market, a *ledger.ProductListArgs) { change(a) }
	}
	from := func(name string) func(*market, *ledger.ProductListArgs) {
		return args(func(a *ledger.ProductListArgs) { a.Sources = []ledger.ID{mID(name)} })
	}
	forbidden := func(r ledger.Reason, field string) refusal { return refusal{ledger.Forbidden, r, "args." + field} }
	for _, c := range []struct {
		name string
		edit func(*market, *ledger.ProductListArgs)
		want refusal
	}{
		{"good", args(func(*ledger.ProductListArgs) {}), refusal{}},
		{"raw", args(func(a *ledger.ProductListArgs) { a.Form = ledger.FormRaw }), forbidden(ledger.ReasonForm, "form")},
		{"important", args(func(a *ledger.ProductListArgs) { a.Level = ledger.Important }), forbidden(ledger.ReasonLevel, "level")},
		{"personal", args(func(a *ledger.ProductListArgs) { a.PIStatus = ledger.PIPersonal }), forbidden(ledger.ReasonPI, "pi_status")},
		{"review ran out", args(func(a *ledger.ProductListArgs) { a.SecurityReview.ValidUntil = marketStart }), forbidden(ledger.ReasonReview, "security_review")},
		{"unknown source", from("nothing"), refusal{ledger.NotFound, ledger.ReasonUnknown, "args.sources[0]"}},
		{"source not coded", from("raw"), forbidden(ledger.ReasonGate, "sources[0]")},
		{"source's entry ended", from("lapsed"), forbidden(ledger.ReasonEntry, "sources[0]")},
		{"source out of scope", from("river"), forbidden(ledger.ReasonScope, "sources[0]")},
		{"purpose beyond the license", func(m *market, _ *ledger.ProductListArgs) {
			edit(m, mLicense("L"), func(l *ledger.License) { l.Purposes = l.Purposes[:2] })
		}, refusal{ledger.InvalidCode, ledger.ReasonPurpose, "args.allowed_purposes[2]"}},
		{"license suspended", func(m *market, _ *ledger.ProductListArgs) {
			m.must("regulator", ledger.FnLicenseSuspend, m.target(mLicense("L")))
		}, forbidden(ledger.ReasonSuspended, "license_id")},
		{"license terminated", func(m *market, _ *ledger.ProductListArgs) {
			m.must("implementer", ledger.FnLicenseTerminate, m.target(mLicense("L")))
		}, forbidden(ledger.ReasonLicense, "license_id")},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, a := base.fork(t), listArgs("P", "L")
			a.Version = 2
			c.edit(m, &a)
			expect(t, m.try("operator", ledger.FnProductChange, a), c.want)
		})
	}
}

func contentArgs(name string, subject ledger.Ref) ledger.ContentArgs {
	return ledger.ContentArgs{
		ID: mID(name), Subject: subject, Object: "0199/object", SHA256: mHash("bytes"), Bytes: 5,
		Ingest: mHash("receipt"), Node: "node.example", Name: "线路 2026-10.csv",
	}
}

// fileArgs are good arguments that add a file with the given bytes.
func fileArgs(name string, subject ledger.Ref, bytes string) ledger.ContentArgs {
	a := contentArgs(name, subject)
	a.SHA256, a.Bytes = mHash(bytes), int64(len(bytes))
	return a
}

func TestContent(t *testing.T) {
	base := trading(t)
	resource := ledger.RefTo(ledger.KindResource, mID("bus"))
	name := func(s string) func(*market, *ledger.ContentArgs) {
		return func(_ *market, a *ledger.ContentArgs) { a.Name = s }
	}
	badName := refusal{ledger.InvalidCode, ledger.ReasonField, "args.name"}
	for _, c := range []struct {
		name    string
		who     string
		subject ledger.Ref
		edit    func(*market, *ledger.ContentArgs)
		want    refusal
	}{
		{"of a resource", "holder", resource, nil, refusal{}},
		{"of a resource not yet coded", "holder", ledger.RefTo(ledger.KindResource, mID("raw")), nil, refusal{}},
		{"of a product", "operator", mProduct("P"), nil, refusal{}},
		{"empty, of a resource", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.Bytes = 0 }, refusal{}},
		{"empty, of a product", "operator", mProduct("P"), func(_ *market, a *ledger.ContentArgs) { a.Bytes = 0 }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.bytes"}},
		{"of another's resource", "holder2", resource, nil, refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.subject"}},
		{"of another's product", "operator2", mProduct("P"), nil, refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.subject"}},
		{"of a resource by its operator", "operator", resource, nil, refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.subject"}},
		{"of nothing", "operator", mProduct("none"), nil, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.subject"}},
		{"of an order", "operator", mOrder("O"), nil, refusal{ledger.InvalidCode, ledger.ReasonField, "args.subject"}},
		{"of a delisted product", "operator", mProduct("P"), func(m *market, _ *ledger.ContentArgs) {
			edit(m, mProduct("P"), func(p *ledger.Product) { p.State = ledger.ProductDelisted })
		}, refusal{ledger.Forbidden, ledger.ReasonNotListed, "args.subject"}},
		{"on an unknown node", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.Node = "elsewhere.example" }, refusal{ledger.NotFound, ledger.ReasonUnknown, "args.node"}},
		{"id taken", "holder", resource, func(m *market, a *ledger.ContentArgs) {
			m.seed(ledger.RefTo(ledger.KindContent, a.ID), ledger.Content{})
		}, refusal{ledger.Conflict, ledger.ReasonExists, "args.id"}},
		{"negative size", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.Bytes = -1 }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.bytes"}},
		{"no digest", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.SHA256 = "" }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.sha256"}},
		{"no receipt", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.Ingest = "" }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.ingest_receipt"}},
		{"object above", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.Object = "a/../../b" }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.object"}},
		{"object at the root", "holder", resource, func(_ *market, a *ledger.ContentArgs) { a.Object = "/etc/passwd" }, refusal{ledger.InvalidCode, ledger.ReasonField, "args.object"}},
		{"no name", "holder", resource, name(""), badName},
		{"path up", "holder", resource, name("../x.csv"), badName},
		{"directory", "holder", resource, name("a/x.csv"), badName},
		{"backslash", "holder", resource, name(`a\x.csv`), badName},
		{"dot", "holder", resource, name("."), badName},
		{"hidden", "holder", resource, name(".profile"), badName},
		{"option", "holder", resource, name("-rf"), badName},
		{"device", "holder", resource, name("c:x"), badName},
		{"turned text", "holder", resource, name("a\u202egpj.exe"), badName},
		{"line break", "holder", resource, name("a\nb"), badName},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, a := base.fork(t), contentArgs("C", c.subject)
			if c.edit != nil {
				c.edit(m, &a)
			}
			expect(t, m.try(c.who, ledger.FnContentAdd, a), c.want)
		})
	}
}

func TestContentLinksAndRemoval(t *testing.T) {
	m := trading(t)
	ref := ledger.RefTo(ledger.KindContent, mID("C"))
	e := m.must("operator", ledger.FnContentAdd, contentArgs("C", mProduct("P")))
	for _, want := range []ledger.Link{
		{From: ref, Rel: "content_of", To: mProduct("P")},
		{From: ledger.RefTo(ledger.KindFile, mHash("bytes")), Rel: "content_of", To: ref},
	} {
		if !slices.Contains(e.Links, want) {
			t.Fatalf("no link %v in %v", want, e.Links)
		}
	}
	stale := m.answer(ref)
	stale.Answers = mHash("x")
	expect(t, m.try("operator2", ledger.FnContentRemove, m.answer(ref)), refusal{ledger.Forbidden, ledger.ReasonNotYours, "args.id"})
	expect(t, m.try("operator", ledger.FnContentRemove, stale), refusal{ledger.Conflict, ledger.ReasonStale, "args.answers"})
	m.must("operator", ledger.FnContentRemove, m.answer(ref))
	if get[ledger.Content](m, ref).State != ledger.ContentRemoved {
		t.Fatal("content is not removed")
	}
	expect(t, m.try("operator", ledger.FnContentRemove, m.answer(ref)), refusal{ledger.Conflict, ledger.ReasonState, "args.id"})
}
