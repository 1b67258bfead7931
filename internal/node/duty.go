package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
)

// decide decides for the marketplace whether a party may use a resource.
func (n *Node) decide(ctx context.Context, q marketplace.Question) (marketplace.Decision, error) {
	d, err := n.licenses.Decide(ctx, licensing.Question{
		Party: q.Party, Facts: ledger.Facts{Resource: q.Resource}, Purpose: q.Purpose,
		Action: q.Action, License: q.License,
	})
	if err != nil {
		return marketplace.Decision{}, err
	}
	made := marketplace.Decision{Allow: d.Allow, Reason: d.Reason, Revision: d.Revision, Until: d.Until}
	n.tally.decided(made)
	return made, nil
}

// maxUnnamedAge is how long an upload is stored that no content record names.
const maxUnnamedAge = 7 * 24 * time.Hour

// sweepPeriodically deletes every hour the uploads that no content record names.
func (n *Node) sweepPeriodically(ctx context.Context) {
	tick := time.NewTicker(time.Hour) //nolint:forbidigo // an interval, not the time of day
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			swept, err := n.sweep(ctx, maxUnnamedAge)
			if err != nil && ctx.Err() == nil {
				n.opts.Log.WarnContext(ctx, "uploads not swept", slog.String("error", err.Error()))
			} else if swept > 0 {
				n.opts.Log.InfoContext(ctx, "uploads swept", slog.Int("objects", swept))
			}
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) sweep(ctx context.Context, age time.Duration) (int, error) {
	return n.market.Sweep(ctx, age, func(ctx context.Context) error {
		head, err := n.ledger.Head(ctx)
		if err != nil {
			return err
		}
		return n.loop.Wait(ctx, head.Block)
	})
}

// recordRead stores a receipt for a supervised read of a record that is not public.
func (n *Node) recordRead(ctx context.Context, by ledger.ID, target ledger.Ref) error {
	_, err := n.receipts.Append(ctx, ledger.Receipt{
		V: 1, Kind: ledger.ReceiptRead, ID: NewID(),
		Time: ledger.Millis(n.opts.Now().UnixMilli()), Party: by, Subject: target, Reason: "supervision", Count: 1,
	})
	return err
}

// custodian makes and finds the signing keys that parties let this node store.
type custodian struct{ *custody.Keys }

// Make makes a signing key for the party and stores it sealed. It deletes the stored keys
// that have ended.
func (c custodian) Make(ctx context.Context, party ledger.ID, ended []ledger.KeyID) (*ledger.Key, error) {
	if err := c.Delete(ctx, party, ended); err != nil {
		return nil, err
	}
	key, err := ledger.NewKey()
	if err != nil {
		return nil, err
	}
	return key, c.Store(ctx, party, ledger.UseSign, key)
}

// Stored returns the keys that are stored for the party.
func (c custodian) Stored(ctx context.Context, party ledger.ID) ([]wire.StoredKey, error) {
	stored, err := c.List(ctx, party)
	list := make([]wire.StoredKey, len(stored))
	for i, k := range stored {
		list[i] = wire.StoredKey{Kid: k.Kid, Use: k.Use, Created: k.Created}
	}
	return list, err
}
