package receipts_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

func TestReceiptsKeepTheirPlaceAcrossAStart(t *testing.T) {
	f := newFixture(t)
	want := f.ingest(party(1), "object-a")
	p := f.append(t, want)
	f.append(t, f.ingest(party(1), "object-b"))
	f.reopen(t)
	if diff := cmp.Diff(want, f.get(t, 0)); diff != "" {
		t.Error(diff)
	}
	k, err := f.ByLeaf(t.Context(), p.Leaf)
	if err != nil || k.Index != 0 || k.Leaf != p.Leaf {
		t.Errorf("by leaf: %+v, %v", k.Placed, err)
	}
	if k, err = f.ByID(t.Context(), want.ID); err != nil || k.Index != 0 {
		t.Errorf("by id: %+v, %v", k.Placed, err)
	}
	entry, err := f.Entry(t.Context(), 0)
	if err != nil || string(p.Leaf) != tlogHex(tlog.RecordHash(entry)) {
		t.Errorf("leaf %s is not that of the entry %s (%v)", p.Leaf, entry, err)
	}
	for _, miss := range []error{
		second(f.Get(t.Context(), 2)), second(f.Get(t.Context(), -1)), second(f.ByLeaf(t.Context(), hashOf("x"))),
		second(f.ByLeaf(t.Context(), "zz")), second(f.ByID(t.Context(), f.id())), second(f.Entry(t.Context(), 2)),
	} {
		if !errors.Is(miss, ledger.NotFound) {
			t.Errorf("want not found, got %v", miss)
		}
	}
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

func tlogHex(h tlog.Hash) string {
	const digits = "0123456789abcdef"
	var s []byte
	for _, b := range h {
		s = append(s, digits[b>>4], digits[b&15])
	}
	return string(s)
}

func TestAnIDIsKeptOnce(t *testing.T) {
	f := newFixture(t)
	r := f.ingest(party(1), "object")
	first, again := f.append(t, r), f.append(t, r)
	if first != again || f.Size() != 1 {
		t.Errorf("the same receipt is at %+v and %+v of %d", first, again, f.Size())
	}
	r.Object = "another"
	if _, err := f.Append(t.Context(), r); !errors.Is(err, ledger.Conflict) {
		t.Errorf("another receipt of that id: %v", err)
	}
	q := f.start(party(1), order(1), "o", 10, 0, 10)
	f.reserve(t, q)
	if _, err := f.Reserve(t.Context(), q); !errors.Is(err, ledger.Conflict) {
		t.Errorf("the same start again: %v", err)
	}
	if u := f.used(t, order(1)); u.Bytes != 10 {
		t.Errorf("the refused start left %+v", u)
	}
}

func TestFormIsHeld(t *testing.T) {
	f := newFixture(t)
	good := f.start(party(1), order(1), "o", 10, 0, 10)
	for name, break_ := range map[string]func(*ledger.Receipt){
		"version": func(r *ledger.Receipt) { r.V = 2 }, "id": func(r *ledger.Receipt) { r.ID = "x" },
		"time": func(r *ledger.Receipt) { r.Time = 0 }, "party": func(r *ledger.Receipt) { r.Party = "" },
		"free text": func(r *ledger.Receipt) { r.Object = "Mr. Wang's file" }, "size": func(r *ledger.Receipt) { r.Size = 9 },
		"offset": func(r *ledger.Receipt) { r.Offset = 11 }, "negative": func(r *ledger.Receipt) { r.Length = -1 },
		"revision": func(r *ledger.Receipt) { r.Revision = nil }, "basis": func(r *ledger.Receipt) { r.Order, r.License = "", "" },
		"hash": func(r *ledger.Receipt) { r.SHA256 = "" }, "kind": func(r *ledger.Receipt) { r.Kind = ledger.ReceiptIngest },
		"purpose": func(r *ledger.Receipt) { r.Purpose = &ledger.Purpose{Class: "fun"} },
		"flow":    func(r *ledger.Receipt) { r.Flow = "x" }, "head": func(r *ledger.Receipt) { r.Revision = &ledger.Revision{Head: "1"} },
	} {
		q := good
		break_(&q.Receipt)
		if _, err := f.Reserve(t.Context(), q); !errors.Is(err, ledger.InvalidCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := good
	twice.Limits = append(twice.Limits, twice.Limits[0])
	party := good
	party.Limits = []receipts.LimitScope{{Scope: "party/" + ledger.Ref(good.Receipt.Party)}}
	for _, q := range []receipts.StartRequest{twice, party} {
		if _, err := f.Reserve(t.Context(), q); !errors.Is(err, ledger.InvalidCode) {
			t.Errorf("limits %v: %v", q.Limits, err)
		}
	}
	if _, err := f.Append(t.Context(), good.Receipt); !errors.Is(err, ledger.InvalidCode) {
		t.Errorf("a start by Append: %v", err)
	}
	if f.Size() != 0 {
		t.Errorf("%d receipts were kept", f.Size())
	}
}

func TestDenialsOfAMinuteAreOneWithACount(t *testing.T) {
	f := newFixture(t)
	target := order(1)
	first := f.append(t, f.denial(party(1), target, ledger.ReasonLimit))
	for range 3 {
		f.pass(time.Second)
		if p := f.append(t, f.denial(party(1), target, ledger.ReasonLimit)); !p.Counted || p.Index != first.Index {
			t.Fatalf("a repetition was kept at %+v", p)
		}
	}
	f.append(t, f.denial(party(2), target, ledger.ReasonLimit))
	f.append(t, f.denial(party(1), order(2), ledger.ReasonLimit))
	f.append(t, f.denial(party(1), target, ledger.ReasonScope))
	read := f.receipt(ledger.ReceiptRead, party(1))
	read.Subject, read.Reason = target, ledger.ReasonLimit
	f.append(t, read)
	if f.Size() != 5 {
		t.Fatalf("%d receipts, want 5 that differ", f.Size())
	}
	f.pass(58 * time.Second)
	f.append(t, f.ingest(party(1), "o")) // its batch looks at the clock
	if f.Size() != 7 {
		t.Fatalf("%d receipts, want the counted one and the ingest", f.Size())
	}
	if r := f.get(t, 5); r.Count != 3 || r.Party != party(1) || r.Subject != target || r.Reason != ledger.ReasonLimit || r.Time != epoch+3_000 {
		t.Errorf("counted: %+v", r)
	}
	if p := f.append(t, f.denial(party(1), target, ledger.ReasonLimit)); !p.Counted || p.Index != 5 {
		t.Errorf("within a minute of the counted one: %+v", p)
	}
	f.pass(2 * time.Minute)
	f.append(t, f.ingest(party(1), "o"))
	f.pass(2 * time.Minute)
	if p := f.append(t, f.denial(party(1), target, ledger.ReasonLimit)); p.Counted {
		t.Errorf("after a quiet minute: %+v", p)
	}
}

func TestCloseKeepsWhatWasCounted(t *testing.T) {
	f := newFixture(t)
	for range 4 {
		f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit))
	}
	f.reopen(t)
	if f.Size() != 2 || f.get(t, 1).Count != 3 {
		t.Errorf("%d receipts, the last %+v", f.Size(), f.get(t, f.Size()-1))
	}
}

func TestAClockSetBackEndsTheMinute(t *testing.T) {
	f := newFixture(t)
	f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit))
	f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit))
	f.pass(-time.Hour)
	f.append(t, f.ingest(party(1), "o"))
	if f.Size() != 3 || f.get(t, 1).Kind != ledger.ReceiptDenial {
		t.Errorf("%d receipts", f.Size())
	}
}

func TestAMinuteEndsByItself(t *testing.T) {
	f := newFixture(t)
	f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit))
	f.pass(59*time.Second + 900*time.Millisecond)
	f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit)) // sets the alarm for what is left
	f.pass(time.Minute)
	waitFor(t, func() bool { return f.Size() == 2 })
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not come")
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	f := newFixture(t)
	r := f.reserve(t, f.start(party(1), order(1), "o", 10, 0, 10))
	f.close(t)
	_, err := f.End(t.Context(), r, 10, ledger.Complete)
	for _, err := range []error{
		err, second(f.Append(t.Context(), f.ingest(party(1), "o"))),
		second(f.Reserve(t.Context(), f.start(party(1), order(1), "o", 10, 0, 10))),
	} {
		if !errors.Is(err, ledger.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	f := newFixture(t)
	running := f.reserve(t, f.start(party(1), order(1), "o", 100, 0, 100))
	other := f.reserve(t, f.start(party(1), order(2), "o", 100, 0, 100))
	f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit))
	f.append(t, f.denial(party(1), order(1), ledger.ReasonLimit))
	sqlExec(t, f, "CREATE TRIGGER broken BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'disk full'); END")
	_, ended := f.End(t.Context(), running, 40, ledger.Partial)
	for _, err := range []error{
		ended, second(f.Append(t.Context(), f.ingest(party(1), "o"))),
		second(f.Append(t.Context(), f.denial(party(2), order(1), ledger.ReasonLimit))),
		second(f.Reserve(t.Context(), f.start(party(1), order(1), "o", 100, 0, 100))),
	} {
		if !errors.Is(err, ledger.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	f.pass(2 * time.Minute)
	if _, err := f.Append(t.Context(), f.ingest(party(1), "o")); err == nil {
		t.Error("kept what can't be")
	}
	if _, err := f.Append(t.Context(), f.denial(party(2), order(1), ledger.ReasonLimit)); err == nil {
		t.Error("kept what can't be")
	}
	if f.Size() != 3 || f.used(t, order(1)) != (receipts.Usage{Uses: 1, Bytes: 100}) {
		t.Errorf("%d receipts, %+v", f.Size(), f.used(t, order(1)))
	}
	sqlExec(t, f, "DROP TRIGGER broken")
	if p := f.append(t, f.denial(party(2), order(1), ledger.ReasonLimit)); p.Counted {
		t.Error("counted under a receipt that was not kept")
	}
	// What was owed came first: the end, and the counted denial.
	ends, err := f.EndsOf(t.Context(), running.Start)
	if err != nil || len(ends) != 1 || ends[0].Receipt.Bytes != 40 || ends[0].Receipt.Outcome != ledger.Partial {
		t.Errorf("ends: %+v, %v", ends, err)
	}
	page, err := f.Find(t.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptDenial}, Party: party(1)}, 0, 10)
	if err != nil || len(page.Items) != 2 || page.Items[0].Receipt.Count != 1 {
		t.Errorf("denials: %+v, %v", page, err)
	}
	if u := f.used(t, order(1)); u != (receipts.Usage{Uses: 1, Bytes: 40}) {
		t.Errorf("used %+v", u)
	}
	f.end(t, other, 100, ledger.Complete)
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func sqlExec(t *testing.T, f *fixture, query string) {
	t.Helper()
	if _, err := f.W().ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func TestAStartWhoseCallerWentIsEnded(t *testing.T) {
	f := newFixture(t)
	tx, err := f.W().BeginTx(t.Context(), nil) // makes the writing goroutine wait
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	q := f.start(party(1), order(1), "o", 100, 0, 100)
	outcome := make(chan error)
	go func() { outcome <- second(f.Reserve(gone, q)) }()
	time.Sleep(20 * time.Millisecond) // let it be taken into a batch
	cancel()
	if err := <-outcome; !errors.Is(err, ledger.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return f.Size() == 2 })
	if r := f.get(t, 1); r.Outcome != ledger.Aborted || r.Bytes != 0 || r.Start != q.Receipt.ID {
		t.Errorf("the end: %+v", r)
	}
	if len(f.Stalled(party(1), "o", []receipts.LimitScope{{Scope: order(1)}})) != 0 {
		t.Error("it is still running")
	}
}

// busy prevents the writing goroutine from committing until release.
func busy(t *testing.T, f *fixture) (release func()) {
	t.Helper()
	tx, err := f.W().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStartThatWasNotBegunIsDropped(t *testing.T) {
	f := newFixture(t)
	release := busy(t, f)
	kept := make(chan error)
	go func() { kept <- second(f.Append(t.Context(), f.ingest(party(1), "o"))) }()
	time.Sleep(20 * time.Millisecond) // the batch of the ingest has begun
	gone, cancel := context.WithCancel(t.Context())
	outcome := make(chan error)
	go func() { outcome <- second(f.Reserve(gone, f.start(party(1), order(1), "o", 100, 0, 100))) }()
	time.Sleep(20 * time.Millisecond) // the start waits behind it
	cancel()
	if err := <-outcome; !errors.Is(err, ledger.Unavailable) {
		t.Errorf("got %v", err)
	}
	release()
	if err := <-kept; err != nil {
		t.Error(err)
	}
	f.append(t, f.ingest(party(1), "o"))
	if f.Size() != 2 || f.used(t, order(1)) != (receipts.Usage{}) {
		t.Errorf("%d receipts, %+v", f.Size(), f.used(t, order(1)))
	}
}

func TestTheLastBatchIsCountedToo(t *testing.T) {
	f := newFixture(t)
	release := busy(t, f)
	kept, closed := make(chan error), make(chan error)
	go func() { kept <- second(f.Append(t.Context(), f.ingest(party(1), "o"))) }()
	time.Sleep(20 * time.Millisecond)
	for range 3 {
		r := f.denial(party(1), order(1), ledger.ReasonLimit)
		go func() { kept <- second(f.Append(t.Context(), r)) }()
	}
	time.Sleep(20 * time.Millisecond) // all wait behind the ingest
	go func() { closed <- f.Close() }()
	time.Sleep(20 * time.Millisecond)
	release()
	for range 4 {
		if err := <-kept; err != nil {
			t.Error(err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	f.open(t)
	if f.Size() != 3 || f.get(t, 2).Count != 2 {
		t.Errorf("%d receipts, the last %+v", f.Size(), f.get(t, f.Size()-1))
	}
}

// A commit that failed may have been applied after all: then the tables are
// ahead of what the store knows, as after another writer.
func TestTheStoreFollowsItsTables(t *testing.T) {
	f := newFixture(t)
	f.append(t, f.ingest(party(1), "o"))
	twin := &fixture{dir: f.dir, key: f.key}
	twin.clock.Store(epoch)
	twin.ids.Store(1 << 30)
	twin.open(t)
	twin.append(t, f.ingest(party(1), "p"))
	twin.close(t)
	if _, err := f.Append(t.Context(), f.ingest(party(1), "q")); !errors.Is(err, ledger.Unavailable) {
		t.Fatalf("it wrote over another's receipt: %v", err)
	}
	if p := f.append(t, f.ingest(party(1), "r")); p.Index != 2 {
		t.Errorf("kept at %d", p.Index)
	}
	if err := f.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
