package receipts_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

const (
	origin = "node.example/log/receipts"
	mib    = 1 << 20
	epoch  = 1_790_000_000_000
)

// fixture is a store in its own folder, with a clock that does not advance.
type fixture struct {
	*receipts.Store
	dir   string
	key   *tlog.Key
	clock atomic.Int64 // ms
	ids   atomic.Int64
}

func newKey(t testing.TB) *tlog.Key {
	t.Helper()
	skey, _, err := tlog.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir(), key: newKey(t)}
	f.clock.Store(epoch)
	f.open(t)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func (f *fixture) now() time.Time { return time.UnixMilli(f.clock.Load()) }

func (f *fixture) pass(d time.Duration) { f.clock.Add(d.Milliseconds()) }

func (f *fixture) config() receipts.Config {
	return receipts.Config{Dir: f.dir, Key: f.key, Now: f.now}
}

func (f *fixture) open(t testing.TB) {
	t.Helper()
	s, err := receipts.Open(t.Context(), f.config())
	if err != nil {
		t.Fatal(err)
	}
	f.Store = s
}

func (f *fixture) reopen(t testing.TB) {
	t.Helper()
	f.close(t)
	f.open(t)
}

func (f *fixture) close(t testing.TB) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) id() ledger.ID { return idOf("id", f.ids.Add(1)) }

func idOf(what string, n int64) ledger.ID { return ledger.DeriveID(what, fmt.Sprint(n)) }

func party(n int64) ledger.ID { return idOf("party", n) }

func order(n int64) ledger.Ref { return ledger.RefTo(ledger.KindOrder, idOf("order", n)) }

func hashOf(object string) ledger.Digest { return ledger.DigestOf([]byte(object)) }

func (f *fixture) receipt(kind ledger.ReceiptKind, p ledger.ID) ledger.Receipt {
	return ledger.Receipt{V: 1, Kind: kind, ID: f.id(), Time: ledger.Millis(f.clock.Load()), Party: p}
}

func (f *fixture) ingest(p ledger.ID, object string) ledger.Receipt {
	r := f.receipt(ledger.ReceiptIngest, p)
	r.Object, r.SHA256, r.Size = object, hashOf(object), 5
	return r
}

func (f *fixture) denial(p ledger.ID, target ledger.Ref, reason ledger.Reason) ledger.Receipt {
	r := f.receipt(ledger.ReceiptDenial, p)
	r.Subject, r.Reason, r.Count = target, reason, 1
	r.Revision = &ledger.Revision{Block: 3, Head: hashOf("head")}
	return r
}

// start asks for [offset, offset+length) of an object under an order.
func (f *fixture) start(p ledger.ID, scope ledger.Ref, object string, size, offset, length int64) receipts.StartRequest {
	r := f.receipt(ledger.ReceiptStart, p)
	r.Flow, r.Order = ledger.Delivery, ledger.ID(scope.ID())
	r.License, r.Content = idOf("license", 1), idOf("content "+object, 1)
	r.Subject = ledger.RefTo(ledger.KindProduct, idOf("product", 1))
	r.Purpose = &ledger.Purpose{Class: ledger.Industry, Code: "credit_rating"}
	r.Revision = &ledger.Revision{Block: 7, Head: hashOf("head")}
	r.Object, r.SHA256, r.Size, r.Offset, r.Length = object, hashOf(object), size, offset, length
	return receipts.StartRequest{Receipt: r, Limits: []receipts.LimitScope{{Scope: scope}}}
}

func limit(q receipts.StartRequest, uses, bytes int64) receipts.StartRequest {
	q.Limits[0].Quota = ledger.Quota{Uses: uses, Bytes: bytes}
	return q
}

func (f *fixture) append(t testing.TB, r ledger.Receipt) receipts.Placed {
	t.Helper()
	p, err := f.Append(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f *fixture) reserve(t testing.TB, q receipts.StartRequest) receipts.Running {
	t.Helper()
	r, err := f.Reserve(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *fixture) end(t testing.TB, r receipts.Running, bytes int64, o ledger.DeliveryOutcome) receipts.Placed {
	t.Helper()
	p, err := f.End(t.Context(), r, bytes, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f *fixture) used(t testing.TB, scope ledger.Ref) receipts.Usage {
	t.Helper()
	u, err := f.Used(t.Context(), receipts.LimitScope{Scope: scope, Flow: ledger.Delivery})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (f *fixture) get(t testing.TB, index int64) ledger.Receipt {
	t.Helper()
	k, err := f.Get(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	return k.Receipt
}
