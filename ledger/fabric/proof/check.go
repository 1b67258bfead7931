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

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Checker checks the proofs of a bundle of this kind.
type Checker struct{}

// Common is what the proofs of a bundle share: nothing, since each proof is
// complete.
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
	if err := decodeCanonical(common, &Common{}); err != nil {
		return nil, err
	}
	return n.check, nil
}

// check checks the proof of one call.
func (n *network) check(raw json.RawMessage) (evidence.Placed, error) {
	p, err := Parse(raw)
	if err != nil {
		return evidence.Placed{}, err
	}
	q, err := n.parseQuestion(p)
	if err != nil {
		return evidence.Placed{}, fmt.Errorf("question: %w", err)
	}
	a, err := n.parseAnswer(p)
	if err != nil {
		return evidence.Placed{}, fmt.Errorf("answer: %w", err)
	}
	if !bytes.Equal(a.question, Hash(p.ChannelHeader, p.SignatureHeader, p.Input)) {
		return evidence.Placed{}, errors.New("the answer belongs to another question")
	}
	if err := n.checkQuorum(p, q.at); err != nil {
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

// Hash returns the hash by which an answer names its question: the digest of the
// question's parts.
func Hash(channelHeader, signatureHeader, input []byte) []byte {
	sum := sha256.Sum256(slices.Concat(channelHeader, signatureHeader, input))
	return sum[:]
}

// question is a decoded question with its time.
type question struct {
	party, call ledger.ID
	at          time.Time
}

// Numbers of Fabric's enumerations.
const (
	endorserTransaction = 3 // common.HeaderType
	statusSuccess       = 200
)

// parseQuestion decodes the question, which must be call(party, id) to the
// chaincode on the channel.
func (n *network) parseQuestion(p Proof) (question, error) {
	kind, args, at, err := n.parseProposal(p)
	if err != nil {
		return question{}, err
	}
	if kind != endorserTransaction {
		return question{}, fmt.Errorf("the header of the channel has type %d", kind)
	}
	if len(args) != 3 || string(args[0]) != ledger.TxCall {
		return question{}, fmt.Errorf("not the query %s(party, id)", ledger.TxCall)
	}
	return question{party: ledger.ID(args[1]), call: ledger.ID(args[2]), at: at}, nil
}

// parseProposal decodes a question to the chaincode on the channel of the trust
// file: the type of its header, the arguments and the time.
func (n *network) parseProposal(p Proof) (kind int32, args [][]byte, at time.Time, err error) {
	header, err := decodePart("channel_header", p.ChannelHeader, channelHeader)
	if err != nil {
		return 0, nil, at, err
	}
	if _, err := decodePart("signature_header", p.SignatureHeader, signatureHeader); err != nil {
		return 0, nil, at, err
	}
	if string(header.text(4)) != n.channel {
		return 0, nil, at, fmt.Errorf("the channel is %q, the trust file names %q", header.text(4), n.channel)
	}
	extension, err := decode("extension", header.text(7), chaincodeExtension)
	if err != nil {
		return 0, nil, at, err
	}
	if args, err = n.parseInvocation(p.Input, extension); err != nil {
		return 0, nil, at, err
	}
	at, err = questionTime(header)
	return int32(header.numbers[1]), args, at, err // as protobuf reads an int32
}

// parseInvocation returns the arguments of a question. The question must be to the
// chaincode of the trust file, which the extension of the header must name too.
func (n *network) parseInvocation(input []byte, extension message) ([][]byte, error) {
	payload, err := decodePart("input", input, proposalPayload)
	if err != nil {
		return nil, err
	}
	invocation, err := decode("invocation", payload.text(1), chaincodeInvocation)
	if err != nil {
		return nil, err
	}
	spec, err := invocation.inner("chaincode spec", 1, chaincodeSpec)
	if err != nil {
		return nil, err
	}
	a, errA := extension.chaincode(2)
	b, errB := spec.chaincode(2)
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	if a != n.chaincode || b != n.chaincode {
		return nil, fmt.Errorf("the chaincode is %q (%q), the trust file names %q", a, b, n.chaincode)
	}
	call, err := spec.inner("chaincode input", 3, chaincodeInput)
	return call.texts[1], err
}

// questionTime returns the time of a question, which must lie in the years 1 to
// 9999, the range of the protobuf type.
func questionTime(header message) (time.Time, error) {
	const first, last = -62135596800, 253402300799
	t, err := header.inner("timestamp", 3, timestamp)
	seconds, nanos := int64(t.numbers[1]), int32(t.numbers[2]) // as protobuf reads an int64 and an int32
	if err == nil && (header.texts[3] == nil || seconds < first || seconds > last || nanos < 0 || nanos >= 1e9) {
		err = errors.New("the question has no valid time")
	}
	return time.Unix(seconds, int64(nanos)).UTC(), err
}

// answer is the decoded answer that peers signed.
type answer struct {
	question []byte
	record   ledger.CallRecord
	results  []byte // read and write sets
}

// parseAnswer decodes the answer: the record of the call, and the read set.
func (n *network) parseAnswer(p Proof) (a answer, err error) {
	var action, r message
	if a.question, action, r, err = n.parseAction(p.Answer); err != nil {
		return a, err
	}
	if err := ledger.DecodeStrict(r.text(3), &a.record); err != nil {
		return a, fmt.Errorf("record: %w", err)
	}
	a.results = action.text(1)
	return a, nil
}

// parseAction decodes an answer, which must be a success of the chaincode of the
// trust file. It returns the hash of its question, the action, and the response in
// the action.
func (n *network) parseAction(answer []byte) (hash []byte, action, r message, err error) {
	payload, err := decodePart("answer", answer, responsePayload)
	if err != nil {
		return nil, action, r, err
	}
	if action, err = decode("action", payload.text(2), chaincodeAction); err != nil {
		return nil, action, r, err
	}
	name, err := action.chaincode(4)
	if err != nil {
		return nil, action, r, err
	}
	if r, err = action.inner("response", 3, response); err != nil {
		return nil, action, r, err
	}
	if status := int32(r.numbers[1]); name != n.chaincode || status != statusSuccess { // as protobuf reads an int32
		return nil, action, r, fmt.Errorf("the chaincode is %q with status %d, the trust file names %q", name, status, n.chaincode)
	}
	return payload.text(1), action, r, nil
}

// Version returns the block and the transaction that wrote a key of a chaincode,
// from the read set of an answer.
func Version(results []byte, chaincode, key string) (ledger.Position, error) {
	all, err := decode("results", results, txReadWriteSet)
	if err != nil {
		return ledger.Position{}, err
	}
	var found []message
	for _, raw := range all.texts[2] {
		ns, err := decode("results", raw, nsReadWriteSet)
		if err != nil {
			return ledger.Position{}, err
		}
		if string(ns.text(1)) != chaincode {
			continue
		}
		list, err := versions(ns.text(2), key)
		if err != nil {
			return ledger.Position{}, err
		}
		found = append(found, list...)
	}
	if len(found) != 1 || found[0].numbers == nil || found[0].numbers[2] > math.MaxUint32 {
		return ledger.Position{}, fmt.Errorf("the read set has no version of %s", key)
	}
	return ledger.Position{Block: found[0].numbers[1], Tx: uint32(found[0].numbers[2])}, nil
}

// versions returns the versions of a key in a read set. If a read found no value,
// its version is the zero message.
func versions(set []byte, key string) ([]message, error) {
	kv, err := decode("read set", set, kvReadWriteSet)
	if err != nil {
		return nil, err
	}
	var found []message
	for _, raw := range kv.texts[1] {
		r, err := decode("read", raw, kvRead)
		if err != nil {
			return nil, err
		}
		if string(r.text(1)) != key {
			continue
		}
		var v message
		if r.texts[2] != nil {
			if v, err = r.inner("version", 2, version); err != nil {
				return nil, err
			}
		}
		found = append(found, v)
	}
	return found, nil
}

// checkQuorum checks that valid endorsements of enough organizations exist. There
// must be one per organization, sorted by the organizations' names, and each must
// be valid.
func (n *network) checkQuorum(p Proof, at time.Time) error {
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
		return fmt.Errorf("signed by %d organizations, the trust file requires %d", len(p.Endorsements), n.quorum)
	}
	return nil
}

var _ evidence.Checker = Checker{}
