package evidence

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/ledger"
)

// Placed is what a proof proves of one call: where and when it is recorded, under
// which version of the rules, and the digests of what it read and did. Position.I
// is its place in its transaction.
type Placed struct {
	JWS      string
	Position ledger.Position
	Time     ledger.Millis
	Rules    int
	Reads    ledger.Digest
	Writes   ledger.Digest
	Event    ledger.Digest
	State    ledger.Digest // of all records after the call, where the ledger is a log; "" on Fabric
}

// CallChecker checks one call's proof.
type CallChecker func(proof json.RawMessage) (Placed, error)

// Checker checks the proofs of one kind. Open looks at what the proofs of a
// bundle share; what it cannot lead back to the trust file is an error.
type Checker interface {
	Open(trust Trust, common json.RawMessage) (CallChecker, error)
}

// TLogKind is the kind of proofs that TLog checks.
const TLogKind = "tlog"

// TLog checks proofs of the embedded ledger: inclusion of the entry in the tree
// of one checkpoint, signed by a log key of the trust file.
type TLog struct{}

// TLogCommon is what the proofs of kind tlog share.
type TLogCommon struct {
	Checkpoint string `json:"checkpoint"` // C2SP tlog-checkpoint, with signatures of known keys only
}

// TLogProof is the proof of one call of kind tlog: the entry's bytes and its
// inclusion in the tree of the checkpoint's size.
type TLogProof struct {
	Entry []byte          `json:"entry"`
	Size  int64           `json:"size"`
	Path  []ledger.Digest `json:"inclusion"`
}

// Open implements Checker.
func (TLog) Open(trust Trust, common json.RawMessage) (CallChecker, error) {
	var c TLogCommon
	if err := strictForm(common, &c); err != nil {
		return nil, err
	}
	size, root, err := OpenCheckpoint(c.Checkpoint, trust.Logs)
	if err != nil {
		return nil, err
	}
	return func(raw json.RawMessage) (Placed, error) {
		var p TLogProof
		if err := strictForm(raw, &p); err != nil {
			return Placed{}, err
		}
		if p.Size != size {
			return Placed{}, fmt.Errorf("proof is for size %d, the checkpoint's is %d", p.Size, size)
		}
		return placed(p, root)
	}, nil
}

func placed(p TLogProof, root tlog.Hash) (Placed, error) {
	e, err := ParseEntry(p.Entry)
	if err != nil {
		return Placed{}, err
	}
	seq := e.Position.Block
	if seq >= uint64(p.Size) {
		return Placed{}, errors.New("entry lies past the checkpoint")
	}
	if err := included(p.Path, p.Size, root, int64(seq), p.Entry); err != nil {
		return Placed{}, err
	}
	return e, nil
}

// ParseEntry reads an entry of a ledger log, which must be in its one form.
func ParseEntry(data []byte) (Placed, error) {
	var e ledger.LogEntry
	if err := strictForm(data, &e); err != nil {
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

// hash decodes a digest that Validate has passed.
func hash(d ledger.Digest) tlog.Hash {
	var h tlog.Hash
	if b, err := hex.DecodeString(string(d)); err == nil {
		copy(h[:], b)
	}
	return h
}

// OpenCheckpoint reads a checkpoint (C2SP tlog-checkpoint) signed by one of the keys
// (C2SP signed-note) and by no other: a signature that nobody checks would be
// uncovered. It returns the number of entries and the root of their tree.
func OpenCheckpoint(msg string, keys []string) (int64, tlog.Hash, error) {
	var root tlog.Hash
	var verifiers []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return 0, root, fmt.Errorf("log key of the trust file: %w", err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open([]byte(msg), note.VerifierList(verifiers...))
	if err != nil {
		return 0, root, fmt.Errorf("checkpoint: %w", err)
	}
	if len(n.UnverifiedSigs) > 0 || msg != n.Text+"\n"+signatureLines(n.Sigs) {
		return 0, root, errors.New("checkpoint holds more than the known keys' signatures in their one form")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == lines[0] }) {
		return 0, root, errors.New("checkpoint is not signed by the log that it names")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 || strconv.FormatInt(size, 10) != lines[1] {
		return 0, root, errors.New("checkpoint has a bad size")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return 0, root, errors.New("checkpoint has a bad root")
	}
	return size, tlog.Hash(raw), nil
}

// signatureLines are the lines of signatures, each base64 without spare bits.
func signatureLines(sigs []note.Signature) string {
	var b strings.Builder
	for _, s := range sigs {
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil {
			return ""
		}
		b.WriteString("— " + s.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n")
	}
	return b.String()
}

// strictForm decodes raw strictly and holds it to its one form.
func strictForm(raw json.RawMessage, v any) error {
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
	return oneForm(raw, want)
}
