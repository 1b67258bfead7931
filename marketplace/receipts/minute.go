package receipts

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// minute is the least time between two stored receipts of the same denial or read.
const minute = time.Minute

// Bounds of what is counted at a time.
const (
	maxDenials = 60      // different denials of one party: more are counted together
	maxWindows = 1 << 16 // windows of all parties: each takes less than 1 KB
)

// repeatKey identifies repetitions: denials or reads with the same kind, party, target
// and reason.
type repeatKey struct {
	kind   ledger.ReceiptKind
	party  ledger.ID
	target ledger.Ref
	reason ledger.Reason
}

func repeatKeyOf(r ledger.Receipt) repeatKey { return repeatKey{r.Kind, r.Party, r.Subject, r.Reason} }

// otherDenials returns the key under which the denials of a party beyond maxDenials are
// counted. Their receipt names only the party.
func otherDenials(r ledger.Receipt) repeatKey {
	return repeatKey{kind: r.Kind, party: r.Party, target: ledger.RefTo(ledger.KindParty, r.Party)}
}

// window is the minute after a receipt was stored, and the repetitions counted in it.
type window struct {
	until  time.Time
	placed Placed
	seed   string         // what the id of the next receipt is derived from
	last   ledger.Receipt // the newest repetition
	count  int64
}

// Append stores a receipt of kind ingest, denial or read and returns when it is on
// disk. For a receipt that is already stored it returns the existing place; a different
// receipt with the same id is a Conflict.
//
// Denials and reads with the same kind, party, target (subject) and reason are stored
// once a minute. The first is stored at once. Later ones are counted; when the minute
// is over (at most a second later) the last of them is stored with the Count and an id
// derived from the one before, and a new minute begins. So the counts add up to the
// number of calls. Of one party at most 60 different denials are counted at a time;
// further ones are counted together, and their receipt names the party as its target and
// the last reason. So a party causes at most 61 receipts of denials a minute. Close stores open counts without waiting for the end of the minute.
// If the node dies, the counts of less than a minute are lost. A Count of 0 means 1.
//
// Unavailable means that the outcome is unknown: append the same receipt again.
func (s *Store) Append(ctx context.Context, r ledger.Receipt) (Placed, error) {
	repeats := r.Kind == ledger.ReceiptDenial || r.Kind == ledger.ReceiptRead
	if repeats && r.Count == 0 {
		r.Count = 1
	}
	if !repeats && r.Kind != ledger.ReceiptIngest {
		return Placed{}, ledger.Invalid("receipt_kind", "enum").With("value", string(r.Kind))
	}
	if err := check(r); err != nil {
		return Placed{}, err
	}
	var placed Placed
	req := &request{apply: func(ctx context.Context, b *batch) (err error) { placed, err = b.add(ctx, r); return err }}
	if repeats {
		req = s.repeatable(r, &placed)
	}
	if err := s.do(ctx, req); err != nil {
		return Placed{}, err
	}
	return placed, nil
}

// repeatable stores r, or counts it in the open window of its key.
func (s *Store) repeatable(r ledger.Receipt, placed *Placed) *request {
	key, opened := repeatKeyOf(r), false
	return &request{
		apply: func(ctx context.Context, b *batch) (err error) {
			if s.windows[key] == nil && s.isFull(r) {
				key, r = otherDenials(r), onlyParty(r)
			}
			if w := s.windows[key]; w != nil {
				w.last = r
				w.count += r.Count
				*placed = w.placed
				placed.Counted = true
				return nil
			}
			w := &window{until: b.now.Add(minute), seed: string(r.ID), last: r, count: r.Count}
			if key == otherDenials(r) {
				placed.Counted = true
			} else {
				if *placed, err = b.add(ctx, r); err != nil {
					return err
				}
				w.placed, w.seed, w.count = *placed, string(placed.Leaf), 0
			}
			if len(s.windows) >= maxWindows && !placed.Counted {
				return nil
			}
			s.open(key, w)
			opened = true
			return nil
		},
		onSettled: func(err error) {
			if err != nil && opened {
				s.drop(key)
			}
		},
	}
}

// isFull reports whether a denial of a party gets no window.
func (s *Store) isFull(r ledger.Receipt) bool {
	return r.Kind == ledger.ReceiptDenial && (s.denials[r.Party] >= maxDenials || len(s.windows) >= maxWindows)
}

// onlyParty returns a denial that names its party and no other record.
func onlyParty(r ledger.Receipt) ledger.Receipt {
	r.Subject = ledger.RefTo(ledger.KindParty, r.Party)
	r.License, r.Order, r.Environment = "", "", ""
	return r
}

func (s *Store) open(key repeatKey, w *window) {
	if len(s.windows) == 0 {
		s.nextCheck = w.until
	}
	s.windows[key] = w
	if key.kind == ledger.ReceiptDenial && key.reason != "" {
		s.denials[key.party]++
	}
}

func (s *Store) drop(key repeatKey) {
	delete(s.windows, key)
	if key.kind != ledger.ReceiptDenial || key.reason == "" {
		return
	}
	if s.denials[key.party]--; s.denials[key.party] == 0 {
		delete(s.denials, key.party)
	}
}

// dueFlushes returns requests that store the counts of windows that have ended, or of
// all windows when the store closes. Windows without repetitions are deleted. All
// windows are examined together, at most once a second, so that many windows cost no
// more than few.
func (s *Store) dueFlushes(now time.Time, all bool) []*request {
	if len(s.windows) == 0 || !all && !hasEnded(now, s.nextCheck) {
		return nil
	}
	var ended []*window
	s.nextCheck = now.Add(minute)
	for key, w := range s.windows {
		switch {
		case !all && !hasEnded(now, w.until):
			s.checkBy(w.until)
		case w.count == 0:
			s.drop(key)
		default:
			ended = append(ended, w)
		}
	}
	s.nextCheck = later(s.nextCheck, now.Add(time.Second))
	slices.SortFunc(ended, func(a, b *window) int {
		return cmp.Or(cmp.Compare(a.last.Time, b.last.Time), cmp.Compare(a.last.ID, b.last.ID))
	})
	list := make([]*request, len(ended))
	for i, w := range ended {
		list[i] = s.flush(w)
	}
	return list
}

// hasEnded reports whether a window until t has ended. No window is longer than a
// minute, so a t further ahead means that the clock was set back.
func hasEnded(now, t time.Time) bool { return !now.Before(t) || t.Sub(now) > minute }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Store) checkBy(t time.Time) {
	if t.Before(s.nextCheck) {
		s.nextCheck = t
	}
}

// flush stores the count of w. The id follows from the receipt that began the minute,
// so the count is not stored twice when the outcome of a commit is unknown.
func (s *Store) flush(w *window) *request {
	var before window
	applied := false
	return &request{
		apply: func(ctx context.Context, b *batch) error {
			r := w.last
			r.ID, r.Count = ledger.DeriveID("repeated", w.seed), w.count
			placed, err := b.add(ctx, r)
			if err != nil && !errors.Is(err, ledger.Conflict) {
				return err
			}
			before, applied = *w, true
			w.until, w.placed, w.seed, w.count = b.now.Add(minute), placed, string(placed.Leaf), 0
			return nil
		},
		// Repetitions later in the same batch were added to the new count: add the old
		// count back.
		onSettled: func(err error) {
			if err != nil && applied {
				w.until, w.placed, w.seed, w.count = before.until, before.placed, before.seed, w.count+before.count
				s.checkBy(w.until)
			}
		},
	}
}

// counting reports whether a count is not stored yet.
func (s *Store) counting() bool {
	for _, w := range s.windows {
		if w.count > 0 {
			return true
		}
	}
	return false
}
