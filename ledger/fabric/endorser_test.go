package fabric

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// three are peers of three organizations, ours first.
func three() (ours, a, b *endorser, all []*endorser) {
	ours, a, b = &endorser{Peer: of("ours")}, &endorser{Peer: of("a")}, &endorser{Peer: of("b")}
	return ours, a, b, []*endorser{ours, a, b}
}

// TestPeerThatStaysBehind is waited for once; then others answer at once until it
// has caught up.
func TestPeerThatStaysBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, _, _, all := three()
		height := map[*endorser]uint64{all[1]: 9, all[2]: 9}
		read := func(ctx context.Context) (*answer, error) {
			return firstOf(ctx, all, func(ctx context.Context, e *endorser) (*answer, error) {
				return &answer{from: e}, e.awaitBlock(ctx, 9, func(context.Context) error {
					if height[e] < 9 {
						return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown)
					}
					return nil
				})
			})
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := read(short); !errors.Is(err, ledger.Unavailable) {
			t.Errorf("while it is waited for: %v", err)
		}
		begun := time.Now()
		if a, err := read(t.Context()); err != nil || a.from == ours || time.Since(begun) > 0 {
			t.Errorf("then after %s: %+v, %v", time.Since(begun), a, err)
		}
		height[ours] = 9
		if a, err := read(t.Context()); err != nil || a.from != ours || ours.slow {
			t.Errorf("when it has caught up: %+v, %v", a, err)
		}
	})
}

// TestOnePeersClock passes over a peer whose clock is off, and says so when all
// find that of each other's.
func TestOnePeersClock(t *testing.T) {
	ours, a, _, all := three()
	off := map[*endorser]bool{ours: true}
	ask := func(_ context.Context, e *endorser) (*answer, error) {
		if off[e] {
			return nil, ledger.Refuse(ledger.Unavailable, ledger.ReasonClock)
		}
		return &answer{from: e}, nil
	}
	if got, err := firstOf(t.Context(), all, ask); err != nil || got.from != a {
		t.Errorf("one is off: %+v, %v", got, err)
	}
	for _, e := range all {
		off[e] = true
	}
	_, err := firstOf(t.Context(), all, ask)
	wantErr(t, err, ledger.Unavailable, ledger.ReasonClock)
}

// TestEmptyPeer does not take a ledger for one that has not begun because a peer
// has an empty folder.
func TestEmptyPeer(t *testing.T) {
	_, _, b, all := three()
	has := map[*endorser]bool{b: true}
	ask := func(_ context.Context, e *endorser) (*answer, error) {
		if !has[e] {
			return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown)
		}
		return &answer{from: e}, nil
	}
	if got, err := firstFound(t.Context(), all, ask); err != nil || got.from != b {
		t.Errorf("%+v, %v", got, err)
	}
	has[b] = false
	_, err := firstFound(t.Context(), all, ask)
	wantErr(t, err, ledger.NotFound, ledger.ReasonUnknown)
}

// TestHighest is of the most advanced peer, ours being behind and one silent.
func TestHighest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, a, _, all := three()
		heights := map[*endorser]uint64{ours: 3, a: 9}
		ask := func(ctx context.Context, e *endorser) (uint64, error) {
			if heights[e] == 0 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return heights[e], nil
		}
		begun := time.Now()
		if got, err := highest(t.Context(), all, ask); err != nil || got != 9 || time.Since(begun) > heightTimeout {
			t.Errorf("%d, %v after %s", got, err, time.Since(begun))
		}
		clear(heights)
		_, err := highest(t.Context(), all, ask)
		wantErr(t, err, ledger.Unavailable, ledger.ReasonBusy)
	})
}

// TestCaughtUpSince takes no refusal of a peer that was behind when it was asked,
// though it has caught up before its answer is looked at.
func TestCaughtUpSince(t *testing.T) {
	ours, a, b, all := three()
	for _, e := range all {
		e.applied = 9
	}
	ours.applied = 8
	l := &Ledger{net: &network{peers: all}}
	current := l.snapshotPeers(9)
	ours.applied = 9
	if !current(t.Context(), []string{a.URL(), b.URL()}) || current(t.Context(), []string{ours.URL(), a.URL()}) {
		t.Error("other peers are treated as having been behind")
	}
	if !l.snapshotPeers(9)(t.Context(), []string{ours.URL(), a.URL()}) {
		t.Error("the next attempt is not trusted either")
	}
}
