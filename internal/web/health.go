package web

import (
	"net/http"
)

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
