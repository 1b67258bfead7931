package audit

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// MaxFindings is the maximum number of findings in a report. Further findings are
// only counted.
const MaxFindings = 100

// Report is the result of an audit.
type Report struct {
	Ledger   ledger.ID     `json:"ledger"`
	Name     string        `json:"name"` // name of the ledger
	Demo     bool          `json:"demo"`
	Size     int64         `json:"size"`        // number of entries of the checkpoint
	Root     ledger.Digest `json:"root_sha256"` // root of the tree of these entries
	Replayed int64         `json:"replayed"`    // number of replayed entries; a folder may contain some that are not published yet
	Last     ledger.Millis `json:"last"`        // time of the last entry

	// For a ledger on Fabric, instead of size and root: the number of blocks read,
	// the hash of the last block's header, and the number of invalid transactions.
	// Those that are invalid because of what they had read were checked; those that
	// are invalid for other reasons were not.
	Blocks    uint64        `json:"blocks,omitempty"`
	Head      ledger.Digest `json:"head_sha256,omitempty"`
	Conflicts int           `json:"conflicts,omitempty"`
	Refused   int           `json:"refused,omitempty"`

	Restored []ledger.Restored `json:"restored,omitempty"` // logs that go on from a restored copy
	Lost     int64             `json:"lost,omitempty"`     // number of entries that this auditor had signed and that are lost

	Logs     []LogReport `json:"receipt_logs"`
	Records  int64       `json:"records"` // number of rows of the folder that were compared; 0 if only a log was audited
	Findings []Finding   `json:"findings"`
	More     int         `json:"more_findings,omitempty"` // number of findings beyond MaxFindings
	Cosigner string      `json:"cosigned_by,omitempty"`   // name of the key that cosigned the checkpoint after the audit

	Origin     string `json:"-"` // origin of the ledger log
	Checkpoint []byte `json:"-"` // signed checkpoint
}

// LogReport says what was checked of a receipt log.
type LogReport struct {
	Origin   string `json:"origin"`
	Read     bool   `json:"read"`
	Why      string `json:"why,omitempty"` // why it could not be read
	Size     int64  `json:"size"`          // number of receipts read
	Anchored int64  `json:"anchored"`      // number of receipts under the last anchor
	Judged   int    `json:"judged"`        // number of start receipts checked by the delivery rule
	Newer    int    `json:"newer"`         // number of start receipts that name a later revision than the audit has

	Err error `json:"-"` // why it could not be read
}

// Finding is a fault that the audit found. Later findings may be consequences of
// earlier ones.
type Finding struct {
	Check  evidence.Check `json:"check"`
	At     string         `json:"at"` // "entry 12", "receipt 3 of …", a key of the state
	Detail string         `json:"detail"`

	Err error `json:"-"` // the cause
}

// Checks of an audit in addition to those of a bundle.
const (
	CheckAnchor   evidence.Check = "anchor"   // an anchor's root differs from that of the receipt log
	CheckValidity evidence.Check = "validity" // a peer accepts a transaction that is not valid, or rejects a valid one
	CheckState    evidence.Check = "state"    // a row of the folder, or the state in an entry, differs from what the calls wrote
)

// Whole reports whether the audit found no fault.
func (r Report) Whole() bool { return len(r.Findings) == 0 }

// Unread returns the number of receipt logs with anchors that could not be read.
// Their deliveries were not checked.
func (r Report) Unread() int {
	n := 0
	for _, l := range r.Logs {
		if !l.Read && l.Anchored > 0 {
			n++
		}
	}
	return n
}

func (r *Report) find(check evidence.Check, at string, err error) {
	if len(r.Findings) == MaxFindings {
		r.More++
		return
	}
	// The key of a row can be any text, since anyone with access to the folder can
	// write it.
	r.Findings = append(r.Findings, Finding{Check: check, At: ledger.Quotable(at), Detail: err.Error(), Err: err})
}

// failed adds a failure of the replay.
func (r *Report) failed(at string, err error) {
	if f := evidence.AsFailure(err); f != nil {
		r.find(f.Check, at, f.Err)
		return
	}
	r.find(evidence.CheckRefused, at, err)
}

func entryAt(n uint64) string { return fmt.Sprintf("entry %d", n) }

func receiptAt(log string, n int64) string { return fmt.Sprintf("receipt %d of %s", n, log) }
