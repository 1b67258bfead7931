package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Listen says at which address and how a server is reached.
type Listen struct {
	Address     string
	Cert, Key   string // TLS files
	BehindProxy bool   // a proxy in front terminates TLS and writes X-Forwarded-For
}

// Serve listens until ctx ends, then gives running requests five seconds to finish. It
// calls ready with the URL when it accepts requests.
func (s *Server) Serve(ctx context.Context, l Listen, ready func(url string)) error {
	if err := l.check(); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.Address)
	if err != nil {
		return words.Errorf("监听 %s：%v：是否已有节点在此运行？请用 --listen 另选地址", "listen on %s: %v: is another node running there? choose another with --listen", l.Address, err)
	}
	if l.BehindProxy {
		s.BehindProxy()
	}
	server := s.HTTP()
	server.ConnState = newCrowd().count
	failed := make(chan error, 1)
	scheme := "http"
	if l.Cert != "" {
		scheme = "https"
	}
	go func() {
		if l.Cert != "" {
			failed <- server.ServeTLS(listener, l.Cert, l.Key)
			return
		}
		failed <- server.Serve(listener)
	}()
	ready(scheme + "://" + listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		err = server.Close()
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// check refuses an address that others can reach without TLS.
func (l Listen) check() error {
	host, _, err := net.SplitHostPort(l.Address)
	if err != nil {
		return ledger.Invalid("listen", "host:port")
	}
	if (l.Cert == "") != (l.Key == "") {
		return words.Errorf("TLS 需要两个文件：请同时给出 --tls-cert 与 --tls-key", "TLS needs both files: give --tls-cert and --tls-key")
	}
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() || l.Cert != "" || l.BehindProxy {
		return nil
	}
	return words.Errorf("%s 可被他人访问：请给出 --tls-cert 与 --tls-key；由代理终结 TLS 时用 --behind-proxy", "%s can be reached by others: give --tls-cert and --tls-key, or --behind-proxy if a proxy terminates TLS", l.Address)
}
