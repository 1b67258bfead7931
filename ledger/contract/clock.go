package contract

import (
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// ClockOffset returns by how much a ledger's time is ahead of the machines': 0 unless its
// simulated clock was moved. Whatever builds an Env adds it to the machine's time. It is
// read outside of the calls, so their digests of reads do not have it.
func ClockOffset(state State) (ledger.Millis, error) {
	g, _, err := read[ledger.Genesis](state, ledger.RecordKey(ledger.GenesisRef))
	if err != nil || g.Clock != ledger.ClockSimulated {
		return 0, err
	}
	c, _, err := read[ledger.Clockwork](state, ledger.RecordKey(ledger.ClockRef))
	return c.Offset, err
}

// advance moves the clock of a demonstration ahead. In a batch Env.Time does not know of
// an advance by an earlier call, so the clock shows at least where that one moved it to.
func advance(t *tx, a ledger.AdvanceArgs) error {
	if t.genesis.Clock != ledger.ClockSimulated {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("function")
	}
	c, _, err := read[ledger.Clockwork](t.state, ledger.RecordKey(ledger.ClockRef))
	if err != nil {
		return err
	}
	now := max(t.now(), c.To)
	if a.To <= now || a.To > now+ledger.MaxAdvance {
		return ledger.Refuse(ledger.InvalidCode, ledger.ReasonWindow).At("to").
			With("value", strconv.FormatInt(int64(a.To), 10)).With("after", strconv.FormatInt(int64(now), 10))
	}
	c = ledger.Clockwork{Offset: c.Offset + a.To - now, To: a.To, Cite: t.cite()}
	return t.putRecord(ledger.ClockRef, c)
}
