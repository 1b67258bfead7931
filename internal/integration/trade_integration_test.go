//go:build integration

package integration_test

import (
	"bytes"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

func date(years, days int) ledger.Date {
	return ledger.Date(time.Now().In(time.FixedZone("CST", 8*60*60)).AddDate(years, 0, days).Format(time.DateOnly))
}

func sum(text string) ledger.Digest { return ledger.DigestOf([]byte(text)) }

// application is one for a resource of the holder.
func (w *world) application(name, title string) ledger.AppSubmitArgs {
	w.t.Helper()
	a := ledger.AppSubmitArgs{
		Application: w.id(name), Body: w.party("body"), Deposit: sum("deposit " + string(w.id(name))),
		InternalReview: ledger.Review{By: "科技科", On: date(0, -20), SHA256: sum("review " + name)},
		Resource: ledger.Resource{
			ID: w.id("resource " + name), Title: title, Description: "按日更新的运行数据，供测试使用，不含个人信息。", Publisher: w.party("holder"),
			CatalogClass: "department", Domain: "transport", Sector: "G54", Spatial: region, Temporal: ledger.Temporal{Start: "2024-01-01"},
			Periodicity: "daily", Modified: ledger.Millis(time.Now().Add(-time.Minute).UnixMilli()), Keywords: []string{"测试"}, Obtained: "own",
			SourceBasis: ledger.Salt([16]byte{1}, "依职责采集"), ShareType: "conditional", OpenType: "conditional",
			SupplyMode: []string{"share", "authorized_operation"}, Format: "csv", RowCount: 10000, ByteSize: 1 << 20,
			Level: ledger.General, LevelBasis: ledger.Salt([16]byte{2}, "不涉及个人信息"), PIStatus: ledger.PINone,
			Items: []ledger.Item{{Name: "line", Label: "线路", DataType: "string", Length: 16, IsKey: true, Level: ledger.General, PIStatus: ledger.PINone}},
			Quality: ledger.Quality{
				Normative: 96, Complete: 95, Accurate: 97, Consistent: 95, Timely: 98, Accessible: 99, Assessor: "测试评估机构", AssessedOn: date(0, -30),
			},
		},
	}
	for i, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{Group: g, SHA256: sum(name + string(g)), Bytes: 1024, Name: ledger.Salt([16]byte{byte(i)}, string(g)+".pdf")})
	}
	return a
}

// apply deposits and submits, at a node.
func (w *world) apply(at, name, title string) {
	w.t.Helper()
	a := w.application(name, title)
	w.call("holder", at, ledger.RefTo(ledger.KindDeposit, a.Deposit), ledger.FnDeposit, ledger.DepositArgs{SHA256: a.Deposit, Bytes: 1 << 20})
	w.call("holder", at, w.ref(ledger.KindApplication, name), ledger.FnAppSubmit, a)
}

// register takes a resource to its entry, at a node.
func (w *world) register(at, name, title string) client.Outcome {
	w.t.Helper()
	w.apply(at, name, title)
	app := w.ref(ledger.KindApplication, name)
	step := func() ledger.AppStepArgs { return ledger.AppStepArgs{Application: w.id(name), Answers: w.cited(app)} }
	w.call("body", at, app, ledger.FnAppAccept, step())
	w.call("body", at, app, ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: step(), Checklist: []string{"complete", "consistent", "admissible"}})
	return w.call("body", at, app, ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step()})
}

// purpose of every license, product and order here: it costs nothing.
var purpose = ledger.Purpose{Class: ledger.Governance, Code: "emergency"}

// license offers one over a resource at a node; the operator accepts at its own.
func (w *world) license(at, name, resource string, environments ...ledger.ID) {
	w.t.Helper()
	r := w.ref(ledger.KindLicense, name)
	offer := w.call("authority", at, r, ledger.FnLicenseOffer, ledger.LicenseOfferArgs{LicenseTerms: ledger.LicenseTerms{
		ID: w.id(name), Mode: ledger.Scenario, Region: region, Domains: []string{}, Resources: []ledger.ID{w.id("resource " + resource)},
		Excluded: []ledger.ID{}, Purposes: []ledger.Purpose{purpose}, Actions: []string{"use", "derive", "distribute"},
		Assigner: w.party("authority"), Assignee: w.party("operator"),
		Basis:     ledger.Document{Title: "授权运营协议", Number: "2026-1", SHA256: sum("basis"), SignedOn: date(0, -10)},
		Selection: ledger.Selection{Method: "open_tender", Date: date(0, -20), SHA256: sum("selection")},
		Decision:  ledger.Decision{MinutesNo: "2026-7", Date: date(0, -15), SHA256: sum("minutes")},
		StartOn:   date(0, -2), EndOn: date(2, 0), Environments: append([]ledger.ID{}, environments...), Affiliates: []ledger.USCC{},
	}})
	w.catch(offer.Position.Block, "operator")
	w.answer("operator", "operator", r, ledger.FnLicenseAccept)
}

// put uploads a file at a node and records it as content there.
func (w *world) put(who, at, name string, subject ledger.Ref, file []byte) wire.Ingested {
	w.t.Helper()
	up, err := w.as(who, at).Upload(w.t.Context(), bytes.NewReader(file))
	w.ok(err)
	w.call(who, at, w.ref(ledger.KindContent, name), ledger.FnContentAdd, ledger.ContentArgs{
		ID: w.id(name), Subject: subject, Object: up.Object, SHA256: up.SHA256, Bytes: up.Bytes, Ingest: up.Receipt, Node: up.Node, Name: name + ".csv",
	})
	return up
}

// list lists a product of a license, at the operator's node.
func (w *world) list(name, resource string) ledger.Ref {
	w.t.Helper()
	review := ledger.Review{By: "评估机构", On: date(0, -5), SHA256: sum("review"), ValidUntil: date(1, 0)}
	product := w.ref(ledger.KindProduct, name)
	w.call("operator", "operator", product, ledger.FnProductList, ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: w.id(name), Version: 1, Title: "线路到站预测数据集" + name, Description: "全市公交线路逐站到站时间预测结果，按日更新，供应急与管理使用。",
		License: w.id(name), Sources: []ledger.ID{w.id("resource " + resource)}, Form: ledger.FormDataset, Purposes: []ledger.Purpose{purpose},
		Terms: ledger.ProductTerms{Attribute: true, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}})
	return product
}

// ordering is an order of a product.
func (w *world) ordering(id ledger.ID, product string) ledger.OrderPlaceArgs {
	return ledger.OrderPlaceArgs{
		ID: id, Product: w.id(product), Answers: w.cited(w.ref(ledger.KindProduct, product)), Purpose: purpose,
		PurposeText: ledger.Salt([16]byte{1}, "调度"), Evidence: sum("evidence"), Quantity: 1, StartOn: date(0, -1), EndOn: date(1, 0), Recipient: region,
	}
}

// sale is a license, a product of it with a file at the operator's node, and an
// order, placed at a node. All go by the sale's name.
func (w *world) sale(at, name, resource string, file []byte) wire.Ingested {
	w.t.Helper()
	w.license("bureau", name, resource)
	product := w.list(name, resource)
	up := w.put("operator", "operator", "content "+name, product, file)
	order := w.ref(ledger.KindOrder, name)
	w.call("buyer", at, order, ledger.FnOrderPlace, w.ordering(w.id(name), name))
	out := w.answer("operator", "operator", order, ledger.FnOrderAccept)
	w.catch(out.Position.Block, organizations...)
	return up
}

// orderPath is where content of an order is fetched.
func (w *world) orderPath(name, object string) string {
	return "/v1/orders/" + string(w.id(name)) + "/content/" + object
}
