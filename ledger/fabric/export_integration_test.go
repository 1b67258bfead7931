//go:build integration

package fabric

import (
	"context"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// Once makes one attempt at a call, and says whether it was found invalid in a
// block because of what it had read.
func (l *Ledger) Once(ctx context.Context, jws string) (invalid bool, err error) {
	a := l.send.attempt(ctx, []string{jws}, 0)
	f, _ := outcomeOf(a.err, a.sent != nil)
	return f == conflicted, a.err
}

// Endorsed finds the transaction that carried a call into a block from number on
// without counting, and puts what its endorsers signed into the form of a proof.
func (l *Ledger) Endorsed(ctx context.Context, number uint64, jws string) (proof.Proof, bool, error) {
	b, err := l.net.block(ctx, number)
	if err != nil {
		return proof.Proof{}, false, err
	}
	codes, err := validationCodes(b)
	if err != nil {
		return proof.Proof{}, false, err
	}
	for i, data := range b.GetData().GetData() {
		x, err := decodeEnvelope(data)
		if err != nil {
			return proof.Proof{}, false, err
		}
		if codes[i] == 0 || x == nil || len(x.input.GetArgs()) != 2 || string(x.input.GetArgs()[0]) != ledger.TxSubmit || string(x.input.GetArgs()[1]) != jws {
			continue
		}
		x.JWS = jws
		return x.Proof, true, nil
	}
	return proof.Proof{}, false, nil
}
