package evidence_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// register brings a resource to its code.
func (w *world) register(name string) {
	w.t.Helper()
	w.must("holder", ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit " + name), Bytes: 4096})
	w.must("holder", ledger.FnAppSubmit, submission(name))
	app := ref(ledger.KindApplication, name)
	step := func() ledger.AppStepArgs { return ledger.AppStepArgs{Application: id(name), Answers: w.cited(app)} }
	w.must("body", ledger.FnAppAccept, step())
	w.must("body", ledger.FnAppPass, ledger.AppPassArgs{AppStepArgs: step(), Checklist: []string{"complete", "consistent", "admissible"}})
	w.must("body", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: step()})
}

func submission(name string) ledger.AppSubmitArgs {
	a := ledger.AppSubmitArgs{
		Application: id(name), Body: id("body"), Deposit: sum("deposit " + name),
		InternalReview: ledger.Review{By: "科技科", On: "2026-08-31", SHA256: sum("review " + name)},
		Resource: ledger.Resource{
			ID: id("resource " + name), Title: "公交车辆到离站信息" + name,
			Description: "全市公交车辆每次到站和离站的线路、站点、方向与时间,由车载终端实时上报。", Identifier: "306001/000012",
			Publisher: id("holder"), CatalogClass: "department", Domain: "transport", Sector: "G5411", Spatial: "430300",
			Temporal: ledger.Temporal{Start: "2024-01-01"}, Periodicity: "realtime", Modified: noon - 1_000_000,
			Keywords: []string{"公交"}, Obtained: "own", SourceBasis: ledger.Salt([16]byte{1}, "城市公共汽车和电车客运管理规定"),
			ShareType: "conditional", OpenType: "closed", SupplyMode: []string{"authorized_operation"},
			Items: []ledger.Item{
				{Name: "route_id", Label: "线路编号", DataType: "string", Length: 16, IsKey: true, Level: ledger.General, PIStatus: ledger.PINone},
			},
			Format: "database", RowCount: 86_400_000, ByteSize: 4_000_000_000, Level: ledger.General,
			LevelBasis: ledger.Salt([16]byte{2}, "GB/T 43697-2024"), PIStatus: ledger.PINone,
			Quality: ledger.Quality{
				Normative: 98, Complete: 97, Accurate: 96, Consistent: 95, Timely: 99, Accessible: 100,
				Assessor: "市数据局", AssessedOn: "2026-08-31",
			},
		},
	}
	for i, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{
			Group: g, SHA256: sum(name + string(g)), Bytes: 1024,
			Name: ledger.Salt([16]byte{byte(i)}, string(g)+".pdf"),
		})
	}
	return a
}

// environment puts the operator's environment on record.
func (w *world) environment(name string) {
	w.t.Helper()
	key := w.key("environment " + name)
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: id("ledger"), ID: id(name), Operator: id("operator")})
	if err != nil {
		w.t.Fatalf("environment: %v", err)
	}
	w.must("implementer", ledger.FnEnvironmentSet, ledger.EnvironmentArgs{
		ID: id(name), Operator: id("operator"), Region: "430300", Attestation: sum("attestation"), Key: key.Public(), Proof: proof,
	})
}

func (w *world) offer(name string) {
	w.t.Helper()
	w.must("implementer", ledger.FnLicenseOffer, offer(name))
}

func offer(name string) ledger.LicenseOfferArgs {
	return ledger.LicenseOfferArgs{LicenseTerms: ledger.LicenseTerms{
		ID: id(name), Mode: ledger.Domain, Region: "430300", Domains: []string{"transport"}, Resources: []ledger.ID{},
		Excluded: []ledger.ID{}, Purposes: []ledger.Purpose{{Class: ledger.Industry}}, Actions: []string{"use", "derive", "distribute"},
		Assigner: id("implementer"), Assignee: id("operator"),
		Basis:     ledger.Document{Title: "交通领域授权运营协议", Number: "2026-1", SHA256: sum("basis"), SignedOn: "2026-10-19"},
		Selection: ledger.Selection{Method: "open_tender", Date: "2026-09-01", SHA256: sum("selection")},
		Decision:  ledger.Decision{MinutesNo: "2026-7", Date: "2026-09-30", SHA256: sum("minutes")},
		StartOn:   "2026-10-19", EndOn: "2029-10-18", Environments: []ledger.ID{id("env")}, Affiliates: []ledger.USCC{},
	}}
}

func listing(name, license string, version int) ledger.ProductListArgs {
	review := ledger.Review{By: "评估机构", On: "2026-10-19", SHA256: sum("review"), ValidUntil: "2027-10-19"}
	return ledger.ProductListArgs{ProductOffer: ledger.ProductOffer{
		ID: id(name), Version: version, Title: "线路到站预测数据集", Description: "全市公交线路逐站到站时间预测结果,按日更新,供物流与出行企业使用。",
		License: id(license), Sources: []ledger.ID{id("resource bus")}, Form: ledger.FormDataset,
		Purposes: []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}},
		Terms:    ledger.ProductTerms{Attribute: true, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "row", Fen: 3, Status: ledger.PriceTrial},
	}}
}

func (w *world) content(name, owner string, subject ledger.Ref) {
	w.t.Helper()
	w.contentAt(node, name, owner, subject)
}

func (w *world) contentAt(origin, name, owner string, subject ledger.Ref) {
	w.t.Helper()
	w.must(owner, ledger.FnContentAdd, ledger.ContentArgs{
		ID: id(name), Subject: subject, Object: "object-" + name, SHA256: sum(name), Bytes: 1000, Ingest: sum("ingest " + name), Node: origin,
		Name: name + ".csv",
	})
}

// order is paid and active in the end.
func (w *world) order(name, product, buyer string) {
	w.t.Helper()
	o := ref(ledger.KindOrder, name)
	w.must(buyer, ledger.FnOrderPlace, ledger.OrderPlaceArgs{
		ID: id(name), Product: id(product), Answers: w.cited(ref(ledger.KindProduct, product)),
		Purpose: ledger.Purpose{Class: ledger.Industry, Code: "logistics"}, PurposeText: ledger.Salt([16]byte{1}, "调度"),
		Quantity: 100000, UnitPrice: 3, Total: 300000, StartOn: "2026-10-20", EndOn: "2027-10-19", Recipient: "430300",
	})
	w.must("operator", ledger.FnOrderAccept, w.answer(o))
	w.must("operator", ledger.FnOrderConfirmPayment, ledger.OrderPaymentArgs{
		ID: id(name), Answers: w.cited(o), Reference: "2026-77", PaidAt: w.now, Fen: 300000,
	})
}

// deliver appends the start and the end receipt of a delivery, and returns the
// start's leaf hash.
func (w *world) deliver(order, content string) ledger.Digest {
	w.t.Helper()
	o, c := get[ledger.Order](w, ref(ledger.KindOrder, order)), get[ledger.Content](w, ref(ledger.KindContent, content))
	purpose := o.Purpose
	return w.transfer(ledger.Receipt{
		Party: o.Buyer, Flow: ledger.Delivery, License: o.License, Order: o.ID, Subject: c.Subject, Purpose: &purpose,
	}, c)
}

// supply appends the start and the end receipt of a supply to the environment.
func (w *world) supply(license, content string) ledger.Digest {
	w.t.Helper()
	c := get[ledger.Content](w, ref(ledger.KindContent, content))
	return w.transfer(ledger.Receipt{
		Party: id("operator"), Flow: ledger.Supply, License: id(license), Environment: id("env"), Subject: c.Subject,
		Key: w.key("environment env").ID(),
	}, c)
}

func (w *world) transfer(r ledger.Receipt, c ledger.Content) ledger.Digest {
	w.t.Helper()
	w.n++
	w.now += 1000
	r.V, r.Kind, r.ID, r.Time = 1, ledger.ReceiptStart, id("start"+strconv.Itoa(w.n)), w.now
	r.Revision = &ledger.Revision{Block: uint64(len(w.log.entries) - 1), Head: sum("head")}
	r.Content, r.Object, r.SHA256, r.Size, r.Length = c.ID, c.Object, c.SHA256, c.Bytes, c.Bytes
	start := w.appendReceipt(c.Node, r)
	r.Kind, r.Start, r.Revision = ledger.ReceiptEnd, r.ID, nil
	r.ID, r.Time, r.Bytes, r.Outcome = ledger.DeriveID("end", string(r.Start)), w.now+500, r.Length, ledger.Complete
	w.appendReceipt(c.Node, r)
	return start
}

// appendReceipt appends a receipt to a node's log.
func (w *world) appendReceipt(origin string, r ledger.Receipt) ledger.Digest {
	w.t.Helper()
	log := ledger.ReceiptLog(origin)
	if w.receipts[log] == nil {
		w.receipts[log] = &tree{}
	}
	entry := encode(w.t, r)
	w.receipts[log].append(w.t, entry)
	h := tlog.RecordHash(entry)
	return ledger.Digest(hex.EncodeToString(h[:]))
}

// anchor records the root of a node's receipt log.
func (w *world) anchor(party, origin string) {
	w.t.Helper()
	log := ledger.ReceiptLog(origin)
	l, from := w.receipts[log], w.anchored[log]
	size := int64(len(l.entries))
	args := ledger.AnchorArgs{Log: log, Size: size, Root: digests([]tlog.Hash{l.root(w.t, size)})[0], Proof: []ledger.Digest{}}
	if from > 0 && from < size {
		p, err := tlog.ProveTree(size, from, l)
		if err != nil {
			w.t.Fatalf("prove: %v", err)
		}
		args.Proof = digests(p)
	}
	w.must(party, ledger.FnAnchor, args)
	w.anchored[log] = size
}

// Receipts implements evidence.Source.
func (w *world) Receipts(_ context.Context, about ledger.Ref) ([]evidence.AnchoredReceipts, error) {
	var groups []evidence.AnchoredReceipts
	for _, origin := range []string{node, "node2.example"} {
		log := ledger.ReceiptLog(origin)
		l, size := w.receipts[log], w.anchored[log]
		at := w.index[ledger.RecordKey(ledger.RefTo(ledger.KindAnchor, log))]
		if l == nil || len(at) == 0 {
			continue
		}
		group := evidence.AnchoredReceipts{Log: log, Anchor: ledger.Position{Block: uint64(at[len(at)-1])}}
		for i, entry := range l.entries[:size] {
			if w.of(l, about, entry) {
				group.Items = append(group.Items, evidence.ReceiptItem{Index: int64(i), Entry: entry, Path: l.path(w.t, int64(i), size)})
			}
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// of reports whether a receipt is among those of about.
func (w *world) of(l *tree, about ledger.Ref, entry []byte) bool {
	r := receipt(w, entry)
	switch about.Kind() {
	case ledger.KindOrder:
		return string(r.Order) == about.ID()
	case ledger.KindLicense:
		return r.Flow == ledger.Supply && string(r.License) == about.ID()
	case ledger.KindResource:
		return r.Flow == ledger.Supply && r.Subject == about
	}
	var start ledger.ID
	for _, e := range l.entries {
		h := tlog.RecordHash(e)
		if hex.EncodeToString(h[:]) == about.ID() {
			o := receipt(w, e)
			start = o.ID
			if o.Kind == ledger.ReceiptEnd {
				start = o.Start
			}
		}
	}
	return start != "" && (r.ID == start || r.Start == start)
}

func receipt(w *world, entry []byte) ledger.Receipt {
	w.t.Helper()
	var r ledger.Receipt
	if err := json.Unmarshal(entry, &r); err != nil {
		w.t.Fatalf("receipt: %v", err)
	}
	return r
}

// story is a ledger on which all has happened once, and some things twice.
func story(w *world) {
	w.t.Helper()
	w.register("bus")
	w.register("river")
	w.environment("env")
	w.offer("L")
	w.must("operator", ledger.FnLicenseAccept, w.answer(ref(ledger.KindLicense, "L")))
	w.must("operator", ledger.FnProductList, listing("P", "L", 1))
	w.content("data", "operator", ref(ledger.KindProduct, "P"))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"))
	w.supply("L", "raw")
	w.order("O", "P", "buyer")
	w.order("O2", "P", "buyer2")
	w.deliver("O", "data")
	w.deliver("O2", "data")
	w.deliver("O", "data")
	w.anchor("node", node)
}
