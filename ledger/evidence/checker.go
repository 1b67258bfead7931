package evidence

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// Placed is what a proof proves about a call: its position and time, the version of
// the rules, and the digests of what it read and did. Position.I is its index in
// its transaction.
type Placed struct {
	JWS      string
	Position ledger.Position
	Time     ledger.Millis
	Rules    int
	Reads    ledger.Digest
	Writes   ledger.Digest
	Event    ledger.Digest
	State    ledger.Digest // of all records after the call, if the ledger is a log; "" on Fabric
}

// CallChecker checks the proof of one call.
type CallChecker func(proof json.RawMessage) (Placed, error)

// Checker checks the proofs of one kind. Open checks what the proofs of a bundle
// share. It returns an error if that cannot be verified with the trust file.
type Checker interface {
	Open(trust Trust, common json.RawMessage) (CallChecker, error)
}

// TLogKind is the kind of proof that TLog checks.
const TLogKind = "tlog"

// TLog checks proofs of the embedded ledger: the inclusion of an entry in the tree
// of a checkpoint that is signed by a log key of the trust file.
type TLog struct{}

// TLogCommon is what the proofs of kind tlog share.
type TLogCommon struct {
	Checkpoint string `json:"checkpoint"` // C2SP tlog-checkpoint; cosignatures may follow the log's signature
}

// TLogProof is the proof of a call of kind tlog: the bytes of the entry and its
// inclusion proof for the size of the checkpoint.
type TLogProof struct {
	Entry []byte          `json:"entry"`
	Size  int64           `json:"size"`
	Path  []ledger.Digest `json:"inclusion"`
}

// Open implements Checker.
func (TLog) Open(trust Trust, common json.RawMessage) (CallChecker, error) {
	var c TLogCommon
	if err := decodeCanonical(common, &c); err != nil {
		return nil, err
	}
	signed, err := OpenCheckpoint(c.Checkpoint, trust)
	if err != nil {
		return nil, err
	}
	return func(raw json.RawMessage) (Placed, error) {
		var p TLogProof
		if err := decodeCanonical(raw, &p); err != nil {
			return Placed{}, err
		}
		if p.Size != signed.Size {
			return Placed{}, fmt.Errorf("proof is for size %d, the checkpoint's is %d", p.Size, signed.Size)
		}
		return placed(p, signed.Root)
	}, nil
}

// Audits implements auditing.
func (TLog) Audits(trust Trust, common json.RawMessage) ([]Audit, error) {
	var c TLogCommon
	if err := decodeCanonical(common, &c); err != nil {
		return nil, err
	}
	signed, err := OpenCheckpoint(c.Checkpoint, trust)
	return signed.Audits, err
}

func placed(p TLogProof, root tlog.Hash) (Placed, error) {
	e, err := ParseEntry(p.Entry)
	if err != nil {
		return Placed{}, err
	}
	seq := e.Position.Block
	if seq >= uint64(p.Size) {
		return Placed{}, errors.New("the entry is beyond the checkpoint")
	}
	if err := included(p.Path, p.Size, root, int64(seq), p.Entry); err != nil {
		return Placed{}, err
	}
	return e, nil
}

// ParseEntry decodes an entry of a ledger log, which must have its only valid
// encoding.
func ParseEntry(data []byte) (Placed, error) {
	var e ledger.LogEntry
	if err := decodeCanonical(data, &e); err != nil {
		return Placed{}, fmt.Errorf("entry: %w", err)
	}
	if e.V != ledger.EntryVersion || e.Seq > math.MaxInt64 {
		return Placed{}, errors.New("entry has an unknown version or place")
	}
	if err := e.State.Validate("state"); err != nil {
		return Placed{}, err
	}
	return Placed{
		JWS: e.Call, Position: ledger.Position{Block: e.Seq}, Time: e.Time, Rules: e.Rules, Reads: e.Reads, Writes: e.Writes, Event: e.Event, State: e.State,
	}, nil
}

// included checks the inclusion of an entry in a tree (RFC 9162 §2.1.3).
func included(path []ledger.Digest, size int64, root tlog.Hash, index int64, entry []byte) error {
	proof := make(tlog.RecordProof, len(path))
	for i, d := range path {
		if err := d.Validate("inclusion"); err != nil {
			return err
		}
		proof[i] = hash(d)
	}
	if index < 0 || index >= size {
		return fmt.Errorf("index %d lies outside a tree of %d", index, size)
	}
	if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("entry %d is not in the tree of %d: %w", index, size, err)
	}
	return nil
}

// hash decodes a digest that Validate has accepted.
func hash(d ledger.Digest) tlog.Hash {
	var h tlog.Hash
	if b, err := hex.DecodeString(string(d)); err == nil {
		copy(h[:], b)
	}
	return h
}

// decodeCanonical decodes raw strictly and checks that v encodes to the same bytes.
func decodeCanonical(raw json.RawMessage, v any) error {
	if len(raw) == 0 {
		return ledger.Invalid("proof", "required")
	}
	if err := ledger.DecodeStrict(raw, v); err != nil {
		return err
	}
	want, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode again: %w", err)
	}
	return checkCanonical(raw, want)
}
