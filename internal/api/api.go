// Package api lists the services that the HTTP API of a node calls. Package node provides
// them and package web serves them, so neither imports the other. The types of requests
// and answers are in package api/wire.
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
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/registry"
)

// Services holds what the HTTP API of a node calls. Optional members are nil.
type Services struct {
	Ledger ledger.Ledger

	// Algorithms verify calls before the ledger does; nil: the standard ones.
	Algorithms ledger.Algorithms

	Check     func(ctx context.Context, party ledger.ID, fn ledger.Function, args json.RawMessage) error // returns why a call would be refused now
	Possible  func(ctx context.Context, party ledger.ID, on ledger.Ref) ([]ledger.Open, error)           // lists what the party may do on a record
	Wait      func(ctx context.Context, block uint64) error                                              // waits until the read model has applied the block
	Registry  *registry.Registry
	Records   *records.Records // kinds of record that no other service finds
	Licensing *licensing.Licensing
	Market    *marketplace.Market
	Tracer    Tracer
	Cosign    func(ctx context.Context, vkey, checkpoint string) (int64, error) // stores a cosigned checkpoint of the ledger log and returns its size; nil where another node has that log
	Auth      *auth.Checker
	Custody   Custodian
	NewID     func() ledger.ID
	Sight     *sight.Sight // decides who may read what
	Logs      []Log
	Health    func(ctx context.Context) wire.Health
	Figures   func() Figures                  // what the node measures of itself; nil: it measures nothing
	Trace     func(http.Handler) http.Handler // makes a span of each request; nil: no spans
	Platform  ledger.ID                       // the party of the node itself, whose token shows its figures
	Room      func() error                    // returns nil if the disk has room for what calls write, else Unavailable
	About     wire.About
	Public    bool // everyone may read the entry bundles of the logs
	MaxBody   int64
	Rate      int // requests a second of an address without a token; other rates follow from it; 0: no limits
	Log       *slog.Logger
	Now       func() time.Time
}

// Log is a transparency log served under /log/<Name>/. A log without a handler is
// stored at another node.
type Log struct {
	Name    string
	Handler func(entries func(*http.Request) bool) http.Handler
}

// Tracer follows recorded links and receipts from a record to its rights and uses.
type Tracer interface {
	// Start finds the records that a question names by a file's SHA-256, a receipt's
	// leaf, an id or a code. It returns NotFound if there is no such record.
	Start(ctx context.Context, q trace.Question) ([]ledger.Ref, error)

	// Trace goes from a record back to the right it depends on, or forward to every
	// use of it, as far as the reader may see. A nil reader is anonymous.
	Trace(ctx context.Context, reader *ledger.Party, from ledger.Ref, forward bool) (trace.Trace, error)

	// Evidence makes the bundle about a record for a reader who may have it, with at
	// most that many of the newest deliveries; older reports that there are more.
	Evidence(ctx context.Context, reader *ledger.Party, about ledger.Ref, deliveries int) (b io.WriterTo, older bool, err error)
}

// Custodian stores sealed signing keys of parties that let the node sign for them.
type Custodian interface {
	// Make makes a key for the party, stores it sealed and returns it. It deletes the
	// party's keys that have ended, and refuses to store more than custody.MaxKeys.
	Make(ctx context.Context, party ledger.ID, ended []ledger.KeyID) (*ledger.Key, error)

	// Stored returns the keys that are stored for the party, without the keys themselves.
	// It does not set Valid, which the ledger knows.
	Stored(ctx context.Context, party ledger.ID) ([]wire.StoredKey, error)

	// Delete deletes keys of the party for ever.
	Delete(ctx context.Context, party ledger.ID, kids []ledger.KeyID) error

	// Signer returns the stored key, or NotFound if the node has no key of that id.
	Signer(ctx context.Context, party ledger.ID, kid ledger.KeyID, use ledger.KeyUse) (*ledger.Key, error)
}
