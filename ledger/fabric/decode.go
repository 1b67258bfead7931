package fabric

import (
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// headerHash returns the hash that identifies a block: SHA-256 of its header in
// ASN.1. The header of the next block repeats it.
func headerHash(h *common.BlockHeader) (ledger.Digest, error) {
	der, err := headerBytes(h)
	sum := sha256.Sum256(der)
	return hexDigest(sum[:]), err
}

func headerBytes(h *common.BlockHeader) ([]byte, error) {
	der, err := asn1.Marshal(struct {
		Number             *big.Int
		Previous, DataHash []byte
	}{new(big.Int).SetUint64(h.GetNumber()), h.GetPreviousHash(), h.GetDataHash()})
	if err != nil {
		return nil, fmt.Errorf("header of block %d: %w", h.GetNumber(), err)
	}
	return der, nil
}

func hexDigest(sum []byte) ledger.Digest { return ledger.Digest(hex.EncodeToString(sum)) }

// decodeBlock returns the calls that a block records: those of valid transactions
// of the chaincode. Configuration transactions and those of other chaincodes have
// no calls.
func decodeBlock(b *common.Block, chaincode string) (ledger.Block, error) {
	out := ledger.Block{Number: b.GetHeader().GetNumber()}
	var err error
	if out.Head, err = headerHash(b.GetHeader()); err != nil {
		return out, err
	}
	codes, err := validationCodes(b)
	if err != nil {
		return out, err
	}
	for i, envelope := range b.GetData().GetData() {
		if codes[i] != byte(peer.TxValidationCode_VALID) || i > math.MaxUint32 {
			continue
		}
		calls, err := decodeTransaction(envelope, chaincode, out.Number, uint32(i))
		if err != nil {
			return out, fmt.Errorf("transaction %d of block %d: %w", i, out.Number, err)
		}
		out.Calls = append(out.Calls, calls...)
	}
	return out, nil
}

// validationCodes returns the validation code of each transaction of a block.
func validationCodes(b *common.Block) ([]byte, error) {
	parts := b.GetMetadata().GetMetadata()
	if len(parts) <= int(common.BlockMetadataIndex_TRANSACTIONS_FILTER) {
		return nil, fmt.Errorf("block %d does not say which transactions are valid", b.GetHeader().GetNumber())
	}
	codes := parts[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	if len(codes) != len(b.GetData().GetData()) {
		return nil, fmt.Errorf("block %d has %d transactions and %d validation codes",
			b.GetHeader().GetNumber(), len(b.GetData().GetData()), len(codes))
	}
	return codes, nil
}

// decodeTransaction returns the calls of one transaction and what each wrote.
func decodeTransaction(envelope []byte, chaincode string, block uint64, tx uint32) ([]ledger.Committed, error) {
	x, err := decodeEnvelope(envelope)
	if err != nil || x == nil || x.action.GetChaincodeId().GetName() != chaincode {
		return nil, err
	}
	applied, err := appliedCalls(x.input, x.action)
	if err != nil || applied == nil {
		return nil, err
	}
	calls := make([]ledger.Committed, len(applied))
	for k, a := range applied {
		if calls[k], err = a.Committed(string(x.input.GetArgs()[a.I+1]), block, tx); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// appliedCalls returns the calls that a transaction of the chaincode records; each
// is one of its arguments. It returns nil if the transaction submits no calls.
func appliedCalls(input *peer.ChaincodeInput, action *peer.ChaincodeAction) ([]ledger.Applied, error) {
	args := input.GetArgs()
	var event peer.ChaincodeEvent
	if err := decode("event", action.GetEvents(), &event); err != nil {
		return nil, err
	}
	if len(args) == 0 || string(args[0]) != ledger.TxSubmit || event.GetEventName() != ledger.TxEvent {
		return nil, nil
	}
	var applied []ledger.Applied
	if err := json.Unmarshal(event.GetPayload(), &applied); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	for _, a := range applied {
		if int64(a.I) >= int64(len(args)-1) {
			return nil, fmt.Errorf("the event names call %d of %d", a.I, len(args)-1)
		}
	}
	return applied, nil
}

// decodedTx is a transaction: the input of the chaincode, what it did, and the
// signed endorsements.
type decodedTx struct {
	input  *peer.ChaincodeInput
	action *peer.ChaincodeAction
	proof.Proof
}

// decodeEnvelope decodes a transaction. It returns nil for one of another type.
func decodeEnvelope(data []byte) (*decodedTx, error) {
	var (
		envelope common.Envelope
		payload  common.Payload
		header   common.ChannelHeader
	)
	if err := errors.Join(decode("envelope", data, &envelope), decode("payload", envelope.GetPayload(), &payload),
		decode("header", payload.GetHeader().GetChannelHeader(), &header)); err != nil {
		return nil, err
	}
	if common.HeaderType(header.GetType()) != common.HeaderType_ENDORSER_TRANSACTION {
		return nil, nil //nolint:nilnil // not a transaction of a chaincode
	}
	var tx peer.Transaction
	if err := decode("transaction", payload.GetData(), &tx); err != nil {
		return nil, err
	}
	if len(tx.GetActions()) != 1 {
		return nil, fmt.Errorf("%d actions", len(tx.GetActions()))
	}
	var (
		body     peer.ChaincodeActionPayload
		proposal peer.ChaincodeProposalPayload
		spec     peer.ChaincodeInvocationSpec
		response peer.ProposalResponsePayload
		action   peer.ChaincodeAction
	)
	if err := errors.Join(decode("action payload", tx.GetActions()[0].GetPayload(), &body),
		decode("proposal", body.GetChaincodeProposalPayload(), &proposal), decode("invocation", proposal.GetInput(), &spec),
		decode("response", body.GetAction().GetProposalResponsePayload(), &response),
		decode("action", response.GetExtension(), &action)); err != nil {
		return nil, err
	}
	x := &decodedTx{input: spec.GetChaincodeSpec().GetInput(), action: &action, Proof: proof.Proof{
		ChannelHeader: payload.GetHeader().GetChannelHeader(), SignatureHeader: payload.GetHeader().GetSignatureHeader(),
		Input: body.GetChaincodeProposalPayload(), Answer: body.GetAction().GetProposalResponsePayload(),
	}}
	if x.input == nil {
		return nil, errors.New("no input")
	}
	for _, e := range body.GetAction().GetEndorsements() {
		x.Endorsements = append(x.Endorsements, proof.Endorsement{Endorser: e.GetEndorser(), Signature: e.GetSignature()})
	}
	return x, nil
}
