package receipts

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// minute is the least time between two receipts of the same denial or read.
const minute = time.Minute

// same is what makes two denials or reads one: kind, party, target, reason.
type same struct {
	kind   ledger.ReceiptKind
	party  ledger.ID
	target ledger.Ref
	reason ledger.Reason
}

func sameAs(r ledger.Receipt) same { return same{r.Kind, r.Party, r.Subject, r.Reason} }

// window is the minute after a receipt was kept, with what was counted since.
type window struct {
	until time.Time
	kept  Placed
	last  ledger.Receipt // the newest repetition
	count int64
}

// Append keeps a receipt of kind ingest, denial or read and returns when it is
// durable. The same receipt again is answered with its first place; another of
// the same id is a Conflict.
//
// Of denials and reads with the same kind, party, target (subject) and reason,
// one receipt a minute is kept. The first is kept at once; those of the minute
// after it are counted, and when it is over (at most a second later) the last of them is kept with their
// Count, under an id derived from the one before, and begins the next minute. So the counts
// add up to what happened. Close keeps what was counted so far without waiting
// for the minute's end. What was counted and not yet kept, less than a minute's,
// is lost if the node dies. A Count of 0 stands for 1.
//
// Unavailable means unknown: append the same receipt again.
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

// repeatable keeps r, or counts it in the window of its like.
func (s *Store) repeatable(r ledger.Receipt, placed *Placed) *request {
	key, opened := sameAs(r), false
	return &request{
		apply: func(ctx context.Context, b *batch) (err error) {
			if w := s.windows[key]; w != nil {
				w.last = r
				w.count += r.Count
				*placed = w.kept
				placed.Counted = true
				return nil
			}
			if *placed, err = b.add(ctx, r); err != nil {
				return err
			}
			if len(s.windows) == 0 {
				s.look = b.now.Add(minute)
			}
			s.windows[key], opened = &window{until: b.now.Add(minute), kept: *placed}, true
			return nil
		},
		settle: func(err error) {
			if err != nil && opened {
				delete(s.windows, key)
			}
		},
	}
}

// due are the requests that keep what was counted in windows that are over, or
// in all when the store closes. Windows without repetition are forgotten. All are
// looked at together, at most once a second, so that many cost no more than few.
func (s *Store) due(now time.Time, all bool) []*request {
	if len(s.windows) == 0 || !all && !over(now, s.look) {
		return nil
	}
	var ended []*window
	s.look = now.Add(minute)
	for key, w := range s.windows {
		switch {
		case !all && !over(now, w.until):
			s.sooner(w.until)
		case w.count == 0:
			delete(s.windows, key)
		default:
			ended = append(ended, w)
		}
	}
	s.look = later(s.look, now.Add(time.Second))
	slices.SortFunc(ended, func(a, b *window) int {
		return cmp.Or(cmp.Compare(a.last.Time, b.last.Time), cmp.Compare(a.last.ID, b.last.ID))
	})
	list := make([]*request, len(ended))
	for i, w := range ended {
		list[i] = s.flush(w)
	}
	return list
}

// over reports whether a window until t is over: also when the clock was set
// back, since none is longer than a minute.
func over(now, t time.Time) bool { return !now.Before(t) || t.Sub(now) > minute }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Store) sooner(t time.Time) {
	if t.Before(s.look) {
		s.look = t
	}
}

// flush keeps what w counted. The receipt's id follows from the one that began
// the minute, so that it is not kept twice when a commit failed in doubt.
func (s *Store) flush(w *window) *request {
	var before window
	applied := false
	return &request{
		apply: func(ctx context.Context, b *batch) error {
			r := w.last
			r.ID, r.Count = ledger.DeriveID("repeated", string(w.kept.Leaf)), w.count
			placed, err := b.add(ctx, r)
			if err != nil && !errors.Is(err, ledger.Conflict) {
				return err
			}
			before, applied = *w, true
			w.until, w.kept, w.count = b.now.Add(minute), placed, 0
			return nil
		},
		// What came later in the same batch was counted anew: it stays counted.
		settle: func(err error) {
			if err != nil && applied {
				w.until, w.kept, w.count = before.until, before.kept, w.count+before.count
				s.sooner(w.until)
			}
		},
	}
}

// counting reports whether something was counted and not kept.
func (s *Store) counting() bool {
	for _, w := range s.windows {
		if w.count > 0 {
			return true
		}
	}
	return false
}
