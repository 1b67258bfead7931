package ledger

// ResourceIndex is kept under resource/<id>: whose resource it is, the
// application that last spoke for it, and its entry once it is coded.
type ResourceIndex struct {
	ID          ID `json:"id"`
	Holder      ID `json:"holder"`
	Application ID `json:"application"`
	Entry       ID `json:"entry,omitempty"`
}
