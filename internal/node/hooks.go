package node

import (
	"context"
	"encoding/json"

	"github.com/datacadastre/cadastre/ledger"
)

// hook decides on the arguments of a call before the call is recorded. It returns nil
// for arguments that it can't read: the contract refuses those with its own reason.
type hook func(ctx context.Context, args json.RawMessage) error

// hooks returns the hooks by function. The node runs them before it submits a call.
func (n *Node) hooks() map[ledger.Function]hook {
	return map[ledger.Function]hook{ledger.FnOrderPlace: hookOf(n.market.Consider)}
}

// hookOf makes a hook that decides only on valid arguments.
func hookOf[A interface{ Validate() error }](decide func(context.Context, A) error) hook {
	return func(ctx context.Context, args json.RawMessage) error {
		var a A
		if ledger.DecodeStrict(args, &a) != nil || a.Validate() != nil {
			return nil //nolint:nilerr // the contract refuses it with its own reason
		}
		return decide(ctx, a)
	}
}

// hooked is a ledger that runs hooks before it records a call, and records nothing while
// the clock can't be trusted.
type hooked struct {
	ledger.Ledger
	before map[ledger.Function]hook
	clock  *clock
}

// Submit records a call unless the hook of its function refuses it. A call that was
// recorded before returns its first result, whatever its hook says now.
func (h hooked) Submit(ctx context.Context, jws string) (ledger.Outcome, error) {
	c, err := ledger.ParseCall(jws)
	if err != nil {
		return h.Ledger.Submit(ctx, jws) // it refuses a call that can't be read
	}
	if err := h.clock.allow(h.clock.now()); err != nil {
		return ledger.Outcome{}, err
	}
	if before := h.before[c.Call.Function]; before != nil {
		if err := before(ctx, c.Call.Args); err != nil {
			if _, known := h.Value(ctx, ledger.CallKey(c.Call.Party, c.Call.ID)); ledger.AsError(err) == nil || known != nil {
				return ledger.Outcome{}, err
			}
		}
	}
	out, err := h.Ledger.Submit(ctx, jws)
	h.clock.compare(c.Call, out, err)
	return out, err
}
