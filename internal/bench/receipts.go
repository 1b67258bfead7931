package bench

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// appenders is the number of concurrent callers that append receipts.
const appenders = 256

// receipts measures how fast receipts are stored, until the last one is anchored, and
// compares it with one transaction per receipt.
func (m *measure) receipts(ctx context.Context) (r Receipts, err error) {
	m.Report("%d 份回执，落盘并锚定……", "%d receipts, durable and anchored …", m.Receipts)
	store, err := receipts.Open(ctx, receipts.Config{Dir: m.Dir, Key: m.log.key, Now: m.Now})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	n := m.Receipts
	start := m.Now()
	if err := m.appendAll(ctx, store, n); err != nil {
		return r, err
	}
	elapsed := m.Now().Sub(start).Seconds()
	writers := m.Writers[len(m.Writers)-1]
	var lone sample
	signed, err := m.deposits(m.holders, writers*m.Each)
	if err != nil {
		return r, err
	}
	err = lone.run(ctx, m.Now, writers, len(signed), func(ctx context.Context, i int) error {
		_, err := m.Ledger.Submit(ctx, signed[i])
		return err
	})
	r = Receipts{Count: n, Second: float64(n) / max(elapsed, 1e-9), Transactions: lone.rate()}
	r.Ratio = r.Second / max(r.Transactions, 1e-9)
	return r, err
}

// appendAll appends n receipts. It anchors them each second, and once at the end.
func (m *measure) appendAll(ctx context.Context, store *receipts.Store, n int) error {
	every, stop := context.WithCancel(ctx)
	var anchored error
	var anchoring sync.WaitGroup
	var last int64
	anchoring.Go(func() {
		tick := time.NewTicker(time.Second) //nolint:forbidigo // a ticker, not a time of day
		defer tick.Stop()
		for anchored == nil {
			select {
			case <-tick.C:
				last, anchored = m.anchor(ctx, store, last)
			case <-every.Done():
				return
			}
		}
	})
	var s sample
	err := s.run(ctx, m.Now, appenders, n, func(ctx context.Context, _ int) error {
		id := newID()
		_, err := store.Append(ctx, ledger.Receipt{
			V: 1, Kind: ledger.ReceiptIngest, ID: id, Time: ledger.Millis(m.Now().UnixMilli()), Party: m.holders[0].Party,
			Object: string(id), SHA256: ledger.DigestOf([]byte(id)), Size: 1,
		})
		return err
	})
	stop()
	anchoring.Wait()
	if err := errors.Join(err, anchored); err != nil {
		return err
	}
	_, err = m.anchor(ctx, store, last)
	return err
}

// anchor records the log's root on the ledger, with the proof that it extends the first
// from receipts.
func (m *measure) anchor(ctx context.Context, store *receipts.Store, from int64) (int64, error) {
	state, err := store.AnchorState(ctx)
	if err != nil || state.Size == from {
		return from, err
	}
	args := ledger.AnchorArgs{Log: store.Origin(), Size: state.Size, Root: state.Root}
	if args.Proof, err = store.Consistency(ctx, from, state.Size); err != nil {
		return from, err
	}
	call, err := m.sign(m.platform, ledger.FnAnchor, args)
	if err != nil {
		return from, err
	}
	_, err = m.Ledger.Submit(ctx, call)
	return state.Size, err
}
