package demo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// offer returns a product of an operator under one of its licenses.
func (s *story) offer(title string, license, source ledger.ID, purposes []ledger.Purpose, fen ledger.Fen) ledger.ProductOffer {
	review := ledger.Review{By: "演示安全评估有限公司", On: s.today(), SHA256: digest("review " + title), ValidUntil: day(s.Now().AddDate(1, 0, 0))}
	return ledger.ProductOffer{
		ID: node.NewID(), Version: 1, Title: title, Description: "由授权运营机构加工形成的数据集，不含原始数据与个人信息，仅供演示。",
		License: license, Sources: []ledger.ID{source}, Form: ledger.FormDataset, Purposes: purposes,
		Terms: ledger.ProductTerms{Attribute: true, RetentionDays: 365, NoReidentify: true}, Level: ledger.General, PIStatus: ledger.PINone,
		SecurityReview: review, ConformityReview: review, Price: ledger.Price{Unit: "item", Fen: fen, Status: ledger.PriceTrial},
	}
}

// list lists a product and records its content.
func (s *story) list(who string, o ledger.ProductOffer, name string, data []byte) (ledger.Product, ledger.Content, error) {
	var p ledger.Product
	if _, err := s.do(who, ledger.FnProductList, ledger.ProductListArgs{ProductOffer: o}); err != nil {
		return p, ledger.Content{}, err
	}
	c, err := s.put(who, ledger.RefTo(ledger.KindProduct, o.ID), name, data)
	if err != nil {
		return p, c, err
	}
	s.say("   上架《%s》：%d 字节，SHA-256 %s", "   On offer: “%s”, %d bytes, SHA-256 %s", o.Title, c.Bytes, c.SHA256)
	return p, c, s.cast[who].Get(s.ctx, "/v1/products/"+string(o.ID), &p)
}

// buy places an order and lets the operator accept it; an order with a price is paid.
func (s *story) buy(who, operator string, p ledger.Product, purpose ledger.Purpose) (ledger.ID, error) {
	price := p.Price.Fen
	if purpose.Class != ledger.Industry {
		price = 0
	}
	id := node.NewID()
	out, err := s.do(who, ledger.FnOrderPlace, ledger.OrderPlaceArgs{
		ID: id, Product: p.ID, Answers: p.Cite.Payload, Purpose: purpose,
		PurposeText: salted("演示用途"), Quantity: 1, UnitPrice: price, Total: price, StartOn: s.today(), EndOn: day(s.Now().AddDate(1, 0, 0)),
		Limits: ledger.Quota{Uses: 100}, Recipient: region,
	})
	if err != nil {
		return id, err
	}
	out, err = s.do(operator, ledger.FnOrderAccept, ledger.AnswerArgs{ID: id, Answers: out.Payload})
	if err != nil {
		return id, err
	}
	if price > 0 {
		if _, err = s.do(operator, ledger.FnOrderConfirmPayment, ledger.OrderPaymentArgs{
			ID: id, Answers: out.Payload,
			Reference: "DEMO-" + string(id[:8]), PaidAt: s.now(), Fen: price,
		}); err != nil {
			return id, err
		}
	}
	s.result.Orders++
	s.say("   %s 订购《%s》，用途：%s，%s，订单 %s", "   %s orders “%s” for %s: %s, order %s", s.cast[who].party.Name, p.Title,
		words.EnumWord(s.lang(), "purpose_classes", purpose.Class), terminal.Money(s.lang(), price), id)
	return id, nil
}

// selling lists a product made of the supplied resource and sells it: for money to
// industry, for free to governance.
func (s *story) selling() error {
	s.say("\n== 产品与订单：同一产品，产业用途有偿，公共治理免费", "\n== Products and orders: industry pays, governance is free")
	if err := os.MkdirAll(filepath.Join(s.Dir, "delivered"), 0o700); err != nil {
		return words.Errorf("交付的文件夹：%v", "folder of deliveries: %v", err)
	}
	data, name := telemetry(20260202, 9000), "machine-hours.csv"
	if s.Product != "" {
		var err error
		if data, err = os.ReadFile(s.Product); err != nil {
			return words.Errorf("产品：%v", "product: %v", err)
		}
		name = filepath.Base(s.Product)
	}
	o := s.offer("工程机械施工强度分析数据集", s.license, s.telemetry, []ledger.Purpose{{Class: ledger.Industry}, {Class: ledger.Governance}}, 300_000)
	var err error
	if s.product, s.content, err = s.list("operator", o, name, data); err != nil {
		return err
	}
	s.result.SHA256 = s.content.SHA256
	if s.order, err = s.buy("buyer", "operator", s.product, ledger.Purpose{Class: ledger.Industry, Code: "leasing"}); err != nil {
		return err
	}
	s.result.Order = s.order
	governance, err := s.buy("emergency", "operator", s.product, ledger.Purpose{Class: ledger.Governance, Code: "emergency"})
	if err != nil {
		return err
	}
	other, err := s.buy("operator2", "operator", s.product, ledger.Purpose{Class: ledger.Industry, Code: "modeling"})
	if err != nil {
		return err
	}
	_, err = s.buy("operator", "operator", s.product, ledger.Purpose{Class: ledger.Industry, Code: "own"})
	if err := wantRefusal(err, ledger.ReasonOwnScope); err != nil {
		return words.Errorf("运营机构购买自己授权范围内的产品：%v", "an operator buys within its own scope: %v", err)
	}
	s.say("   运营机构购买本授权范围内的产品：拒绝（规范第六条）", "   An operator buys within its own scope: refused (O6)")
	for who, id := range map[string]ledger.ID{"emergency": governance, "operator2": other} {
		if err := s.fetch(who, id, who+"-"+s.content.Name); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) path(order ledger.ID, object string) string {
	return "/v1/orders/" + string(order) + "/content/" + object
}

// fetch fetches the whole content of an order and checks its hash.
func (s *story) fetch(who string, order ledger.ID, name string) error {
	f, err := s.cast[who].Fetch(s.ctx, s.path(order, s.content.Object), filepath.Join(s.Dir, "delivered", name), s.content.SHA256, nil)
	if err != nil {
		return words.Errorf("%s 获取：%v", "%s fetches: %v", who, err)
	}
	if f.SHA256 != s.content.SHA256 {
		return words.Errorf("%s 所收文件的 SHA-256 为 %s，应为 %s", "%s has SHA-256 %s, not %s", who, f.SHA256, s.content.SHA256)
	}
	s.result.Deliveries++
	s.say("   交付 %s：%d 字节，哈希一致", "   Delivered to %s: %d bytes, the hash is the same", s.cast[who].party.Name, f.Bytes)
	return nil
}

// delivery breaks a delivery off halfway, as a broken connection would, and resumes it.
func (s *story) delivery() error {
	s.say("\n== 交付：断线后续传，回执在首字节之前已落盘", "\n== Delivery: resumed after a cut; the receipt is durable before the first byte")
	file := filepath.Join(s.Dir, "delivered", s.content.Name)
	ctx, cut := context.WithCancel(s.ctx)
	defer cut()
	var n int64
	_, err := s.cast["buyer"].Fetch(ctx, s.path(s.order, s.content.Object), file, s.content.SHA256, func(done, total int64) {
		if n = done; done >= total/2 {
			cut()
		}
	})
	if !errors.Is(err, ledger.Unavailable) {
		return words.Errorf("半途断线的交付：%v", "a delivery that is cut halfway: %v", err)
	}
	s.say("   收到 %d 字节后断线", "   The connection breaks after %d bytes", n)
	f, err := s.cast["buyer"].Fetch(s.ctx, s.path(s.order, s.content.Object), file, s.content.SHA256, nil)
	if err != nil {
		return words.Errorf("续传：%v", "resume: %v", err)
	}
	if f.SHA256 != s.content.SHA256 || f.Resumed != n {
		return words.Errorf("从第 %d 字节续传，应为 %d，SHA-256 为 %s", "resumed from %d, not %d, SHA-256 %s", f.Resumed, n, f.SHA256)
	}
	s.result.Deliveries++
	s.result.Receipt = f.Starts[len(f.Starts)-1]
	s.say("   从第 %d 字节续传，SHA-256 %s 一致", "   Resumed at byte %d; SHA-256 %s is right", f.Resumed, f.SHA256)
	return nil
}

// begin starts a delivery and leaves its body open.
func (s *story) begin(who string, order ledger.ID, object string) (*http.Response, error) {
	token, err := s.cast[who].Token(5 * time.Minute)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+s.path(order, object), nil)
	if err != nil {
		return nil, words.Errorf("创世请求：%v", "request: %v", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, words.Errorf("交付：%v", "deliver: %v", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(words.Errorf("交付：%s", "deliver: %s", resp.Status), resp.Body.Close())
	}
	return resp, nil
}

// feedSize is more than the sockets between two processes can buffer.
const feedSize = 48 << 20

// cut terminates the license of the second operator while its product is being
// delivered.
func (s *story) cut() error {
	s.say("\n== 终止：授权一旦终止，进行中的交付被切断，新的交付被拒绝", "\n== Termination: the running delivery is cut, the next one is denied")
	o := s.offer("线路到站预测数据集", s.scenario, s.traffic, []ledger.Purpose{{Class: ledger.Industry, Code: "logistics"}}, 500)
	feed := make([]byte, feedSize)
	copy(feed, telemetry(7, 100))
	p, c, err := s.list("operator2", o, "arrivals.bin", feed)
	if err != nil {
		return err
	}
	order, err := s.buy("buyer", "operator2", p, ledger.Purpose{Class: ledger.Industry, Code: "logistics"})
	if err != nil {
		return err
	}
	running, err := s.begin("buyer", order, c.Object)
	if err != nil {
		return err
	}
	defer running.Body.Close()
	first := make([]byte, 1<<20)
	if _, err := io.ReadFull(running.Body, first); err != nil {
		return words.Errorf("最初的字节：%v", "first bytes: %v", err)
	}
	var l ledger.License
	if err := s.cast["bureau"].Get(s.ctx, "/v1/licenses/"+string(s.scenario), &l); err != nil {
		return err
	}
	if _, err := s.do("bureau", ledger.FnLicenseTerminate, ledger.TargetArgs{ID: s.scenario, Answers: l.Cite.Payload, Ground: "security_breach"}); err != nil {
		return err
	}
	rest, err := io.Copy(io.Discard, running.Body)
	if err == nil || rest+int64(len(first)) >= c.Bytes {
		return words.Errorf("授权终止后交付仍在继续：%d 字节，共 %d 字节", "a delivery went on after its license ended: %d of %d bytes", rest+int64(len(first)), c.Bytes)
	}
	s.say("   终止生效：交付在 %d / %d 字节处被切断", "   It ended: the delivery was cut at %d of %d bytes", rest+int64(len(first)), c.Bytes)
	_, err = s.cast["buyer"].Fetch(s.ctx, s.path(order, c.Object), filepath.Join(s.Dir, "delivered", "never"), "", nil)
	if err := wantRefusal(err, ledger.ReasonLicense); err != nil {
		return words.Errorf("授权终止后的交付：%v", "a delivery after termination: %v", err)
	}
	s.result.Denied++
	s.say("   再次请求：拒绝，留有回执", "   Asked for again: denied, with a receipt")
	return nil
}
