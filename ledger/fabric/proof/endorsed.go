package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	_, _, at, err := e.n.proposed(p)
	if err != nil {
		return err
	}
	hash, _, _, err := e.n.acted(p.Answer)
	if err != nil {
		return err
	}
	if !bytes.Equal(hash, Hash(p.ChannelHeader, p.SignatureHeader, p.Input)) {
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
