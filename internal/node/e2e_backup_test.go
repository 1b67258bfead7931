package node_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/ledger"
)

// backUp copies the world's folder to a target, from this process.
func (w *world) backUp(target string, s backup.Seals) node.BackupReport {
	w.t.Helper()
	to, err := backup.Create(w.t.Context(), target, backup.Options{Now: time.Now})
	w.ok(err)
	r, err := node.Backup(w.t.Context(), node.BackupOptions{Dir: w.dir, Seals: s, Version: "test", Now: time.Now, Done: func(int64) {}}, to)
	w.ok(err)
	w.ok(to.Close())
	return r
}

// restore puts the newest backup of a target into a new folder, in which the world
// continues.
func (w *world) restore(target string, o node.RestoreOptions) node.RestoreReport {
	w.t.Helper()
	from, err := backup.Open(w.t.Context(), target)
	w.ok(err)
	o.Dir, o.Now, o.Done = filepath.Join(w.t.TempDir(), "restored"), time.Now, func(int64) {}
	r, err := node.Restore(w.t.Context(), o, from)
	w.ok(err)
	w.ok(from.Close())
	w.dir = o.Dir
	return r
}

// resume opens the restored folder, in which nobody has a later checkpoint. Without saying
// so it can't be opened.
func (w *world) resume() {
	w.t.Helper()
	if _, err := node.Open(w.t.Context(), w.options()); err == nil || !strings.Contains(err.Error(), "--last-checkpoint") {
		w.t.Errorf("a restored folder was opened: %v", err)
	}
	options := w.options()
	options.NothingHeld = true // nobody else has a checkpoint
	n, err := node.Open(w.t.Context(), options)
	w.ok(err)
	w.ok(n.Close(w.t.Context()))
	w.open()
}

// uploads are files that were uploaded and recorded as content of a product.
type uploads struct {
	mu   sync.Mutex
	list []string // objects
	done sync.WaitGroup
}

func (u *uploads) run(ctx context.Context, c *client.Client, product ledger.Ref, n int) {
	for i := range n {
		u.done.Go(func() {
			for j := 0; ; j++ {
				up, err := c.Upload(ctx, bytes.NewReader(fmt.Appendf(nil, "file %d of %d", j, i)))
				if err != nil {
					return
				}
				_, err = c.Call(ctx, ledger.FnContentAdd, ledger.ContentArgs{
					ID: client.NewID(), Subject: product, Object: up.Object, SHA256: up.SHA256, Bytes: up.Bytes, Ingest: up.Receipt, Node: up.Node, Name: "a.csv",
				})
				if err != nil {
					return
				}
				u.mu.Lock()
				u.list = append(u.list, up.Object)
				u.mu.Unlock()
			}
		})
	}
}

func (u *uploads) acknowledged() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.list)
}

// TestBackupUnderLoad copies a node twice while calls, uploads and deliveries run, and
// restores the second copy: everything that was acknowledged before it began is there.
func TestBackupUnderLoad(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	seals := backup.Seals{Recipients: []age.Recipient{identity.Recipient()}}
	w := lay(t, limits(nil))
	kill := w.spawn()
	w.admit()
	w.register("bus", "holder")
	file := data(3 << 20)
	up := w.upload("operator", file)
	w.sale("sale", "bus", up, ledger.Quota{})
	var calls writers
	var files uploads
	loading, stop := context.WithCancel(t.Context())
	defer stop()
	calls.write(loading, w.party["holder"], 4)
	files.run(loading, w.party["operator"], ref(ledger.KindProduct, "sale"), 2)
	deliveries, token := new(sync.WaitGroup), w.token("buyer")
	deliveries.Go(func() {
		for loading.Err() == nil {
			if resp, err := w.send(http.MethodGet, orderPath("sale", up.Object), nil, "Authorization", "Bearer "+token); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
	})
	until(t, "the load runs", func() bool { return len(calls.acknowledged()) > 50 && len(files.acknowledged()) > 5 })
	target := filepath.Join(t.TempDir(), "target")
	first := w.backUp(target, seals)
	acknowledged, uploaded := calls.acknowledged(), files.acknowledged()
	second := w.backUp(target, seals)
	stop()
	calls.done.Wait()
	files.done.Wait()
	deliveries.Wait()
	kill()
	if first.New != first.Objects || second.New != second.Objects-first.Objects || second.Objects < int64(len(uploaded)) {
		t.Errorf("%d of %d blobs were copied, then %d of %d", first.New, first.Objects, second.New, second.Objects)
	}
	if len(first.Absent)+len(second.Damaged) > 0 {
		t.Errorf("absent %q, damaged %q", first.Absent, second.Damaged)
	}
	noted, err := node.LastBackup(w.dir)
	if err != nil || noted == nil || noted.ID != second.ID || noted.Ledger.Size != second.Ledger.Size {
		t.Errorf("the folder notes %+v, %v", noted, err)
	}

	r := w.restore(target, node.RestoreOptions{Opens: backup.Opens{Identities: []age.Identity{identity}}})
	if *r.Ledger != *second.Ledger || r.Receipts != second.Receipts || len(r.Absent) > 0 {
		t.Errorf("restored %+v of %+v", r, second)
	}
	h, err := node.ReadHeads(t.Context(), w.dir)
	if err != nil || h.Ledger.TreeHead != *second.Ledger || h.Receipts.TreeHead != second.Receipts {
		t.Errorf("the heads are %+v, %v", h, err)
	}
	w.resume()
	w.speak("holder", id("holder"))
	w.speak("buyer", id("buyer"))
	for _, call := range acknowledged {
		if _, err := w.party["holder"].Payload(t.Context(), call); err != nil {
			t.Errorf("an acknowledged call is lost: %v", err)
		}
	}
	for _, object := range append(uploaded, up.Object) {
		resp := w.ask(http.MethodGet, "buyer", orderPath("sale", object))
		got, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || object == up.Object && !bytes.Equal(got, file) {
			t.Errorf("object %s: %d, %v", object, resp.StatusCode, err)
		}
	}
	t.Logf("%d calls and %d uploads before the second copy of %d entries and %d receipts", len(acknowledged), len(uploaded), second.Ledger.Size, second.Receipts.Size)
}
