package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/peer"
)

// Endorsed checks transactions as they stand in blocks.
type Endorsed struct{ n *network }

// OpenEndorsed makes a checker by the member fabric of a trust file.
func OpenEndorsed(trust json.RawMessage) (*Endorsed, error) {
	t, err := ParseTrust(trust)
	if err != nil {
		return nil, err
	}
	n, err := t.open()
	return &Endorsed{n}, err
}

// Check reports why a transaction is not one that a quorum of organizations has signed:
// what it did (Answer), in answer to what it was asked (Input), of the chaincode on the
// channel. Its JWS is not looked at. Certificates count at the time of its header, which
// is the client's word within 5 minutes of the endorsers' clocks.
func (e *Endorsed) Check(p Proof) error {
	at, err := e.asked(p)
	if err != nil {
		return err
	}
	var (
		payload peer.ProposalResponsePayload
		action  peer.ChaincodeAction
	)
	if err := errors.Join(decodePart("answer", p.Answer, &payload), decode("action", payload.Extension, &action)); err != nil {
		return err
	}
	if name, s := action.GetChaincodeId().GetName(), action.GetResponse().GetStatus(); name != e.n.chaincode || s != int32(common.Status_SUCCESS) {
		return fmt.Errorf("of the chaincode %q with status %d, the trust file names %q", name, s, e.n.chaincode)
	}
	if !bytes.Equal(payload.GetProposalHash(), Hash(p.ChannelHeader, p.SignatureHeader, p.Input)) {
		return errors.New("what was endorsed is the answer to another question")
	}
	signed := map[string]bool{}
	var failures []error
	for _, x := range p.Endorsements {
		id, err := e.n.signer(p.Answer, x, at)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		signed[id] = true
	}
	if len(signed) < e.n.quorum {
		return errors.Join(fmt.Errorf("endorsed by %d organizations, the trust file asks for %d", len(signed), e.n.quorum), errors.Join(failures...))
	}
	return nil
}

// asked reads when the transaction was proposed, and holds it to channel and chaincode.
func (e *Endorsed) asked(p Proof) (time.Time, error) {
	var (
		header    common.ChannelHeader
		signature common.SignatureHeader
		extension peer.ChaincodeHeaderExtension
		payload   peer.ChaincodeProposalPayload
		spec      peer.ChaincodeInvocationSpec
	)
	if err := errors.Join(decodePart("channel_header", p.ChannelHeader, &header), decodePart("signature_header", p.SignatureHeader, &signature),
		decodePart("input", p.Input, &payload), decode("extension", header.Extension, &extension), decode("invocation", payload.Input, &spec)); err != nil {
		return time.Time{}, err
	}
	if header.ChannelId != e.n.channel {
		return time.Time{}, fmt.Errorf("of the channel %q, the trust file names %q", header.ChannelId, e.n.channel)
	}
	if a, b := extension.GetChaincodeId().GetName(), spec.GetChaincodeSpec().GetChaincodeId().GetName(); a != e.n.chaincode || b != e.n.chaincode {
		return time.Time{}, fmt.Errorf("of the chaincode %q (%q), the trust file names %q", a, b, e.n.chaincode)
	}
	if header.Timestamp == nil || !header.Timestamp.IsValid() {
		return time.Time{}, errors.New("proposed at no time")
	}
	return header.Timestamp.AsTime(), nil
}
