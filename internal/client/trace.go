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

// Trace asks the node and every other node that it names, and joins their answers: records
// by id, receipts and files by hash. missing has the reason for each node that did not
// answer; the traces still name such a node.
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
			removeElsewhere(&traces[i], p)
			for _, m := range more {
				if m.From == traces[i].From {
					traces[i].Join(m)
				}
			}
		}
	}
	return traces, missing, nil
}

// traceFrom asks this node, or the node that has the receipt. It returns the client of
// the node that answered.
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
		return nil, nil // it has nothing more that this party may see
	}
	if err != nil {
		return nil, words.Errorf("节点 %s：%v", "node %s: %v", p.Origin, err)
	}
	return traces, nil
}

// elsewhere returns the other nodes named in the traces.
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

// removeElsewhere removes a node from those that may have more.
func removeElsewhere(t *trace.Trace, p trace.Place) {
	t.Elsewhere = slices.DeleteFunc(t.Elsewhere, func(other trace.Place) bool { return other.Origin == p.Origin })
}

// Joiner joins several bundles into one: evidence.Join with a trust file.
type Joiner func(parts [][]byte) ([]byte, error)

// maxJoins is how often the bundles of several nodes are requested if their checkpoints
// differ.
const maxJoins = 10

// ErrOlder reports that a bundle has only the newest deliveries, as many as requested, and
// that there are older ones.
var ErrOlder = words.Errorf("另有更早的交付：可请求更多", "there are older deliveries: request more")

// Evidence returns the bundle about what q names, with the newest deliveries of every node
// that has some: at most that many of each node, or the default of the node if deliveries
// is 0. It calls join only if several nodes have deliveries. missing has the reason for
// each node that did not answer, whose receipts are not in the bundle, and ErrOlder for
// each node that has more deliveries.
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
		if !errors.Is(err, evidence.ErrDifferentCheckpoints) || try == maxJoins {
			return bundle, missing, err
		}
		select { // until the other node has published too: it gives no signal
		case <-time.After(300 * time.Millisecond): //nolint:forbidigo // a delay, not the time of day
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

// bundle returns the bundle of one node, and whether the node has older deliveries.
func (c *Client) bundle(ctx context.Context, path string) ([]byte, bool, error) {
	var s rawAnswer
	err := c.Get(ctx, path, &s)
	return s.body, s.header.Get("Cadastre-Older-Deliveries") == "true", err
}

// withReceipts appends a bundle to parts if it has receipts.
func withReceipts(parts [][]byte, bundle []byte) ([][]byte, error) {
	b, err := evidence.Parse(bundle)
	if err != nil {
		return parts, words.Errorf("所收到的证据包：%v", "the received bundle: %v", err)
	}
	if len(b.Receipts) > 0 {
		parts = append(parts, bundle)
	}
	return parts, nil
}
