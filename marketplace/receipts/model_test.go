package receipts_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// naive stores every delivery and counts all of them again each time, byte
// ranges and resumes straight from the words of the protocol.
type naive struct {
	size   map[string]int64
	orders int64 // the first of two
	tries  []*try
}

type try struct {
	party         ledger.ID
	scope         ledger.Ref
	object        string
	offset, asked int64
	known         int64 // not counted again
	from          int64 // up to where the one that it resumes had sent
	wrote         int64
	noted         int64
	running       bool
	short         bool // ended, not complete
	resumed       bool
	handle        receipts.Running
}

// reach is up to where it counts.
func (d *try) reach() int64 { return max(d.offset+d.wrote, d.from) }

// sentTwice is what the resumes of q's party sent twice of its object, or may.
func (n *naive) sentTwice(q *try) (bytes int64) {
	for _, d := range n.tries {
		switch {
		case d.party != q.party || d.scope != q.scope || d.object != q.object:
		case d.running:
			bytes += d.known
		default:
			bytes += min(d.known, d.wrote)
		}
	}
	return bytes
}

// resumes finds what a request would resume.
func (n *naive) resumes(q *try) (best *try) {
	for _, d := range n.tries {
		end := d.reach()
		if !d.short || d.resumed || end == d.offset || d.party != q.party || d.scope != q.scope || d.object != q.object {
			continue
		}
		if q.offset > end || q.offset < end-receipts.Step || q.offset < d.offset {
			continue
		}
		if best == nil || end > best.reach() {
			best = d
		}
	}
	return best
}

func (n *naive) used(scope ledger.Ref, more *try) (u receipts.Usage) {
	for object, size := range n.size {
		var bytes, starts int64
		for _, d := range append(slices.Clip(n.tries), more) {
			if d == nil || d.scope != scope || d.object != object {
				continue
			}
			starts++
			count := d.wrote
			if d.running {
				count = d.asked
			}
			bytes += max(0, count-d.known)
		}
		u.Bytes += bytes
		switch {
		case starts == 0:
		case size == 0:
			u.Uses += starts
		default:
			u.Uses += max(1, (bytes+size-1)/size)
		}
	}
	return u
}

func TestLimitsAreThoseOfANaiveModel(t *testing.T) {
	f := newFixture(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := &naive{size: map[string]int64{"large": 64 * mib, "small": 20 * mib, "empty": 0}, orders: f.ids.Add(2)}
		quota := ledger.Quota{Uses: rapid.Int64Range(0, 6).Draw(rt, "uses"), Bytes: rapid.Int64Range(0, 6).Draw(rt, "bytes") * 40 * mib}
		rt.Repeat(map[string]func(*rapid.T){
			"start":    func(rt *rapid.T) { modelStart(rt, t, f, n, quota) },
			"again":    func(rt *rapid.T) { modelStart(rt, t, f, n, quota) },
			"progress": func(rt *rapid.T) { modelProgress(rt, t, f, n) },
			"end":      func(rt *rapid.T) { modelEnd(rt, t, f, n) },
			"": func(rt *rapid.T) {
				for i := range int64(2) {
					if got, want := f.used(t, order(n.orders+i)), n.used(order(n.orders+i), nil); got != want {
						rt.Fatalf("order %d: used %+v, want %+v", i, got, want)
					}
					modelBound(rt, n, order(n.orders+i), quota)
				}
			},
		})
		modelRestart(t, f, n)
		for range 3 {
			modelStart(rt, t, f, n, quota)
		}
	})
}

// modelBound compares what was sent, and what running deliveries may send, with the
// limits: of each object a party gets at most the bytes of its uses, and the object
// once more, however the deliveries were cut.
func modelBound(rt *rapid.T, n *naive, scope ledger.Ref, quota ledger.Quota) {
	sent := map[string]int64{}
	for _, d := range n.tries {
		if d.scope != scope {
			continue
		}
		if d.running {
			sent[d.object] += d.asked
		} else {
			sent[d.object] += d.wrote
		}
	}
	for object, bytes := range sent {
		const parties = 2
		if most := quota.Uses*n.size[object] + parties*n.size[object]; quota.Uses > 0 && bytes > most {
			rt.Fatalf("%s: %d bytes of %s sent, %d allowed", scope, bytes, object, most)
		}
		if most := quota.Bytes + parties*n.size[object]; quota.Bytes > 0 && bytes > most {
			rt.Fatalf("%s: %d bytes of %s sent, %d allowed", scope, bytes, object, most)
		}
	}
}

func modelStart(rt *rapid.T, t *testing.T, f *fixture, n *naive, quota ledger.Quota) {
	q := &try{
		party: party(rapid.Int64Range(1, 2).Draw(rt, "party")), scope: order(n.orders + rapid.Int64Range(0, 1).Draw(rt, "order")),
		object: rapid.SampledFrom([]string{"large", "small", "empty"}).Draw(rt, "object"), running: true,
	}
	size := n.size[q.object]
	ends := []int64{0, size}
	for _, d := range n.tries { // where the rules change
		if d.object == q.object {
			ends = append(ends, d.offset, d.offset+d.wrote, d.offset+d.wrote-receipts.Step)
		}
	}
	q.offset = min(max(rapid.SampledFrom(ends).Draw(rt, "from")+rapid.Int64Range(-1, 1).Draw(rt, "beside"), 0), size)
	q.asked = min(rapid.SampledFrom([]int64{0, 1, mib, 17 * mib, size}).Draw(rt, "length"), size-q.offset)
	old := n.resumes(q)
	if old != nil {
		q.from = old.reach()
		q.known = min(q.from-q.offset, q.asked, size-n.sentTwice(q))
	}
	before, after := n.used(q.scope, nil), n.used(q.scope, q)
	refuse := quota.Uses > 0 && after.Uses > max(quota.Uses, before.Uses) || quota.Bytes > 0 && after.Bytes > max(quota.Bytes, before.Bytes)
	r, err := f.Reserve(t.Context(), limit(f.start(q.party, q.scope, q.object, size, q.offset, q.asked), quota.Uses, quota.Bytes))
	if refuse != errors.Is(err, ledger.Forbidden) || !refuse && err != nil {
		rt.Fatalf("start %+v of %+v with %+v: %v, want refused: %v", *q, quota, before, err, refuse)
	}
	if refuse {
		return
	}
	if old != nil {
		old.resumed = true
	}
	q.handle = r
	n.tries = append(n.tries, q)
}

func anyRunning(rt *rapid.T, n *naive) *try {
	var list []*try
	for _, d := range n.tries {
		if d.running {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		rt.Skip("nothing runs")
	}
	return rapid.SampledFrom(list).Draw(rt, "delivery")
}

func modelProgress(rt *rapid.T, t *testing.T, f *fixture, n *naive) {
	d := anyRunning(rt, n)
	d.noted = min(d.noted+receipts.Step, d.asked)
	if err := f.Progress(t.Context(), d.handle, d.noted); err != nil {
		rt.Fatal(err)
	}
}

func modelEnd(rt *rapid.T, t *testing.T, f *fixture, n *naive) {
	d := anyRunning(rt, n)
	d.wrote = rapid.SampledFrom([]int64{0, d.asked, d.asked / 2, min(d.asked, mib)}).Draw(rt, "wrote")
	d.running, d.short = false, d.wrote < d.asked
	f.end(t, d.handle, d.wrote, outcome(d.wrote, d.asked))
}

func modelRestart(t *testing.T, f *fixture, n *naive) {
	f.reopen(t)
	for _, d := range n.tries {
		if d.running {
			d.wrote, d.running, d.short = d.noted, false, true
		}
	}
}
