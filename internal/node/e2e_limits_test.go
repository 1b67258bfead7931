package node_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// receiptsFor are the receipts of an order of one kind, newest first.
func (w *world) receiptsFor(name string, kind ledger.ReceiptKind) []ledger.Receipt {
	w.t.Helper()
	page, err := w.Receipts().Find(w.t.Context(), receipts.Filter{Order: id(name), Kinds: []ledger.ReceiptKind{kind}}, 0, 500)
	w.ok(err)
	var list []ledger.Receipt
	for _, k := range page.Items {
		list = append(list, k.Receipt)
	}
	return list
}

// ended waits for the end receipt of a start.
func (w *world) ended(start ledger.ID) ledger.Receipt {
	w.t.Helper()
	var r ledger.Receipt
	until(w.t, "the end receipt of "+string(start), func() bool {
		ends, err := w.Receipts().EndsOf(w.t.Context(), start)
		w.ok(err)
		if len(ends) > 0 {
			r = ends[0].Receipt
		}
		return len(ends) > 0
	})
	return r
}

func TestConcurrentStartsUnderALimit(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(64 << 10)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{Uses: 10})
	const starts = 64
	got := make([]int, starts)
	var all sync.WaitGroup
	gate, token := make(chan struct{}), "Bearer "+w.token("buyer")
	for i := range starts {
		all.Go(func() {
			<-gate
			resp, err := w.send(http.MethodGet, orderPath("sale", up.Object), nil, "Authorization", token)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			got[i] = resp.StatusCode
			if b, err := io.ReadAll(resp.Body); err != nil || (resp.StatusCode == http.StatusOK) != bytes.Equal(b, file) {
				t.Errorf("%d with %d bytes: %v", resp.StatusCode, len(b), err)
			}
		})
	}
	close(gate)
	all.Wait()
	count := map[int]int{}
	for _, status := range got {
		count[status]++
	}
	if count[http.StatusOK] != 10 || count[http.StatusForbidden] != starts-10 {
		t.Errorf("64 starts under a limit of 10 came to %v", count)
	}
	until(t, "ten ends", func() bool { return len(w.receiptsFor("sale", ledger.ReceiptEnd)) == 10 })
	for _, r := range w.receiptsFor("sale", ledger.ReceiptEnd) {
		if r.Outcome != ledger.Complete || r.Bytes != int64(len(file)) {
			t.Errorf("an end receipt says %s, %d bytes", r.Outcome, r.Bytes)
		}
	}
	if n := len(w.receiptsFor("sale", ledger.ReceiptStart)); n != 10 {
		t.Errorf("%d start receipts, want 10", n)
	}
	if len(w.receiptsFor("sale", ledger.ReceiptDenial)) == 0 {
		t.Error("54 denials left no receipt")
	}
}

func TestResumeUnderALimitOfOneUse(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(32 << 20)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{Uses: 1})
	path := orderPath("sale", up.Object)
	first := w.ask(http.MethodGet, "buyer", path)
	part := make([]byte, 20<<20) // so that its start is no place to resume from
	if _, err := io.ReadFull(first.Body, part); err != nil {
		t.Fatal(err)
	}
	w.ok(first.Body.Close())
	end := w.ended(ledger.ID(first.Header.Get("Cadastre-Receipt")))
	if end.Outcome != ledger.Partial || end.Bytes < int64(len(part)) || end.Bytes >= int64(len(file)) {
		t.Fatalf("the cut delivery ended %s with %d bytes", end.Outcome, end.Bytes)
	}
	w.refused(w.ask(http.MethodGet, "buyer", path), http.StatusForbidden, ledger.ReasonLimit)
	rest := w.ask(http.MethodGet, "buyer", path, "Range", "bytes="+strconv.Itoa(len(part))+"-", "If-Range", first.Header.Get("ETag"))
	got, err := io.ReadAll(rest.Body)
	w.ok(err)
	if rest.StatusCode != http.StatusPartialContent || !bytes.Equal(append(part, got...), file) {
		t.Fatalf("resumed with %d and %d bytes, and that is not the file", rest.StatusCode, len(got))
	}
	if end := w.ended(ledger.ID(rest.Header.Get("Cadastre-Receipt"))); end.Outcome != ledger.Complete {
		t.Errorf("the resume ended %s", end.Outcome)
	}
	p := w.refused(w.ask(http.MethodGet, "buyer", path), http.StatusForbidden, ledger.ReasonLimit)
	if p.Field != "limits.uses" || p.Rule != "D2" || !strings.Contains(p.Title, string(id("sale"))) {
		t.Errorf("the refusal names %q and %q, its sentence is %q", p.Field, p.Rule, p.Title)
	}
	w.refused(w.ask(http.MethodGet, "buyer", path, "Range", "bytes="+strconv.Itoa(len(part))+"-"), http.StatusForbidden, ledger.ReasonLimit)
}

// TestResumeWhileTheFirstIsStalled: a receiver that is gone without a word still
// holds the limit; two seconds later its party may go on.
func TestResumeWhileTheFirstIsStalled(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(16 << 20)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{Uses: 1})
	path := orderPath("sale", up.Object)
	stalled := w.ask(http.MethodGet, "buyer", path)
	part := make([]byte, 1<<20)
	if _, err := io.ReadFull(stalled.Body, part); err != nil {
		t.Fatal(err)
	}
	ask := func() *http.Response {
		return w.ask(http.MethodGet, "buyer", path, "Range", "bytes="+strconv.Itoa(len(part))+"-")
	}
	w.refused(ask(), http.StatusForbidden, ledger.ReasonLimit)
	start := ledger.ID(stalled.Header.Get("Cadastre-Receipt"))
	until(t, "the first delivery stalls", func() bool {
		return len(w.Receipts().Stalled(id("buyer"), up.Object, []receipts.LimitScope{{Scope: ref(ledger.KindOrder, "sale")}})) == 1
	})
	rest := ask()
	got, err := io.ReadAll(rest.Body)
	w.ok(err)
	if !bytes.Equal(append(part, got...), file) {
		t.Fatalf("resumed with %d and %d bytes, and that is not the file", rest.StatusCode, len(got))
	}
	if end := w.ended(start); end.Outcome != ledger.Partial {
		t.Errorf("the stalled delivery ended %s", end.Outcome)
	}
}
