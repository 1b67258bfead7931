package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Subject is a demonstration ledger that has begun, and who may admit to it.
type Subject struct {
	Kind      string // embedded or fabric
	Ledger    ledger.Ledger
	ID        ledger.ID
	Authority Signer
	// Bare writes one key through the same network with nothing of ours between;
	// nil where there is no such thing.
	Bare func(ctx context.Context, key string, value []byte) error
}

// Signer is a party with its key.
type Signer struct {
	Party ledger.ID
	Key   *ledger.Key
}

// Options say how much is measured.
type Options struct {
	Writers  []int // at once
	Each     int   // calls of each writer
	Records  int   // of the import
	Receipts int
	Dir      string // for the receipt log
	Now      func() time.Time
	Tell     func(zh, en string, args ...any) // progress
}

// Level is how a ledger does with so many writers at once.
type Level struct {
	Writers int      `json:"writers"`
	Calls   Figures  `json:"calls"`
	Bare    *Figures `json:"bare,omitempty"`
	Ratio   float64  `json:"ratio,omitempty"` // calls to bare, per second
}

// Import is how fast records are deposited and applied for.
type Import struct {
	Records int     `json:"records"`
	Second  float64 `json:"records_per_second"`
}

// Receipts is how fast receipts are durable and anchored when the clock stops,
// and how fast the ledger takes one transaction a receipt.
type Receipts struct {
	Count        int     `json:"count"`
	Second       float64 `json:"receipts_per_second"`
	Transactions float64 `json:"transactions_per_second"`
	Ratio        float64 `json:"ratio"`
}

// Result is a whole run.
type Result struct {
	Ledger   string   `json:"ledger"`
	CPUs     int      `json:"cpus"`
	Levels   []Level  `json:"levels"`
	Import   Import   `json:"import"`
	Receipts Receipts `json:"receipts"`
	Seconds  float64  `json:"seconds"`
}

// rounds is how often two ways of writing take turns.
const rounds = 3

// Run measures s. The first refusal or failure ends it.
func Run(ctx context.Context, s Subject, o Options) (Result, error) {
	start := o.Now()
	r := Result{Ledger: s.Kind, CPUs: runtime.NumCPU()}
	m := &measure{Subject: s, Options: o}
	if err := m.admit(ctx); err != nil {
		return r, fmt.Errorf("admit: %w", err)
	}
	for _, n := range o.Writers {
		l, err := m.level(ctx, n)
		if err != nil {
			return r, fmt.Errorf("%d writers: %w", n, err)
		}
		r.Levels = append(r.Levels, l)
	}
	var err error
	if r.Import, err = m.imports(ctx); err != nil {
		return r, fmt.Errorf("import: %w", err)
	}
	if r.Receipts, err = m.receipts(ctx); err != nil {
		return r, fmt.Errorf("receipts: %w", err)
	}
	r.Seconds = o.Now().Sub(start).Seconds()
	return r, nil
}

// measure is a run under way.
type measure struct {
	Subject
	Options
	holders  []Signer // as many as the most writers
	body     Signer   // registry body
	platform Signer   // of the receipt log
	log      receiptLog
}
