package evidence

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// Judge applies the delivery rule to receipts, and adds up what was delivered under
// each order and license. It does for receipts what the contract does for calls.
type Judge struct {
	counts map[countedBy]*ledger.Delivered
}

// Start checks a start receipt of a log on the state at the receipt's policy
// revision.
func (j *Judge) Start(state contract.State, log string, start ledger.Receipt) error {
	return allowed(state, log, start)
}

func allowed(state contract.State, log string, s ledger.Receipt) error {
	day := ledger.Date(calendar.Of(int64(s.Time)))
	var content ledger.Content
	var refused *ledger.Error
	switch s.Flow {
	case ledger.Delivery:
		f, err := ledger.LoadDelivery(state, s)
		if err != nil {
			return err
		}
		content, refused = f.Content, ledger.CheckDelivery(f, s, day)
	case ledger.Supply:
		f, err := ledger.LoadSupply(state, s)
		if err != nil {
			return err
		}
		content, refused = f.Content, ledger.CheckSupply(f, s, day)
	default:
		return fmt.Errorf("unknown flow %q", s.Flow)
	}
	if refused != nil {
		return refused
	}
	if ledger.NodeOfReceipts(log) != content.Node {
		return fmt.Errorf("the content is at the node %s, but the receipt is in the log %s", content.Node, log)
	}
	return nil
}

// Count adds a completed delivery to what was delivered under its order and its
// license, and refuses amounts above their limits (D2). The deliveries and the supplies
// of a license are added up separately.
func (j *Judge) Count(state contract.State, start, end ledger.Receipt) error {
	scopes := []ledger.Ref{ledger.RefTo(ledger.KindLicense, start.License)}
	if start.Flow == ledger.Delivery {
		scopes = append(scopes, ledger.RefTo(ledger.KindOrder, start.Order))
	}
	for _, scope := range scopes {
		limited, _, err := load[struct {
			Limits ledger.Quota `json:"limits"`
		}](state, scope)
		if err != nil {
			return err
		}
		key := countedBy{scope, start.Flow}
		if j.counts == nil {
			j.counts = map[countedBy]*ledger.Delivered{}
		}
		if j.counts[key] == nil {
			j.counts[key] = &ledger.Delivered{}
		}
		j.counts[key].Add(start, end)
		if refused := j.counts[key].Within(limited.Limits); refused != nil {
			return refused
		}
	}
	return nil
}

// countedBy is an order, or a license and a flow, whose deliveries are added up.
type countedBy struct {
	scope ledger.Ref
	flow  ledger.Flow
}
