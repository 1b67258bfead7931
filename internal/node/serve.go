package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Listen says where and how the node is reached.
type Listen struct {
	Address     string
	Cert, Key   string // TLS files
	BehindProxy bool   // a proxy in front ends TLS
}

func (n *Node) openEdge(_ context.Context, _ folder) (err error) {
	if n.checker, err = auth.NewChecker(n.settings.Origin, n, n.mine.W, n.opts.Now); err != nil {
		return err
	}
	n.edge = web.New(web.Config{
		Ledger: hooked{n.ledger, n.hooks()}, Check: n.check, Possible: n.possible, Wait: n.loop.Wait, Registry: n.registry, Licensing: n.licenses, Market: n.market,
		Custody: custodian{n.custody}, NewID: NewID, Auth: n.checker, Tracer: n, Sight: n.sight, Health: n.health, Public: n.opts.PublicEntries,
		MaxBody: n.settings.Limits.Body, Log: n.opts.Log, Now: n.opts.Now, About: n.about(),
		Logs: n.logs(), Cosign: n.cosigner(),
	})
	return nil
}

// logs are those that the node serves: its receipts, and the ledger's own log
// where the register is in its folder.
func (n *Node) logs() []web.Log {
	logs := []web.Log{{Name: "receipts", Handler: n.receipts.Handler}, {Name: "ledger"}}
	if n.own != nil {
		logs[1].Handler = n.own.Handler
	}
	return logs
}

// cosigner keeps the cosignatures of auditors where the ledger's log is this node's.
func (n *Node) cosigner() func(ctx context.Context, vkey, checkpoint string) (int64, error) {
	if n.own == nil {
		return nil
	}
	return func(ctx context.Context, vkey, checkpoint string) (int64, error) {
		v, err := cosign.NewVerifier(vkey)
		if err != nil {
			return 0, ledger.Invalid("key", "cosigner_key")
		}
		size, err := n.own.Cosign(ctx, []byte(checkpoint), v)
		if errors.Is(err, tlog.ErrCosigned) {
			n.opts.Log.WarnContext(ctx, "cosignature refused", slog.String("error", err.Error()))
			return 0, ledger.Invalid("checkpoint", "cosigned")
		}
		if errors.Is(err, tlog.ErrOlder) {
			return 0, ledger.Refuse(ledger.Conflict, ledger.ReasonStale).At("checkpoint")
		}
		return size, err
	}
}

func (n *Node) about() web.About {
	return web.About{
		Name: n.genesis.Name, Region: n.genesis.Region, Origin: n.settings.Origin, Ledger: n.settings.Ledger,
		GenesisSHA256: n.settings.GenesisSHA256, Logs: n.trust.Logs, URL: n.settings.URL, Backend: n.kind(), ReceiptLog: n.keys.receipts.VKey(),
		Demo: n.genesis.Demo, Version: n.opts.Version,
	}
}

// kind is the kind of ledger that the node stands on.
func (n *Node) kind() string {
	if n.settings.Backend.Shared() {
		return n.settings.Backend.Kind
	}
	return KindEmbedded
}

// Edge is the node's HTTP handler.
func (n *Node) Edge() *web.Server { return n.edge }

// Serve listens until ctx ends, then lets running requests finish for a while.
// ready is told the address once requests are taken.
func (n *Node) Serve(ctx context.Context, l Listen, ready func(url string)) error {
	if err := l.check(); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.Address)
	if err != nil {
		return words.Errorf("监听 %s：%v：是否已有节点在此运行？请用 --listen 另选地址", "listen on %s: %v: is another node running there? choose another with --listen", l.Address, err)
	}
	server := n.edge.HTTP()
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

// check refuses to be reached by others without TLS (protocol §6).
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
	return words.Errorf("%s 可被他人访问：请给出 --tls-cert 与 --tls-key；由代理终结 TLS 时用 --behind-proxy", "%s can be reached by others: give --tls-cert and --tls-key, or --behind-proxy when a proxy ends TLS", l.Address)
}
