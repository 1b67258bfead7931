package evidence

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// allowed applies the rule of delivery to a start receipt, on the state at its
// revision: it is to receipts what the rules of the contract are to calls.
func allowed(state contract.State, s leaf) error {
	day := ledger.Date(calendar.Of(int64(s.Time)))
	var content ledger.Content
	var refused *ledger.Error
	switch s.Flow {
	case ledger.Delivery:
		f, err := ledger.LoadDelivery(state, s.Receipt)
		if err != nil {
			return err
		}
		content, refused = f.Content, ledger.CheckDelivery(f, s.Receipt, day)
	case ledger.Supply:
		f, err := ledger.LoadSupply(state, s.Receipt)
		if err != nil {
			return err
		}
		content, refused = f.Content, ledger.CheckSupply(f, s.Receipt, day)
	default:
		return fmt.Errorf("unknown flow %q", s.Flow)
	}
	if refused != nil {
		return refused
	}
	if s.log != ledger.ReceiptLog(content.Node) {
		return fmt.Errorf("the content lies at the node %s, the receipt in the log %s", content.Node, s.log)
	}
	return nil
}

// count adds a delivery to what was delivered under its order or license, and
// refuses what is past the limits.
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
	if v.counts[scope] == nil {
		v.counts[scope] = &ledger.Delivered{}
	}
	v.counts[scope].Add(d.start.Receipt, d.end.Receipt)
	if e := v.counts[scope].Within(limited.Limits); e != nil {
		return fail(CheckReceipt, d.start.at, e)
	}
	return nil
}
