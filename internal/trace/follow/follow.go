// Package follow makes traces. It follows the links of the read model and the index of
// the receipts, as far as a reader may see.
//
// It promises that a trace takes at most eight queries whatever its length, and reads
// nothing from the ledger. A record that the reader may not see ends a path: records
// behind it are found only on other paths. Orders and deliveries, which may be many,
// are searched only if the reader may see them.
package follow

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// Bounds of one trace.
const (
	maxSteps    = 500
	maxRefs     = 2000 // records examined
	maxAround   = 500  // links of a kind that end at the examined records
	maxOrders   = 50   // per product
	maxReceipts = 250  // receipts examined
)

// Relations that a trace treats specially.
const (
	relBasis        = "basis"         // grant → entry, license or order
	relContentOf    = "content_of"    // file → content → product or resource
	relCovers       = "covers"        // license → resource; also computed here
	relUnder        = "under"         // product or order → license
	relSubject      = "subject"       // application → resource
	relRegisters    = "registers"     // entry → resource; reversed here
	relRegisteredBy = "registered_by" // registers, reversed: what is made from a resource depends on its entry
)

// Config has the settings of a Follower.
type Config struct {
	Links    *provenance.Table
	Sight    *sight.Sight
	Receipts *receipts.Store
	Acts     func(ctx context.Context, refs []ledger.Ref) (map[ledger.Ref][]trace.Act, error)                                     // returns the calls that wrote records
	Orders   func(ctx context.Context, s readmodel.Scope, products []ledger.ID, each int) (ids []ledger.ID, more bool, err error) // returns the orders of products
	Covering func(ctx context.Context, resource ledger.ID) ([]ledger.License, error)                                              // returns the licenses of a resource, in any state
	Entry    func(ctx context.Context, code string) (ledger.ID, error)                                                            // returns the entry of a certificate
	Others   func(ctx context.Context) ([]trace.Place, error)                                                                     // returns the other nodes of the ledger
	Anchored func() int64                                                                                                         // returns the number of receipts under the last anchor
	Origin   string                                                                                                               // origin of this node
}

// Follower makes traces. It is safe for concurrent use.
type Follower struct{ c Config }

// New returns a Follower.
func New(c Config) *Follower { return &Follower{c} }

// unknown is the error for what is missing and for what may not be seen.
func unknown() error { return sight.Nothing("from") }

// hide replaces every NotFound by the same error, so that its details reveal nothing.
func hide(err error) error {
	if errors.Is(err, ledger.NotFound) {
		return unknown()
	}
	return err
}

// Start returns the record that q names; Trace checks that it exists and may be seen.
func (f *Follower) Start(ctx context.Context, q trace.Question) ([]ledger.Ref, error) {
	record := func(field, kind string, id ledger.ID) ([]ledger.Ref, error) {
		return []ledger.Ref{ledger.RefTo(kind, id)}, id.Validate(field)
	}
	switch {
	case q.SHA256 != "":
		return []ledger.Ref{ledger.RefTo(ledger.KindFile, q.SHA256)}, q.SHA256.Validate("sha256")
	case q.Receipt != "":
		return f.startReceipt(ctx, q.Receipt)
	case q.Order != "":
		return record("order", ledger.KindOrder, q.Order)
	case q.Product != "":
		return record("product", ledger.KindProduct, q.Product)
	case q.License != "":
		return record("license", ledger.KindLicense, q.License)
	case q.Resource != "":
		return record("resource", ledger.KindResource, q.Resource)
	case q.Certificate != "":
		id, err := f.c.Entry(ctx, q.Certificate)
		return []ledger.Ref{ledger.RefTo(ledger.KindEntry, id)}, hide(err)
	}
	return nil, ledger.Invalid("sha256", "one_question")
}

func (f *Follower) startReceipt(ctx context.Context, name string) ([]ledger.Ref, error) {
	var k receipts.Stored
	var err error
	if leaf := ledger.Digest(name); leaf.Validate("receipt") == nil {
		k, err = f.c.Receipts.ByLeaf(ctx, leaf)
	} else if err = ledger.ID(name).Validate("receipt"); err == nil {
		k, err = f.c.Receipts.ByID(ctx, ledger.ID(name))
	}
	if errors.Is(err, ledger.NotFound) {
		return nil, f.receiptElsewhere(ctx)
	}
	return []ledger.Ref{ledger.RefTo(ledger.KindReceipt, k.Leaf)}, err
}

// receiptElsewhere returns the error for a receipt that this node does not have; it
// names the nodes that may have it.
func (f *Follower) receiptElsewhere(ctx context.Context) error {
	places, err := f.c.Others(ctx)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return unknown()
	}
	e := ledger.Refuse(ledger.NotFound, ledger.ReasonElsewhere).At("receipt")
	for _, p := range places {
		e = e.With("origin", p.Origin).With("url", p.URL)
	}
	return e
}

// Trace follows the links back from a record to the rights on which it is based, or
// forward to what was made of it. A nil reader is anonymous. If the reader may not see
// the record, the error is NotFound. A read that the reader's office allows is
// recorded.
func (f *Follower) Trace(ctx context.Context, reader *ledger.Party, from ledger.Ref, forward bool) (trace.Trace, error) {
	g := &gather{f: f, reader: reader, from: from}
	gathered := g.back
	if forward {
		gathered = g.forward
	}
	if err := gathered(ctx); err != nil {
		return trace.Trace{}, hide(err)
	}
	w, err := g.walk(ctx)
	if err != nil {
		return trace.Trace{}, err
	}
	if !w.maySee(g.from) {
		return trace.Trace{}, unknown()
	}
	if forward {
		w.goForward()
	} else {
		w.goBack()
	}
	w.grants()
	t, err := w.trace(ctx)
	if err != nil {
		return t, err
	}
	return t, f.c.Sight.RecordLook(ctx, reader, g.from, w.rows()...)
}
