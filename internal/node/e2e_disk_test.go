//go:build linux

package node_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// smallDisk is a folder on a file system of its own of some size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a file system can't be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file until leave bytes of the disk are free, or to the end.
func fill(t *testing.T, file string, leave int64) {
	t.Helper()
	var s syscall.Statfs_t
	err := syscall.Statfs(filepath.Dir(file), &s)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for left := int64(s.Bavail)*s.Bsize - leave; left > 0 && err == nil; left -= 64 << 10 {
		_, err = f.Write(make([]byte, min(left, 64<<10)))
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// TestAFullDisk: below the first floor uploads are refused, below the second everything
// that writes, to the very end of the disk. The refusals and /readyz name the cause, what
// was refused leaves nothing, and goes through when there is room.
func TestAFullDisk(t *testing.T) {
	const mib = 1 << 20
	l := limits(func(l *node.Limits) { l.FreeForUploads, l.FreeForCalls = 24*mib, 8*mib })
	disk := smallDisk(t, "96m")
	w := layIn(t, disk, l)
	stop := w.run()
	defer func() { stop() }()
	w.admit()
	w.register("bus", "holder")
	kept := w.upload("operator", data(1000))
	w.sale("sale", "bus", kept, ledger.Quota{})
	if h := w.health(); !h.Ready {
		t.Fatalf("not ready: %s", h.Reason)
	}
	filler := filepath.Join(disk, "filler")
	begun := w.tusBegin("operator", 3000)
	w.arrives(w.tusPatch("operator", begun, 0, bytes.NewReader(data(1000))), 1000)
	files := len(w.files())
	upload := func() (*http.Response, error) {
		return w.send(http.MethodPost, "/v1/uploads", bytes.NewReader(data(2*mib)), "Authorization", "Bearer "+w.token("operator"))
	}
	deposit := func(name string) error {
		return w.try("holder", ledger.RefTo(ledger.KindDeposit, sum(name)), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(name), Bytes: 4096})
	}
	ask := func() *http.Response { return w.ask(http.MethodGet, "buyer", orderPath("sale", kept.Object)) }
	refused := func(resp *http.Response, err error) {
		t.Helper()
		w.ok(err)
		if resp.Header.Get("Retry-After") == "" {
			t.Error("a refusal does not say when to try again")
		}
		if p := w.refused(resp, http.StatusServiceUnavailable, ledger.ReasonDisk); p.Title == "" {
			t.Error("a refusal has no sentence")
		}
		if h := w.health(); h.Ready || h.Reason != ledger.ReasonDisk {
			t.Errorf("/readyz says %v %q", h.Ready, h.Reason)
		}
	}

	fill(t, filler, 16*mib) // too little for uploads
	refused(upload())
	refused(w.tusPatch("operator", begun, 1000, bytes.NewReader(data(2000))), nil)
	refused(w.tus(http.MethodPost, "operator", tusPath, nil, "Upload-Length", "10"), nil)
	w.ok(deposit("deposit below the first floor"))
	if resp := ask(); resp.StatusCode != http.StatusOK {
		t.Errorf("a delivery below the first floor: %d", resp.StatusCode)
	}

	for _, leave := range []int64{4 * mib, 0} { // too little for anything; nothing at all
		fill(t, filler, leave)
		refused(upload())
		refused(w.tusPatch("operator", begun, 1000, bytes.NewReader(data(2000))), nil)
		refused(ask(), nil)
		if e := ledger.AsError(deposit("deposit on a full disk")); e == nil || e.Code != ledger.Unavailable || e.Reason != ledger.ReasonDisk {
			t.Errorf("a call with %d bytes free: %v", leave, e)
		}
		if n := len(w.files()); n != files {
			t.Errorf("%d files of objects, want %d", n, files)
		}
	}

	w.ok(os.Remove(filler))
	until(t, "the node is ready again", func() bool { return w.health().Ready })
	w.ok(deposit("deposit on a full disk"))
	w.upload("operator", data(2*mib))
	w.arrives(w.tusPatch("operator", begun, 1000, bytes.NewReader(data(2000))), 3000)
	if resp := ask(); resp.StatusCode != http.StatusOK {
		t.Errorf("a delivery when there is room: %d", resp.StatusCode)
	}
	stop()
	stop = w.run() // everything is whole on the disk
	if h := w.health(); !h.Ready {
		t.Errorf("after a restart: %s", h.Reason)
	}
}

// TestADiskWithoutInodes: only uploads are refused, and /readyz says so, until there are
// inodes again.
func TestADiskWithoutInodes(t *testing.T) {
	const mib = 1 << 20
	l := limits(func(l *node.Limits) { l.FreeForUploads, l.FreeForCalls = 16*mib, 2*mib })
	disk := smallDisk(t, "96m,nr_inodes=11000")
	w := layIn(t, disk, l)
	w.open()
	w.admit()
	w.upload("operator", data(1000))
	many := filepath.Join(disk, "many")
	w.ok(os.Mkdir(many, 0o700))
	for n := range 1000 {
		w.ok(os.WriteFile(filepath.Join(many, strconv.Itoa(n)), nil, 0o600))
	}
	files := len(w.files())
	resp, err := w.send(http.MethodPost, "/v1/uploads", bytes.NewReader(data(10)), "Authorization", "Bearer "+w.token("operator"))
	w.ok(err)
	w.refused(resp, http.StatusServiceUnavailable, ledger.ReasonDisk)
	w.refused(w.tus(http.MethodPost, "operator", tusPath, nil, "Upload-Length", "10"), http.StatusServiceUnavailable, ledger.ReasonDisk)
	if h := w.health(); h.Ready || h.Reason != ledger.ReasonDisk || len(w.files()) != files {
		t.Errorf("without inodes: ready %v %q, %d files of objects, want %d", h.Ready, h.Reason, len(w.files()), files)
	}
	w.ok(w.try("holder", ledger.RefTo(ledger.KindDeposit, sum("deposit")), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit"), Bytes: 4096}))
	w.ok(os.RemoveAll(many))
	until(t, "the node is ready again", func() bool { return w.health().Ready })
	w.upload("operator", data(2000))
}

// TestADiskThatFillsDuringAnUpload: other programs write too; the upload is refused, and
// nothing of it stays.
func TestADiskThatFillsDuringAnUpload(t *testing.T) {
	const mib = 1 << 20
	l := limits(func(l *node.Limits) { l.FreeForUploads, l.FreeForCalls = 16*mib, 2*mib })
	disk := smallDisk(t, "96m")
	w := layIn(t, disk, l)
	w.open()
	w.admit()
	resp, err := w.send(http.MethodPost, "/v1/uploads", bytes.NewReader(data(90*mib)), "Authorization", "Bearer "+w.token("operator"))
	if err == nil {
		w.refused(resp, http.StatusServiceUnavailable, ledger.ReasonDisk)
	}
	until(t, "nothing of it is left", func() bool { return len(w.files()) == 0 })
	if h := w.health(); !h.Ready {
		t.Errorf("afterwards: %s", h.Reason)
	}
}
