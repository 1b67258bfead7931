package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric"
)

// Network is a Fabric network with a demonstration ledger, or an empty one.
type Network struct {
	Profile      string // file
	Channel      string
	Chaincode    string
	Bare         string // chaincode that puts a value; empty if there is no such chaincode
	Organization string
	User         string
	Genesis      string // JWS, submitted if the channel is empty
	Authority    Signer
}

// Fabric opens the ledger of a network, and the bare client for comparison.
func Fabric(ctx context.Context, n Network, log *slog.Logger, now func() time.Time) (Subject, func() error, error) {
	closeNothing := func() error { return nil }
	signed, err := ledger.ParseCall(n.Genesis)
	if err != nil {
		return Subject{}, closeNothing, fmt.Errorf("genesis: %w", err)
	}
	profile, err := os.ReadFile(n.Profile)
	if err != nil {
		return Subject{}, closeNothing, fmt.Errorf("profile of the network: %w", err)
	}
	c := fabric.Config{
		Profile: profile, Channel: n.Channel, Chaincode: n.Chaincode, Organization: n.Organization, User: n.User,
		Genesis: ledger.DigestOf([]byte(n.Genesis)), Log: log, Now: now,
	}
	l, err := fabric.Open(ctx, c)
	if err != nil {
		return Subject{}, closeNothing, err
	}
	s := Subject{Kind: "fabric", Ledger: l, ID: signed.Call.Ledger, Authority: n.Authority}
	if _, err := l.Submit(ctx, n.Genesis); err != nil {
		return s, l.Close, fmt.Errorf("genesis: %w", err)
	}
	if n.Bare == "" {
		return s, l.Close, nil
	}
	c.Chaincode = n.Bare
	bare, err := fabric.OpenBare(c)
	if err != nil {
		return s, l.Close, err
	}
	s.Bare = bare.Put
	return s, func() error { bare.Close(); return l.Close() }, nil
}
