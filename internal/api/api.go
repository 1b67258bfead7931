// Package api names the services behind the HTTP API of a node. A node offers them and
// an edge serves them, so that neither imports the other. Package api/wire has the
// types on the wire.
package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/registry"
)

// Services are what stands behind the HTTP API of a node: package node offers them,
// package web serves them.
type Services struct {
	Ledger    ledger.Ledger
	Check     func(ctx context.Context, party ledger.ID, fn ledger.Function, args json.RawMessage) error // why a call would be refused now
	Possible  func(ctx context.Context, party ledger.ID, on ledger.Ref) ([]ledger.Open, error)           // what the party may do on a record
	Wait      func(ctx context.Context, block uint64) error                                              // until the read model has applied it
	Registry  *registry.Registry
	Licensing *licensing.Licensing
	Market    *marketplace.Market
	Tracer    Tracer
	Cosign    func(ctx context.Context, vkey, checkpoint string) (int64, error) // keeps a cosigned checkpoint of the ledger log; nil where it is kept elsewhere
	Auth      *auth.Checker
	Custody   Custodian
	NewID     func() ledger.ID
	Sight     *sight.Sight // who may read what
	Logs      []Log
	Health    func(ctx context.Context) wire.Health
	About     wire.About
	Public    bool // entry bundles for everyone
	MaxBody   int64
	Log       *slog.Logger
	Now       func() time.Time
}

// Log is a transparency log served under /log/<Name>/; one without a handler is
// not kept here.
type Log struct {
	Name    string
	Handler func(entries func(*http.Request) bool) http.Handler
}

// Tracer follows what rests on what, over the recorded links and the receipts.
type Tracer interface {
	// Start finds the record that a question names: a file's SHA-256, a
	// receipt's leaf, an id, a code. NotFound when nothing is known.
	Start(ctx context.Context, q trace.Question) ([]ledger.Ref, error)

	// Trace walks from a record back to the right it rests on, and forward to
	// all that came of it, as far as the reader may see.
	Trace(ctx context.Context, reader *ledger.Party, from ledger.Ref, forward bool) (trace.Trace, error)

	// Evidence makes the bundle about a record, for a reader who may see it, with
	// the newest deliveries, at most so many: older says that there are more.
	Evidence(ctx context.Context, reader *ledger.Party, about ledger.Ref, deliveries int) (b io.WriterTo, older bool, err error)
}

// Custodian keeps sealed signing keys for parties that let the node do so.
type Custodian interface {
	// Make makes a key for the party, keeps it sealed, and returns it.
	Make(ctx context.Context, party ledger.ID) (*ledger.Key, error)

	// Signer is the kept key; NotFound when the node keeps none of that id.
	Signer(ctx context.Context, party ledger.ID, kid ledger.KeyID, use ledger.KeyUse) (*ledger.Key, error)
}
