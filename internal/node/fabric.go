package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric"
)

// openFabric opens the channel that the settings name.
func openFabric(ctx context.Context, s Settings, log *slog.Logger, now func() time.Time) (opened, error) {
	b := s.Backend
	profile, err := os.ReadFile(b.Profile)
	if err != nil {
		return opened{}, fmt.Errorf("ledger_backend.profile: %w: name the network's connection profile in node.json", err)
	}
	l, err := fabric.Open(ctx, fabric.Config{
		Profile: profile, Channel: b.Channel, Chaincode: b.Chaincode, Version: b.Version, Organization: b.Organization, User: b.User,
		Genesis: s.GenesisSHA256, Log: log, Now: now,
	})
	if err != nil {
		return opened{}, fmt.Errorf("ledger_backend in node.json: %w", err)
	}
	return opened{Ledger: l, close: l.Close}, nil
}

var _ ledger.Ledger = (*fabric.Ledger)(nil)
