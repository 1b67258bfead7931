package marketplace

import (
	"context"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Recheck runs after a block was applied. It decides again on the running transfers that
// rely on a record of the block, and cuts those that may not continue; all have been
// canceled when it returns. Transfers of the same request share one decision.
func (m *Market) Recheck(ctx context.Context, events []ledger.Event) {
	changed := map[ledger.Ref]bool{}
	for _, e := range events {
		for _, r := range e.Records {
			changed[r.Ref] = true
		}
		for _, l := range e.Links { // a file that becomes content is no record, but a link
			if l.From.Kind() == ledger.KindFile {
				changed[l.From] = true
			}
		}
	}
	m.recheck(ctx, func(t *Transfer) bool { return t.reliesOn(changed) })
}

// RecheckAll decides again on all running transfers, after the read model was replaced.
func (m *Market) RecheckAll(ctx context.Context) {
	m.grants.Purge()
	m.recheck(ctx, func(*Transfer) bool { return true })
}

func (m *Market) recheck(ctx context.Context, which func(*Transfer) bool) {
	m.mu.Lock()
	var running []*Transfer
	for t := range m.running {
		if which(t) {
			running = append(running, t)
		}
	}
	m.mu.Unlock()
	type decision struct {
		grant grant
		err   error
	}
	decisions := map[request]decision{}
	for _, t := range running {
		d, ok := decisions[t.ask.request()]
		if !ok {
			d.grant, d.err = m.check(ctx, t.ask)
			decisions[t.ask.request()] = d
		}
		switch before := t.until.Load(); {
		case d.err != nil:
			t.cancel(ErrEnded)
		case int64(d.grant.until) < before: // a review that ends sooner than it did
			t.until.Store(int64(d.grant.until))
			t.endAt(d.grant.until)
		}
	}
}

// reliesOn reports whether the decision of a transfer must be made again. One that is
// still being made may have read the records before they changed.
func (t *Transfer) reliesOn(changed map[ledger.Ref]bool) bool {
	records := t.records.Load()
	return records == nil || slices.ContainsFunc(*records, func(r ledger.Ref) bool { return changed[r] })
}

// CutAll cuts all running transfers: this node no longer knows what is allowed.
func (m *Market) CutAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for t := range m.running {
		t.cancel(ErrEnded)
	}
}
