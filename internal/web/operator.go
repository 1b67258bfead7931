package web

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/datacadastre/cadastre/ledger"
)

// proxyHeaders are headers that a proxy adds. A request with one of them comes from
// somewhere else, even if the node does not know of the proxy.
var proxyHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

// forOperator returns nil if a request is of the node's operator, else why it is refused:
// it comes from this machine, or has a token of the node's own party.
func (s *Server) forOperator(r *http.Request) error {
	if s.isLocal(r) {
		return nil
	}
	b, err := s.identify(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	if s.Platform == "" || b.Party != s.Platform || b.Environment != "" {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonRole).At("authorization")
	}
	return nil
}

// isLocal reports whether a request comes from a program on this machine. Behind a proxy
// no request does: what the proxy passes on comes from this machine too. The Host must be this
// machine as well, because a web page can lead a browser on this machine to a name that
// resolves to 127.0.0.1.
func (s *Server) isLocal(r *http.Request) bool {
	if s.behindProxy {
		return false
	}
	for _, h := range proxyHeaders {
		if len(r.Header.Values(h)) > 0 {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// figures answers /metrics.
func (s *Server) figures(w http.ResponseWriter, r *http.Request) {
	err := s.forOperator(r)
	if err == nil && s.metrics == nil {
		err = ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("path")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.metrics.Handler().ServeHTTP(w, r)
}
