package fabric

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/datacadastre/cadastre/ledger"
)

func encode(t testing.TB, m protoadapt.MessageV1) []byte {
	t.Helper()
	b, err := proto.Marshal(protoadapt.MessageV2Of(m))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// transaction is one in a block, as its parts say.
type transaction struct {
	kind      common.HeaderType
	chaincode string
	fn        string
	calls     []string
	event     string
	applied   any
	results   []byte // read-write sets
}

func (x transaction) envelope(t testing.TB) []byte {
	t.Helper()
	payload, err := json.Marshal(x.applied)
	if err != nil {
		t.Fatal(err)
	}
	args := [][]byte{[]byte(x.fn)}
	for _, c := range x.calls {
		args = append(args, []byte(c))
	}
	action := encode(t, &peer.ChaincodeAction{
		ChaincodeId: &peer.ChaincodeID{Name: x.chaincode}, Results: x.results,
		Events: encode(t, &peer.ChaincodeEvent{EventName: x.event, Payload: payload}),
	})
	body := encode(t, &peer.ChaincodeActionPayload{
		ChaincodeProposalPayload: encode(t, &peer.ChaincodeProposalPayload{Input: encode(t, &peer.ChaincodeInvocationSpec{
			ChaincodeSpec: &peer.ChaincodeSpec{Input: &peer.ChaincodeInput{Args: args}},
		})}),
		Action: &peer.ChaincodeEndorsedAction{ProposalResponsePayload: encode(t, &peer.ProposalResponsePayload{Extension: action})},
	})
	return encode(t, &common.Envelope{Payload: encode(t, &common.Payload{
		Header: &common.Header{ChannelHeader: encode(t, &common.ChannelHeader{Type: int32(x.kind)})},
		Data:   encode(t, &peer.Transaction{Actions: []*peer.TransactionAction{{Payload: body}}}),
	})})
}

// block puts transactions with their validation codes into a block.
func block(t testing.TB, number uint64, previous []byte, codes []byte, list ...transaction) *common.Block {
	t.Helper()
	b := &common.Block{
		Header: &common.BlockHeader{Number: number, PreviousHash: previous, DataHash: []byte{1}},
		Data:   &common.BlockData{}, Metadata: &common.BlockMetadata{Metadata: [][]byte{nil, nil, codes, nil, nil}},
	}
	for _, x := range list {
		b.Data.Data = append(b.Data.Data, x.envelope(t))
	}
	return b
}

// submitted is a transaction that records the calls, but for those left out.
func submitted(t testing.TB, calls []ledger.Signed, out ...int) transaction {
	t.Helper()
	x := transaction{kind: common.HeaderType_ENDORSER_TRANSACTION, chaincode: "register", fn: ledger.TxSubmit, event: ledger.TxEvent}
	applied := []ledger.Applied{}
	for i, c := range calls {
		x.calls = append(x.calls, c.Compact)
		if slices.Contains(out, i) {
			continue
		}
		event, err := json.Marshal(ledger.Event{
			Name: c.Call.Function, Party: c.Call.Party, Call: c.Call.ID, Payload: c.Payload, Time: c.Call.Time,
			Records: []ledger.Record{{Ref: ledger.RefTo(ledger.KindDeposit, c.Call.ID), Value: json.RawMessage(`{"x":1}`)}}, Links: []ledger.Link{},
		})
		if err != nil {
			t.Fatal(err)
		}
		a, err := ledger.NewApplied(uint32(i), event, []ledger.Write{{Key: "index/" + string(c.Call.ID), Value: []byte("y")}})
		if err != nil {
			t.Fatal(err)
		}
		applied = append(applied, a)
	}
	x.applied = applied
	return x
}

// TestDecodeBlock reads a block with one transaction of each sort: only the valid
// ones of our chaincode record calls, each at its place.
func TestDecodeBlock(t *testing.T) {
	calls := many(t, 6)
	other := submitted(t, calls[:1])
	other.chaincode = "other"
	query := submitted(t, calls[:1])
	query.fn = ledger.TxValue
	config := transaction{kind: common.HeaderType_CONFIG}
	b := block(t, 9, []byte{7}, []byte{0, 11, 0, 0, 0, 0},
		config, submitted(t, calls[:1]), other, submitted(t, calls[1:4], 1), query, submitted(t, calls[5:]))
	got, err := decodeBlock(b, "register")
	if err != nil {
		t.Fatal(err)
	}
	var places []ledger.Position
	for i, c := range got.Calls {
		places = append(places, c.Position)
		want := []ledger.Signed{calls[1], calls[3], calls[5]}[i]
		if c.JWS != want.Compact || c.Event.Call != want.Call.ID || c.Time != want.Call.Time || len(c.Writes) != 2 {
			t.Errorf("call %d is %+v, want %s", i, c, want.Call.ID)
		}
	}
	want := []ledger.Position{{Block: 9, Tx: 3, I: 0}, {Block: 9, Tx: 3, I: 2}, {Block: 9, Tx: 5, I: 0}}
	if diff := cmp.Diff(want, places); diff != "" || got.Number != 9 {
		t.Errorf("block %d, places (-want +got):\n%s", got.Number, diff)
	}
}

// TestDecodeBad refuses a block that is not what it says.
func TestDecodeBad(t *testing.T) {
	calls := many(t, 1)
	good := submitted(t, calls)
	far := submitted(t, calls)
	far.applied = []ledger.Applied{{I: 1, Event: json.RawMessage(`{}`)}}
	text := submitted(t, calls)
	text.applied = "x"
	short := block(t, 1, nil, []byte{0}, good)
	short.Metadata.Metadata = short.Metadata.Metadata[:2]
	cut := block(t, 1, nil, []byte{0}, good)
	cut.Data.Data[0] = cut.Data.Data[0][:20]
	two := block(t, 1, nil, []byte{0}, good)
	two.Data.Data[0] = encode(t, &common.Envelope{Payload: encode(t, &common.Payload{
		Header: &common.Header{ChannelHeader: encode(t, &common.ChannelHeader{Type: int32(common.HeaderType_ENDORSER_TRANSACTION)})},
		Data:   encode(t, &peer.Transaction{Actions: []*peer.TransactionAction{{}, {}}}),
	})})
	for want, b := range map[string]*common.Block{
		"call 1 of 1":                           block(t, 1, nil, []byte{0}, far),
		"event":                                 block(t, 1, nil, []byte{0}, text),
		"1 transactions and 2 validation codes": block(t, 1, nil, []byte{0, 0}, good),
		"which transactions":                    short,
		"transaction 0 of":                      cut,
		"2 actions":                             two,
		"1 transactions and 0 validation codes": block(t, 1, nil, nil, good),
	} {
		if _, err := decodeBlock(b, "register"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// TestHeaderHash hashes a header in the form that Fabric uses. The blocks of a live
// network confirm that form, since the reader checks each block against it.
func TestHeaderHash(t *testing.T) {
	h := &common.BlockHeader{Number: 1, PreviousHash: []byte{1, 2}, DataHash: []byte{3}}
	got, err := headerHash(h)
	// SEQUENCE { INTEGER 1, OCTET STRING 0102, OCTET STRING 03 }
	if want := ledger.DigestOf([]byte{0x30, 10, 2, 1, 1, 4, 2, 1, 2, 4, 1, 3}); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
