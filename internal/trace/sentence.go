package trace

import (
	"fmt"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
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
	return words.Join(s.parts)
}

// says collects the parts of a sentence.
type says struct {
	t     *Trace
	parts []ledger.Words
}

// add adds a part of the sentence with its values.
func (s *says) add(part ledger.Words, values ...any) {
	s.parts = append(s.parts, words.Format(part, values...))
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

// linkedFrom returns the steps of a kind to which the record from links.
func (s *says) linkedFrom(from ledger.Ref, kind string) []Step {
	var list []Step
	for _, l := range s.t.Links {
		if x, ok := s.step(l.To); ok && l.From == from && l.To.Kind() == kind {
			list = append(list, x)
		}
	}
	return list
}

func (s *says) file() {
	contents := s.linkedFrom(s.t.From, ledger.KindContent)
	for i, c := range contents {
		if i == 2 {
			s.add(words.Trace.FileElsewhere, len(contents)-i)
			break
		}
		for _, p := range s.linkedFrom(c.Ref, ledger.KindProduct) {
			s.add(words.Trace.FileOfProduct, p.Name, p.Who, c.Name)
			s.product(p.Ref)
		}
		for _, r := range s.linkedFrom(c.Ref, ledger.KindResource) {
			s.add(words.Trace.FileOfResource, r.Name, r.Who, c.Name)
			s.registered(r.Ref)
		}
	}
	if len(contents) == 0 {
		s.add(words.Trace.FileByReceipts, len(s.receipts()))
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
		s.add(words.Trace.Deliveries, len(list))
	}
}

// stateOf returns what people read for the state of a step.
func stateOf(x Step) ledger.Words { return words.StateOf(x.Ref.Kind(), x.State) }

// minute returns a time in Beijing to the minute.
func minute(t ledger.Millis) string {
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
		s.add(words.Trace.Supplied, minute(r.Time), x.Who, block, n)
		return
	}
	s.add(words.Trace.Delivered, minute(r.Time), x.Who, block, n)
}

func (s *says) receipt(ref ledger.Ref) {
	x, ok := s.step(ref)
	if !ok || x.Receipt == nil {
		return
	}
	switch x.Receipt.Kind {
	case ledger.ReceiptStart, ledger.ReceiptEnd:
		s.delivery(x)
		for _, o := range s.linkedFrom(ref, ledger.KindOrder) {
			s.order(o.Ref)
		}
		for _, r := range s.linkedFrom(ref, ledger.KindResource) {
			s.registered(r.Ref)
		}
	case ledger.ReceiptIngest:
		s.add(words.Trace.Uploaded, minute(x.Receipt.Time), x.Who)
	case ledger.ReceiptDenial:
		s.add(words.Trace.Denied, minute(x.Receipt.Time), x.Who, words.ReasonOf(x.Receipt.Reason))
	case ledger.ReceiptRead:
		s.add(words.Trace.Read, minute(x.Receipt.Time), x.Who, words.RefOf(x.Receipt.Subject))
	}
}

func (s *says) order(ref ledger.Ref) {
	x, _ := s.step(ref)
	s.add(words.Trace.Order, x.Who, stateOf(x))
	for _, p := range s.linkedFrom(ref, ledger.KindProduct) {
		s.add(words.Trace.OrderedProduct, p.Name, p.Who)
		s.product(p.Ref)
	}
}

func (s *says) product(ref ledger.Ref) {
	for _, l := range s.linkedFrom(ref, ledger.KindLicense) {
		s.license(l.Ref)
	}
	sources := s.linkedFrom(ref, ledger.KindResource)
	if len(sources) == 1 {
		s.registered(sources[0].Ref)
	} else if len(sources) > 1 {
		s.add(words.Trace.Sources, len(sources))
	}
	if len(s.parts) == 0 {
		x, _ := s.step(ref)
		s.add(words.Trace.Product, x.Name, x.Who, stateOf(x))
	}
}

func (s *says) license(ref ledger.Ref) {
	x, _ := s.step(ref)
	s.add(words.Trace.License, x.Name, x.Who, stateOf(x))
}

// registered says who holds a resource; ref is the resource or its entry.
func (s *says) registered(ref ledger.Ref) {
	x, ok := s.step(ref)
	if !ok {
		return
	}
	s.add(words.Trace.Resource, x.Name, x.Who, stateOf(x))
}
