package marketplace

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Ask is a request for content: of an order, or of a resource under a license.
type Ask struct {
	Party       ledger.ID
	Environment ledger.ID // environment of the token's key, for supply
	Key         ledger.KeyID
	Order       ledger.ID // for delivery
	License     ledger.ID // for supply
	Resource    ledger.ID // for supply
	Object      string
	// Range selects the part to send, given the size and hash of the content; nil sends
	// all.
	Range func(size int64, hash ledger.Digest) (offset, length int64, err error)
}

// request is what a decision depends on besides the records: the Ask without its range.
type request struct {
	party, environment, order, license, resource ledger.ID
	key                                          ledger.KeyID
	object                                       string
}

func (a Ask) request() request {
	return request{a.Party, a.Environment, a.Order, a.License, a.Resource, a.Key, a.Object}
}

func (a Ask) flow() ledger.Flow {
	if a.Order != "" {
		return ledger.Delivery
	}
	return ledger.Supply
}

// deniedTarget returns the record that a denial names: the order or the resource, and
// the license where no such resource is registered. So receipts name only records that
// exist: an order or license that is unknown to the caller is not found, not denied.
func (m *Market) deniedTarget(ctx context.Context, a Ask) ledger.Ref {
	if a.Order != "" {
		return ledger.RefTo(ledger.KindOrder, a.Order)
	}
	resource := ledger.RefTo(ledger.KindResource, a.Resource)
	if _, err := record[ledger.Entry](ctx, m, resource); err != nil {
		return ledger.RefTo(ledger.KindLicense, a.License)
	}
	return resource
}

// receipt returns the start receipt of a grant for the whole content.
func (a Ask) receipt(g grant, now ledger.Millis) ledger.Receipt {
	return ledger.Receipt{
		V: 1, Kind: ledger.ReceiptStart, Time: now, Party: a.Party,
		Flow: a.flow(), License: g.license, Order: g.order, Environment: a.Environment, Subject: g.subject,
		Content: g.content.ID, Purpose: g.purpose, Revision: &g.revision, Object: g.content.Object, SHA256: g.content.SHA256,
		Size: g.content.Bytes, Length: g.content.Bytes, Key: a.Key,
	}
}

// Transfer is a delivery or supply whose start receipt is on disk. The caller must call
// Send or Close exactly once.
type Transfer struct {
	Content        ledger.Content
	Offset, Length int64
	Start          ledger.ID // id of the start receipt

	m      *Market
	ask    Ask
	ctx    context.Context //nolint:containedctx // another goroutine cancels the transfer
	cancel context.CancelCauseFunc
	timer  *time.Timer
	until  atomic.Int64 // when the decision ends by time alone, in ms
	// records are those that the decision relies on; nil until it is made.
	records atomic.Pointer[[]ledger.Ref]
	source  *source
	handle  receipts.Running
	ended   sync.Once
	left    chan struct{} // closed when the transfer is no longer running
}

// ErrEnded is the cause of a cut because the decision that allowed the transfer ended.
var ErrEnded = errors.New("the decision ended")

// errStalled is the cause of a cut because a delivery sends nothing while its party
// asks again.
var errStalled = errors.New("the receiver took nothing for two seconds")

// Look finds the content without starting a delivery, for HEAD, which is not counted.
func (m *Market) Look(ctx context.Context, a Ask) (ledger.Content, error) {
	g, err := m.check(ctx, a)
	return g.content, err
}

// Begin takes the steps of docs/delivery.md up to the start receipt: enter the running
// table, decide, reserve limits, check again. After a refusal it stores a denial
// receipt.
func (m *Market) Begin(ctx context.Context, a Ask) (*Transfer, error) {
	if err := m.Ready(ctx); err != nil {
		return nil, err
	}
	run, cancel := context.WithCancelCause(ctx)
	t := &Transfer{m: m, ask: a, ctx: run, cancel: cancel, Start: m.NewID(), left: make(chan struct{})}
	if err := m.enter(t); err != nil {
		cancel(nil)
		return nil, err
	}
	err := t.begin(ctx)
	if err == nil {
		return t, nil
	}
	m.leave(t)
	cancel(nil)
	if errors.Is(err, ledger.Forbidden) {
		return nil, m.denied(ctx, a, err)
	}
	return nil, err
}

func (m *Market) enter(t *Transfer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for r := range m.running {
		if r.ask.Party == t.ask.Party {
			n++
		}
	}
	if n >= m.MaxRunning {
		return ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy).By("running_deliveries")
	}
	m.running[t] = struct{}{}
	return nil
}

// leave removes a transfer from the running ones. A transfer that was refused after its
// start receipt leaves twice: at its end receipt and at the refusal.
func (m *Market) leave(t *Transfer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.running[t]; ok {
		delete(m.running, t)
		close(t.left)
	}
}

func (t *Transfer) begin(ctx context.Context) error {
	g, err := t.m.check(ctx, t.ask)
	if err != nil {
		return err
	}
	t.until.Store(int64(g.until))
	t.records.Store(&g.records)
	t.Content, t.Length = g.content, g.content.Bytes
	if t.ask.Range != nil {
		if t.Offset, t.Length, err = t.ask.Range(g.content.Bytes, g.content.SHA256); err != nil {
			return err
		}
	}
	if err := t.m.checkIngest(ctx, g.content); err != nil {
		return err
	}
	t.source = t.openAhead()
	if t.handle, err = t.reserve(ctx, g); err != nil {
		return errors.Join(err, t.source.close())
	}
	t.timer = t.endAt(g.until)
	if errors.Is(context.Cause(t.ctx), ErrEnded) {
		return errors.Join(t.whyEnded(ctx), t.source.close(), t.end(0, ledger.Aborted))
	}
	return nil
}

// whyEnded returns the refusal that a request would get now. If it would be allowed, the
// node had cut everything because it was behind.
func (t *Transfer) whyEnded(ctx context.Context) error {
	if _, err := t.m.check(ctx, t.ask); err != nil {
		return err
	}
	return ledger.Refuse(ledger.Unavailable, ledger.ReasonBehind)
}

// endAt cuts the transfer at the time at which the decision ends.
func (t *Transfer) endAt(until ledger.Millis) *time.Timer {
	return time.AfterFunc(time.UnixMilli(int64(until)).Sub(t.m.Now()), func() { t.cancel(ErrEnded) })
}

// checkIngest checks a content record against the receipt that it cites: the content
// was uploaded here, by its owner, with this hash and size.
func (m *Market) checkIngest(ctx context.Context, c ledger.Content) error {
	got, known := m.ingests.Get(c.Ingest)
	if !known {
		r, err := m.Receipts.ByLeaf(ctx, c.Ingest)
		if errors.Is(err, ledger.NotFound) {
			return ledger.Refuse(ledger.NotFound, ledger.ReasonContent).At("ingest_receipt")
		}
		if err != nil {
			return err
		}
		got = r.Receipt
		m.ingests.Add(c.Ingest, got)
	}
	if got.Kind != ledger.ReceiptIngest || got.Party != c.Owner || got.Object != c.Object || got.SHA256 != c.SHA256 || got.Size != c.Bytes {
		return ledger.Refuse(ledger.NotFound, ledger.ReasonContent).At("ingest_receipt")
	}
	return nil
}

// reserve stores the start receipt. If a limit refuses it, this party's stalled
// deliveries of the object are ended, and reserve tries again.
func (t *Transfer) reserve(ctx context.Context, g grant) (receipts.Running, error) {
	start := t.ask.receipt(g, t.m.millis())
	start.ID, start.Offset, start.Length = t.Start, t.Offset, t.Length
	if g.until <= start.Time { // it ended during the decision
		return receipts.Running{}, deny(ledger.ReasonLicense, "O21")
	}
	if e := g.rule(start); e != nil {
		return receipts.Running{}, e.At("")
	}
	req := receipts.StartRequest{Receipt: start, Limits: g.limits}
	running, err := t.m.Receipts.Reserve(ctx, req)
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonLimit || !t.m.endStalled(ctx, t, g) {
		return running, err
	}
	return t.m.Receipts.Reserve(ctx, req)
}

// endStalled cuts this party's deliveries of the object under the same scope that sent
// nothing for two seconds. It reports whether there were any and all of them have
// ended.
func (m *Market) endStalled(ctx context.Context, t *Transfer, g grant) bool {
	stalled := m.Receipts.Stalled(t.ask.Party, g.content.Object, g.limits)
	m.mu.Lock()
	var cut []*Transfer
	for r := range m.running {
		for _, id := range stalled {
			if r.Start == id {
				cut = append(cut, r)
			}
		}
	}
	m.mu.Unlock()
	for _, r := range cut {
		r.cancel(errStalled)
	}
	return len(cut) > 0 && waitEnded(ctx, cut)
}

// waitEnded waits until all cut transfers have their end receipts, at most a second.
func waitEnded(ctx context.Context, cut []*Transfer) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, t := range cut {
		select {
		case <-t.left:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// denied stores a denial receipt and returns the refusal.
func (m *Market) denied(ctx context.Context, a Ask, refusal error) error {
	e := ledger.AsError(refusal)
	if e == nil {
		return refusal
	}
	r := ledger.Receipt{
		V: 1, Kind: ledger.ReceiptDenial, ID: m.NewID(), Time: m.millis(), Party: a.Party, Flow: a.flow(),
		License: a.License, Order: a.Order, Environment: a.Environment, Subject: m.deniedTarget(ctx, a), Reason: e.Reason, Count: 1,
	}
	// It is stored even if the caller is gone: nobody can ask without a receipt by
	// disconnecting.
	if _, err := m.Receipts.Append(context.WithoutCancel(ctx), r); err != nil {
		return errors.Join(refusal, fmt.Errorf("receipt of denial: %w", err))
	}
	return refusal
}

// Done returns a channel that is closed when the transfer must stop: the decision
// ended, the caller disconnected, or the transfer stalled.
func (t *Transfer) Done() <-chan struct{} { return t.ctx.Done() }

// IsCut reports whether the transfer must stop before its end. It does not report that
// the caller is gone.
func (t *Transfer) IsCut() bool {
	cause := context.Cause(t.ctx)
	return errors.Is(cause, ErrEnded) || errors.Is(cause, errStalled)
}

// Close ends a transfer that was never sent.
func (t *Transfer) Close() error { return errors.Join(t.source.close(), t.end(0, ledger.Partial)) }

// end stores the end receipt and then removes the transfer from the running ones. It does
// not wait for either: the next request on the connection need not wait for the disk.
func (t *Transfer) end(written int64, outcome ledger.DeliveryOutcome) (err error) {
	t.ended.Do(func() {
		t.m.counts.end(outcome)
		if t.timer != nil {
			t.timer.Stop()
		}
		gone := func(error) { // the store itself tries again
			t.m.leave(t)
			t.cancel(nil)
		}
		if err = t.m.Receipts.EndLater(t.handle, written, outcome, gone); err != nil {
			gone(err)
		}
	})
	if err != nil {
		return fmt.Errorf("end receipt: %w", err)
	}
	return nil
}
