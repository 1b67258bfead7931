package trace

import (
	"fmt"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Sentence says in both languages whose the first record of the trace is, by which
// right, and, for a delivery, whether it was allowed at that time. It uses only the
// steps, so a client can build the sentence again after joining the answers of several
// nodes.
func (t *Trace) Sentence() ledger.Words {
	s := says{t: t}
	switch t.From.Kind() {
	case ledger.KindFile:
		s.file()
	case ledger.KindReceipt:
		s.receipt(t.From)
	case ledger.KindOrder:
		s.order(t.From)
	case ledger.KindProduct:
		s.product(t.From)
	case ledger.KindLicense:
		s.license(t.From)
	case ledger.KindResource, ledger.KindEntry:
		s.registered(t.From)
	}
	return ledger.Words{ZH: strings.Join(s.zh, "") + "。", EN: strings.Join(s.en, "; ") + "."}
}

// says collects the parts of a sentence.
type says struct {
	t      *Trace
	zh, en []string
}

// add adds a part; every Chinese part except the first begins with a comma.
func (s *says) add(zh, en string, args ...any) {
	zh = fmt.Sprintf(zh, args...)
	if len(s.zh) > 0 {
		zh = "；" + zh
	}
	s.zh, s.en = append(s.zh, zh), append(s.en, fmt.Sprintf(en, args...))
}

// step returns the step of a record.
func (s *says) step(ref ledger.Ref) (Step, bool) {
	for _, x := range s.t.Steps {
		if x.Ref == ref {
			return x, true
		}
	}
	return Step{}, false
}

// to returns the steps of a kind to which a record links.
func (s *says) to(from ledger.Ref, kind string) []Step {
	var list []Step
	for _, l := range s.t.Links {
		if x, ok := s.step(l.To); ok && l.From == from && l.To.Kind() == kind {
			list = append(list, x)
		}
	}
	return list
}

func (s *says) file() {
	contents := s.to(s.t.From, ledger.KindContent)
	for i, c := range contents {
		if i == 2 {
			s.add("另登记为内容 %d 处", "it is recorded as content %d more times", len(contents)-i)
			break
		}
		for _, p := range s.to(c.Ref, ledger.KindProduct) {
			s.add("该文件是%[2]s的产品“%[1]s”的内容“%[3]s”", "the file is %[3]q of the product %[1]q of %[2]s", p.Name, p.Who, c.Name)
			s.product(p.Ref)
		}
		for _, r := range s.to(c.Ref, ledger.KindResource) {
			s.add("该文件是%[2]s的资源“%[1]s”的内容“%[3]s”", "the file is %[3]q of the resource %[1]q of %[2]s", r.Name, r.Who, c.Name)
			s.registered(r.Ref)
		}
	}
	if len(contents) == 0 {
		s.add("该文件由%d份入库回执可知", "the file is known by %d receipts of its upload", len(s.receipts()))
	}
	s.deliveries()
}

// receipts returns the steps of receipts.
func (s *says) receipts() []Step {
	var list []Step
	for _, x := range s.t.Steps {
		if x.Receipt != nil {
			list = append(list, x)
		}
	}
	return list
}

// deliveries says what was delivered of a file, and how often.
func (s *says) deliveries() {
	var list []Step
	for _, x := range s.receipts() {
		if x.Receipt.Kind == ledger.ReceiptStart {
			list = append(list, x)
		}
	}
	switch len(list) {
	case 0:
	case 1:
		s.delivery(list[0])
	default:
		s.add("可见的交付与供给共 %d 项，每项开始时均经判定允许", "%d deliveries and supplies of it can be shown; each was allowed when it began", len(list))
	}
}

// day returns a moment in China's time.
func day(t ledger.Millis) string {
	return time.UnixMilli(int64(t)).In(time.FixedZone("UTC+8", 8*60*60)).Format("2006-01-02 15:04")
}

func (s *says) delivery(x Step) {
	r := x.Receipt
	block := "?"
	if r.Revision != nil {
		block = fmt.Sprint(r.Revision.Block)
	}
	n := int64(1)
	if x.Delivered != nil {
		n = x.Delivered.Count
	}
	if r.Flow == ledger.Supply {
		s.add("%[1]s（北京时间）供给%[2]s，当时依授权判定允许（策略版本：区块 %[3]s），共 %[4]d 次",
			"it was supplied to %[2]s on %[1]s (Beijing time), which the license allowed then (policy revision: block %[3]s), %[4]d times in all", day(r.Time), x.Who, block, n)
		return
	}
	s.add("%[1]s（北京时间）交付%[2]s，当时依订单判定允许（策略版本：区块 %[3]s），共 %[4]d 次",
		"it was delivered to %[2]s on %[1]s (Beijing time), which the order allowed then (policy revision: block %[3]s), %[4]d times in all", day(r.Time), x.Who, block, n)
}

func (s *says) receipt(ref ledger.Ref) {
	x, ok := s.step(ref)
	if !ok || x.Receipt == nil {
		return
	}
	switch x.Receipt.Kind {
	case ledger.ReceiptStart, ledger.ReceiptEnd:
		s.delivery(x)
		for _, o := range s.to(ref, ledger.KindOrder) {
			s.order(o.Ref)
		}
		for _, r := range s.to(ref, ledger.KindResource) {
			s.registered(r.Ref)
		}
	case ledger.ReceiptIngest:
		s.add("%s（北京时间）由%s上传", "it was uploaded on %s (Beijing time) by %s", day(x.Receipt.Time), x.Who)
	case ledger.ReceiptDenial:
		s.add("%s（北京时间）拒绝了%s，原因 %s", "on %s (Beijing time) %s was refused, with reason %s", day(x.Receipt.Time), x.Who, string(x.Receipt.Reason))
	case ledger.ReceiptRead:
		s.add("%s（北京时间）%s查看了 %s", "on %s (Beijing time) %s looked at %s", day(x.Receipt.Time), x.Who, string(x.Receipt.Subject))
	}
}

func (s *says) order(ref ledger.Ref) {
	x, _ := s.step(ref)
	s.add("订单属%[1]s，状态 %[2]s", "the order is of %[1]s, state %[2]s", x.Who, x.State)
	for _, p := range s.to(ref, ledger.KindProduct) {
		s.add("所购产品“%[1]s”由%[2]s经营", "it is for the product %[1]q of %[2]s", p.Name, p.Who)
		s.product(p.Ref)
	}
}

func (s *says) product(ref ledger.Ref) {
	for _, l := range s.to(ref, ledger.KindLicense) {
		s.license(l.Ref)
	}
	sources := s.to(ref, ledger.KindResource)
	if len(sources) == 1 {
		s.registered(sources[0].Ref)
	} else if len(sources) > 1 {
		s.add("来源资源 %d 项", "it is made from %d resources", len(sources))
	}
	if len(s.zh) == 0 {
		x, _ := s.step(ref)
		s.add("产品“%[1]s”由%[2]s经营，状态 %[3]s", "the product %[1]q is of %[2]s, state %[3]s", x.Name, x.Who, x.State)
	}
}

func (s *says) license(ref ledger.Ref) {
	x, _ := s.step(ref)
	s.add("依据授权“%[1]s”，被授权方%[2]s，授权现状 %[3]s", "by the license %[1]q of %[2]s, which is now %[3]s", x.Name, x.Who, x.State)
}

// registered says who holds a resource; ref is the resource or its entry.
func (s *says) registered(ref ledger.Ref) {
	x, ok := s.step(ref)
	if !ok {
		return
	}
	s.add("资源“%[1]s”由%[2]s持有，登记现状 %[3]s", "the resource %[1]q is held by %[2]s, its registration is now %[3]s", x.Name, x.Who, x.State)
}
