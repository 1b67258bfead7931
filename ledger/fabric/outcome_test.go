package fabric

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/multi"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/errors/status"

	"github.com/datacadastre/cadastre/ledger"
)

// wrapped is an error with words around it, as the SDK's own way has it.
type wrapped struct{ cause error }

func (w wrapped) Error() string { return "wrapped: " + w.cause.Error() }

func (w wrapped) Cause() error { return w.cause }

func chaincodeSays(text string) error { return status.New(status.ChaincodeStatus, 500, text, nil) }

// several is what the SDK makes of several endorsers that fail.
func several(errs ...error) error {
	list := make(multi.Errors, len(errs))
	copy(list, errs)
	return wrapped{list}
}

// TestOutcomes holds the table of what was seen of a network (each row was) to what
// is done about it.
func TestOutcomes(t *testing.T) {
	missing := ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown)
	exists := ledger.Refuse(ledger.Conflict, ledger.ReasonExists)
	clock := ledger.Refuse(ledger.Unavailable, ledger.ReasonClock)
	busy := ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	launch := chaincodeSays("could not launch chaincode register_1:abc: connection to register_1:abc failed")
	dead := status.New(status.EndorserClientStatus, int32(status.ConnectionFailed), "waiting for connection failed", []any{"127.0.0.1:1"})
	group := func(g status.Group, code int32, text string) error { return status.New(g, code, text, nil) }
	inBlock := func(c peer.TxValidationCode) error {
		return group(status.EventServerStatus, int32(c), "received invalid transaction")
	}
	for _, c := range []struct {
		name string
		err  error
		sent bool
		want outcome
		says *ledger.Error
	}{
		{"came through", nil, true, succeeded, nil},
		{"refused by one", chaincodeSays(missing.Text()), false, refusedByOne, missing},
		{"refused by one, another status", status.New(status.ChaincodeStatus, 404, missing.Text(), nil), false, refusedByOne, missing},
		{"refused by two alike", several(chaincodeSays(missing.Text()), chaincodeSays(missing.Text())), false, refused, missing},
		{"refused by two otherwise", several(chaincodeSays(missing.Text()), chaincodeSays(exists.Text())), false, notRecorded, nil},
		{"clocks differ", several(chaincodeSays(clock.Text()), chaincodeSays(clock.Text())), false, refused, clock},
		{"chaincode ends", chaincodeSays(busy.Text()), false, notRecorded, nil},
		{"chaincode server down", launch, false, notRecorded, nil},
		{"both chaincode servers down", several(launch, launch), false, notRecorded, nil},
		{"one refuses, one is dead", several(chaincodeSays(missing.Text()), dead), false, notRecorded, nil},
		{"contract too slow", chaincodeSays("timeout expired while executing transaction"), false, notRecorded, nil},
		{"endorser dead", dead, false, notRecorded, nil},
		{"endorser dead, wrapped", wrapped{dead}, false, notRecorded, nil},
		{"both endorsers dead", several(dead, dead), false, notRecorded, nil},
		{"endorser slow", group(status.GRPCTransportStatus, 4, "context deadline exceeded"), false, notRecorded, nil},
		{"answers differ", group(status.EndorserClientStatus, int32(status.EndorsementMismatch), "ProposalResponsePayloads do not match"), false, endorsersDiffer, nil},
		{"duplicate id", group(status.GRPCTransportStatus, 2, "duplicate transaction found"), false, notRecorded, nil},
		{"no endorsers for the policy", group(status.ClientStatus, int32(status.Timeout), "request timed out or been cancelled"), false, notRecorded, nil},
		{"not of the channel", group(status.GRPCTransportStatus, 2, "error validating proposal: access denied: channel [cadastre] creator org [X]"), false, accessDenied, nil},
		{"no peer known", group(status.ClientStatus, int32(status.NoPeersFound), "targets were not provided"), false, notRecorded, nil},
		{"chaincode not there", group(status.EndorserClientStatus, int32(status.ChaincodeNameNotFound), "cannot get package for chaincode"), false, notRecorded, nil},
		{"orderer dead", group(status.OrdererClientStatus, int32(status.ConnectionFailed), "dial"), true, inDoubt, nil},
		{"no leader", group(status.OrdererServerStatus, 503, "no Raft leader"), true, inDoubt, nil},
		{"no block in time", group(status.ClientStatus, int32(status.Timeout), "no block"), true, inDoubt, nil},
		{"read conflict", inBlock(peer.TxValidationCode_MVCC_READ_CONFLICT), true, conflicted, nil},
		{"phantom", inBlock(peer.TxValidationCode_PHANTOM_READ_CONFLICT), true, conflicted, nil},
		{"endorsed by too few", inBlock(peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE), true, policyNotMet, nil},
		{"contract upgraded meanwhile", inBlock(peer.TxValidationCode_EXPIRED_CHAINCODE), true, notRecorded, nil},
		{"no status at all", errors.New("something"), false, notRecorded, nil},
		{"no status at all, sent", fmt.Errorf("something: %w", errors.New("else")), true, inDoubt, nil},
	} {
		got, says := outcomeOf(c.err, c.sent)
		if got != c.want || (says == nil) != (c.says == nil) || says != nil && says.Text() != c.says.Text() {
			t.Errorf("%s: got %d, %v; want %d, %v", c.name, got, says, c.want, c.says)
		}
	}
}

// TestCauses takes apart the status of several endorsers as the SDK nests it.
func TestCauses(t *testing.T) {
	one, two := chaincodeSays("one"), chaincodeSays("two")
	for name, err := range map[string]error{
		"made by the SDK": several(one, two),
		"a list in a list": status.New(status.ClientStatus, int32(status.MultipleErrors), "Multiple errors occurred",
			[]any{[]any{one, wrapped{two}}}),
		"one of several again": several(one, status.New(status.ClientStatus, int32(status.MultipleErrors), "", []any{two})),
	} {
		list := causes(err)
		if len(list) != 2 || list[0].Message != "one" || list[1].Message != "two" {
			t.Errorf("%s: %v", name, list)
		}
	}
	if list := causes(status.New(status.ClientStatus, int32(status.MultipleErrors), "empty", nil)); len(list) != 1 {
		t.Errorf("without details: %v", list)
	}
}
