package web

import (
	"net/http"

	"github.com/datacadastre/cadastre/ledger"
)

// Health is the answer of /readyz: whether new deliveries may begin, and what
// that rests on.
type Health struct {
	Ready     bool            `json:"ready" zh:"可以开始新的交付" en:"new deliveries may begin"`
	Reason    ledger.Reason   `json:"reason,omitempty" zh:"不就绪的原因" en:"why not"` // why not
	Ledger    LedgerHealth    `json:"ledger" zh:"账本" en:"the ledger"`
	Projected ledger.Revision `json:"projected" zh:"检索库已处理的最新区块" en:"the last block in the read model"` // the last block in the read model
	Receipts  ReceiptsHealth  `json:"receipts" zh:"回执日志" en:"the receipt log"`
}

// LedgerHealth says whether the ledger answers, and how far it was when it last did.
type LedgerHealth struct {
	Reachable bool   `json:"reachable" zh:"账本有答复" en:"it answers"`
	Head      uint64 `json:"head" zh:"最近一次答复时的最新区块" en:"last block when it last answered"`
}

// ReceiptsHealth says how far the receipt log is anchored, and for how long not
// wholly.
type ReceiptsHealth struct {
	Size     int64 `json:"size" zh:"回执数" en:"number of receipts"`
	Anchored int64 `json:"anchored" zh:"已锚定的回执数" en:"number of receipts under an anchor"`
	Age      int64 `json:"age_seconds" zh:"距上次全部锚定的秒数" en:"seconds since all were last anchored"` // since all receipts were last anchored
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
