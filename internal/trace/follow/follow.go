// Package follow makes traces: it walks what rests on what, over the links of the read
// model and the index of the receipts, as far as a reader may see.
//
// It promises that a trace takes at most eight queries whatever its length, and none of
// the ledger; that a record which the reader may not see ends the way, so that what
// lies behind it is reached by other ways only; and that of orders and deliveries,
// which may be many, only those are looked for that the reader may see.
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
	maxRefs     = 2000 // that are looked at
	maxAround   = 500  // links of a kind that end at them
	maxOrders   = 50   // of a product
	maxReceipts = 400  // that are looked at
)

// Words of links that a trace treats apart.
const (
	relBasis        = "basis"         // grant → entry, license or order
	relContentOf    = "content_of"    // file → content → product or resource
	relCovers       = "covers"        // license → resource; here also computed
	relUnder        = "under"         // product or order → license
	relSubject      = "subject"       // application → resource
	relRegisters    = "registers"     // entry → resource; here turned
	relRegisteredBy = "registered_by" // the same the other way round: what is made from a resource rests on its entry
)

// Config is what traces stand on.
type Config struct {
	Links    *provenance.Table
	Sight    *sight.Sight
	Receipts *receipts.Store
	Acts     func(ctx context.Context, refs []ledger.Ref) (map[ledger.Ref][]trace.Act, error)                                     // the calls that wrote records
	Orders   func(ctx context.Context, s readmodel.Scope, products []ledger.ID, each int) (ids []ledger.ID, more bool, err error) // of products
	Covering func(ctx context.Context, resource ledger.ID) ([]ledger.License, error)                                              // licenses, in whatever state
	Entry    func(ctx context.Context, code string) (ledger.ID, error)                                                            // of a certificate
	Others   func(ctx context.Context) ([]trace.Place, error)                                                                     // nodes of the ledger
	Anchored func() int64                                                                                                         // receipts under the last anchor
	Origin   string                                                                                                               // of this node
}

// Follower makes traces. Safe for use by many goroutines.
type Follower struct{ c Config }

// New makes it.
func New(c Config) *Follower { return &Follower{c} }

// unknown answers alike for what there is not and for what may not be seen.
func unknown() error { return sight.Nothing("from") }

// hide makes every not found the same, so that its details tell nothing.
func hide(err error) error {
	if errors.Is(err, ledger.NotFound) {
		return unknown()
	}
	return err
}

// Start finds the record that q names; whether it is there, and may be seen, Trace says.
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
		return nil, f.astray(ctx)
	}
	return []ledger.Ref{ledger.RefTo(ledger.KindReceipt, k.Leaf)}, err
}

// astray answers for a receipt that this node does not have: another may.
func (f *Follower) astray(ctx context.Context) error {
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

// Trace walks back from a record to the rights it rests on, or forward to what came of
// it. A reader of nil is a stranger. What the reader may not see at all is not found.
// A look at what he may see by his office is noted.
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
	if !w.may(g.from) {
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
	return t, f.c.Sight.Note(ctx, reader, g.from, w.rows()...)
}
