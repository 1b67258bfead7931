//go:build integration

package fabric

import (
	"context"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// Once makes one attempt at a call, and says whether it was found invalid in a
// block because of what it had read.
func (l *Ledger) Once(ctx context.Context, jws string) (invalid bool, err error) {
	a := l.send.attempt(ctx, []string{jws}, 0)
	f, _ := judge(a.err, a.sent != nil)
	return f == conflict, a.err
}

// Endorsed finds the transaction that carried a call into a block from number on
// without counting, and puts what its endorsers signed into the form of a proof.
func (l *Ledger) Endorsed(ctx context.Context, number uint64, jws string) (proof.Proof, bool, error) {
	b, err := l.net.block(ctx, number)
	if err != nil {
		return proof.Proof{}, false, err
	}
	codes, err := validity(b)
	if err != nil {
		return proof.Proof{}, false, err
	}
	for i, data := range b.GetData().GetData() {
		input, _, err := openTransaction(data)
		if err != nil {
			return proof.Proof{}, false, err
		}
		if codes[i] == 0 || input == nil || len(input.GetArgs()) != 2 || string(input.GetArgs()[0]) != ledger.TxSubmit || string(input.GetArgs()[1]) != jws {
			continue
		}
		p, err := endorsed(data)
		p.JWS = jws
		return p, true, err
	}
	return proof.Proof{}, false, nil
}

func endorsed(data []byte) (proof.Proof, error) {
	var (
		envelope common.Envelope
		payload  common.Payload
		tx       peer.Transaction
		body     peer.ChaincodeActionPayload
	)
	if err := decode("envelope", data, &envelope); err != nil {
		return proof.Proof{}, err
	}
	if err := decode("payload", envelope.GetPayload(), &payload); err != nil {
		return proof.Proof{}, err
	}
	if err := decode("transaction", payload.GetData(), &tx); err != nil {
		return proof.Proof{}, err
	}
	if err := decode("body", tx.GetActions()[0].GetPayload(), &body); err != nil {
		return proof.Proof{}, err
	}
	p := proof.Proof{
		ChannelHeader: payload.GetHeader().GetChannelHeader(), SignatureHeader: payload.GetHeader().GetSignatureHeader(),
		Input: body.GetChaincodeProposalPayload(), Answer: body.GetAction().GetProposalResponsePayload(),
	}
	for _, e := range body.GetAction().GetEndorsements() {
		p.Endorsements = append(p.Endorsements, proof.Endorsement{Endorser: e.GetEndorser(), Signature: e.GetSignature()})
	}
	return p, nil
}
