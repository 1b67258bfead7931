package ledgertest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// committedReads reads a record while its call is being submitted. As soon as the
// record can be read, the call must be recorded with everything that it wrote.
func committedReads(t *testing.T, s *subject) {
	s.begin(t)
	m := s.Member(t, ledger.RoleHolder)
	jws := s.Admission(t, m)
	call := Parse(t, jws).Call
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if _, err := s.Value(ctx, ledger.RecordKey(ledger.KeyRef(m.Key.ID()))); errors.Is(err, ledger.NotFound) {
				continue
			} else if err != nil {
				seen <- err
				return
			}
			_, errParty := s.Value(ctx, ledger.RecordKey(ledger.RefTo(ledger.KindParty, m.ID)))
			_, errCall := s.Recorded(ctx, call.Party, call.ID)
			seen <- errors.Join(errParty, errCall)
			return
		}
		seen <- ctx.Err()
	}()
	Must(t, s, jws)
	if err := <-seen; err != nil {
		t.Errorf("a key of the call was there before the rest of it: %v", err)
	}
	got := Read[ledger.Party](t, s, ledger.RefTo(ledger.KindParty, m.ID))
	if got.Name != m.Profile.Name || got.Cite.Call != call.ID {
		t.Errorf("read %+v after the admission %s of %q", got, call.ID, m.Profile.Name)
	}
}

// blocksInOrder compares the blocks with the answers: same positions, no gaps,
// growing positions, times that never go back, and the ledger's head in the last
// block.
func blocksInOrder(t *testing.T, s *subject) {
	first := s.begin(t)
	want := []ledger.Outcome{first}
	for year := 2026; year < 2036; year++ {
		want = append(want, Must(t, s, s.Calendar(t, year)))
	}
	blocks := s.collect(t, first.Position.Block, len(want))
	checkOrder(t, blocks)
	checkTimes(t, blocks)
	for i, c := range calls(blocks) {
		if c.Position != want[i].Position || c.Time != want[i].Time || c.Event.Payload != want[i].Payload {
			t.Errorf("call %d is %+v in its block, the answer said %+v", i, c.Position, want[i])
		}
	}
	head := s.head(t)
	if last := blocks[len(blocks)-1]; last.Number != head.Block || last.Head != head.Head {
		t.Errorf("the last block is %d with head %s, the ledger's head %+v", last.Number, last.Head, head)
	}
}

// checkOrder checks the order of blocks.
func checkOrder(t *testing.T, blocks []ledger.Block) {
	t.Helper()
	all := calls(blocks)
	for i := range blocks {
		if i > 0 && blocks[i].Number != blocks[i-1].Number+1 {
			t.Errorf("block %d follows %d", blocks[i].Number, blocks[i-1].Number)
		}
		for _, c := range blocks[i].Calls {
			if c.Position.Block != blocks[i].Number {
				t.Errorf("the call at %+v is in block %d", c.Position, blocks[i].Number)
			}
		}
	}
	for i := 1; i < len(all); i++ {
		if all[i].Position.Compare(all[i-1].Position) <= 0 {
			t.Errorf("the call at %+v follows that at %+v", all[i].Position, all[i-1].Position)
		}
	}
	if blocks[len(blocks)-1].Head == "" {
		t.Error("the last block that there is has no head")
	}
}

// checkTimes checks that the times of calls never go back.
func checkTimes(t *testing.T, blocks []ledger.Block) {
	t.Helper()
	all := calls(blocks)
	for i := 1; i < len(all); i++ {
		if all[i].Time < all[i-1].Time {
			t.Errorf("the call at %+v, %d follows that at %+v, %d",
				all[i].Position, all[i].Time, all[i-1].Position, all[i-1].Time)
		}
	}
}

func blocksResume(t *testing.T, s *subject) {
	first := s.begin(t)
	const n = 6
	for year := 2026; year < 2026+n; year++ {
		Must(t, s, s.Calendar(t, year))
	}
	all := s.collect(t, first.Position.Block, n+1)
	check := func(when string) {
		t.Helper()
		left := n + 1
		for i, b := range all {
			tail := s.collect(t, b.Number, left)
			if diff := cmp.Diff(calls(all[i:]), calls(tail)); diff != "" {
				t.Errorf("blocks from %d are others %s (-before +after):\n%s", b.Number, when, diff)
			}
			left -= len(b.Calls)
		}
	}
	check("when read again")
	if s.reopen(t) {
		check("after a restart")
	}
}

func blocksWait(t *testing.T, s *subject) {
	first := s.begin(t)
	jws := s.Calendar(t, 2026)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []ledger.Committed
	for b, err := range s.Blocks(ctx, first.Position.Block) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, b.Calls...); len(got) == 2 {
			break
		}
		if len(got) == 1 {
			go s.Submit(ctx, jws) //nolint:errcheck // the test waits for the block
		}
	}
	if len(got) != 2 || got[1].Event.Call != Parse(t, jws).Call.ID {
		t.Fatalf("waiting for a block gave %d calls, want the genesis and the call made while waiting", len(got))
	}
	if out := Must(t, s, jws); out.Position != got[1].Position {
		t.Errorf("the block says %+v, the answer %+v", got[1].Position, out.Position)
	}
}

func blocksEnd(t *testing.T, s *subject) {
	first := s.begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range s.Blocks(ctx, first.Position.Block) {
		if err != nil {
			t.Errorf("the end of the caller came as an error: %v", err)
		}
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d blocks came before the caller's end, want 1", n)
	}
}

// recorded compares everything that is stored of a call with its hashes.
func recorded(t *testing.T, s *subject) {
	s.begin(t)
	m := s.Member(t, ledger.RoleHolder)
	jws := s.Admission(t, m)
	out := Must(t, s, jws)
	Must(t, s, s.Calendar(t, 2026))
	check := func() {
		t.Helper()
		call := Parse(t, jws).Call
		r, err := s.Recorded(t.Context(), call.Party, call.ID)
		if err != nil {
			t.Fatal(err)
		}
		if r.JWS != jws || r.Position != out.Position || r.Time != out.Time {
			t.Errorf("recorded at %+v, %d; the answer said %+v", r.Position, r.Time, out)
		}
		s.checkHashes(t, r)
		if r.Proof.Kind == "" || !json.Valid(r.Proof.Data) {
			t.Errorf("proof %q is %q", r.Proof.Kind, r.Proof.Data)
		}
		if s.factory.Proof != nil {
			s.factory.Proof(t, s.Ledger, r)
		}
	}
	check()
	if s.reopen(t) {
		check()
	}
}

func (s *subject) checkHashes(t *testing.T, r ledger.Recorded) {
	t.Helper()
	b, err := s.Value(t.Context(), ledger.CallKey(r.Event.Party, r.Event.Call))
	if err != nil {
		t.Fatal(err)
	}
	var stored ledger.CallRecord
	if err := json.Unmarshal(b, &stored); err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(r.Event)
	if err != nil {
		t.Fatal(err)
	}
	got := ledger.CallRecord{
		Payload: Parse(t, r.JWS).Payload, Writes: ledger.HashWrites(r.Writes), Event: ledger.DigestOf(event),
		Reads: stored.Reads, Rules: contract.Rules, Time: r.Event.Time, I: stored.I,
	}
	if diff := cmp.Diff(stored, got); diff != "" {
		t.Errorf("the recorded call has other hashes than its record (-record +recorded):\n%s", diff)
	}
	writes := map[string]string{}
	for _, w := range r.Writes {
		writes[w.Key] = string(w.Value)
	}
	if len(r.Event.Records) == 0 {
		t.Error("the event has no record")
	}
	for _, rec := range r.Event.Records {
		value, err := s.Value(t.Context(), ledger.RecordKey(rec.Ref))
		if err != nil || string(value) != string(rec.Value) || writes[ledger.RecordKey(rec.Ref)] != string(rec.Value) {
			t.Errorf("%s is %s in the state (%v), %s in the write set, %s in the event",
				rec.Ref, value, err, writes[ledger.RecordKey(rec.Ref)], rec.Value)
		}
	}
}
