package web

import (
	"net/http"

	"github.com/datacadastre/cadastre/internal/api/wire"
)

// ready answers /readyz. Only the node's operator may know why the node is not ready.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	h := s.Health(r.Context())
	w.Header().Set("Cache-Control", "no-store")
	code := http.StatusOK
	if !h.Ready {
		code = http.StatusServiceUnavailable
	}
	if s.forOperator(r) != nil {
		h = wire.Health{Ready: h.Ready}
	}
	s.json(w, r, code, h)
}
