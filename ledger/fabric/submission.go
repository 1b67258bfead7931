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

// submitTimeout limits how long we submit a call again.
const submitTimeout = 30 * time.Second

// maxTries is how often an attempt is repeated after a failure that may be
// temporary.
const maxTries = 3

// pause is the wait after a failed attempt. A peer that is behind gets more time at
// each try.
const pause = 100 * time.Millisecond

func pauseAfter(o outcome, n int) time.Duration {
	if o == endorsersDiffer || o == refusedByOne {
		return pause << (2 * min(n-1, maxTries))
	}
	return pause
}

// result is the result of one call.
type result struct {
	out ledger.Outcome
	err error
}

// submission is a list of calls being recorded, over all attempts.
type submission struct {
	send sender
	log  *slog.Logger
	// locate returns the position of a call that was recorded earlier.
	locate func(ctx context.Context, call ledger.Signed) (ledger.Position, error)
	// snapshot is called before each attempt. The function that it returns reports
	// whether the given peers were, at that moment, known to have applied
	// everything that was known here when the submission began. If not, it waits
	// for them. A refusal by a peer that was behind is not final, even if the peer
	// has caught up since.
	snapshot func() (current func(ctx context.Context, peers []string) bool)

	// doubtful lists the attempts that were sent and have no result. While one of
	// them may still be recorded, no result is final for the calls that it would
	// record.
	doubtful []attemptInDoubt
	last     error // of the last attempt, for logs
}

// attemptInDoubt is an attempt without a result and the calls that it would record:
// not those that it was endorsed to refuse or to repeat.
type attemptInDoubt struct {
	*pending
	calls []string
}

// forgetAttempts stops waiting for the attempts in doubt.
func (s *submission) forgetAttempts() {
	for _, d := range s.doubtful {
		s.send.forget(d.pending)
	}
}

// run submits calls until each has its result or ctx ends.
func (s *submission) run(ctx context.Context, calls []ledger.Signed) []result {
	results := make([]result, len(calls))
	open := make([]int, len(calls))
	for i := range open {
		open[i] = i
	}
	var count [inDoubt + 1]int
	for len(open) > 0 {
		if ctx.Err() != nil {
			setError(results, open, noAnswer(errors.Join(context.Cause(ctx), s.last), s.last))
			break
		}
		round := 0
		if count[endorsersDiffer] > 0 { // a peer is behind, or runs another contract; other peers may agree
			round = count[endorsersDiffer] + count[notRecorded]
		}
		current := s.snapshot()
		a := s.send.attempt(ctx, compact(calls, open), round)
		o, refusal := outcomeOf(a.err, a.sent != nil)
		s.remember(ctx, a, o, compact(calls, open))
		count[o]++
		switch {
		case o == succeeded:
			open = s.applyAnswers(ctx, a, current, calls, open, results)
		case len(open) > 1 && (o == conflicted || o == refused && refusal.Code == ledger.InvalidCode):
			s.splitAndRetry(ctx, calls, open, results)
			return results
		case o == refused || o == refusedByOne && count[o] > maxTries:
			open = s.refuse(calls, open, results, refusal)
		default:
			switch err := s.finalError(ctx, o, count[o]); {
			case errors.Is(err, ledger.Unavailable):
				setError(results, open, err)
				open = nil
			case err != nil:
				open = s.refuse(calls, open, results, err)
			}
		}
		if len(open) > 0 {
			wait(ctx, pauseAfter(o, count[o]))
		}
	}
	return results
}

// remember stores the error of an attempt, and the attempt itself if it is in
// doubt. If ctx has ended, the error of an earlier attempt says more and is
// retained.
func (s *submission) remember(ctx context.Context, a attempt, o outcome, calls []string) {
	if ctx.Err() == nil || s.last == nil {
		s.last = a.err
	}
	if a.sent == nil {
		return
	}
	if o != inDoubt {
		s.send.forget(a.sent)
		return
	}
	d := attemptInDoubt{pending: a.sent}
	for i, c := range calls {
		if a.answers == nil || a.answers[i].Record != nil && !a.answers[i].Repeated {
			d.calls = append(d.calls, c)
		}
	}
	s.doubtful = append(s.doubtful, d)
}

// refuse gives err to the calls that no attempt in doubt may still record, and
// returns the other calls.
func (s *submission) refuse(calls []ledger.Signed, open []int, results []result, err error) []int {
	var left []int
	s.dropInvalid()
	for _, i := range open {
		if s.mayBeRecorded(calls[i]) {
			left = append(left, i)
			continue
		}
		results[i].err = err
	}
	return left
}

// finalError returns the error that ends the submission after an outcome seen for
// the n-th time, or nil if it should be tried again.
func (s *submission) finalError(ctx context.Context, o outcome, n int) error {
	switch o {
	case conflicted:
		if n > maxTries {
			return errors.Join(ledger.Refuse(ledger.Conflict, ledger.ReasonBusy), s.last)
		}
	case endorsersDiffer:
		if n > maxTries {
			s.log.ErrorContext(ctx, "peers answer the same call differently: one is far behind, or runs another contract", slog.Any("error", s.last))
			return unavailable(s.last)
		}
	case policyNotMet:
		s.log.ErrorContext(ctx, "a transaction has fewer endorsements than the channel requires: its policy has changed, or peers are missing in the profile", slog.Any("error", s.last))
		return broken(s.last)
	case accessDenied:
		s.log.ErrorContext(ctx, "the channel does not accept our certificate", slog.Any("error", s.last))
		return errors.Join(ledger.Refuse(ledger.Forbidden, ledger.ReasonInternal), s.last)
	case succeeded, refused, refusedByOne, notRecorded, inDoubt:
	}
	return nil
}

// applyAnswers sets the results of the calls after a successful attempt, and
// returns the calls that have no result yet.
func (s *submission) applyAnswers(ctx context.Context, a attempt, current func(context.Context, []string) bool, calls []ledger.Signed, open []int, results []result) []int {
	var left []int
	s.dropInvalid()
	doubtful := slices.ContainsFunc(a.answers, func(a ledger.Answer) bool { return a.Error != nil }) && !current(ctx, a.endorsers)
	for k, i := range open {
		answer := a.answers[k]
		if answer.Error != nil {
			if doubtful || s.mayBeRecorded(calls[i]) {
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

// splitAndRetry submits the two halves of a batch separately. If another
// transaction changed what one call had read, or the contract panics at one call,
// the other calls are not delayed or refused with it.
func (s *submission) splitAndRetry(ctx context.Context, calls []ledger.Signed, open []int, results []result) {
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

// dropInvalid removes the attempts in doubt that turned out to be invalid.
func (s *submission) dropInvalid() {
	s.doubtful = slices.DeleteFunc(s.doubtful, func(d attemptInDoubt) bool {
		select {
		case at := <-d.verdict:
			d.verdict <- at
			return at.code != peer.TxValidationCode_VALID
		default:
			return false
		}
	})
}

// mayBeRecorded reports whether an attempt in doubt has recorded a call or may
// still do so. The call will then be answered as repeated.
func (s *submission) mayBeRecorded(call ledger.Signed) bool {
	return slices.ContainsFunc(s.doubtful, func(d attemptInDoubt) bool { return slices.Contains(d.calls, call.Compact) })
}

func setError(results []result, open []int, err error) {
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

// wait returns after d or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
