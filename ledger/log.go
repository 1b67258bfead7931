package ledger

import (
	"strconv"
	"strings"
)

// TreeHead is the size of a log and the root hash of the tree with these entries
// (RFC 9162 §2.1.1).
type TreeHead struct {
	Size int64  `json:"size" form:"min=0" zh:"条目数" en:"Size"`
	Root Digest `json:"root" zh:"根摘要" en:"Root"`
}

// LogHead is the tree of a log with an origin.
type LogHead struct {
	Origin string `json:"origin" form:"token=250" zh:"日志名称" en:"Origin"`
	Size   int64  `json:"size" form:"min=0" zh:"条目数" en:"Size"`
	Root   Digest `json:"root" zh:"根摘要" en:"Root"`
}

// LogRecord is the record of a log: of a receipt log and the party that may anchor
// it, or of a ledger log that began after a restore. The first ledger log has no
// record: the genesis names it.
type LogRecord struct {
	Origin string    `json:"origin" form:"token=250" zh:"日志名称" en:"Origin"`
	Owner  ID        `json:"owner" zh:"所属主体" en:"Owner"`
	Key    string    `json:"key" form:"-,quiet" zh:"日志公钥" en:"Key"`
	Next   string    `json:"next,omitempty" form:"token=250" zh:"后续日志" en:"Log that continues it"`
	Begun  *LogBegun `json:"begun,omitempty" zh:"自副本恢复" en:"Begun from a restored copy"`
}

// LogBegun says from where a log goes on after a restore.
type LogBegun struct {
	Old  LogHead   `json:"old" zh:"所恢复的日志" en:"Restored log"`                       // what the copy had
	Held *TreeHead `json:"held,omitempty" zh:"他人所持的检查点" en:"Tree that others hold"` // later tree of the old log; nil: no such tree is known
	Time Millis    `json:"time" form:"ms" zh:"另起时间" en:"Begun at"`
	Cite Cite      `json:"cite" zh:"引用请求" en:"Written by"`
}

// Restored says in short that a log goes on from a restored copy of another one.
type Restored struct {
	Log  string `json:"log" zh:"接续的日志" en:"the log that goes on"`
	Old  string `json:"old" zh:"所恢复的日志" en:"the log of the copy"`
	Size int64  `json:"size" zh:"副本的条目数，其后的条目已失去" en:"number of entries of the copy; the entries after them are lost"`
	Lost int64  `json:"lost" zh:"已知失去的条目数" en:"number of entries that are known to be lost"`
	Time Millis `json:"time" form:"ms" zh:"另起时间" en:"when the log began"`
}

// Restored returns how the log began after a restore. Lost counts the entries after the
// restored copy, up to the tree that others hold. It is the zero value for a log that
// goes on from no other.
func (l LogRecord) Restored() Restored {
	b := l.Begun
	if b == nil {
		return Restored{}
	}
	r := Restored{Log: l.Origin, Old: b.Old.Origin, Size: b.Old.Size, Time: b.Time}
	if b.Held != nil {
		r.Lost = b.Held.Size - b.Old.Size
	}
	return r
}

// LogBeginArgs begin a log again after a restore from a copy that is older than what
// others have seen. The new log has the entries of the old one up to the copy, and
// its own name and key, so that no two checkpoints of one name contradict each other.
type LogBeginArgs struct {
	Origin string  `json:"origin" form:"token=250" zh:"新日志名称" en:"Origin of the new log"`                                                             // NextLog of the old one
	Key    string  `json:"verifier_key" form:"bytes=1..400,quiet" zh:"新日志公钥" en:"Key of the new log"`                                                 // C2SP signed-note
	Old    LogHead `json:"old" zh:"所恢复的日志" en:"Restored log"`                                                                                         // what the copy has
	Held   string  `json:"held,omitempty" form:"bytes=1..4000,quiet" need:"所恢复的是账本日志|of a ledger log" zh:"他人所持的检查点" en:"Checkpoint that others hold"` // later checkpoint of the old log, signed by its key
}

// Validate checks the form of the arguments.
func (a LogBeginArgs) Validate() error { return CheckForm("", &a) }

// rules checks that the new log is named after the old one.
func (a LogBeginArgs) rules(f *faults) {
	if f.sound("origin") && f.sound("old") && a.Origin != NextLog(a.Old.Origin) {
		f.refuse(Invalid("origin", "next_log").quote(a.Origin).With("allowed", NextLog(a.Old.Origin)))
	}
}

// Names of the two logs of a node, after its origin.
const (
	ledgerLogName  = "/log/ledger"
	receiptLogName = "/log/receipts"
)

// LedgerLog returns the origin of the ledger log of the node at origin.
func LedgerLog(origin string) string { return origin + ledgerLogName }

// ReceiptLog returns the origin of the receipt log of the node at origin.
func ReceiptLog(origin string) string { return origin + receiptLogName }

// NextLog returns the origin of the log that continues a log after a restore:
// NAME/2 after NAME, NAME/3 after NAME/2.
func NextLog(log string) string {
	first, n := firstLog(log)
	return first + "/" + strconv.Itoa(n+1)
}

// NodeOfReceipts returns the origin of the node whose receipt log has the name, the
// first or one that continues it; empty if it is not the name of a receipt log.
func NodeOfReceipts(log string) string {
	first, _ := firstLog(log)
	if node, ok := strings.CutSuffix(first, receiptLogName); ok {
		return node
	}
	return ""
}

// NodeOfLedger returns the origin of the node whose ledger log has the name, the first
// or one that continues it; empty if it is not the name of a ledger log.
func NodeOfLedger(log string) string {
	first, _ := firstLog(log)
	if node, ok := strings.CutSuffix(first, ledgerLogName); ok {
		return node
	}
	return ""
}

// Continues reports whether log is old or continues it.
func Continues(log, old string) bool {
	first, n := firstLog(log)
	before, m := firstLog(old)
	return first == before && n >= m
}

// firstLog splits the name of a log into that of the first log and its number.
func firstLog(log string) (first string, number int) {
	i := strings.LastIndexByte(log, '/')
	if i < 0 {
		return log, 1
	}
	n, err := strconv.Atoi(log[i+1:])
	if err != nil || n < 2 || strconv.Itoa(n) != log[i+1:] {
		return log, 1
	}
	return log[:i], n
}
