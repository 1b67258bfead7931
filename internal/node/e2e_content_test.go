package node_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// TestHeadIsFree: it tells all that a delivery would, takes nothing of a limit
// and leaves no receipt; what may not be fetched may not be looked at.
func TestHeadIsFree(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(1000)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{Uses: 1})
	path := orderPath("sale", up.Object)
	before := w.Receipts().Size()
	for range 5 {
		resp := w.ask(http.MethodHead, "buyer", path)
		for name, want := range map[string]string{
			"ETag": `"` + string(up.SHA256) + `"`, "Content-Length": "1000", "Accept-Ranges": "bytes", "Cadastre-Receipt": "",
			"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": `attachment; filename=sale.csv`,
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("HEAD: %s is %q, want %q", name, got, want)
			}
		}
		if resp.StatusCode != http.StatusOK {
			t.Errorf("HEAD: %d", resp.StatusCode)
		}
	}
	for _, method := range []string{http.MethodHead, http.MethodGet} { // the caller has it already
		resp := w.ask(method, "buyer", path, "If-None-Match", `"other", W/"`+string(up.SHA256)+`"`)
		if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusNotModified || len(b) != 0 || resp.Header.Get("ETag") == "" || resp.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s of what the caller has: %d with %d bytes, %v", method, resp.StatusCode, len(b), err)
		}
	}
	if n := w.Receipts().Size(); n != before {
		t.Errorf("HEAD left %d receipts", n-before)
	}
	get := w.ask(http.MethodGet, "buyer", path, "If-None-Match", `"other"`)
	if b, err := io.ReadAll(get.Body); err != nil || !bytes.Equal(b, file) || get.Header.Get("Cadastre-Receipt") == "" {
		t.Errorf("GET after it: %d with %d bytes, %v", get.StatusCode, len(b), err)
	}
	w.act("authority", ref(ledger.KindLicense, "sale"), ledger.FnLicenseTerminate)
	for who, status := range map[string]int{"buyer": http.StatusForbidden, "rival": http.StatusNotFound, "": http.StatusUnauthorized} {
		if resp := w.ask(http.MethodHead, who, path); resp.StatusCode != status || resp.Header.Get("ETag") != "" {
			t.Errorf("HEAD by %q after the end: %d, ETag %q", who, resp.StatusCode, resp.Header.Get("ETag"))
		}
	}
}

// TestADeniedGetLeavesAReceipt: whatever the caller says that it has. HEAD leaves none.
func TestADeniedGetLeavesAReceipt(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	up := w.upload("operator", data(1000))
	for sale, tag := range map[string]string{"plain": "", "other": `"x"`, "same": `"` + string(up.SHA256) + `"`} { // repeated denials of one sale are counted in one receipt
		w.sale(sale, "bus", up, ledger.Quota{})
		w.act("authority", ref(ledger.KindLicense, sale), ledger.FnLicenseTerminate)
		var headers []string
		if tag != "" {
			headers = []string{"If-None-Match", tag}
		}
		for method, receipts := range map[string]int64{http.MethodHead: 0, http.MethodGet: 1} {
			before := w.Receipts().Size()
			resp := w.ask(method, "buyer", orderPath(sale, up.Object), headers...)
			if n := w.Receipts().Size() - before; resp.StatusCode != http.StatusForbidden || n != receipts {
				t.Errorf("%s with %v: %d and %d receipts, want %d", method, headers, resp.StatusCode, n, receipts)
			}
			if n := len(w.receiptsFor(sale, ledger.ReceiptDenial)); method == http.MethodGet && n != 1 {
				t.Errorf("GET with %v: %d denials", headers, n)
			}
		}
	}
}

// TestHeadersThatClientsRelyOn asks for what a browser asks for, and with a method that
// a path does not have.
func TestHeadersThatClientsRelyOn(t *testing.T) {
	w := serve(t, nil)
	for _, c := range []struct {
		method, path, header, want string
		status                     int
	}{
		{http.MethodDelete, "/v1/resources", "Allow", "GET, HEAD", http.StatusMethodNotAllowed},
		{http.MethodHead, "/v1/resources", "Content-Type", "application/json", http.StatusOK},
		{http.MethodHead, "/readyz", "Content-Type", "application/json", http.StatusOK},
		{http.MethodHead, "/", "Vary", "Accept, Accept-Language", http.StatusOK},
		{http.MethodGet, "/v1/calls", "Allow", "POST", http.StatusMethodNotAllowed},
		{http.MethodPost, orderPath("sale", "object"), "Allow", "GET, HEAD", http.StatusMethodNotAllowed},
		{http.MethodGet, "/favicon.ico", "Cache-Control", "max-age=86400", http.StatusNoContent},
		{http.MethodGet, "/", "Vary", "Accept, Accept-Language", http.StatusOK},
	} {
		resp := w.ask(c.method, "", c.path)
		if resp.StatusCode != c.status || resp.Header.Get(c.header) != c.want {
			t.Errorf("%s %s: %d, %s is %q, want %d, %q", c.method, c.path, resp.StatusCode, c.header, resp.Header.Get(c.header), c.status, c.want)
		}
	}
}

// TestAnotherMediaType: the refusal names the type that was sent and the one that is read.
func TestAnotherMediaType(t *testing.T) {
	w := serve(t, nil)
	resp, err := w.send(http.MethodPost, "/v1/calls", bytes.NewReader([]byte("{}")), "Content-Type", "text/plain")
	w.ok(err)
	defer resp.Body.Close()
	var p wire.Problem
	w.ok(json.NewDecoder(resp.Body).Decode(&p))
	if len(p.Errors) != 1 || p.Errors[0].Rule != "media_type" || p.Errors[0].Value != "text/plain" || p.Errors[0].Allowed != "application/json" {
		t.Errorf("%d %+v", resp.StatusCode, p)
	}
}

func TestRangesOverHTTP(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	file := data(200_000) // several of the store's encrypted pieces
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	path, tag, size := orderPath("sale", up.Object), `"`+string(up.SHA256)+`"`, len(file)
	for _, c := range []struct {
		header, cond string
		from, to     int // exclusive; to 0: the whole file, as 200
	}{
		{"", "", 0, 0},
		{"bytes=0-", "", 0, size},
		{"bytes=65535-65536", "", 65535, 65537},
		{"bytes=131000-", tag, 131000, size},
		{"bytes=-1", tag, size - 1, size},
		{"bytes=199999-999999", "", size - 1, size},
		{"bytes=5-9", `"` + string(sum("another")) + `"`, 0, 0},
		{"bytes=5-9", `W/` + tag, 0, 0}, // a weak tag never matches (RFC 9110 §13.1.5)
		{"lines=5-9", "", 0, 0},
	} {
		resp := w.ask(http.MethodGet, "buyer", path, "Range", c.header, "If-Range", c.cond)
		got, err := io.ReadAll(resp.Body)
		w.ok(err)
		status, want, span := http.StatusPartialContent, file[c.from:max(c.from, c.to)], ""
		if c.to == 0 {
			status, want = http.StatusOK, file
		} else {
			span = "bytes " + strconv.Itoa(c.from) + "-" + strconv.Itoa(c.to-1) + "/" + strconv.Itoa(size)
		}
		if resp.StatusCode != status || !bytes.Equal(got, want) || resp.Header.Get("Content-Range") != span || resp.Header.Get("ETag") != tag {
			t.Errorf("%q if %q: %d, %d bytes, Content-Range %q; want %d, %d, %q", c.header, c.cond, resp.StatusCode, len(got),
				resp.Header.Get("Content-Range"), status, len(want), span)
		}
		end := w.ended(ledger.ID(resp.Header.Get("Cadastre-Receipt")))
		if end.Outcome != ledger.Complete || end.Offset != int64(c.from) || end.Bytes != int64(len(want)) || end.Size != int64(size) {
			t.Errorf("%q: the end receipt says %s, %d bytes from %d", c.header, end.Outcome, end.Bytes, end.Offset)
		}
	}
}

func TestRangesThatAreRefused(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	up := w.upload("operator", data(1000))
	w.sale("sale", "bus", up, ledger.Quota{Uses: 1})
	path := orderPath("sale", up.Object)
	for header, rule := range map[string]string{
		"bytes=1000-": "within_content", "bytes=1000-2000": "within_content", "bytes=999999999999999999-": "within_content",
		"bytes=0-1,5-6": "one_range", "bytes=0-1, 5-6": "one_range", "bytes=5-3": "RFC 9110 §14.1.2", "bytes=-0": "RFC 9110 §14.1.2",
		"bytes=": "RFC 9110 §14.1.2", "bytes=a-b": "RFC 9110 §14.1.2", "bytes=-9999999999999999999999": "RFC 9110 §14.1.2",
	} {
		resp := w.ask(http.MethodGet, "buyer", path, "Range", header)
		if got := resp.Header.Get("Content-Range"); got != "bytes */1000" {
			t.Errorf("%q: Content-Range %q", header, got)
		}
		if p := w.refused(resp, http.StatusRequestedRangeNotSatisfiable, ledger.ReasonRange); p.Field != "Range" || p.Rule != rule {
			t.Errorf("%q is refused for %q by %q, want %q", header, p.Field, p.Rule, rule)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
	w.ok(err)
	req.Header = http.Header{"Authorization": {"Bearer " + w.token("buyer")}, "Range": {"bytes=0-1", "bytes=5-6"}}
	twice, err := w.http.Do(req)
	w.ok(err)
	w.refused(twice, http.StatusRequestedRangeNotSatisfiable, ledger.ReasonRange)
	// With a condition that fails, there is no range to refuse (RFC 9110 §13.1.5).
	resp := w.ask(http.MethodGet, "buyer", path, "Range", "bytes=5000-", "If-Range", `"x"`)
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK || n != 1000 {
		t.Errorf("a range on a condition that fails: %d, %d bytes, %v", resp.StatusCode, n, err)
	}
	if n := len(w.receiptsFor("sale", ledger.ReceiptStart)); n != 1 {
		t.Errorf("%d starts, want only that of the last", n)
	}
}

// TestRecordsByTheirIDs: parties and products are found by several ids at once, in the
// order of the ids; an id without a record is left out.
func TestRecordsByTheirIDs(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	w.sale("sale", "bus", w.upload("operator", data(1000)), ledger.Quota{Uses: 1})
	for path, ids := range map[string][]ledger.ID{
		"/v1/parties":  {id("buyer"), id("holder"), id("operator")},
		"/v1/products": {id("sale")},
	} {
		var page struct {
			Items []struct{ ID ledger.ID }
		}
		list := []string{string(id("none"))}
		for _, i := range ids {
			list = append(list, string(i))
		}
		w.ok(json.Unmarshal(w.body(w.ask(http.MethodGet, "", path+"?ids="+strings.Join(list, ","))), &page))
		var got []ledger.ID
		for _, item := range page.Items {
			got = append(got, item.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestReadsAreTagged: whoever asks again for what has not changed is told so.
func TestReadsAreTagged(t *testing.T) {
	w := serve(t, nil)
	const path = "/v1/parties?role=holder"
	first := w.ask(http.MethodGet, "", path)
	tag := first.Header.Get("ETag")
	if tag == "" {
		t.Fatal("a read has no ETag")
	}
	if again := w.ask(http.MethodGet, "", path, "If-None-Match", `W/"x", `+tag); again.StatusCode != http.StatusNotModified || again.ContentLength > 0 {
		t.Errorf("asked again: %d, %d bytes", again.StatusCode, again.ContentLength)
	}
	w.act("regulator", ref(ledger.KindParty, "holder"), ledger.FnPartySuspend)
	if after := w.ask(http.MethodGet, "", path, "If-None-Match", tag); after.StatusCode != http.StatusOK || after.Header.Get("ETag") == tag {
		t.Errorf("asked after a change: %d %s", after.StatusCode, after.Header.Get("ETag"))
	}
	if resp := w.ask(http.MethodGet, "", "/v1/products/"+string(id("none"))); resp.StatusCode != http.StatusNotFound || resp.Header.Get("ETag") != "" {
		t.Errorf("a refusal: %d with tag %q", resp.StatusCode, resp.Header.Get("ETag"))
	}
}
