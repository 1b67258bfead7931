package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Endorsed checks the endorsements of transactions in blocks.
type Endorsed struct{ n *network }

// OpenEndorsed returns a checker for the member fabric of a trust file.
func OpenEndorsed(trust json.RawMessage) (*Endorsed, error) {
	t, err := ParseTrust(trust)
	if err != nil {
		return nil, err
	}
	n, err := t.open()
	return &Endorsed{n}, err
}

// Check returns an error unless a quorum of organizations has signed the
// transaction: its result (Answer) for its input (Input), by the chaincode on the
// channel. It does not look at the JWS. Certificates must be valid at the time in
// the header. The client chose that time, and the endorsers accepted it within 5
// minutes of their clocks.
func (e *Endorsed) Check(p Proof) error {
	_, _, at, err := e.n.parseProposal(p)
	if err != nil {
		return err
	}
	hash, _, _, err := e.n.parseAction(p.Answer)
	if err != nil {
		return err
	}
	if !bytes.Equal(hash, Hash(p.ChannelHeader, p.SignatureHeader, p.Input)) {
		return errors.New("the endorsed answer belongs to another question")
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
		return errors.Join(fmt.Errorf("endorsed by %d organizations, the trust file requires %d", len(signed), e.n.quorum), errors.Join(failures...))
	}
	return nil
}
