package marketplace_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// TestUploadsOfOnePartyAreBounded: each may hold a part in memory.
func TestUploadsOfOnePartyAreBounded(t *testing.T) {
	w := newWorld()
	w.open(t)
	done := make(chan error, 64)
	var ends []*io.PipeWriter
	start := func(party ledger.ID) {
		r, e := io.Pipe()
		ends = append(ends, e)
		go func() { _, err := w.market.Ingest(t.Context(), party, r, -1); _ = r.Close(); done <- err }()
		_, _ = e.Write([]byte("x")) // it runs, or was refused
	}
	for range 16 {
		start(id("operator"))
	}
	if _, err := w.market.Ingest(t.Context(), id("operator"), strings.NewReader("x"), -1); outcome(t, err) != "unavailable busy running_uploads" {
		t.Errorf("one too many: %v", err)
	}
	start(id("holder"))
	for _, e := range ends {
		_ = e.Close()
	}
	for range ends {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := w.market.Ingest(t.Context(), id("operator"), strings.NewReader("x"), -1); err != nil {
		t.Errorf("after they ended: %v", err)
	}
}

// objectsOf lists what the store has.
func (w *world) objectsOf() (ids []string) {
	w.t.Helper()
	w.ok(w.store.List(w.t.Context(), func(i objects.Info) error {
		ids = append(ids, i.ID)
		return nil
	}))
	return ids
}

// ingest uploads size bytes, announced or not.
func (w *world) ingest(party string, size int, announced bool) (string, error) {
	length := int64(-1)
	if announced {
		length = int64(size)
	}
	done, err := w.market.Ingest(w.t.Context(), id(party), io.LimitReader(zeros{}, int64(size)), length)
	return done.Object, err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func (w *world) unnamed(party string, want int64) {
	w.t.Helper()
	if got := w.market.Unnamed(id(party)); got != want {
		w.t.Errorf("%s has %d bytes that nothing names, want %d", party, got, want)
	}
}

// TestOnlyWhoMayAddContentUploads: the table of acts says who.
func TestOnlyWhoMayAddContentUploads(t *testing.T) {
	w := newWorld()
	w.open(t)
	if _, err := w.ingest("buyer", 1, true); outcome(t, err) != "forbidden role" {
		t.Errorf("a buyer: %v", err)
	}
	for _, party := range []string{"operator", "holder"} {
		if _, err := w.ingest(party, 1, true); err != nil {
			t.Errorf("%s: %v", party, err)
		}
	}
	if n := len(w.objectsOf()); n != 2 {
		t.Errorf("%d objects are stored, want 2", n)
	}
}

// TestUnnamedBytesAreBounded: of each party, announced or not, whole or running; what is
// named, swept or refused is free again, and a restart counts the same.
func TestUnnamedBytesAreBounded(t *testing.T) {
	w := newWorld()
	w.open(t)
	const mib = 1 << 20
	w.file.ID, w.file.Object = id("second file"), must(w.ingest("operator", mib, true))
	if _, err := w.ingest("operator", mib, false); err != nil {
		t.Fatal(err)
	}
	w.unnamed("operator", 2*mib)
	for _, announced := range []bool{true, false} {
		_, err := w.ingest("operator", 1, announced)
		e := ledger.AsError(err)
		if outcome(t, err) != "forbidden unnamed_bytes" || e.Param("bytes") != "2162688" || e.Param("limit") != "2097152" {
			t.Errorf("one upload too many, announced %v: %v %v", announced, err, e)
		}
	}
	if _, err := w.ingest("holder", mib, true); err != nil {
		t.Errorf("another party: %v", err)
	}
	if n := len(w.objectsOf()); n != 3 {
		t.Errorf("%d objects are stored, want 3", n)
	}
	w.reopen()
	w.unnamed("operator", 2*mib)
	w.project() // content names the first
	w.ok(w.market.Named(t.Context(), []ledger.Event{{Records: []ledger.Record{record(ledger.KindContent, w.file.ID, w.file)}}}))
	w.unnamed("operator", mib)
	if _, err := w.ingest("operator", mib/2, true); err != nil {
		t.Errorf("after content was recorded: %v", err)
	}
	w.now = time.Now().Add(time.Hour) // the store's clock is real
	swept, err := w.market.Sweep(t.Context(), time.Minute, func(context.Context) error { return nil })
	if w.ok(err); swept != 3 {
		t.Errorf("%d are swept, want 3", swept)
	}
	w.unnamed("operator", 0)
	w.unnamed("holder", 0)
}

// TestTinyUploadsAreBounded: each uses files of the disk, so it adds more than its
// bytes, at once or in pieces, announced or not, and after a restart. Canceled and swept
// ones count no longer.
func TestTinyUploadsAreBounded(t *testing.T) {
	const most = 16
	w := newWorld()
	w.maxUnnamed = most * marketplace.MinCounted
	w.open(t)
	pieces := func() (string, error) {
		p, err := w.market.BeginUpload(t.Context(), id("operator"), 0)
		return p.ID, err
	}
	first := must(pieces())
	for i := range most - 1 {
		if _, err := w.ingest("operator", i%2, i%3 > 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, restart := range []bool{false, true} {
		if restart {
			w.reopen()
		}
		w.unnamed("operator", w.maxUnnamed)
		for _, announced := range []bool{true, false} {
			if _, err := w.ingest("operator", 0, announced); outcome(t, err) != "forbidden unnamed_bytes" {
				t.Errorf("one too many, announced %v, restart %v: %v", announced, restart, err)
			}
		}
		if _, err := pieces(); outcome(t, err) != "forbidden unnamed_bytes" {
			t.Errorf("one too many in pieces, restart %v: %v", restart, err)
		}
	}
	if n := len(w.objectsOf()); n != most {
		t.Errorf("%d objects are stored, want %d", n, most)
	}
	w.ok(w.market.CancelUpload(t.Context(), id("operator"), first))
	w.unnamed("operator", w.maxUnnamed-marketplace.MinCounted)
	w.now = time.Now().Add(time.Hour) // the store's clock is real
	_, err := w.market.Sweep(t.Context(), time.Minute, func(context.Context) error { return nil })
	w.ok(err)
	w.unnamed("operator", 0)
}

// TestNamedWhileTheNodeWasAway: a block that was applied as the node stopped frees its
// bytes at the next start.
func TestNamedWhileTheNodeWasAway(t *testing.T) {
	w := newWorld()
	w.open(t)
	w.file.ID, w.file.Object = id("second file"), must(w.ingest("operator", 1000, true))
	w.project()
	w.reopen()
	w.unnamed("operator", marketplace.MinCounted)
	w.ok(w.market.ForgetNamed(t.Context()))
	w.unnamed("operator", 0)
}

// TestAFailedUploadCountsNothing: neither one that breaks off nor one that brings less
// than it announced, nor one that is too large.
func TestAFailedUploadCountsNothing(t *testing.T) {
	w := newWorld()
	w.open(t)
	cut := io.MultiReader(io.LimitReader(zeros{}, 300_000), broken{})
	for _, length := range []int64{-1, 900_000} {
		if _, err := w.market.Ingest(t.Context(), id("operator"), cut, length); !errors.Is(err, errBroken) {
			t.Errorf("a cut upload: %v", err)
		}
	}
	if _, err := w.market.Ingest(t.Context(), id("operator"), io.LimitReader(zeros{}, 2<<20), -1); outcome(t, err) != "invalid too_large upload_bytes" {
		t.Errorf("a large upload: %v", err)
	}
	w.unnamed("operator", 0)
	if ids := w.objectsOf(); len(ids) != 0 {
		t.Errorf("left: %v", ids)
	}
	for _, c := range []struct {
		bytes          int
		length, counts int64
	}{{100_000, 900_000, 100_000}, {4, 900_000, marketplace.MinCounted}, {4, 1000, marketplace.MinCounted}} {
		before := w.market.Unnamed(id("operator"))
		if _, err := w.market.Ingest(t.Context(), id("operator"), io.LimitReader(zeros{}, int64(c.bytes)), c.length); err != nil {
			t.Errorf("less than announced: %v", err)
		}
		w.unnamed("operator", before+c.counts)
	}
}

// TestAFullDiskStopsARunningUpload: it asks again for room while bytes come.
func TestAFullDiskStopsARunningUpload(t *testing.T) {
	w := newWorld()
	w.maxUpload, w.maxUnnamed = 64<<20, 64<<20
	w.open(t)
	w.room = ledger.Refuse(ledger.Unavailable, ledger.ReasonDisk)
	if _, err := w.ingest("operator", 1, true); outcome(t, err) != "unavailable disk_full" {
		t.Errorf("on a full disk: %v", err)
	}
	w.room = nil
	fills := readers(func(b []byte) (int, error) {
		w.room = ledger.Refuse(ledger.Unavailable, ledger.ReasonDisk)
		return zeros{}.Read(b)
	})
	if _, err := w.market.Ingest(t.Context(), id("operator"), io.LimitReader(fills, 32<<20), 32<<20); outcome(t, err) != "unavailable disk_full" {
		t.Errorf("the disk fills: %v", err)
	}
	w.unnamed("operator", 0)
	if ids := w.objectsOf(); len(ids) != 0 {
		t.Errorf("left: %v", ids)
	}
}

type readers func([]byte) (int, error)

func (f readers) Read(b []byte) (int, error) { return f(b) }

var errBroken = errors.New("broken off")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

func must(object string, err error) string {
	if err != nil {
		panic(err)
	}
	return object
}
