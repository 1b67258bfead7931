package audit

import (
	"fmt"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// MaxFindings is how many findings a report lists; it counts the others.
const MaxFindings = 100

// Report is what came of an audit.
type Report struct {
	Ledger   ledger.ID     `json:"ledger"`
	Name     string        `json:"name"` // of the ledger
	Demo     bool          `json:"demo"`
	Size     int64         `json:"size"`        // entries of the checkpoint
	Root     ledger.Digest `json:"root_sha256"` // of their tree
	Replayed int64         `json:"replayed"`    // entries: a folder may hold some that are not published yet
	Last     ledger.Millis `json:"last"`        // time of the last entry

	// Of a ledger on Fabric in place of size and root: blocks read, hash of the last
	// one's header, and transactions that do not count, for what they had read, which
	// was checked, and for other reasons, which was not.
	Blocks    uint64        `json:"blocks,omitempty"`
	Head      ledger.Digest `json:"head_sha256,omitempty"`
	Conflicts int           `json:"conflicts,omitempty"`
	Refused   int           `json:"refused,omitempty"`

	Logs     []LogReport `json:"receipt_logs"`
	Records  int64       `json:"records"` // rows of the folder that were compared; 0 for a log alone
	Findings []Finding   `json:"findings"`
	More     int         `json:"more_findings,omitempty"` // beyond MaxFindings
	Cosigner string      `json:"cosigned_by,omitempty"`   // name of the key with which the checkpoint was cosigned afterwards

	Origin     string `json:"-"` // of the ledger log
	Checkpoint []byte `json:"-"` // as it was signed
}

// LogReport says what of one receipt log was checked.
type LogReport struct {
	Origin   string `json:"origin"`
	Read     bool   `json:"read"`
	Why      string `json:"why,omitempty"` // it could not be read
	Size     int64  `json:"size"`          // receipts read
	Anchored int64  `json:"anchored"`      // how many the last anchor covers
	Judged   int    `json:"judged"`        // start receipts judged by the delivery rule
	Newer    int    `json:"newer"`         // starts that name a later revision than the audit has

	Err error `json:"-"` // why it could not be read
}

// Finding is one thing that is not as it must be. What follows from it may be among
// the later ones.
type Finding struct {
	Check  evidence.Check `json:"check"`
	At     string         `json:"at"` // "entry 12", "receipt 3 of …", a key of the state
	Detail string         `json:"detail"`

	Err error `json:"-"` // the cause
}

// Checks of an audit beside those of a bundle.
const (
	CheckAnchor   evidence.Check = "anchor"   // an anchor says another root than the receipt log has
	CheckValidity evidence.Check = "validity" // a peer counts a transaction that does not count, or leaves one out that does
	CheckState    evidence.Check = "state"    // a row of the folder, or the state that an entry signs, is not what the calls wrote
)

// Whole reports whether nothing was found.
func (r Report) Whole() bool { return len(r.Findings) == 0 }

// Unread counts the receipt logs of which the ledger anchors receipts that the audit
// could not read: nobody has judged those deliveries.
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
	// A row's key may be anything that someone wrote into the folder.
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
