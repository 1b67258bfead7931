package evidence

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/ledger"
)

// Auditor is an auditor whose cosignature of a checkpoint says that the auditor
// replayed the whole log up to it and found no fault.
type Auditor struct {
	Name string `json:"name"`
	Key  string `json:"key"` // C2SP signed-note, of type 4: as keygen --use cosign prints it
}

// Audit says that an auditor of the trust file has replayed the log of the ledger.
type Audit struct {
	Name string        `json:"name"`
	Size int64         `json:"size"` // number of entries of the log, from its beginning
	Time ledger.Millis `json:"time"` // by the auditor's clock
}

// Signed is the content of a verified checkpoint.
type Signed struct {
	Size   int64
	Root   tlog.Hash
	Audits []Audit // by auditors of the trust file
}

// auditing is a Checker whose proofs depend on a checkpoint that auditors may have
// cosigned.
type auditing interface {
	Audits(trust Trust, common json.RawMessage) ([]Audit, error)
}

// signers are the keys in a trust file.
type signers struct {
	all      []note.Verifier
	logs     map[signerID]bool
	auditors map[signerID]string // names of the auditors
}

// signerID is the identification of a key in a signature.
type signerID struct {
	name string
	hash uint32
}

// signers decodes the keys of the log and of the auditors. No key may be repeated.
func (t Trust) signers() (signers, error) {
	s := signers{logs: map[signerID]bool{}, auditors: map[signerID]string{}}
	add := func(v note.Verifier) (signerID, error) {
		id := signerID{v.Name(), v.KeyHash()}
		if _, again := s.auditors[id]; again || s.logs[id] {
			return id, fmt.Errorf("the key %s is repeated", v.Name())
		}
		s.all = append(s.all, v)
		return id, nil
	}
	for _, k := range t.Logs {
		v, err := note.NewVerifier(k)
		if err != nil {
			return s, fmt.Errorf("log key of the trust file: %w", err)
		}
		id, err := add(v)
		if err != nil {
			return s, fmt.Errorf("log keys of the trust file: %w", err)
		}
		s.logs[id] = true
	}
	for _, a := range t.Auditors {
		v, err := cosign.NewVerifier(a.Key)
		if err != nil {
			return s, fmt.Errorf("key of the auditor %s: %w", a.Name, err)
		}
		id, err := add(v)
		if err != nil {
			return s, fmt.Errorf("auditors of the trust file: %w", err)
		}
		s.auditors[id] = a.Name
	}
	return s, nil
}

// OpenCheckpoint verifies a checkpoint (C2SP tlog-checkpoint), which must be signed
// by the log that it names with a key of the trust file. All other signatures must
// be cosignatures. Those of the trust file's auditors must be valid, and those of
// other keys are ignored. A signature of any other form is refused, since nobody
// could check it.
func OpenCheckpoint(msg string, t Trust) (Signed, error) {
	var out Signed
	known, err := t.signers()
	if err != nil {
		return out, err
	}
	n, err := note.Open([]byte(msg), note.VerifierList(known.all...))
	if err != nil {
		return out, fmt.Errorf("checkpoint: %w", err)
	}
	if err := checkSignatures(strings.TrimPrefix(msg, n.Text+"\n"), known); err != nil {
		return out, err
	}
	lines := strings.Split(n.Text, "\n")
	byLog := func(s note.Signature) bool { return s.Name == lines[0] && known.logs[signerID{s.Name, s.Hash}] }
	if len(lines) < 4 || !slices.ContainsFunc(n.Sigs, byLog) {
		return out, errors.New("checkpoint is not signed by the log that it names")
	}
	if out.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || out.Size < 1 || strconv.FormatInt(out.Size, 10) != lines[1] {
		return out, errors.New("checkpoint has a bad size")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return out, errors.New("checkpoint has a bad root")
	}
	out.Root = tlog.Hash(raw)
	for _, s := range n.Sigs {
		name, ok := known.auditors[signerID{s.Name, s.Hash}]
		if !ok {
			continue
		}
		at, err := cosign.Time(s)
		if err != nil {
			return out, err
		}
		out.Audits = append(out.Audits, Audit{Name: name, Size: out.Size, Time: ledger.Millis(at.UnixMilli())})
	}
	return out, nil
}

// maxCosignatures is the maximum number of cosignatures on a checkpoint.
const maxCosignatures = 16

// checkSignatures checks that each signature line has its only valid form and is
// not repeated. A line by a key that is not in the trust file must have the length
// of a cosignature.
func checkSignatures(text string, known signers) error {
	seen := map[string]bool{}
	others := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		name, sig, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		raw, err := base64.StdEncoding.Strict().DecodeString(sig)
		if err != nil || len(raw) < 4 || line != "— "+name+" "+base64.StdEncoding.EncodeToString(raw) {
			return errors.New("checkpoint has a signature that is not in its one form")
		}
		id := signerID{name, uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])}
		who := fmt.Sprint(id)
		if seen[who] {
			return fmt.Errorf("checkpoint has two signatures of the key %q", name)
		}
		seen[who] = true
		if known.logs[id] {
			continue
		}
		if others++; others > maxCosignatures || len(raw) != 4+cosign.Size {
			return errors.New("checkpoint has signatures other than those of a known log and cosignatures")
		}
	}
	return nil
}
