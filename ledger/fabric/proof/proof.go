package proof

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// Kind is the name of this kind of proof in bundles.
const Kind = "fabric"

// Proof is a call with the signed answer about it. Of the question it contains only
// the parts that the answer's hash covers.
type Proof struct {
	JWS             string        `json:"jws"`
	ChannelHeader   []byte        `json:"channel_header"`   // common.ChannelHeader of the question
	SignatureHeader []byte        `json:"signature_header"` // common.SignatureHeader: the identity that asked
	Input           []byte        `json:"input"`            // peer.ChaincodeProposalPayload: the question
	Answer          []byte        `json:"answer"`           // peer.ProposalResponsePayload: what is signed
	Endorsements    []Endorsement `json:"endorsements"`     // sorted by organization
}

// Endorsement is a peer's signature over the answer and the peer's identity.
type Endorsement struct {
	Endorser  []byte `json:"endorser"`  // msp.SerializedIdentity
	Signature []byte `json:"signature"` // ECDSA in ASN.1 DER, low S
}

// maxProof is the maximum size of a proof, in bytes.
const maxProof = 1 << 20

// Parse decodes a proof strictly. Apart from white space, only the encoding of
// Encode is accepted.
func Parse(data []byte) (Proof, error) {
	var p Proof
	if len(data) > maxProof {
		return p, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("proof")
	}
	return p, decodeCanonical(data, &p)
}

// Encode returns the only accepted encoding of the proof.
func (p Proof) Encode() (json.RawMessage, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode proof: %w", err)
	}
	return data, nil
}

// decodeCanonical decodes data strictly and checks that v encodes to the same data.
func decodeCanonical(data []byte, v any) error {
	if err := ledger.DecodeStrict(data, v); err != nil {
		return err
	}
	want, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode again: %w", err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, data); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		return &ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonJSON, Rule: "one_form"}
	}
	return nil
}
