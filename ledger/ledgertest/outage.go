package ledgertest

import (
	"context"
	"iter"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

// Outage is a ledger that can be disconnected. Then it answers nothing, like a
// network without connection, and delivers no blocks until it is connected again.
// The ledger behind it still records the calls of others.
type Outage struct {
	ledger.Ledger

	mu   sync.Mutex
	back chan struct{} // closed while the ledger is connected
}

// NewOutage wraps l and is connected.
func NewOutage(l ledger.Ledger) *Outage {
	o := &Outage{Ledger: l, back: make(chan struct{})}
	close(o.back)
	return o
}

// Cut disconnects the ledger, and Restore connects it again. They must be called
// alternately.
func (o *Outage) Cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.back = make(chan struct{})
}

// Restore connects the ledger again.
func (o *Outage) Restore() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.back)
}

func (o *Outage) up() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.back
}

func (o *Outage) check() error {
	select {
	case <-o.up():
		return nil
	default:
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	}
}

// Submit implements ledger.Ledger.
func (o *Outage) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	if err := o.check(); err != nil {
		return ledger.Outcome{}, err
	}
	return o.Ledger.Submit(ctx, jws)
}

// Value implements ledger.Ledger.
func (o *Outage) Value(ctx context.Context, key string) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return o.Ledger.Value(ctx, key)
}

// Recorded implements ledger.Ledger.
func (o *Outage) Recorded(ctx context.Context, party, call ledger.ID) (ledger.Recorded, error) {
	if err := o.check(); err != nil {
		return ledger.Recorded{}, err
	}
	return o.Ledger.Recorded(ctx, party, call)
}

// Head implements ledger.Ledger.
func (o *Outage) Head(ctx context.Context) (ledger.Revision, error) {
	if err := o.check(); err != nil {
		return ledger.Revision{}, err
	}
	return o.Ledger.Head(ctx)
}

// Blocks implements ledger.Ledger. It delivers no blocks while the ledger is
// disconnected.
func (o *Outage) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for b, err := range o.Ledger.Blocks(ctx, from) {
			select {
			case <-o.up():
			case <-ctx.Done():
				return
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

var _ ledger.Ledger = (*Outage)(nil)
