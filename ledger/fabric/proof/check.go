package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Checker checks the proofs of a bundle of this kind.
type Checker struct{}

// Common is what the proofs of a bundle share: nothing, each stands for itself.
type Common struct{}

// Open implements evidence.Checker.
func (Checker) Open(trust evidence.Trust, common json.RawMessage) (evidence.CallChecker, error) {
	t, err := ParseTrust(trust.Fabric)
	if err != nil {
		return nil, err
	}
	n, err := t.open()
	if err != nil {
		return nil, err
	}
	if err := oneForm(common, &Common{}); err != nil {
		return nil, err
	}
	return n.check, nil
}

// check proves one call.
func (n *network) check(raw json.RawMessage) (evidence.Placed, error) {
	p, err := Parse(raw)
	if err != nil {
		return evidence.Placed{}, err
	}
	q, err := n.asked(p)
	if err != nil {
		return evidence.Placed{}, fmt.Errorf("question: %w", err)
	}
	a, err := n.answered(p)
	if err != nil {
		return evidence.Placed{}, fmt.Errorf("answer: %w", err)
	}
	if !bytes.Equal(a.question, Hash(p.ChannelHeader, p.SignatureHeader, p.Input)) {
		return evidence.Placed{}, errors.New("the answer is to another question")
	}
	if err := n.agreed(p, q.at); err != nil {
		return evidence.Placed{}, err
	}
	call, err := ledger.ParseCall(p.JWS)
	if err != nil {
		return evidence.Placed{}, err
	}
	if call.Call.Party != q.party || call.Call.ID != q.call || call.Payload != a.record.Payload {
		return evidence.Placed{}, errors.New("the answer is about another call than the one here")
	}
	place, err := Version(a.results, n.chaincode, ledger.CallKey(q.party, q.call))
	if err != nil {
		return evidence.Placed{}, err
	}
	place.I = a.record.I
	r := a.record
	return evidence.Placed{
		JWS: p.JWS, Position: place, Time: r.Time, Rules: r.Rules, Reads: r.Reads, Writes: r.Writes, Event: r.Event,
	}, nil
}

// Hash is what an answer says of its question: the digest of its parts.
func Hash(channelHeader, signatureHeader, input []byte) []byte {
	sum := sha256.Sum256(slices.Concat(channelHeader, signatureHeader, input))
	return sum[:]
}

// question is what was asked, and when.
type question struct {
	party, call ledger.ID
	at          time.Time
}

// asked reads the question: call(party, id), of the chaincode on the channel.
func (n *network) asked(p Proof) (question, error) {
	var (
		header    common.ChannelHeader
		signature common.SignatureHeader
		extension peer.ChaincodeHeaderExtension
		payload   peer.ChaincodeProposalPayload
		spec      peer.ChaincodeInvocationSpec
	)
	if err := errors.Join(decodePart("channel_header", p.ChannelHeader, &header), decodePart("signature_header", p.SignatureHeader, &signature),
		decodePart("input", p.Input, &payload), decode("extension", header.Extension, &extension), decode("invocation", payload.Input, &spec)); err != nil {
		return question{}, err
	}
	if header.Type != int32(common.HeaderType_ENDORSER_TRANSACTION) || header.ChannelId != n.channel {
		return question{}, fmt.Errorf("asked on the channel %q, the trust file names %q", header.ChannelId, n.channel)
	}
	if a, b := extension.GetChaincodeId().GetName(), spec.GetChaincodeSpec().GetChaincodeId().GetName(); a != n.chaincode || b != n.chaincode {
		return question{}, fmt.Errorf("asked of the chaincode %q (%q), the trust file names %q", a, b, n.chaincode)
	}
	args := spec.GetChaincodeSpec().GetInput().GetArgs()
	if len(args) != 3 || string(args[0]) != ledger.TxCall {
		return question{}, fmt.Errorf("not the query %s(party, id)", ledger.TxCall)
	}
	if header.Timestamp == nil || !header.Timestamp.IsValid() {
		return question{}, errors.New("asked at no time")
	}
	return question{party: ledger.ID(args[1]), call: ledger.ID(args[2]), at: header.Timestamp.AsTime()}, nil
}

// answer is what peers signed.
type answer struct {
	question []byte
	record   ledger.CallRecord
	results  []byte // read and write sets
}

// answered reads the answer: the call's record, and what was read for it.
func (n *network) answered(p Proof) (answer, error) {
	var (
		payload peer.ProposalResponsePayload
		action  peer.ChaincodeAction
		a       answer
	)
	if err := errors.Join(decodePart("answer", p.Answer, &payload), decode("action", payload.Extension, &action)); err != nil {
		return a, err
	}
	if action.GetChaincodeId().GetName() != n.chaincode {
		return a, fmt.Errorf("of the chaincode %q, the trust file names %q", action.GetChaincodeId().GetName(), n.chaincode)
	}
	if s := action.GetResponse().GetStatus(); s != int32(common.Status_SUCCESS) {
		return a, fmt.Errorf("status %d", s)
	}
	if err := ledger.DecodeStrict(action.GetResponse().GetPayload(), &a.record); err != nil {
		return a, fmt.Errorf("record: %w", err)
	}
	a.question, a.results = payload.ProposalHash, action.Results
	return a, nil
}

// Version is the block and transaction that wrote a key of a chaincode, as the
// read set of an answer has it.
func Version(results []byte, chaincode, key string) (ledger.Position, error) {
	var all rwset.TxReadWriteSet
	if err := decode("results", results, &all); err != nil {
		return ledger.Position{}, err
	}
	var found []*kvrwset.Version
	for _, ns := range all.NsRwset {
		if ns.Namespace != chaincode {
			continue
		}
		var kv kvrwset.KVRWSet
		if err := decode("read set", ns.Rwset, &kv); err != nil {
			return ledger.Position{}, err
		}
		for _, r := range kv.Reads {
			if r.Key == key {
				found = append(found, r.Version)
			}
		}
	}
	if len(found) != 1 || found[0] == nil || found[0].TxNum > math.MaxUint32 {
		return ledger.Position{}, fmt.Errorf("the read set has no version of %s", key)
	}
	return ledger.Position{Block: found[0].BlockNum, Tx: uint32(found[0].TxNum)}, nil
}

// agreed holds the endorsements to the quorum: each of another organization, in
// the order of their names, none that does not hold.
func (n *network) agreed(p Proof, at time.Time) error {
	last := ""
	for i, e := range p.Endorsements {
		id, err := n.signer(p.Answer, e, at)
		if err != nil {
			return fmt.Errorf("endorsements[%d]: %w", i, err)
		}
		if id <= last {
			return fmt.Errorf("endorsements[%d]: organizations are not in order, or one signs twice", i)
		}
		last = id
	}
	if len(p.Endorsements) < n.quorum {
		return fmt.Errorf("signed by %d organizations, the trust file asks for %d", len(p.Endorsements), n.quorum)
	}
	return nil
}

var _ evidence.Checker = Checker{}
