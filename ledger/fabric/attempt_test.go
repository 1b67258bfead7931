package fabric

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/hyperledger/fabric-protos-go/peer"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/channel/invoke"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/datacadastre/cadastre/ledger"
)

// orderer takes transactions and runs a given function before it answers.
type orderer struct {
	fab.Transactor
	meanwhile func()
}

func (orderer) CreateTransaction(fab.TransactionRequest) (*fab.Transaction, error) {
	return &fab.Transaction{}, nil
}

func (o orderer) SendTransaction(*fab.Transaction) (*fab.TransactionResponse, error) {
	o.meanwhile()
	return &fab.TransactionResponse{}, nil
}

// TestVerdictAfterTheEnd delivers a block at the moment when the client gives up
// the attempt. The submission that marked the attempt as in doubt must get the
// verdict.
func TestVerdictAfterTheEnd(t *testing.T) {
	payload, err := json.Marshal([]ledger.Answer{{Record: &ledger.CallRecord{}}})
	if err != nil {
		t.Fatal(err)
	}
	c := &commits{wait: map[string]*pending{}}
	o := &orderingHandler{commits: c, calls: 1}
	var a attempt
	r := &invoke.RequestContext{Ctx: t.Context(), Response: invoke.Response{Payload: payload, TransactionID: "tx"}}
	o.Handle(r, &invoke.ClientContext{Transactor: orderer{meanwhile: func() {
		a = o.finish(errors.New("time is over"))
		c.notify(&peer.FilteredBlock{Number: 7, FilteredTransactions: []*peer.FilteredTransaction{{Txid: "tx", TxValidationCode: peer.TxValidationCode_MVCC_READ_CONFLICT}}})
	}}})
	s := &submission{doubtful: []attemptInDoubt{{pending: a.sent}}}
	if s.dropInvalid(); len(s.doubtful) != 0 {
		t.Error("the attempt is in a block and invalid, and is waited for")
	}
}
