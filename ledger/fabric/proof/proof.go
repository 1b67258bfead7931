package proof

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
)

// Kind names proofs of this form in bundles.
const Kind = "fabric"

// Proof is the signed answer about one call, with the call. The question's parts
// are those that its hash covers, and no others.
type Proof struct {
	JWS             string        `json:"jws"`
	ChannelHeader   []byte        `json:"channel_header"`   // common.ChannelHeader of the question
	SignatureHeader []byte        `json:"signature_header"` // common.SignatureHeader: who asked
	Input           []byte        `json:"input"`            // peer.ChaincodeProposalPayload: what was asked
	Answer          []byte        `json:"answer"`           // peer.ProposalResponsePayload: what is signed
	Endorsements    []Endorsement `json:"endorsements"`     // by organization
}

// Endorsement is a peer's signature over the answer and the peer's own name.
type Endorsement struct {
	Endorser  []byte `json:"endorser"`  // msp.SerializedIdentity
	Signature []byte `json:"signature"` // ECDSA in ASN.1 DER, low S
}

// maxProof bounds a proof, in bytes.
const maxProof = 1 << 20

// Parse reads a proof strictly: white space aside, in its one form.
func Parse(data []byte) (Proof, error) {
	var p Proof
	if len(data) > maxProof {
		return p, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("proof")
	}
	return p, oneForm(data, &p)
}

// Encode is the proof's one form.
func (p Proof) Encode() (json.RawMessage, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode proof: %w", err)
	}
	return data, nil
}

// oneForm decodes data strictly and holds it to what v encodes to.
func oneForm(data []byte, v any) error {
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
