package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
)

// decide answers the marketplace's question.
func (n *Node) decide(ctx context.Context, q marketplace.Question) (marketplace.Decision, error) {
	d, err := n.licenses.Decide(ctx, licensing.Question{
		Party: q.Party, Facts: ledger.Facts{Resource: q.Resource}, Purpose: q.Purpose,
		Action: q.Action, License: q.License,
	})
	if err != nil {
		return marketplace.Decision{}, err
	}
	return marketplace.Decision{Allow: d.Allow, Reason: d.Reason, Revision: d.Revision, Until: d.Until}, nil
}

// anchors remembers how far the receipt log is anchored.
type anchors struct {
	mu   sync.Mutex
	size int64     // anchored
	at   time.Time // when size was the whole log, or zero
}

func (n *Node) lastAnchor(ctx context.Context) (*ledger.Anchor, error) {
	a, err := value[ledger.Anchor](ctx, n.ledger, ledger.RefTo(ledger.KindAnchor, ledger.ReceiptLog(n.settings.Origin)))
	if errors.Is(err, ledger.NotFound) {
		return nil, nil //nolint:nilnil // no anchor yet is no error
	}
	if err != nil {
		return nil, fmt.Errorf("read anchor: %w", err)
	}
	return &a, nil
}

// anchor records the receipt log's root on the ledger, with the proof that it
// grew from the last one, when there is something new.
func (n *Node) anchor(ctx context.Context) error {
	last, err := n.lastAnchor(ctx)
	if err != nil {
		return err
	}
	from := int64(0)
	if last != nil {
		from = last.Size
	}
	grown, err := n.receipts.AnchorState(ctx)
	if err != nil {
		return fmt.Errorf("receipt log: %w", err)
	}
	if grown.Size > from {
		args := ledger.AnchorArgs{Log: n.receipts.Origin(), Size: grown.Size, Root: grown.Root, Proof: []ledger.Digest{}}
		if from > 0 {
			if args.Proof, err = n.receipts.Consistency(ctx, from, grown.Size); err != nil {
				return fmt.Errorf("receipt log: %w", err)
			}
		}
		if err := n.submit(ctx, ledger.FnAnchor, args); err != nil {
			return fmt.Errorf("anchor: %w", err)
		}
	}
	n.anchors.mu.Lock()
	defer n.anchors.mu.Unlock()
	n.anchors.size, n.anchors.at = grown.Size, n.opts.Now()
	return nil
}

// submit signs a call of the node party itself and waits for the read model.
func (n *Node) submit(ctx context.Context, fn ledger.Function, args any) error {
	now := ledger.Millis(n.opts.Now().UnixMilli())
	jws, err := ledger.SignCall(n.keys.platform, ledger.Call{
		Ledger: n.settings.Ledger, ID: NewID(), Party: n.settings.Platform,
		Function: fn, Time: now, Expires: now + ledger.MaxExpiry,
	}, args)
	if err != nil {
		return err
	}
	out, err := n.ledger.Submit(ctx, jws)
	if err != nil {
		return err
	}
	return n.loop.Wait(ctx, out.Position.Block)
}

// keepAnchored anchors each second when there is something new.
func (n *Node) keepAnchored(ctx context.Context) {
	tick := time.NewTicker(time.Second) //nolint:forbidigo // a rhythm, not a moment
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := n.anchor(ctx); err != nil && ctx.Err() == nil {
				n.opts.Log.WarnContext(ctx, "receipts not anchored", slog.String("error", err.Error()))
			}
		case <-ctx.Done():
			return
		}
	}
}

// unnamed is how long an upload is kept that no content record names.
const unnamed = 7 * 24 * time.Hour

// keepSwept deletes each hour what was uploaded and never recorded.
func (n *Node) keepSwept(ctx context.Context) {
	tick := time.NewTicker(time.Hour) //nolint:forbidigo // a rhythm, not a moment
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			swept, err := n.sweep(ctx, unnamed)
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

// Anchored waits until the receipt log is anchored up to size, at most five
// seconds (protocol §7).
func (n *Node) Anchored(ctx context.Context, size int64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		n.anchors.mu.Lock()
		done := n.anchors.size >= size
		n.anchors.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond): //nolint:forbidigo // waiting, not telling time
		case <-ctx.Done():
			return ledger.Refuse(ledger.Unavailable, ledger.ReasonAnchorLag)
		}
	}
}

// ready says whether new deliveries may begin.
func (n *Node) ready(context.Context) error {
	if err := n.loop.Err(); err != nil || n.behind.Load() {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
	}
	n.anchors.mu.Lock()
	defer n.anchors.mu.Unlock()
	if lag := time.Duration(n.settings.Limits.MaxAnchorLag) * time.Second; n.opts.Now().Sub(n.anchors.at) > lag {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonAnchorLag)
	}
	return nil
}

// watch cuts what runs and lets nothing begin when a known block stays unapplied
// for a second: this node then no longer knows what is allowed (protocol §7).
func (n *Node) watch(ctx context.Context) {
	tick := time.NewTicker(250 * time.Millisecond) //nolint:forbidigo // a rhythm, not a moment
	defer tick.Stop()
	var behind lag
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		head, err := n.ledger.Head(ctx)
		r, ok := n.loop.Revision()
		late := behind.late(err == nil && ok, r.Block, head.Block, n.opts.Now())
		if n.behind.Store(late); late {
			n.market.CutAll()
		}
	}
}

// lag tells a block that is late from blocks that come as fast as they are
// applied: a busy ledger's head is always ahead of the read model.
type lag struct {
	since  time.Time // when wanted was first known and not applied; zero when nothing is awaited
	wanted uint64
}

// late reports whether one block has been awaited for more than a second. known
// says whether applied and head could be told.
func (l *lag) late(known bool, applied, head uint64, now time.Time) bool {
	if known && applied >= l.wanted {
		l.since = time.Time{}
	}
	switch {
	case known && applied >= head:
		return false
	case l.since.IsZero():
		l.since, l.wanted = now, head
		return false
	}
	return now.Sub(l.since) > time.Second
}

// Bearer finds who holds a key: a party, or an environment of an operator.
func (n *Node) Bearer(ctx context.Context, kid ledger.KeyID, t ledger.Millis) (auth.Bearer, error) {
	p, k, err := n.registry.PartyByKid(ctx, kid)
	if err == nil {
		if !k.Valid(t) || !p.Active() {
			return auth.Bearer{}, ledger.Refuse(ledger.NotFound, ledger.ReasonKeyEnded)
		}
		return auth.Bearer{Party: p.ID, Key: k.JWK, Kid: kid}, nil
	}
	if !errors.Is(err, ledger.NotFound) {
		return auth.Bearer{}, err
	}
	e, err := n.licenses.EnvironmentByKid(ctx, kid)
	if err != nil {
		return auth.Bearer{}, err
	}
	operator, err := n.registry.Party(ctx, e.Operator)
	if err != nil {
		return auth.Bearer{}, err
	}
	if !operator.Active() {
		return auth.Bearer{}, ledger.Refuse(ledger.NotFound, ledger.ReasonPartySuspended)
	}
	return auth.Bearer{Party: e.Operator, Environment: e.ID, Key: e.Key, Kid: kid}, nil
}

// noted keeps a receipt of a look at what is not public.
func (n *Node) noted(ctx context.Context, by ledger.ID, target ledger.Ref) error {
	_, err := n.receipts.Append(ctx, ledger.Receipt{
		V: 1, Kind: ledger.ReceiptRead, ID: NewID(),
		Time: ledger.Millis(n.opts.Now().UnixMilli()), Party: by, Subject: target, Reason: "supervision", Count: 1,
	})
	return err
}

// custodian makes and finds the sign keys that parties let this node keep.
type custodian struct{ *custody.Keys }

// Make makes a sign key for the party and keeps it sealed.
func (c custodian) Make(ctx context.Context, party ledger.ID) (*ledger.Key, error) {
	key, err := ledger.NewKey()
	if err != nil {
		return nil, err
	}
	return key, c.Keep(ctx, party, ledger.UseSign, key)
}
