package fabric

import (
	"errors"
	"strings"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"

	"github.com/datacadastre/cadastre/ledger"
)

// fate is what an attempt came to, as far as what to do next depends on it.
type fate int

const (
	settled  fate = iota // endorsed, and in a block where anything was new
	refused              // by all endorsers that were asked, in words of ours
	doubted              // refused by one endorser; it may lag
	again                // not recorded: the way to a peer, or the peer itself
	conflict             // in a block, and invalid: what it read has changed
	differ               // endorsers disagree: one lags, or the contract is not deterministic
	policy               // in a block, and invalid: endorsed by too few
	denied               // our certificate is not of the channel
	unknown              // sent, and not heard of since
)

// row says what a status of the SDK's means. The first that fits holds.
type row struct {
	group status.Group
	code  int32  // any, where negative
	says  string // part of its text
	fate  fate
}

const anyCode = -1

// rows is the table of what was seen of a network. What is not in it means
// again: it is not recorded, unless it was sent.
func rows() []row {
	const (
		grpcUnknown = 2
		notFound    = int32(status.ChaincodeNameNotFound)
	)
	return []row{
		{status.EventServerStatus, int32(peer.TxValidationCode_MVCC_READ_CONFLICT), "", conflict},
		{status.EventServerStatus, int32(peer.TxValidationCode_PHANTOM_READ_CONFLICT), "", conflict},
		{status.EventServerStatus, int32(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE), "", policy},
		{status.EventServerStatus, anyCode, "", again}, // invalid for another cause, as when the contract was upgraded meanwhile
		{status.EndorserClientStatus, int32(status.EndorsementMismatch), "", differ},
		{status.EndorserClientStatus, notFound, "", again},
		{status.GRPCTransportStatus, grpcUnknown, "access denied", denied},
		{status.GRPCTransportStatus, grpcUnknown, "creator", denied},
		{status.ChaincodeStatus, anyCode, "access denied", denied},
	}
}

// judge reads an error of an attempt. With refused and doubted comes the refusal.
func judge(err error, sent bool) (fate, *ledger.Error) {
	if err == nil {
		return settled, nil
	}
	list := causes(err)
	inBlock := len(list) == 1 && list[0].Group == status.EventServerStatus
	if sent && !inBlock {
		return unknown, nil
	}
	f, e := judgeOne(list[0])
	for _, s := range list[1:] {
		g, other := judgeOne(s)
		if g != f || e != nil && e.Text() != other.Text() {
			return again, nil
		}
	}
	if f == refused && len(list) == 1 {
		return doubted, e
	}
	return f, e
}

func judgeOne(s *status.Status) (fate, *ledger.Error) {
	if s.Group == status.ChaincodeStatus {
		// A peer that can't reach its chaincode fails with the same code: only
		// text that is an error of ours is a refusal.
		if e, err := ledger.ParseError(s.Message); err == nil {
			if e.Code == ledger.Unavailable && e.Reason == ledger.ReasonBusy {
				return again, nil
			}
			return refused, e
		}
	}
	for _, r := range rows() {
		if r.group == s.Group && (r.code == s.Code || r.code == anyCode) && strings.Contains(s.Message, r.says) {
			return r.fate, nil
		}
	}
	return again, nil
}

// causes are the statuses in an error: several endorsers that fail come as one
// status with a list of errors among its details, a list in a list.
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
		list = append(list, detail(d)...)
	}
	if len(list) == 0 {
		return []*status.Status{s}
	}
	return list
}

func detail(d any) []*status.Status {
	switch d := d.(type) {
	case error:
		return causes(d)
	case []any:
		var list []*status.Status
		for _, e := range d {
			list = append(list, detail(e)...)
		}
		return list
	}
	return nil
}

// refusal is the contract's own error in err, or nil.
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

// unavailable says that the outcome is unknown, or that nobody answers; err says
// why, for logs.
func unavailable(err error) error {
	return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy), err)
}

// Parts of a network, as silent names them.
const (
	partOrderer = "orderer"
	partPeers   = "peers"
	partBlocks  = "blocks" // what was sent came into none that we have heard of
)

// silent is unavailable, and says which part of the network does not answer, by
// how the last attempt failed: whoever reads it knows where to look.
func silent(err, last error) error {
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

// broken says that trying again will not help.
func broken(err error) error {
	return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal), err)
}
