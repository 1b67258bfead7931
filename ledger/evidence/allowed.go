package evidence

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// facts loads what the rule of delivery looks at, by point reads. The first read
// that fails stays in err.
type facts struct {
	state contract.State
	err   error
}

// fact reads a record that must be there.
func fact[R any](f *facts, kind string, id ledger.ID) (record R) {
	if f.err != nil {
		return record
	}
	ref := ledger.RefTo(kind, id)
	record, ok, err := load[R](f.state, ref)
	if err == nil && !ok {
		err = fmt.Errorf("record %s is not there", ref)
	}
	f.err = err
	return record
}

// entries reads the entries of resources; one that has none is left out.
func (f *facts) entries(resources ...ledger.ID) map[ledger.ID]ledger.Entry {
	list := map[ledger.ID]ledger.Entry{}
	for _, id := range resources {
		if idx := fact[ledger.ResourceIndex](f, ledger.KindResource, id); idx.Entry != "" {
			list[id] = fact[ledger.Entry](f, ledger.KindEntry, idx.Entry)
		}
	}
	return list
}

// allowed applies the rule of delivery to a start receipt, on the state at its
// revision: it is to receipts what the rules of the contract are to calls.
func allowed(state contract.State, s leaf) error {
	f := &facts{state: state}
	content := fact[ledger.Content](f, ledger.KindContent, s.Content)
	day := ledger.Date(calendar.Of(int64(s.Time)))
	var refused *ledger.Error
	switch s.Flow {
	case ledger.Delivery:
		d := ledger.DeliveryFacts{Content: content}
		d.Order = fact[ledger.Order](f, ledger.KindOrder, s.Order)
		d.Product = fact[ledger.Product](f, ledger.KindProduct, d.Order.Product)
		d.License = fact[ledger.License](f, ledger.KindLicense, d.Order.License)
		d.Operator = fact[ledger.Party](f, ledger.KindParty, d.Order.Operator)
		d.Buyer = fact[ledger.Party](f, ledger.KindParty, d.Order.Buyer)
		d.Entries = f.entries(ledger.OrderSources(d.Order, d.Product)...)
		if f.err == nil {
			refused = ledger.CheckDelivery(d, s.Receipt, day)
		}
	case ledger.Supply:
		d := ledger.SupplyFacts{Content: content}
		d.License = fact[ledger.License](f, ledger.KindLicense, s.License)
		d.Operator = fact[ledger.Party](f, ledger.KindParty, d.License.Assignee)
		d.Environment = fact[ledger.Environment](f, ledger.KindEnvironment, s.Environment)
		d.Entries = f.entries(ledger.ID(s.Subject.ID()))
		if f.err == nil {
			refused = ledger.CheckSupply(d, s.Receipt, day)
		}
	default:
		return fmt.Errorf("unknown flow %q", s.Flow)
	}
	switch {
	case f.err != nil:
		return f.err
	case refused != nil:
		return refused
	case s.log != ledger.ReceiptLog(content.Node):
		return fmt.Errorf("the content lies at the node %s, the receipt in the log %s", content.Node, s.log)
	}
	return nil
}

// resent is how far back a resume may begin (protocol §7): so much of each
// delivery that did not end complete may have been sent twice and counts once.
const resent = 16 << 20

// sum is what was delivered under an order or license.
type sum struct {
	bytes, again int64
	objects      map[string]*use
}

// use is what was delivered of one object.
type use struct{ size, starts, bytes, again int64 }

// count adds a delivery to what was delivered under its order or license, and
// refuses what is certainly past the limits: bytes of resumes count once, so each
// delivery that broke off is given the benefit.
func (v *verification) count(d *delivery) error {
	scope := ledger.RefTo(ledger.KindOrder, d.start.Order)
	if d.start.Flow == ledger.Supply {
		scope = ledger.RefTo(ledger.KindLicense, d.start.License)
	}
	limited, _, err := load[struct {
		Limits ledger.Quota `json:"limits"`
	}](v, scope)
	if err != nil {
		return err
	}
	s := v.counts[scope]
	if s == nil {
		s = &sum{objects: map[string]*use{}}
		v.counts[scope] = s
	}
	s.add(d)
	if l := limited.Limits; l.Bytes > 0 && s.bytes-s.again > l.Bytes || l.Uses > 0 && s.uses() > l.Uses {
		return failf(CheckReceipt, d.start.at, "more was delivered than %s allows", scope)
	}
	return nil
}

func (s *sum) add(d *delivery) {
	o := s.objects[d.start.Object]
	if o == nil {
		o = &use{size: d.start.Size}
		s.objects[d.start.Object] = o
	}
	o.starts++
	o.bytes += d.end.Bytes
	s.bytes += d.end.Bytes
	if d.end.Outcome != ledger.Complete {
		o.again += resent
		s.again += resent
	}
}

// uses counts the least uses of all objects: of one, its bytes over its size, and
// of an empty one its starts.
func (s *sum) uses() (n int64) {
	for _, o := range s.objects {
		switch {
		case o.size == 0:
			n += o.starts
		case o.bytes <= o.again+o.size:
			n++
		default:
			n += (o.bytes-o.again-1)/o.size + 1
		}
	}
	return n
}
