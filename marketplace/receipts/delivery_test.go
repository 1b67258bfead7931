package receipts_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

func TestADeliveryHasTwoReceipts(t *testing.T) {
	f := newFixture(t)
	q := f.start(party(1), order(1), "o", 100, 20, 50)
	running := f.reserve(t, q)
	if u := f.used(t, order(1)); u != (receipts.Usage{Uses: 1, Bytes: 50}) {
		t.Errorf("reserved %+v", u)
	}
	if ends, err := f.EndsOf(t.Context(), running.Start); err != nil || len(ends) != 0 {
		t.Errorf("it ended while it runs: %+v, %v", ends, err)
	}
	f.pass(time.Second)
	p := f.end(t, running, 30, ledger.Partial)
	want := q.Receipt
	want.Kind, want.ID, want.Time = ledger.ReceiptEnd, ledger.DeriveID("end", string(q.Receipt.ID)), epoch+1000
	want.Revision, want.Start, want.Bytes, want.Outcome = nil, q.Receipt.ID, 30, ledger.Partial
	if diff := cmp.Diff(want, f.get(t, p.Index)); diff != "" {
		t.Error(diff)
	}
	if u := f.used(t, order(1)); u != (receipts.Usage{Uses: 1, Bytes: 30}) {
		t.Errorf("used %+v", u)
	}
	if _, err := f.End(t.Context(), running, 30, ledger.Partial); !errors.Is(err, ledger.Conflict) {
		t.Errorf("ended twice: %v", err)
	}
	if err := f.Progress(t.Context(), running, 30); !errors.Is(err, ledger.Conflict) {
		t.Errorf("progress after the end: %v", err)
	}
}

func TestAnEndThatCannotBeIsRefused(t *testing.T) {
	f := newFixture(t)
	r := f.reserve(t, f.start(party(1), order(1), "o", 100, 0, 100))
	for _, c := range []struct {
		bytes   int64
		outcome ledger.DeliveryOutcome
	}{{101, ledger.Partial}, {-1, ledger.Partial}, {99, ledger.Complete}, {5, ledger.Interrupted}, {5, ""}} {
		if _, err := f.End(t.Context(), r, c.bytes, c.outcome); !errors.Is(err, ledger.InvalidCode) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := f.End(t.Context(), receipts.Running{}, 0, ledger.Partial); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("nothing: %v", err)
	}
	f.Touch(receipts.Running{})
	if err := f.Progress(t.Context(), r, 101); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("progress past the end: %v", err)
	}
}

type step struct {
	object               string
	size, offset, length int64
	bytes                int64 // written; below 0 it goes on running
	refused              string
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name        string
		uses, bytes int64
		steps       []step
		want        receipts.Usage
	}{
		{"sixteen segments are one use", 1, 0, segments(16, 160), receipts.Usage{Uses: 1, Bytes: 160}},
		{"slicing evades nothing", 1, 0, append(segments(16, 160), step{"o", 160, 0, 1, 1, "limits.uses"}), receipts.Usage{Uses: 1, Bytes: 160}},
		{
			"a reservation counts as if all were written", 1, 0,
			[]step{{"o", 100, 0, 100, -1, ""}, {"o", 100, 0, 1, 1, "limits.uses"}},
			receipts.Usage{Uses: 1, Bytes: 100},
		},
		{
			"nothing written is one use", 1, 0,
			[]step{{"o", 100, 0, 100, 0, ""}, {"o", 100, 0, 100, 100, ""}, {"o", 100, 0, 1, 1, "limits.uses"}},
			receipts.Usage{Uses: 1, Bytes: 100},
		},
		{
			"objects count together", 2, 0,
			[]step{{"a", 10, 0, 10, 10, ""}, {"b", 10, 0, 10, 10, ""}, {"c", 10, 0, 10, 10, "limits.uses"}},
			receipts.Usage{Uses: 2, Bytes: 20},
		},
		{
			"an empty object is one use a start", 2, 0,
			[]step{{"e", 0, 0, 0, 0, ""}, {"e", 0, 0, 0, 0, ""}, {"e", 0, 0, 0, 0, "limits.uses"}},
			receipts.Usage{Uses: 2},
		},
		{
			"bytes", 0, 150,
			[]step{{"o", 100, 0, 100, 100, ""}, {"o", 100, 0, 51, 51, "limits.bytes"}, {"o", 100, 0, 50, 50, ""}},
			receipts.Usage{Uses: 2, Bytes: 150},
		},
		{"no limit", 0, 0, []step{{"o", 100, 0, 100, 100, ""}, {"o", 100, 0, 100, 100, ""}, {"o", 100, 0, 1, 1, ""}}, receipts.Usage{Uses: 3, Bytes: 201}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			for i, s := range c.steps {
				r, err := f.Reserve(t.Context(), limit(f.start(party(1), order(1), s.object, s.size, s.offset, s.length), c.uses, c.bytes))
				if s.refused != "" {
					if e := ledger.AsError(err); e == nil || e.Code != ledger.Forbidden || e.Reason != ledger.ReasonLimit || e.Field != s.refused {
						t.Fatalf("step %d: %v, want refused for %s", i, err, s.refused)
					}
					continue
				}
				if err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
				if s.bytes >= 0 {
					f.end(t, r, s.bytes, outcome(s.bytes, s.length))
				}
			}
			if got := f.used(t, order(1)); got != c.want {
				t.Errorf("used %+v, want %+v", got, c.want)
			}
		})
	}
}

func segments(n, size int64) (steps []step) {
	for i := range n {
		steps = append(steps, step{"o", size, i * size / n, size / n, size / n, ""})
	}
	return steps
}

func outcome(bytes, length int64) ledger.DeliveryOutcome {
	if bytes == length {
		return ledger.Complete
	}
	return ledger.Partial
}

func TestTheRefusalSaysHowMuch(t *testing.T) {
	f := newFixture(t)
	f.reserve(t, limit(f.start(party(1), order(1), "o", 100, 0, 100), 0, 120))
	_, err := f.Reserve(t.Context(), limit(f.start(party(1), order(1), "o", 100, 0, 30), 0, 120))
	e := ledger.AsError(err)
	if e == nil {
		t.Fatal(err)
	}
	want := []ledger.Param{{Name: "scope", Value: string(order(1))}, {Name: "limit", Value: "120"}, {Name: "used", Value: "100"}, {Name: "asked", Value: "30"}}
	if diff := cmp.Diff(want, e.Params); diff != "" {
		t.Error(diff)
	}
	if f.Size() != 1 {
		t.Errorf("the refusal left %d receipts", f.Size())
	}
}

func TestAResumeCountsOnce(t *testing.T) {
	const size, wrote = 100 * mib, 40 * mib
	for _, c := range []struct {
		name    string
		who     int64
		scope   int64
		object  string
		from    int64
		counted int64 // of the rest of the object
	}{
		{"at the end", 1, 1, "o", wrote, size - wrote},
		{"16 MiB before the end", 1, 1, "o", wrote - 16*mib, size - wrote},
		{"a byte too early", 1, 1, "o", wrote - 16*mib - 1, size - wrote + 16*mib + 1},
		{"past the end", 1, 1, "o", wrote + 1, size - wrote - 1},
		{"another party", 2, 1, "o", wrote - mib, size - wrote + mib},
		{"another order", 1, 2, "o", wrote - mib, size - wrote + mib},
		{"another object", 1, 1, "p", wrote - mib, size - wrote + mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.end(t, f.reserve(t, f.start(party(1), order(1), "o", size, 0, size)), wrote, ledger.Partial)
			before := f.used(t, order(c.scope)).Bytes
			again := f.start(party(c.who), order(c.scope), c.object, size, c.from, size-c.from)
			r := f.reserve(t, again)
			if got := f.used(t, order(c.scope)).Bytes - before; got != c.counted {
				t.Errorf("reserved %d, want %d", got, c.counted)
			}
			f.end(t, r, size-c.from, ledger.Complete)
			if got := f.used(t, order(c.scope)).Bytes - before; got != c.counted {
				t.Errorf("counted %d, want %d", got, c.counted)
			}
			again.Receipt.ID = f.id() // once only
			f.reserve(t, again)
			if got := f.used(t, order(c.scope)).Bytes - before; got != c.counted+size-c.from {
				t.Errorf("with the second resume %d, want %d", got, c.counted+size-c.from)
			}
		})
	}
}

// TestAResumeThatCameToNothing: the store failed before its first byte, or it
// broke off before the old end. What was counted is not counted again.
func TestAResumeThatCameToNothing(t *testing.T) {
	for _, wrote := range []int64{0, 3} {
		f := newFixture(t)
		f.end(t, f.reserve(t, limit(f.start(party(1), order(1), "o", 100, 0, 100), 1, 0)), 60, ledger.Partial)
		f.end(t, f.reserve(t, limit(f.start(party(1), order(1), "o", 100, 50, 50), 1, 0)), wrote, ledger.Aborted)
		f.end(t, f.reserve(t, limit(f.start(party(1), order(1), "o", 100, 50+wrote, 50-wrote), 1, 0)), 50-wrote, ledger.Complete)
		if u := f.used(t, order(1)); u != (receipts.Usage{Uses: 1, Bytes: 100}) {
			t.Errorf("after %d bytes: used %+v", wrote, u)
		}
	}
}

// TestResumesGiveTheObjectOnceMore: a party that always breaks off before the last
// byte can't fetch the rest for free again and again.
func TestResumesGiveTheObjectOnceMore(t *testing.T) {
	f := newFixture(t)
	var err error
	got := int64(0)
	for range 10 {
		var r receipts.Running
		if r, err = f.Reserve(t.Context(), limit(f.start(party(1), order(1), "o", 100, 0, 100), 1, 0)); err != nil {
			break
		}
		f.end(t, r, 99, ledger.Partial)
		got += 99
	}
	if e := ledger.AsError(err); e == nil || e.Reason != ledger.ReasonLimit || got > 200 {
		t.Errorf("%d bytes of 100 for one use, then %v", got, err)
	}
}

func TestACompleteDeliveryIsNotResumed(t *testing.T) {
	f := newFixture(t)
	f.end(t, f.reserve(t, f.start(party(1), order(1), "o", 100, 0, 50)), 50, ledger.Complete)
	f.end(t, f.reserve(t, f.start(party(1), order(1), "o", 100, 40, 60)), 60, ledger.Complete)
	if u := f.used(t, order(1)); u != (receipts.Usage{Uses: 2, Bytes: 110}) {
		t.Errorf("used %+v", u)
	}
}

func TestAResumeIsOfTheOneThatWroteFarthest(t *testing.T) {
	f := newFixture(t)
	for _, wrote := range []int64{10, 30, 20} {
		f.end(t, f.reserve(t, f.start(party(1), order(1), "o", 64*mib, 100, 90)), wrote, ledger.Partial)
	}
	// The first two after it were resumes themselves, of 10 and of 30 bytes.
	if u := f.used(t, order(1)); u.Bytes != 30 {
		t.Fatalf("used %+v", u)
	}
	a := f.start(party(1), order(2), "o", 64*mib, 100, 90)
	b := f.start(party(1), order(2), "o", 64*mib, 105, 90)
	ra, rb := f.reserve(t, a), f.reserve(t, b)
	f.end(t, ra, 10, ledger.Partial) // up to 110
	f.end(t, rb, 25, ledger.Partial) // up to 130
	f.reserve(t, f.start(party(1), order(2), "o", 64*mib, 105, 90))
	if u := f.used(t, order(2)); u.Bytes != 10+25+90-25 {
		t.Errorf("used %+v, want the resume of the farthest", u)
	}
}

func TestSixtyFourStartsUnderALimitOfTen(t *testing.T) {
	f := newFixture(t)
	var began, refused atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		q := limit(f.start(party(1), order(1), "o", 1000, 0, 1000), 10, 0)
		all.Go(func() {
			switch _, err := f.Reserve(t.Context(), q); {
			case err == nil:
				began.Add(1)
			case errors.Is(err, ledger.Forbidden):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if began.Load() != 10 || refused.Load() != 54 || f.Size() != 10 {
		t.Errorf("%d began, %d refused, %d receipts", began.Load(), refused.Load(), f.Size())
	}
}

func TestStalledDeliveriesAreFound(t *testing.T) {
	f := newFixture(t)
	a := f.reserve(t, f.start(party(1), order(1), "o", 100, 0, 100))
	b := f.reserve(t, f.start(party(1), order(1), "o", 100, 0, 100))
	f.reserve(t, f.start(party(2), order(1), "o", 100, 0, 100))
	f.reserve(t, f.start(party(1), order(2), "o", 100, 0, 100))
	f.reserve(t, f.start(party(1), order(1), "p", 100, 0, 100))
	stalled := func() []ledger.ID { return f.Stalled(party(1), "o", []receipts.LimitScope{{Scope: order(1)}}) }
	f.pass(1999 * time.Millisecond)
	if got := stalled(); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	f.pass(time.Millisecond)
	if diff := cmp.Diff([]ledger.ID{a.Start, b.Start}, stalled()); diff != "" {
		t.Error(diff)
	}
	f.Touch(a)
	if diff := cmp.Diff([]ledger.ID{b.Start}, stalled()); diff != "" {
		t.Error(diff)
	}
	f.end(t, b, 3, ledger.Aborted)
	if got := stalled(); len(got) != 0 {
		t.Errorf("after its end: %v", got)
	}
}

func TestWhatRanIsInterrupted(t *testing.T) {
	const size = 100 * mib
	f := newFixture(t)
	noted := f.reserve(t, f.start(party(1), order(1), "o", size, 0, size))
	for _, n := range []int64{16 * mib, 32 * mib, 16 * mib} { // it does not go back
		if err := f.Progress(t.Context(), noted, n); err != nil {
			t.Fatal(err)
		}
	}
	small := f.reserve(t, f.start(party(1), order(2), "o", size, 0, 10))
	f.pass(time.Minute)
	f.reopen(t)
	for _, c := range []struct {
		start          ledger.ID
		scope          ledger.Ref
		least, most    int64
		index, started int64
	}{{noted.Start, order(1), 32 * mib, 48 * mib, 2, 0}, {small.Start, order(2), 0, 10, 3, 1}} {
		r := f.get(t, c.index)
		if r.Kind != ledger.ReceiptEnd || r.Start != c.start || r.Outcome != ledger.Interrupted || r.Bytes != c.least || r.BytesMax != c.most ||
			r.Time != epoch+60_000 {
			t.Errorf("end: %+v", r)
		}
		if u := f.used(t, c.scope); u.Bytes != c.least || u.Uses != 1 {
			t.Errorf("used %+v", u)
		}
	}
	r := f.reserve(t, f.start(party(1), order(1), "o", size, 20*mib, 80*mib))
	f.end(t, r, 80*mib, ledger.Complete)
	if u := f.used(t, order(1)); u != (receipts.Usage{Uses: 1, Bytes: size}) {
		t.Errorf("after the resume of what was interrupted %+v", u)
	}
	f.reopen(t)
	if f.Size() != 6 {
		t.Errorf("a second start ended something again: %d receipts", f.Size())
	}
}

func TestADeliveryMayCountUnderTwoScopes(t *testing.T) {
	f := newFixture(t)
	license := ledger.RefTo(ledger.KindLicense, idOf("license", 1))
	q := f.start(party(1), order(1), "o", 100, 0, 100)
	q.Limits = []receipts.LimitScope{{Scope: order(1)}, {Scope: license, Flow: ledger.Delivery, Quota: ledger.Quota{Uses: 1}}}
	f.end(t, f.reserve(t, q), 100, ledger.Complete)
	q.Receipt.ID = f.id()
	if _, err := f.Reserve(t.Context(), q); !errors.Is(err, ledger.Forbidden) {
		t.Errorf("got %v", err)
	}
	for _, scope := range []ledger.Ref{order(1), license} {
		if u := f.used(t, scope); u != (receipts.Usage{Uses: 1, Bytes: 100}) {
			t.Errorf("%s: %+v", scope, u)
		}
	}
	q = f.start(party(1), order(1), "o", 99, 0, 99)
	if _, err := f.Reserve(t.Context(), q); !errors.Is(err, ledger.Conflict) {
		t.Errorf("an object of another size: %v", err)
	}
}

func TestManyOpenStartsAreInterrupted(t *testing.T) {
	f := newFixture(t)
	var all sync.WaitGroup
	for i := range 2100 { // more than one transaction takes
		q := f.start(party(1), order(1), fmt.Sprint("o", i), 10, 0, 10)
		all.Go(func() { _, _ = f.Reserve(t.Context(), q) })
	}
	all.Wait()
	f.reopen(t)
	if f.Size() != 4200 || f.used(t, order(1)) != (receipts.Usage{Uses: 2100}) {
		t.Errorf("%d receipts, %+v", f.Size(), f.used(t, order(1)))
	}
}
