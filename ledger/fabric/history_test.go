package fabric

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go/peer"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// history reads blocks by hand, where every transaction is endorsed.
func history() *History {
	return &History{cfg: Config{Chaincode: "register"}, check: func(proof.Proof) error { return nil }}
}

// sealed gives a block the header that its transactions and the block before ask for.
func sealed(b *common.Block, head []byte) *common.Block {
	sum := sha256.Sum256(bytes.Join(b.Data.Data, nil))
	b.Header.DataHash, b.Header.PreviousHash = sum[:], head
	return b
}

// storedBy returns the call records that a transaction writes.
func storedBy(t *testing.T, x transaction) []*kvrwset.KVWrite {
	t.Helper()
	applied, ok := x.applied.([]ledger.Applied)
	if !ok {
		t.Fatal("no calls")
	}
	var writes []*kvrwset.KVWrite
	for _, a := range applied {
		s, err := ledger.ParseCall(x.calls[a.I])
		if err != nil {
			t.Fatal(err)
		}
		record, err := json.Marshal(ledger.CallRecord{
			Payload: s.Payload, Reads: s.Payload, Writes: s.Payload, Event: ledger.DigestOf(a.Event), Rules: 1, Time: s.Call.Time, I: a.I,
		})
		if err != nil {
			t.Fatal(err)
		}
		writes = append(writes, &kvrwset.KVWrite{Key: ledger.CallKey(s.Call.Party, s.Call.ID), Value: record})
	}
	return writes
}

// with is a transaction with a read-write set of a chaincode.
func (x transaction) with(t *testing.T, chaincode string, kv *kvrwset.KVRWSet) transaction {
	t.Helper()
	x.results = encode(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{{Namespace: chaincode, Rwset: encode(t, kv)}}})
	return x
}

// TestHistory reads what an audit needs: the reads and writes of each transaction,
// its calls with their stored records, and its outcome.
func TestHistory(t *testing.T) {
	calls := many(t, 6)
	two := submitted(t, calls[:3], 1)
	kv := &kvrwset.KVRWSet{
		Reads:  []*kvrwset.KVRead{{Key: "a", Version: &kvrwset.Version{BlockNum: 3, TxNum: 4}}, {Key: "b"}},
		Writes: append(storedBy(t, two), &kvrwset.KVWrite{Key: "c", Value: []byte("x")}, &kvrwset.KVWrite{Key: "d", IsDelete: true}),
	}
	other := submitted(t, calls[:1])
	other.chaincode = "other"
	config := transaction{kind: common.HeaderType_CONFIG}
	b := sealed(block(t, 9, nil, []byte{0, 0, 11, 10, 0, 0},
		config, two.with(t, "register", kv), two.with(t, "register", kv), two.with(t, "register", kv),
		other.with(t, "other", kv), other.with(t, "register", kv)), []byte{7})
	got, hash, err := history().checkBlock(b, []byte{7})
	if err != nil {
		t.Fatal(err)
	}
	if want, err := headerHash(b.Header); err != nil || got.Head != want || hexDigest(hash) != want {
		t.Errorf("head %s, want %s, %v", got.Head, want, err)
	}
	var outcomes []audit.Outcome
	for _, x := range got.Transactions {
		outcomes = append(outcomes, x.Outcome)
	}
	if len(outcomes) != 4 || outcomes[0] != audit.Valid || outcomes[1] != audit.Conflicted || outcomes[2] != audit.Refused || outcomes[3] != audit.Valid {
		t.Fatalf("outcomes %v", outcomes)
	}
	x := got.Transactions[0]
	if x.Err != nil || len(x.Calls) != 2 || x.Calls[1].JWS != calls[2].Compact || x.Calls[1].Position != (ledger.Position{Block: 9, Tx: 1, I: 2}) || x.Calls[1].Rules != 1 {
		t.Errorf("calls %+v, %v", x.Calls, x.Err)
	}
	if len(x.Reads) != 2 || *x.Reads[0].By != (ledger.Position{Block: 3, Tx: 4}) || x.Reads[1].By != nil {
		t.Errorf("reads %+v", x.Reads)
	}
	if len(x.Writes) != 4 || x.Writes[2].Value == nil || x.Writes[3].Value != nil {
		t.Errorf("writes %+v", x.Writes)
	}
	if foreign := got.Transactions[3]; len(foreign.Calls) != 0 || len(foreign.Writes) != 4 {
		t.Errorf("another chaincode that writes our keys: %+v", foreign)
	}
}

// TestHistoryOfBadBlocks: a block that is not what its header says can't be read; a
// transaction that is not in its form, or not endorsed, is given with the reason.
func TestHistoryOfBadBlocks(t *testing.T) {
	calls := many(t, 2)
	good := submitted(t, calls)
	whole := &kvrwset.KVRWSet{Writes: storedBy(t, good)}
	fine := good.with(t, "register", whole)
	if _, _, err := history().checkBlock(sealed(block(t, 1, nil, []byte{0}, fine), nil), []byte{1}); err == nil {
		t.Error("a block that does not follow is read")
	}
	changed := sealed(block(t, 1, nil, []byte{0}, fine), nil)
	changed.Data.Data[0] = append(changed.Data.Data[0], 0)
	if _, _, err := history().checkBlock(changed, nil); err == nil || !strings.Contains(err.Error(), "header") {
		t.Errorf("another transaction than the header's: %v", err)
	}
	event := good
	event.applied = []ledger.Applied{{I: 0, Event: json.RawMessage(`{}`), Writes: []ledger.Write{}}}
	ranged := &kvrwset.KVRWSet{Writes: storedBy(t, good), RangeQueriesInfo: []*kvrwset.RangeQueryInfo{{}}}
	meta := &kvrwset.KVRWSet{Writes: storedBy(t, good), MetadataWrites: []*kvrwset.KVMetadataWrite{{Key: "a"}}}
	for want, x := range map[string]transaction{
		"stores no record of it":  good.with(t, "register", &kvrwset.KVRWSet{}),
		"transaction's event":     event.with(t, "register", whole),
		"reads a range":           good.with(t, "register", ranged),
		"who endorses a key":      good.with(t, "register", meta),
		"two read-write sets":     twice(t, good, whole),
		"read-write set: proto":   {kind: good.kind, chaincode: "register", fn: good.fn, calls: good.calls, event: good.event, applied: good.applied, results: encode(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{{Namespace: "register", Rwset: []byte{1}}}})},
		"never has":               private(t, good),
		"endorsed by nobody here": fine,
	} {
		h := history()
		if want == "endorsed by nobody here" {
			h.check = func(proof.Proof) error { return errors.New(want) }
		}
		b, _, err := h.checkBlock(sealed(block(t, 1, nil, []byte{byte(peer.TxValidationCode_VALID)}, x), nil), nil)
		if err != nil || len(b.Transactions) != 1 || b.Transactions[0].Err == nil || !strings.Contains(b.Transactions[0].Err.Error(), want) {
			t.Errorf("%s: %+v, %v", want, b.Transactions, err)
		}
	}
	cut := block(t, 1, nil, []byte{0}, fine)
	cut.Data.Data[0] = cut.Data.Data[0][:20]
	if b, _, err := history().checkBlock(sealed(cut, nil), nil); err != nil || len(b.Transactions) != 1 || b.Transactions[0].Err == nil {
		t.Errorf("a transaction that is cut: %+v, %v", b, err)
	}
}

func twice(t *testing.T, x transaction, kv *kvrwset.KVRWSet) transaction {
	t.Helper()
	ns := &rwset.NsReadWriteSet{Namespace: "register", Rwset: encode(t, kv)}
	x.results = encode(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{ns, ns}})
	return x
}

func private(t *testing.T, x transaction) transaction {
	t.Helper()
	x.results = encode(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{{
		Namespace: "register", CollectionHashedRwset: []*rwset.CollectionHashedReadWriteSet{{}},
	}}})
	return x
}
