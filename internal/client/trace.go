package client

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Trace asks the node, and every other that it names, and joins what they
// answer: records by their id, receipts and files by their hash. missing says of
// each node that did not answer why; the traces name it still.
func (c *Client) Trace(ctx context.Context, q url.Values) (traces []trace.Trace, missing []error, err error) {
	home, traces, err := c.traceFrom(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range elsewhere(traces) {
		more, err := home.traceAt(ctx, p, q)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		for i := range traces {
			answered(&traces[i], p)
			for _, m := range more {
				if m.From == traces[i].From {
					traces[i].Join(m)
				}
			}
		}
	}
	return traces, missing, nil
}

// traceFrom asks this node, or of a receipt that it does not have, whoever has it.
func (c *Client) traceFrom(ctx context.Context, q url.Values) (*Client, []trace.Trace, error) {
	var traces []trace.Trace
	err := c.Get(ctx, "/v1/trace?"+q.Encode(), &traces)
	list := places(err)
	if list == nil {
		return c, traces, err
	}
	failed := []error{err}
	for _, p := range list {
		other, err := c.At(p)
		if err == nil {
			err = other.Get(ctx, "/v1/trace?"+q.Encode(), &traces)
		}
		if err == nil {
			return other, traces, nil
		}
		if !errors.Is(err, ledger.NotFound) {
			failed = append(failed, words.Errorf("节点 %s：%v", "node %s: %v", p.Origin, err))
		}
	}
	return nil, nil, errors.Join(failed...)
}

func (c *Client) traceAt(ctx context.Context, p trace.Place, q url.Values) ([]trace.Trace, error) {
	other, err := c.At(p)
	if err != nil {
		return nil, err
	}
	var traces []trace.Trace
	err = other.Get(ctx, "/v1/trace?"+q.Encode(), &traces)
	if errors.Is(err, ledger.NotFound) {
		return nil, nil // it knows nothing more that this party may see
	}
	if err != nil {
		return nil, words.Errorf("节点 %s：%v", "node %s: %v", p.Origin, err)
	}
	return traces, nil
}

// elsewhere are the nodes that any of the traces names.
func elsewhere(traces []trace.Trace) []trace.Place {
	var list []trace.Place
	for _, t := range traces {
		for _, p := range t.Elsewhere {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// answered takes a node out of those that may know more.
func answered(t *trace.Trace, p trace.Place) {
	t.Elsewhere = slices.DeleteFunc(t.Elsewhere, func(other trace.Place) bool { return other.Origin == p.Origin })
}

// Joiner makes one bundle of several (evidence.Join with a trust file).
type Joiner func(parts [][]byte) ([]byte, error)

// apart is how often nodes are asked again whose bundles stand under different
// checkpoints.
const apart = 10

// ErrOlder says that a bundle holds the newest deliveries only, as many as were asked
// for, and that there are older ones.
var ErrOlder = words.Errorf("另有更早的交付：可请求更多", "there are older deliveries: ask for more of them")

// Evidence is the bundle about what q names, with the newest deliveries of every node
// that holds some, so many of each (0: as many as a node gives unless told). join is
// asked only where several nodes do. missing says of each node that did not answer
// why: its receipts are not in the bundle; and which one has more deliveries.
func (c *Client) Evidence(ctx context.Context, q url.Values, deliveries int, join Joiner) (bundle []byte, missing []error, err error) {
	home, traces, err := c.traceFrom(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	q = maps.Clone(q)
	if deliveries > 0 {
		q.Set("deliveries", strconv.Itoa(deliveries))
	}
	for try := 1; ; try++ {
		bundle, missing, err = home.evidence(ctx, q, elsewhere(traces), join)
		if !errors.Is(err, evidence.ErrDifferentCheckpoints) || try == apart {
			return bundle, missing, err
		}
		select {
		case <-time.After(300 * time.Millisecond): //nolint:forbidigo // waiting, not telling time
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (c *Client) evidence(ctx context.Context, q url.Values, others []trace.Place, join Joiner) (bundle []byte, missing []error, err error) {
	path := "/v1/evidence?" + q.Encode()
	bundle, older, err := c.bundle(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	if older {
		missing = append(missing, ErrOlder)
	}
	parts, err := withReceipts(nil, bundle)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range others {
		var more []byte
		older := false
		other, err := c.At(p)
		if err == nil {
			more, older, err = other.bundle(ctx, path)
		}
		if err == nil {
			parts, err = withReceipts(parts, more)
		}
		if older {
			err = cmp.Or(err, ErrOlder)
		}
		if err != nil {
			missing = append(missing, words.Errorf("节点 %s：%v", "node %s: %v", p.Origin, err))
		}
	}
	switch len(parts) {
	case 0:
		return bundle, missing, nil
	case 1:
		return parts[0], missing, nil
	}
	bundle, err = join(parts)
	return bundle, missing, err
}

// bundle is one node's, and whether that has older deliveries besides.
func (c *Client) bundle(ctx context.Context, path string) ([]byte, bool, error) {
	var s sent
	err := c.Get(ctx, path, &s)
	return s.body, s.header.Get("Cadastre-Older-Deliveries") == "true", err
}

// withReceipts adds a bundle to those that hold receipts, if it does.
func withReceipts(parts [][]byte, bundle []byte) ([][]byte, error) {
	b, err := evidence.Parse(bundle)
	if err != nil {
		return parts, words.Errorf("所收到的证据包：%v", "the bundle that came: %v", err)
	}
	if len(b.Receipts) > 0 {
		parts = append(parts, bundle)
	}
	return parts, nil
}
