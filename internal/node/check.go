package node

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
)

// check returns why the node or the contract would refuse a call of the function now, or
// nil. It reads the ledger and writes nothing.
func (n *Node) check(ctx context.Context, party ledger.ID, fn ledger.Function, args json.RawMessage) error {
	if h := n.hooks()[fn]; h != nil {
		if err := h(ctx, args); err != nil {
			return err
		}
	}
	env := contract.Env{Time: ledger.Millis(n.opts.Now().UnixMilli()), Rules: contract.Rules, Genesis: n.settings.GenesisSHA256}
	return contract.Check(env, ledger.Standard(), committed{ctx, n.ledger}, party, fn, args)
}

// possible returns the acts that a party may do on a record now, or NotFound if there is
// no such record.
func (n *Node) possible(ctx context.Context, party ledger.ID, on ledger.Ref) ([]ledger.Open, error) {
	env := contract.Env{Time: ledger.Millis(n.opts.Now().UnixMilli()), Rules: contract.Rules}
	return contract.Possible(env, committed{ctx, n.ledger}, party, on)
}

// committed lets the contract read the state of a ledger.
type committed struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one check
	ledger ledger.Ledger
}

// Get reads the value of a key.
func (c committed) Get(key string) ([]byte, bool, error) {
	value, err := c.ledger.Value(c.ctx, key)
	if errors.Is(err, ledger.NotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}
