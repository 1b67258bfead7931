package projection_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/ledger"
)

// gate is a journal that holds its first event until it is opened, so that all
// other blocks wait behind it.
type gate struct {
	journal
	open    chan struct{}
	arrived sync.Once
	waits   chan struct{}
}

func newGate() *gate { return &gate{open: make(chan struct{}), waits: make(chan struct{})} }

func (g *gate) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	g.arrived.Do(func() { close(g.waits) })
	<-g.open
	return g.journal.Project(ctx, tx, e)
}

// Prepare lets the loop read ahead without the journal.
func (g *gate) Prepare(events []ledger.Event) (func(context.Context, *sql.Tx) error, error) {
	return func(ctx context.Context, tx *sql.Tx) error {
		for _, e := range events {
			if err := g.Project(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// TestWhatWaitsIsOneTransaction: the node is notified once, of all that a commit
// applied, before anybody who waits for any of it.
func TestWhatWaitsIsOneTransaction(t *testing.T) {
	f := newFixture(t)
	for i := range 4 { // five blocks with the genesis: the first, and as many as are read ahead
		f.submit(t, f.Calendar(t, 2026+i))
	}
	g := newGate()
	var told [][]ledger.ID
	var answered atomic.Int64
	loop, stop := f.start(t, f.ledger, g, func(_ context.Context, events []ledger.Event) {
		if n := answered.Load(); n > 0 && len(told) == 0 {
			t.Errorf("%d were answered before the node was notified", n)
		}
		var calls []ledger.ID
		for _, e := range events {
			calls = append(calls, e.Call)
		}
		told = append(told, calls)
	}, projection.Patient)
	var waiters sync.WaitGroup
	for block := range uint64(5) {
		waiters.Go(func() { f.wait(t, loop, block); answered.Add(1) })
	}
	<-g.waits
	projection.AwaitAhead(loop, 4)
	close(g.open)
	waiters.Wait()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([][]ledger.ID{f.want}, told); diff != "" {
		t.Errorf("notified (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(f.want, f.journal(t)); diff != "" {
		t.Errorf("(-recorded +projected):\n%s", diff)
	}
}

// TestAGroupFailsInATransaction: the groups before it are committed and
// notified, nothing of it remains, and the next process continues with it.
func TestAGroupFailsInATransaction(t *testing.T) {
	f := newFixture(t)
	for i := range 4 {
		f.submit(t, f.Calendar(t, 2026+i))
	}
	g := newGate()
	g.failAt = 4 // block 3, which wrote its row by then
	var told int
	loop, stop := f.start(t, f.ledger, g, func(_ context.Context, events []ledger.Event) { told += len(events) }, projection.Patient)
	<-g.waits
	projection.AwaitAhead(loop, 4)
	close(g.open)
	f.wait(t, loop, 2)
	if err := loop.Wait(t.Context(), 3); !errors.Is(err, errJournal) {
		t.Errorf("the wait for the block that failed: %v", err)
	}
	if err := stop(); !errors.Is(err, errJournal) || told != 3 {
		t.Errorf("the loop ended with %v, %d events told", err, told)
	}
	if r, _ := loop.Revision(); r.Block != 2 {
		t.Errorf("revision %+v", r)
	}
	if diff := cmp.Diff(f.want[:3], f.journal(t)); diff != "" {
		t.Errorf("the block that failed left something (-want +got):\n%s", diff)
	}
	loop, stop = f.start(t, f.ledger, &journal{}, ignore)
	f.wait(t, loop, 4)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(f.want, f.journal(t)); diff != "" {
		t.Errorf("after the restart (-recorded +projected):\n%s", diff)
	}
}
