package proof_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hyperledger/fabric-protos-go/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// generated is proof.Version by the code that is generated of Fabric's messages.
func generated(results []byte, chaincode, key string) (ledger.Position, error) {
	var all rwset.TxReadWriteSet
	if err := proto.Unmarshal(results, protoadapt.MessageV2Of(&all)); err != nil {
		return ledger.Position{}, err
	}
	var found []*kvrwset.Version
	for _, ns := range all.NsRwset {
		if ns.Namespace != chaincode {
			continue
		}
		var kv kvrwset.KVRWSet
		if err := proto.Unmarshal(ns.Rwset, protoadapt.MessageV2Of(&kv)); err != nil {
			return ledger.Position{}, err
		}
		for _, r := range kv.Reads {
			if r.Key == key {
				found = append(found, r.Version)
			}
		}
	}
	if len(found) != 1 || found[0] == nil || found[0].TxNum > math.MaxUint32 {
		return ledger.Position{}, errors.New("no version")
	}
	return ledger.Position{Block: found[0].BlockNum, Tx: uint32(found[0].TxNum)}, nil
}

func readSet(t testing.TB, namespace string, reads ...*kvrwset.KVRead) []byte {
	t.Helper()
	return encode(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{
		{Namespace: "_lifecycle", Rwset: encode(t, &kvrwset.KVRWSet{Reads: []*kvrwset.KVRead{{Key: "a", Version: &kvrwset.Version{BlockNum: 1}}}})},
		{Namespace: namespace, Rwset: encode(t, &kvrwset.KVRWSet{Reads: reads, Writes: []*kvrwset.KVWrite{{Key: "a", Value: []byte("b")}}})},
	}})
}

// TestVersionAgrees compares how we read a read set with the generated code, on sets
// whose bytes were changed, cut, doubled and put together: the two never name different
// places. The generated code also looks at members that we skip, and skips a member of
// another type, which we refuse.
func TestVersionAgrees(t *testing.T) {
	some := &kvrwset.KVRead{Key: "a", Version: &kvrwset.Version{BlockNum: 1 << 40, TxNum: 300}}
	sets := [][]byte{
		readSet(t, "register", some, &kvrwset.KVRead{Key: "b"}),
		readSet(t, "register", some, some),
		readSet(t, "register", &kvrwset.KVRead{Key: "a"}),
		readSet(t, "register", &kvrwset.KVRead{Key: "a", Version: &kvrwset.Version{}}),
		readSet(t, "register", &kvrwset.KVRead{Key: "a", Version: &kvrwset.Version{TxNum: 1 << 32}}),
		readSet(t, "other", some),
	}
	for i, set := range sets {
		got, err := proof.Version(set, "register", "a")
		want, wrong := generated(set, "register", "a")
		if got != want || (err == nil) != (wrong == nil) {
			t.Errorf("set %d: %v (%v), the generated code %v (%v)", i, got, err, want, wrong)
		}
	}
	rnd := rand.New(rand.NewPCG(2, 7))
	taken := 0
	for range 50_000 {
		data := bytes.Clone(sets[rnd.IntN(len(sets))])
		for range rnd.IntN(3) {
			i, j := rnd.IntN(len(data)), rnd.IntN(len(data))
			switch rnd.IntN(4) {
			case 0:
				data[i] ^= 1 << rnd.IntN(8)
			case 1:
				data = append(data[:min(i, j)], data[max(i, j):]...)
			case 2:
				data = append(data, data[min(i, j):max(i, j)]...)
			case 3:
				data = append(data, sets[rnd.IntN(len(sets))]...)
			}
			if len(data) == 0 {
				break
			}
		}
		got, err := proof.Version(data, "register", "a")
		want, wrong := generated(data, "register", "a")
		if err != nil || wrong != nil {
			continue
		}
		if taken++; got != want {
			t.Fatalf("%x: %v, the generated code %v", data, got, want)
		}
	}
	if taken < 1000 {
		t.Errorf("only %d sets were taken", taken)
	}
}
