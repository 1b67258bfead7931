package fabric

import (
	"errors"
	"strings"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"

	"github.com/datacadastre/cadastre/ledger"
)

// outcome is the result of an attempt. It decides what the submission does next.
type outcome int

const (
	succeeded       outcome = iota // endorsed, and in a block if any call was new
	refused                        // by all endorsers that were asked, with an error of the contract
	refusedByOne                   // refused by one endorser, which may be behind
	notRecorded                    // the peer could not be reached, or failed
	conflicted                     // in a block, but invalid: what it read has changed
	endorsersDiffer                // the endorsers disagree: one is behind, or the contract is not deterministic
	policyNotMet                   // in a block, but invalid: too few endorsements
	accessDenied                   // the channel does not accept our certificate
	inDoubt                        // sent, and no result received
)

// statusRow maps a status of the SDK to an outcome. The first row that matches
// applies.
type statusRow struct {
	group   status.Group
	code    int32  // anyCode: any code
	text    string // part of the status text
	outcome outcome
}

const anyCode = -1

// statusTable lists the statuses seen on a network. Any other status means
// notRecorded, unless the transaction was sent.
func statusTable() []statusRow {
	const (
		grpcUnknown = 2
		notFound    = int32(status.ChaincodeNameNotFound)
	)
	return []statusRow{
		{status.EventServerStatus, int32(peer.TxValidationCode_MVCC_READ_CONFLICT), "", conflicted},
		{status.EventServerStatus, int32(peer.TxValidationCode_PHANTOM_READ_CONFLICT), "", conflicted},
		{status.EventServerStatus, int32(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE), "", policyNotMet},
		{status.EventServerStatus, anyCode, "", notRecorded}, // invalid for another reason, for example the contract was upgraded meanwhile
		{status.EndorserClientStatus, int32(status.EndorsementMismatch), "", endorsersDiffer},
		{status.EndorserClientStatus, notFound, "", notRecorded},
		{status.GRPCTransportStatus, grpcUnknown, "access denied", accessDenied},
		{status.GRPCTransportStatus, grpcUnknown, "creator", accessDenied},
		{status.ChaincodeStatus, anyCode, "access denied", accessDenied},
	}
}

// outcomeOf returns the outcome for the error of an attempt. For refused and
// refusedByOne it also returns the refusal.
func outcomeOf(err error, sent bool) (outcome, *ledger.Error) {
	if err == nil {
		return succeeded, nil
	}
	list := causes(err)
	inBlock := len(list) == 1 && list[0].Group == status.EventServerStatus
	if sent && !inBlock {
		return inDoubt, nil
	}
	o, e := outcomeOfStatus(list[0])
	for _, s := range list[1:] {
		g, other := outcomeOfStatus(s)
		if g != o || e != nil && e.Text() != other.Text() {
			return notRecorded, nil
		}
	}
	if o == refused && len(list) == 1 {
		return refusedByOne, e
	}
	return o, e
}

func outcomeOfStatus(s *status.Status) (outcome, *ledger.Error) {
	if s.Group == status.ChaincodeStatus {
		// A peer that cannot reach its chaincode fails with the same code. Only a
		// text that parses as an error of the contract is a refusal.
		if e, err := ledger.ParseError(s.Message); err == nil {
			if e.Code == ledger.Unavailable && e.Reason == ledger.ReasonBusy {
				return notRecorded, nil
			}
			return refused, e
		}
	}
	for _, r := range statusTable() {
		if r.group == s.Group && (r.code == s.Code || r.code == anyCode) && strings.Contains(s.Message, r.text) {
			return r.outcome, nil
		}
	}
	return notRecorded, nil
}

// causes returns the statuses in an error. If several endorsers fail, the SDK
// returns one status with a list of errors, which may be nested, among its details.
func causes(err error) []*status.Status {
	s, ok := status.FromError(err)
	if !ok {
		return []*status.Status{{Group: status.UnknownStatus, Message: err.Error()}}
	}
	if s.Group != status.ClientStatus || s.Code != status.MultipleErrors.ToInt32() {
		return []*status.Status{s}
	}
	var list []*status.Status
	for _, d := range s.Details {
		list = append(list, detailStatuses(d)...)
	}
	if len(list) == 0 {
		return []*status.Status{s}
	}
	return list
}

func detailStatuses(d any) []*status.Status {
	switch d := d.(type) {
	case error:
		return causes(d)
	case []any:
		var list []*status.Status
		for _, e := range d {
			list = append(list, detailStatuses(e)...)
		}
		return list
	}
	return nil
}

// refusal returns the contract's own error in err, or nil.
func refusal(err error) *ledger.Error {
	for _, s := range causes(err) {
		if s.Group != status.ChaincodeStatus {
			continue
		}
		if e, err := ledger.ParseError(s.Message); err == nil {
			return e
		}
	}
	return nil
}

// unavailable returns an Unavailable error: the outcome is unknown, or no peer
// answers. The text of err is for logs.
func unavailable(err error) error {
	return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy), err)
}

// Parts of a network, as named by noAnswer.
const (
	partOrderer = "orderer"
	partPeers   = "peers"
	partBlocks  = "blocks" // no block with the transaction has arrived
)

// noAnswer returns an Unavailable error that names the part of the network that
// does not answer, judging by the last attempt. So the operator knows where to
// look.
func noAnswer(err, last error) error {
	out := ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	if last == nil {
		return errors.Join(out, err)
	}
	part := partPeers
	for _, s := range causes(last) {
		switch {
		case s.Group == status.OrdererClientStatus || s.Group == status.OrdererServerStatus:
			part = partOrderer
		case s.Group == status.ClientStatus && s.Code == status.Timeout.ToInt32():
			part = partBlocks
		}
	}
	return errors.Join(out.With("part", part), err)
}

// broken returns an Unavailable error that a retry will not help.
func broken(err error) error {
	return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal), err)
}
