package fabric

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/datacadastre/cadastre/ledger"
)

// patience bounds how long a call is submitted again by ourselves.
const patience = 30 * time.Second

// tries is how often what may be a matter of a moment is tried again.
const tries = 3

// pause before an attempt after one that failed. A peer that lags is given more
// time at each try.
const pause = 100 * time.Millisecond

func pauseAfter(f fate, n int) time.Duration {
	if f == differ || f == doubted {
		return pause << (2 * min(n-1, tries))
	}
	return pause
}

// result answers one call.
type result struct {
	out ledger.Outcome
	err error
}

// submission is calls on their way to being recorded, over all attempts.
type submission struct {
	send sender
	log  *slog.Logger
	// locate finds where a call that was recorded before stands.
	locate func(ctx context.Context, call ledger.Signed) (ledger.Position, error)
	// look is called before each attempt. What it returns reports whether peers were
	// known by then to have applied all that was known here when the submission began;
	// where not, it waits until they have. A refusal by peers that lag behind what its
	// caller has seen is none, even if they have caught up since.
	look func() (current func(ctx context.Context, peers []string) bool)

	// lost are attempts that were sent and not heard of: while one may still come
	// into a block, nothing is final for the calls that it would record.
	lost []unheard
	last error // of the last attempt, for logs
}

// unheard is an attempt that was sent and not heard of, and the calls that it would record:
// those that it was endorsed to refuse, or to repeat, it never will.
type unheard struct {
	*pending
	calls []string
}

// end forgets the attempts that never came.
func (s *submission) end() {
	for _, l := range s.lost {
		s.send.forget(l.pending)
	}
}

// run submits calls until each has its result, or ctx ends.
func (s *submission) run(ctx context.Context, calls []ledger.Signed) []result {
	results := make([]result, len(calls))
	open := make([]int, len(calls))
	for i := range open {
		open[i] = i
	}
	var count [unknown + 1]int
	for len(open) > 0 {
		if ctx.Err() != nil {
			fill(results, open, silent(errors.Join(context.Cause(ctx), s.last), s.last))
			break
		}
		round := 0
		if count[differ] > 0 { // one of those that were asked lags, or runs another contract: others may agree
			round = count[differ] + count[again]
		}
		current := s.look()
		a := s.send.attempt(ctx, compact(calls, open), round)
		f, refusal := judge(a.err, a.sent != nil)
		s.note(ctx, a, f, compact(calls, open))
		count[f]++
		switch {
		case f == settled:
			open = s.settle(ctx, a, current, calls, open, results)
		case len(open) > 1 && (f == conflict || f == refused && refusal.Code == ledger.InvalidCode):
			s.halve(ctx, calls, open, results)
			return results
		case f == refused || f == doubted && count[f] > tries:
			open = s.refuse(calls, open, results, refusal)
		default:
			switch err := s.final(ctx, f, count[f]); {
			case errors.Is(err, ledger.Unavailable):
				fill(results, open, err)
				open = nil
			case err != nil:
				open = s.refuse(calls, open, results, err)
			}
		}
		if len(open) > 0 {
			wait(ctx, pauseAfter(f, count[f]))
		}
	}
	return results
}

// note remembers what an attempt leaves behind. That it ended with ctx says
// less than how the one before it failed.
func (s *submission) note(ctx context.Context, a attempt, f fate, calls []string) {
	if ctx.Err() == nil || s.last == nil {
		s.last = a.err
	}
	if a.sent == nil {
		return
	}
	if f != unknown {
		s.send.forget(a.sent)
		return
	}
	l := unheard{pending: a.sent}
	for i, c := range calls {
		if a.answers == nil || a.answers[i].Record != nil && !a.answers[i].Repeated {
			l.calls = append(l.calls, c)
		}
	}
	s.lost = append(s.lost, l)
}

// refuse ends the calls that no lost attempt may still record, and returns the
// others.
func (s *submission) refuse(calls []ledger.Signed, open []int, results []result, err error) []int {
	var left []int
	s.hear()
	for _, i := range open {
		if s.pending(calls[i]) {
			left = append(left, i)
			continue
		}
		results[i].err = err
	}
	return left
}

// final is the error that ends an attempt of that fate, seen for the n-th time;
// nil: it is tried again.
func (s *submission) final(ctx context.Context, f fate, n int) error {
	switch f {
	case conflict:
		if n > tries {
			return errors.Join(ledger.Refuse(ledger.Conflict, ledger.ReasonBusy), s.last)
		}
	case differ:
		if n > tries {
			s.log.ErrorContext(ctx, "peers answer the same call differently: one lags far behind, or runs another contract", slog.Any("error", s.last))
			return unavailable(s.last)
		}
	case policy:
		s.log.ErrorContext(ctx, "a transaction was endorsed by fewer than the channel asks for: its policy has changed, or the profile lacks peers", slog.Any("error", s.last))
		return broken(s.last)
	case denied:
		s.log.ErrorContext(ctx, "the channel does not accept our certificate", slog.Any("error", s.last))
		return errors.Join(ledger.Refuse(ledger.Forbidden, ledger.ReasonInternal), s.last)
	case settled, refused, doubted, again, unknown:
	}
	return nil
}

// settle gives calls the results of an attempt that came through, and returns
// those that have none yet.
func (s *submission) settle(ctx context.Context, a attempt, current func(context.Context, []string) bool, calls []ledger.Signed, open []int, results []result) []int {
	var left []int
	s.hear()
	doubtful := slices.ContainsFunc(a.answers, func(a ledger.Answer) bool { return a.Error != nil }) && !current(ctx, a.by)
	for k, i := range open {
		answer := a.answers[k]
		if answer.Error != nil {
			if doubtful || s.pending(calls[i]) {
				left = append(left, i)
			} else {
				results[i].err = answer.Error
			}
			continue
		}
		r := answer.Record
		out := ledger.Outcome{Time: r.Time, Payload: r.Payload, Event: r.Event, Repeated: answer.Repeated}
		out.Position = ledger.Position{Block: a.at.block, Tx: a.at.tx, I: r.I}
		if answer.Repeated {
			var err error
			if out.Position, err = s.locate(ctx, calls[i]); err != nil {
				results[i].err = err
				continue
			}
		}
		results[i].out = out
	}
	return left
}

// halve submits both halves by themselves: what one call of a batch read was
// changed by someone else, or the contract panics at it, and the others need not
// wait for it, nor be refused with it.
func (s *submission) halve(ctx context.Context, calls []ledger.Signed, open []int, results []result) {
	for _, half := range [][]int{open[:len(open)/2], open[len(open)/2:]} {
		part := make([]ledger.Signed, len(half))
		for k, i := range half {
			part[k] = calls[i]
		}
		for k, r := range s.run(ctx, part) {
			results[half[k]] = r
		}
	}
}

// hear drops the lost attempts that turned out to be invalid.
func (s *submission) hear() {
	s.lost = slices.DeleteFunc(s.lost, func(l unheard) bool {
		select {
		case at := <-l.verdict:
			l.verdict <- at
			return at.code != peer.TxValidationCode_VALID
		default:
			return false
		}
	})
}

// pending reports whether a lost attempt may still record a call, or has: then it
// will be answered as repeated.
func (s *submission) pending(call ledger.Signed) bool {
	return slices.ContainsFunc(s.lost, func(l unheard) bool { return slices.Contains(l.calls, call.Compact) })
}

func fill(results []result, open []int, err error) {
	for _, i := range open {
		results[i].err = err
	}
}

func compact(calls []ledger.Signed, open []int) []string {
	list := make([]string, len(open))
	for k, i := range open {
		list[k] = calls[i].Compact
	}
	return list
}

// wait pauses, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
