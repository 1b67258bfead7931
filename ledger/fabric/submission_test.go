package fabric

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/datacadastre/cadastre/ledger"
)

// TestHalves has one call of a batch conflict whenever it goes with others: it is
// found by halving, and all are recorded once.
func TestHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := many(t, 16)
		f := newFake()
		f.failing = func(_ int, batch []string) *attempt {
			if len(batch) > 1 && slices.Contains(batch, calls[5].Compact) {
				return invalid(peer.TxValidationCode_MVCC_READ_CONFLICT)
			}
			return nil
		}
		for i, r := range f.submit(t.Context(), calls...) {
			if r.err != nil || r.out.Repeated || r.out.Position != f.recorded[calls[i].Call.ID] || r.out.Payload != calls[i].Payload {
				t.Errorf("call %d: %+v, %v; it is at %+v", i, r.out, r.err, f.recorded[calls[i].Call.ID])
			}
		}
		if want := []int{16, 8, 4, 4, 2, 1, 1, 2, 8}; !slices.Equal(f.sizes, want) {
			t.Errorf("transactions of %v calls, want %v", f.sizes, want)
		}
		if f.waiting != 0 {
			t.Errorf("%d transactions are still waited for", f.waiting)
		}
	})
}

// TestPanic has the contract panic at one call of a batch, which refuses the whole
// transaction: the other calls are recorded.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := many(t, 16)
		panicked := chaincodeSays(ledger.Refuse(ledger.InvalidCode, ledger.ReasonInternal).Text())
		f := newFake()
		f.failing = func(_ int, batch []string) *attempt {
			if slices.Contains(batch, calls[5].Compact) {
				return &attempt{err: several(panicked, panicked)}
			}
			return nil
		}
		for i, r := range f.submit(t.Context(), calls...) {
			if i == 5 {
				wantErr(t, r.err, ledger.InvalidCode, ledger.ReasonInternal)
			} else if r.err != nil {
				t.Errorf("call %d: %v", i, r.err)
			}
		}
	})
}

// TestConflicts gives a call up that conflicts for ever, and not one that does so
// for a moment.
func TestConflicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for n, want := range map[int]bool{maxTries: true, maxTries + 1: false} {
			f := newFake()
			f.failing = func(i int, _ []string) *attempt {
				if i < n {
					return invalid(peer.TxValidationCode_PHANTOM_READ_CONFLICT)
				}
				return nil
			}
			r := f.submit(t.Context(), many(t, 1)...)[0]
			if (r.err == nil) != want {
				t.Errorf("after %d conflicts: %v", n, r.err)
			}
			if !want {
				wantErr(t, r.err, ledger.Conflict, ledger.ReasonBusy)
			}
		}
	})
}

// TestUnknown submits again what was lost: whether it was recorded or not, there
// is one result.
func TestUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, recorded := range []bool{true, false} {
			f := newFake()
			f.failing = func(i int, calls []string) *attempt {
				if i > 1 {
					return nil
				}
				if i == 0 && recorded {
					f.record(calls)
					f.waiting--
				}
				return lost()
			}
			calls := many(t, 3)
			for i, r := range f.submit(t.Context(), calls...) {
				if r.err != nil || r.out.Repeated != recorded || r.out.Position != f.recorded[calls[i].Call.ID] {
					t.Errorf("recorded before: %t; call %d: %+v, %v", recorded, i, r.out, r.err)
				}
			}
			if f.waiting != 0 {
				t.Errorf("%d transactions are still waited for", f.waiting)
			}
		}
	})
}

// TestRefusalAfterUnknown: a refusal is not final while an attempt in doubt may
// still be recorded. It becomes final when that attempt is found invalid. If the
// attempt is valid, its result is returned; if there is no result, the error is
// Unavailable.
func TestRefusalAfterUnknown(t *testing.T) {
	expired := ledger.Refuse(ledger.InvalidCode, ledger.ReasonExpired).At("expires")
	for name, c := range map[string]struct {
		verdict *commit
		check   func(*testing.T, result)
	}{
		"invalid": {&commit{code: peer.TxValidationCode_MVCC_READ_CONFLICT}, func(t *testing.T, r result) {
			wantErr(t, r.err, ledger.InvalidCode, ledger.ReasonExpired)
		}},
		"valid": {&commit{code: peer.TxValidationCode_VALID}, func(t *testing.T, r result) {
			if r.err != nil || !r.out.Repeated {
				t.Errorf("got %+v, %v", r.out, r.err)
			}
		}},
		"no result": {nil, func(t *testing.T, r result) { wantErr(t, r.err, ledger.Unavailable, ledger.ReasonBusy) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				calls := many(t, 1)
				first := lost()
				f.failing = func(i int, batch []string) *attempt {
					switch {
					case i == 0:
						return first
					case i == 5 && c.verdict != nil:
						first.sent.verdict <- *c.verdict
						if c.verdict.code == peer.TxValidationCode_VALID {
							f.refuse = nil
							f.recorded[calls[0].Call.ID] = ledger.Position{Block: 1}
						}
					}
					return nil
				}
				f.refuse = func(ledger.Signed) *ledger.Error { return expired }
				begun := time.Now()
				c.check(t, f.submit(t.Context(), calls...)[0])
				if took := time.Since(begun); c.verdict == nil && took < submitTimeout {
					t.Errorf("gave up after %s", took)
				}
			})
		})
	}
}

// TestFailureAfterUnknown takes what the chaincodes fail with for no answer either
// while a lost attempt may still come.
func TestFailureAfterUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := ledger.Refuse(ledger.Unavailable, ledger.ReasonClock)
		f := newFake()
		calls := many(t, 1)
		f.failing = func(i int, batch []string) *attempt {
			switch i {
			case 0:
				f.record(batch)
				f.waiting--
				return lost()
			case 1, 2:
				return &attempt{err: several(chaincodeSays(clock.Text()), chaincodeSays(clock.Text()))}
			}
			return nil
		}
		if r := f.submit(t.Context(), calls...)[0]; r.err != nil || !r.out.Repeated {
			t.Errorf("got %+v, %v", r.out, r.err)
		}
	})
}

// TestRefusalWhileInDoubt refuses at once what a lost attempt was endorsed to
// refuse: only the calls that it would record may still be.
func TestRefusalWhileInDoubt(t *testing.T) {
	for _, recorded := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			calls := many(t, 2)
			f.refuse = func(s ledger.Signed) *ledger.Error {
				if s.Call.ID == calls[1].Call.ID {
					return ledger.Refuse(ledger.Conflict, ledger.ReasonExists)
				}
				return nil
			}
			f.failing = func(i int, batch []string) *attempt {
				if i > 0 {
					return nil
				}
				a := f.record(batch)
				a.err = lost().err
				f.waiting-- // counted when it fails
				if recorded {
					a.sent.verdict <- commit{code: peer.TxValidationCode_VALID}
				} else {
					clear(f.recorded)
				}
				return &a
			}
			begun := time.Now()
			got := f.submit(t.Context(), calls...)
			if got[0].err != nil || got[0].out.Repeated != recorded {
				t.Errorf("recorded: %t; the one that was sent: %+v, %v", recorded, got[0].out, got[0].err)
			}
			wantErr(t, got[1].err, ledger.Conflict, ledger.ReasonExists)
			if took := time.Since(begun); took > time.Second {
				t.Errorf("recorded: %t; the refusal took %s", recorded, took)
			}
			if f.waiting != 0 {
				t.Errorf("%d transactions are still waited for", f.waiting)
			}
		})
	}
}

// TestConflictsAfterUnknown gives no call up as in conflict while a lost attempt
// may still record it.
func TestConflictsAfterUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.failing = func(i int, batch []string) *attempt {
			switch {
			case i == 0:
				return lost()
			case i <= maxTries+2:
				return invalid(peer.TxValidationCode_MVCC_READ_CONFLICT)
			case i == maxTries+3:
				f.record(batch) // the lost one's block
				f.waiting--
			}
			return nil
		}
		if r := f.submit(t.Context(), many(t, 1)...)[0]; r.err != nil || !r.out.Repeated {
			t.Errorf("got %+v, %v", r.out, r.err)
		}
	})
}

// TestRefusals takes at once what all endorsers say, and what one says only when
// it stays so.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		role := ledger.Refuse(ledger.Forbidden, ledger.ReasonRole)
		for n, attempts := range map[int]int{1: maxTries + 1, 2: 1} {
			f := newFake()
			f.failing = func(int, []string) *attempt {
				errs := slices.Repeat([]error{chaincodeSays(role.Text())}, n)
				return &attempt{err: several(errs...)}
			}
			r := f.submit(t.Context(), many(t, 1)...)[0]
			wantErr(t, r.err, ledger.Forbidden, ledger.ReasonRole)
			if len(f.sizes) != attempts {
				t.Errorf("refused by %d: %d attempts, want %d", n, len(f.sizes), attempts)
			}
		}
		f := newFake()
		calls := many(t, 3)
		f.refuse = func(s ledger.Signed) *ledger.Error {
			if s.Call.ID == calls[1].Call.ID {
				return role
			}
			return nil
		}
		got := f.submit(t.Context(), calls...)
		wantErr(t, got[1].err, ledger.Forbidden, ledger.ReasonRole)
		if got[0].err != nil || got[2].err != nil {
			t.Errorf("the others of the batch: %v, %v", got[0].err, got[2].err)
		}
	})
}

// TestRefusalByThoseBehind takes no refusal by peers that have not applied what
// the caller has seen: once they have, the call is recorded.
func TestRefusalByThoseBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.lagging = 2
		f.refuse = func(ledger.Signed) *ledger.Error {
			if len(f.sizes) > 2 {
				return nil
			}
			return ledger.Refuse(ledger.Conflict, ledger.ReasonState)
		}
		if r := f.submit(t.Context(), many(t, 1)...)[0]; r.err != nil || len(f.sizes) != 3 {
			t.Errorf("%d attempts: %+v, %v", len(f.sizes), r.out, r.err)
		}
	})
}

// TestGivesUp ends with what is wrong when the network can't be used, and with
// unavailable when it stays away.
func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := func(a attempt) result {
			f := newFake()
			f.failing = func(int, []string) *attempt { return &a }
			return f.submit(t.Context(), many(t, 1)...)[0]
		}
		mismatch := status.New(status.EndorserClientStatus, int32(status.EndorsementMismatch), "do not match", nil)
		begun := time.Now()
		wantErr(t, fail(attempt{err: mismatch}).err, ledger.Unavailable, ledger.ReasonBusy, "do not match")
		if took := time.Since(begun); took < 2*time.Second || took > 5*time.Second {
			t.Errorf("a peer that lags was given %s", took)
		}
		wantErr(t, fail(*invalid(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE)).err, ledger.Unavailable, ledger.ReasonInternal)
		access := status.New(status.GRPCTransportStatus, 2, "access denied: channel", nil)
		wantErr(t, fail(attempt{err: access}).err, ledger.Forbidden, ledger.ReasonInternal, "access denied")
		begun = time.Now()
		wantErr(t, fail(attempt{err: errTest}).err, ledger.Unavailable, ledger.ReasonBusy, errTest.Error())
		if took := time.Since(begun); took < submitTimeout || took > submitTimeout+time.Second {
			t.Errorf("gave up after %s", took)
		}
	})
}

// TestSilence names the part of the network that does not answer.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for part, err := range map[string]error{
			partOrderer: status.New(status.OrdererServerStatus, 503, "no Raft leader", nil),
			partPeers:   status.New(status.EndorserClientStatus, status.ConnectionFailed.ToInt32(), "refused", nil),
			partBlocks:  status.New(status.ClientStatus, status.Timeout.ToInt32(), "no block has it yet", nil),
		} {
			f := newFake()
			f.failing = func(int, []string) *attempt { return &attempt{sent: lost().sent, err: err} }
			r := f.submit(t.Context(), many(t, 1)...)[0]
			wantErr(t, r.err, ledger.Unavailable, ledger.ReasonBusy)
			if got := ledger.AsError(r.err).Param("part"); got != part {
				t.Errorf("%v: %q does not answer, want %q", err, got, part)
			}
		}
	})
}

// TestOneThatDiffersIsLeftOut: of three organizations one runs another contract;
// a call that the two others agree on is recorded by them.
func TestOneThatDiffersIsLeftOut(t *testing.T) {
	n := &network{peers: []*endorser{{Peer: of("ours")}, {Peer: of("a")}, {Peer: of("a")}, {Peer: of("b")}}}
	for _, other := range []string{"ours", "a", "b"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.failing = func(i int, _ []string) *attempt {
				if n.excludedOrg(f.rounds[i]) == other {
					return nil
				}
				return &attempt{err: status.New(status.EndorserClientStatus, int32(status.EndorsementMismatch), "do not match", nil)}
			}
			if r := f.submit(t.Context(), many(t, 1)...)[0]; r.err != nil {
				t.Errorf("%s differs: %v", other, r.err)
			}
			if f.rounds[0] != 0 || n.excludedOrg(0) != "" {
				t.Errorf("round %d, without %q, before anybody differs", f.rounds[0], n.excludedOrg(0))
			}
		})
	}
	if w := exceptOrg("a"); w.Accept(of("a")) || !w.Accept(of("b")) || !exceptOrg("").Accept(of("a")) {
		t.Error("the wrong ones are left out")
	}
}

// of is a peer of an organization.
func of(msp string) fab.Peer { return member{msp: msp} }

type member struct {
	fab.Peer
	msp string
}

func (m member) MSPID() string { return m.msp }

func (m member) URL() string { return m.msp }
