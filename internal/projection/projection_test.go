package projection_test

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// journal is a domain that records the calls it was given, in order. It fails at
// the n-th if that is not 0.
type journal struct {
	seen   atomic.Int64
	failAt int64
}

var errJournal = errors.New("the journal is full")

func (j *journal) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO journal (call) VALUES (?)", e.Call); err != nil {
		return err
	}
	if j.seen.Add(1) == j.failAt {
		return errJournal
	}
	return nil
}

// fixture is a ledger and a read model behind it.
type fixture struct {
	*ledgertest.World
	ledger *ledgertest.Memory
	db     *sqldb.DB
	want   []ledger.ID // the calls recorded
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	w := ledgertest.NewWorld(t, time.Now)
	f := &fixture{World: w, ledger: ledgertest.NewMemory(time.Now, w.Genesis)}
	var err error
	if f.db, err = sqldb.Open(t.Context(), filepath.Join(t.TempDir(), "read.db"), sqldb.SyncNormal); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.db.Close() })
	if err := f.db.Migrate(t.Context(), "projection", projection.Migrations()); err != nil {
		t.Fatal(err)
	}
	f.exec(t, "CREATE TABLE journal (n INTEGER PRIMARY KEY, call TEXT NOT NULL)")
	f.submit(t, w.Genesis)
	return f
}

func (f *fixture) exec(t *testing.T, query string) {
	t.Helper()
	if _, err := f.db.W.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) submit(t *testing.T, jws string) ledger.Outcome {
	t.Helper()
	f.want = append(f.want, ledgertest.Parse(t, jws).Call.ID)
	return ledgertest.Must(t, f.ledger, jws)
}

// journal returns what the domain recorded.
func (f *fixture) journal(t *testing.T) []ledger.ID {
	t.Helper()
	rows, err := f.db.R.QueryContext(t.Context(), "SELECT call FROM journal ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var calls []ledger.ID
	for rows.Next() {
		var id ledger.ID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}

// start runs a loop; stop ends it and returns what Run said.
func (f *fixture) start(t *testing.T, l ledger.Ledger, d projection.Domain, applied func(context.Context, []ledger.Event), change ...func(*projection.Loop)) (loop *projection.Loop, stop func() error) {
	t.Helper()
	loop, err := projection.New(t.Context(), f.db.W, f.db.R, l, []projection.Domain{d}, applied, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(loop)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- loop.Run(ctx) }()
	return loop, func() error { cancel(); return <-done }
}

func ignore(context.Context, []ledger.Event) {}

func (f *fixture) wait(t *testing.T, loop *projection.Loop, block uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := loop.Wait(ctx, block); err != nil {
		t.Fatalf("wait for block %d: %v", block, err)
	}
}

func TestLoop(t *testing.T) {
	f := newFixture(t)
	var d journal
	if _, ok := first(projection.New(t.Context(), f.db.W, f.db.R, f.ledger, nil, ignore, time.Now)).Revision(); ok {
		t.Error("an empty read model has a revision")
	}
	for round := range 3 { // each in a separate process
		loop, stop := f.start(t, f.ledger, &d, ignore)
		for i := range 4 {
			out := f.submit(t, f.Calendar(t, 2026+4*round+i))
			f.wait(t, loop, out.Position.Block)
			if diff := cmp.Diff(f.want, f.journal(t)); diff != "" {
				t.Fatalf("after block %d (-recorded +projected):\n%s", out.Position.Block, diff)
			}
		}
		head, err := f.ledger.Head(t.Context())
		if r, ok := loop.Revision(); err != nil || !ok || r != head {
			t.Errorf("revision %+v, the ledger's head %+v (%v)", r, head, err)
		}
		if err := stop(); err != nil || loop.Err() != nil {
			t.Errorf("the end of its context is no failure: %v, %v", err, loop.Err())
		}
		err = loop.Wait(t.Context(), 1000)
		ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonBehind)
		f.submit(t, f.Calendar(t, 2100+round)) // while nobody looks
	}
}

func first[T any](v T, _ error) T { return v }

// TestWaitIsNotified has a node that is slow to handle the notification: Wait for the
// block waits for that too.
func TestWaitIsNotified(t *testing.T) {
	f := newFixture(t)
	committed, told := make(chan struct{}), make(chan struct{})
	var done atomic.Bool
	var d journal
	loop, stop := f.start(t, f.ledger, &d, func(_ context.Context, events []ledger.Event) {
		if len(events) != 1 || events[0].Call != f.want[0] {
			t.Errorf("told of %v, want call %s", events, f.want[0])
		}
		close(committed)
		<-told
		done.Store(true)
	})
	<-committed
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := loop.Wait(ctx, 0); !errors.Is(err, ledger.Unavailable) {
		t.Errorf("a wait ended before the node was told: %v", err)
	}
	close(told)
	f.wait(t, loop, 0)
	if !done.Load() {
		t.Error("the wait ended before the node was told")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestDomainFails has a domain fail in the middle: its block leaves nothing
// behind, the loop says why it stopped, and the next process goes on from there.
func TestDomainFails(t *testing.T) {
	f := newFixture(t)
	for i := range 5 {
		f.submit(t, f.Calendar(t, 2026+i))
	}
	loop, stop := f.start(t, f.ledger, &journal{failAt: 4}, ignore)
	err := loop.Wait(t.Context(), 5)
	ledgertest.Refused(t, err, ledger.Unavailable, ledger.ReasonBehind)
	if !errors.Is(err, errJournal) || !errors.Is(loop.Err(), errJournal) || !errors.Is(stop(), errJournal) {
		t.Errorf("the loop stopped for %v, the wait for %v", loop.Err(), err)
	}
	if r, _ := loop.Revision(); r.Block != 2 {
		t.Errorf("revision %+v after block 3 failed", r)
	}
	f.wait(t, loop, 2)
	if diff := cmp.Diff(f.want[:3], f.journal(t)); diff != "" {
		t.Errorf("block 3 left something behind (-want +got):\n%s", diff)
	}
	loop, stop = f.start(t, f.ledger, &journal{}, ignore)
	f.wait(t, loop, 5)
	if diff := cmp.Diff(f.want, f.journal(t)); diff != "" {
		t.Errorf("after the restart (-recorded +projected):\n%s", diff)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// shaped is a ledger whose blocks are handed out in another shape.
type shaped struct {
	ledger.Ledger
	shape func(ledger.Block) (ledger.Block, bool)
}

func (s shaped) Blocks(ctx context.Context, from uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for b, err := range s.Ledger.Blocks(ctx, from) {
			if b, ok := s.shape(b); ok && !yield(b, err) {
				return
			}
		}
	}
}

func TestGap(t *testing.T) {
	f := newFixture(t)
	for i := range 4 {
		f.submit(t, f.Calendar(t, 2026+i))
	}
	gap := shaped{f.ledger, func(b ledger.Block) (ledger.Block, bool) { return b, b.Number != 2 }}
	loop, stop := f.start(t, gap, &journal{}, ignore)
	ledgertest.Refused(t, loop.Wait(t.Context(), 4), ledger.Unavailable, ledger.ReasonBehind)
	if err := stop(); err == nil {
		t.Error("a missing block was passed over")
	}
	if diff := cmp.Diff(f.want[:2], f.journal(t)); diff != "" {
		t.Errorf("up to the gap (-want +got):\n%s", diff)
	}
}

// TestBlocksOfAChannel has blocks as Fabric makes them: the first comes late, some
// have no call, some several, whose places are stored.
func TestBlocksOfAChannel(t *testing.T) {
	f := newFixture(t)
	for i := range 5 {
		f.submit(t, f.Calendar(t, 2026+i))
	}
	const late = 7
	var held []ledger.Committed
	channel := renumbered{f.ledger, func(b ledger.Block) ledger.Block {
		held = append(held, b.Calls...)
		n := b.Number
		b.Number, b.Calls = late+n, nil
		if n%3 == 2 { // two empty blocks, then one of three calls
			b.Calls, held = held, nil
		}
		for i := range b.Calls {
			b.Calls[i].Position = ledger.Position{Block: b.Number, Tx: uint32(i / 2), I: uint32(i % 2)}
		}
		return b
	}}
	var sizes []int
	loop, stop := f.start(t, channel, &journal{}, func(_ context.Context, e []ledger.Event) { sizes = append(sizes, len(e)) }, projection.OneByOne)
	f.wait(t, loop, late+5)
	if diff := cmp.Diff([]int{0, 0, 3, 0, 0, 3}, sizes); diff != "" {
		t.Errorf("calls of the blocks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(f.want, f.journal(t)); diff != "" {
		t.Errorf("(-recorded +projected):\n%s", diff)
	}
	at, err := loop.Place(t.Context(), f.Authority.ID, f.want[5])
	if want := (ledger.Position{Block: late + 5, Tx: 1}); err != nil || at != want {
		t.Errorf("the last call is at %+v, %v; want %+v", at, err, want)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	f.exec(t, "DELETE FROM place") // as a read model from before places were stored
	if at, err := loop.Place(t.Context(), f.Authority.ID, f.want[5]); err != nil || at.Block != 5 {
		t.Errorf("the ledger places it at %+v, %v", at, err)
	}
	_, err = loop.Place(t.Context(), f.Authority.ID, f.NewID())
	ledgertest.Refused(t, err, ledger.NotFound, ledger.ReasonUnknown)
}

// renumbered is a ledger with new blocks.
type renumbered struct {
	ledger.Ledger
	anew func(ledger.Block) ledger.Block
}

func (r renumbered) Blocks(ctx context.Context, _ uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for b, err := range r.Ledger.Blocks(ctx, 0) {
			if !yield(r.anew(b), err) {
				return
			}
		}
	}
}

// TestARevisionIsThatOfWhatIsRead: where it is the same before and after a
// question, that is the block whose state answered it (licensing decides so).
func TestARevisionIsThatOfWhatIsRead(t *testing.T) {
	f := newFixture(t)
	const last = 3000
	loop, stop := f.start(t, stretched{f.ledger, last}, &journal{}, ignore)
	seen := 0
	for at := uint64(0); at < last; {
		before, some := loop.Revision()
		if !some {
			continue
		}
		if err := f.db.R.QueryRowContext(t.Context(), "SELECT block FROM position").Scan(&at); err != nil {
			t.Fatal(err)
		}
		if after, _ := loop.Revision(); after == before {
			if seen++; before.Block != at {
				t.Fatalf("what block %d made was read at revision %d", at, before.Block)
			}
		}
	}
	if err := stop(); err != nil || seen == 0 {
		t.Errorf("%d looks, %v", seen, err)
	}
}

// stretched is a ledger that goes on with empty blocks up to last.
type stretched struct {
	ledger.Ledger
	last uint64
}

func (s stretched) Blocks(ctx context.Context, _ uint64) iter.Seq2[ledger.Block, error] {
	return func(yield func(ledger.Block, error) bool) {
		for n := range s.last + 1 {
			if !yield(ledger.Block{Number: n, Head: ledger.DigestOf([]byte{byte(n)})}, ctx.Err()) {
				return
			}
		}
		<-ctx.Done()
	}
}

// TestGroups has blocks whose head comes with every third only, as when many are
// read together: they are applied whole, never a part of a group.
func TestGroups(t *testing.T) {
	f := newFixture(t)
	for i := range 7 {
		f.submit(t, f.Calendar(t, 2026+i))
	}
	groups := shaped{f.ledger, func(b ledger.Block) (ledger.Block, bool) {
		if b.Number%3 != 2 {
			b.Head = ""
		}
		return b, true
	}}
	var sizes []int
	loop, stop := f.start(t, groups, &journal{failAt: 8}, func(_ context.Context, e []ledger.Event) { sizes = append(sizes, len(e)) }, projection.OneByOne)
	f.wait(t, loop, 5)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]int{3, 3}, sizes); diff != "" {
		t.Errorf("sizes of the groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(f.want[:6], f.journal(t)); diff != "" {
		t.Errorf("a part of a group was kept (-want +got):\n%s", diff)
	}
	if r, _ := loop.Revision(); r.Block != 5 {
		t.Errorf("revision %+v within a group", r)
	}
}

func TestBadPosition(t *testing.T) {
	f := newFixture(t)
	f.exec(t, "INSERT INTO position (one, block, head) VALUES (1, -3, '')")
	if _, err := projection.New(t.Context(), f.db.W, f.db.R, f.ledger, nil, ignore, time.Now); err == nil {
		t.Error("a position before the first block was taken")
	}
}
