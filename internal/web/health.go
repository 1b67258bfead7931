package web

import (
	"net/http"

	"github.com/datacadastre/cadastre/ledger"
)

// Health is the answer of /readyz: whether new deliveries may begin, and what
// that rests on.
type Health struct {
	Ready     bool            `json:"ready"`
	Reason    ledger.Reason   `json:"reason,omitempty"` // why not
	Ledger    LedgerHealth    `json:"ledger"`
	Projected ledger.Revision `json:"projected"` // the last block in the read model
	Receipts  ReceiptsHealth  `json:"receipts"`
}

// LedgerHealth says whether the ledger answers, and how far it was when it last did.
type LedgerHealth struct {
	Reachable bool   `json:"reachable"`
	Head      uint64 `json:"head"`
}

// ReceiptsHealth says how far the receipt log is anchored, and for how long not
// wholly.
type ReceiptsHealth struct {
	Size     int64 `json:"size"`
	Anchored int64 `json:"anchored"`
	Age      int64 `json:"age_seconds"` // since all receipts were last anchored
}

// ready answers /readyz.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	h := s.Health(r.Context())
	w.Header().Set("Cache-Control", "no-store")
	code := http.StatusOK
	if !h.Ready {
		code = http.StatusServiceUnavailable
	}
	s.json(w, r, code, h)
}
