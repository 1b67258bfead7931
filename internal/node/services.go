package node

import (
	"context"
	"errors"
	"log/slog"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

func (n *Node) openTokens(context.Context, folder) (err error) {
	n.checker, err = auth.NewChecker(n.settings.Origin, n, n.db.W, n.opts.Now)
	return err
}

// Services returns what the HTTP API of the node calls.
func (n *Node) Services() api.Services {
	return api.Services{
		Ledger: hooked{n.watched(), n.hooks(), n.clock}, Algorithms: n.algs, Check: n.check, Possible: n.possible, Wait: n.loop.Wait, Registry: n.registry, Records: n.records, Licensing: n.licenses, Market: n.market,
		Custody: custodian{n.custody}, NewID: NewID, Auth: n.checker, Tracer: n, Sight: n.sight, Health: n.health, Figures: n.figures, Platform: n.settings.Platform, Public: n.opts.PublicEntries,
		MaxBody: n.settings.Limits.Body, Rate: n.settings.Limits.Rate, Room: n.roomForCalls, Log: n.opts.Log, Now: n.opts.Now, About: n.about(),
		Logs: n.logs(), Cosign: n.cosigner(),
	}
}

// logs returns the logs that the node serves: of its receipts, and of the ledger unless
// that is shared.
func (n *Node) logs() []api.Log {
	logs := []api.Log{{Name: "receipts", Handler: n.receipts.Handler}, {Name: "ledger"}}
	if n.own != nil {
		logs[1].Handler = n.own.Handler
	}
	return logs
}

// cosigner returns the function that stores cosignatures of auditors; nil for a shared
// ledger, which has no log here.
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

func (n *Node) about() wire.About {
	return wire.About{
		Name: n.genesis.Name, Region: n.genesis.Region, Origin: n.settings.Origin, Ledger: n.settings.Ledger,
		GenesisSHA256: n.settings.GenesisSHA256, Logs: n.trust.Logs, URL: n.settings.URL, Backend: n.kind(), ReceiptLog: n.keys.receipts.VKey(),
		Restored: n.begun, Demo: n.genesis.Demo, Version: n.opts.Version,
	}
}

// kind returns the kind of ledger that the node uses.
func (n *Node) kind() string {
	if n.settings.Backend.Shared() {
		return n.settings.Backend.Kind
	}
	return KindEmbedded
}
