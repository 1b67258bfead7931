package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric"
)

// openFabric opens the channel named in the settings.
func openFabric(ctx context.Context, d folder, s Settings, log *slog.Logger, now func() time.Time) (opened, error) {
	b := s.Backend
	quorum, err := d.quorum()
	if err != nil {
		return opened{}, err
	}
	profile, err := os.ReadFile(b.Profile)
	if err != nil {
		return opened{}, fmt.Errorf("ledger_backend.profile: %w: name the network's connection profile in node.json", err)
	}
	l, err := fabric.Open(ctx, fabric.Config{
		Profile: profile, Channel: b.Channel, Chaincode: b.Chaincode, Version: b.Version, Organization: b.Organization, User: b.User,
		Genesis: s.GenesisSHA256, Quorum: quorum, Log: log, Now: now,
	})
	if err != nil {
		return opened{}, fmt.Errorf("ledger_backend in node.json: %w", err)
	}
	return opened{Ledger: l, close: l.Close}, nil
}

// BackendOf reads which ledger the node in a folder uses. The node may be running.
func BackendOf(dir string) (Backend, error) {
	s, err := folder(dir).settings()
	return s.Backend, err
}

// OpenHistory opens the blocks of the channel of b as the peer of b's organization stores
// them. It needs no node and no folder.
func OpenHistory(b Backend, trust evidence.Trust, log *slog.Logger, now func() time.Time) (*fabric.History, error) {
	if err := b.validate(); err != nil {
		return nil, err
	}
	profile, err := os.ReadFile(b.Profile)
	if err != nil {
		return nil, fmt.Errorf("connection profile: %w", err)
	}
	return fabric.OpenHistory(fabric.Config{
		Profile: profile, Channel: b.Channel, Chaincode: b.Chaincode, Organization: b.Organization, User: b.User, Log: log, Now: now,
	}, trust.Fabric)
}

// quorum returns how many organizations must endorse a call for a verifier to accept it,
// by the trust file; 0 if there is no trust file yet.
func (d folder) quorum() (int, error) {
	b, err := os.ReadFile(d.path("trust.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read trust.json: %w", err)
	}
	t, err := evidence.ParseTrust(b)
	if err != nil {
		return 0, err
	}
	var network struct {
		Quorum int `json:"quorum"`
	}
	if err := json.Unmarshal(t.Fabric, &network); err != nil {
		return 0, fmt.Errorf("trust.json: fabric: %w", err)
	}
	return network.Quorum, nil
}

var _ ledger.Ledger = (*fabric.Ledger)(nil)
