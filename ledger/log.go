package ledger

// TreeHead is the size of a log and the root hash of the tree with these entries
// (RFC 9162 §2.1.1).
type TreeHead struct {
	Size int64  `json:"size" form:"min=1" zh:"条目数" en:"Size"`
	Root Digest `json:"root" zh:"根摘要" en:"Root"`
}
