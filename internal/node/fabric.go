package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric"
)

// openFabric opens the channel that the settings name. Its first call must be the
// genesis that this node was told of.
func openFabric(ctx context.Context, s Settings, log *slog.Logger, now func() time.Time) (opened, error) {
	profile, err := os.ReadFile(s.Backend.Profile)
	if err != nil {
		return opened{}, fmt.Errorf("ledger_backend.profile: %w: name the network's connection profile in node.json", err)
	}
	l, err := fabric.Open(ctx, fabric.Config{
		Profile: profile, Channel: s.Backend.Channel, Chaincode: s.Backend.Chaincode,
		Organization: s.Backend.Organization, User: s.Backend.User, Genesis: s.GenesisSHA256, Log: log, Now: now,
	})
	if err != nil {
		return opened{}, fmt.Errorf("ledger_backend in node.json: %w", err)
	}
	return opened{Ledger: l, close: l.Close}, nil
}
