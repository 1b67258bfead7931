package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// Subject is a demonstration ledger with its genesis, and the authority that can admit
// parties to it.
type Subject struct {
	Kind      string // embedded or fabric
	Ledger    ledger.Ledger
	ID        ledger.ID
	Authority Signer
	// Bare writes one key through the same network without our code; nil if the ledger
	// has no network.
	Bare func(ctx context.Context, key string, value []byte) error
}

// Signer is a party with its key.
type Signer struct {
	Party ledger.ID
	Key   *ledger.Key
}

// Options say how much to measure.
type Options struct {
	Writers  []int // numbers of concurrent writers
	Each     int   // calls per writer
	Records  int   // records to import
	Receipts int
	Dir      string // for the receipt log
	Now      func() time.Time
	Report   func(zh, en string, args ...any) // Report receives progress messages
}

// Level has the results for one number of concurrent writers.
type Level struct {
	Writers int      `json:"writers"`
	Calls   Figures  `json:"calls"`
	Bare    *Figures `json:"bare,omitempty"`
	Ratio   float64  `json:"ratio,omitempty"` // calls to bare, per second
}

// Import is the speed of depositing and applying for records.
type Import struct {
	Records int     `json:"records"`
	Second  float64 `json:"records_per_second"`
}

// Receipts is the speed of storing receipts durably and anchoring them, and the speed
// of the ledger with one transaction per receipt.
type Receipts struct {
	Count        int     `json:"count"`
	Second       float64 `json:"receipts_per_second"`
	Transactions float64 `json:"transactions_per_second"`
	Ratio        float64 `json:"ratio"`
}

// Result is the result of a whole run.
type Result struct {
	Ledger   string   `json:"ledger"`
	CPUs     int      `json:"cpus"`
	Levels   []Level  `json:"levels"`
	Import   Import   `json:"import"`
	Receipts Receipts `json:"receipts"`
	Seconds  float64  `json:"seconds"`
}

// rounds is how often two ways of writing alternate.
const rounds = 3

// Run measures s. It stops at the first refusal or failure.
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

// measure is a running measurement.
type measure struct {
	Subject
	Options
	holders  []Signer // one for each concurrent writer
	body     Signer   // registry body
	platform Signer   // of the receipt log
	log      receiptLog
}
