package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// stored is what a store of objects did: it has an object, begins one in parts, or
// deletes one. An object that is begun or being deleted may be there in part.
type stored struct {
	Object  *wire.Ingested `json:"object,omitempty"`
	Begun   string         `json:"begun,omitempty"`
	Deletes string         `json:"deletes,omitempty"`
	Deleted string         `json:"deleted,omitempty"`
}

// keepObjects puts, joins and deletes objects, and ends without closing the store. What
// fails is left. Notes are written with a call that does not fail.
func keepObjects(dir string) error {
	runtime.LockOSThread() // strace counts the calls of each thread
	file, err := os.Create(acksOf(dir))
	if err != nil {
		return err
	}
	at := int64(0)
	note := func(s stored) {
		b, err := json.Marshal(s)
		if err == nil {
			_, err = file.WriteAt(append(b, '\n'), at)
		}
		if err != nil {
			panic(err) // the test has no record then
		}
		at += int64(len(b)) + 1
	}
	key, err := seal.Load(filepath.Join(dir, "master"))
	if err != nil {
		return err
	}
	o, err := objects.OpenDisk(filepath.Join(dir, "objects"), key)
	if err != nil {
		return err
	}
	ctx := context.Background()
	keep := func(i objects.Info) {
		note(stored{Object: &wire.Ingested{Object: i.ID, SHA256: ledger.Digest(i.SHA256), Bytes: i.Bytes}})
	}
	for n := range uint32(3) {
		i, err := o.Put(ctx, bytes.NewReader(content(n, 100_000)), 1<<20)
		if err == nil {
			keep(i)
		}
		if d, err := o.Begin(ctx); err == nil {
			note(stored{Begun: d.ID})
			for range 2 {
				if next, err := o.Append(ctx, d, bytes.NewReader(content(n, 70_000)), 1<<20); err == nil {
					d = next
				}
			}
			if whole, err := o.Join(ctx, d); err == nil {
				keep(whole)
			}
		}
		if n == 1 && err == nil {
			note(stored{Deletes: i.ID})
			if o.Delete(ctx, i.ID) == nil {
				note(stored{Deleted: i.ID})
			}
		}
	}
	return nil
}

// TestObjectsFail lets each write of a store of objects fail, once or from then on: what
// was acknowledged can be read, what was deleted is gone, and of what failed once nothing
// is left when the store is opened again.
func TestObjectsFail(t *testing.T) {
	forTorture(t)
	straced(t)
	chance := rand.New(rand.NewPCG(random(t), 3))
	for _, how := range []string{"error=EIO", "error=ENOSPC", "error=EROFS", "error=EIO+", "error=ENOSPC+", "delay_enter=20000"} {
		t.Run(how, func(t *testing.T) {
			all, _ := failObjects(t, "", nth{})
			which := sample(all, *faults, chance)
			var failed atomic.Int64
			var workers sync.WaitGroup
			for w := range tellers {
				workers.Go(func() {
					for i := w; i < len(which); i += tellers {
						_, m := failObjects(t, how, which[i])
						failed.Add(int64(min(m, 1)))
					}
				})
			}
			workers.Wait()
			fmt.Printf("objects, %s: %d of %d writes, each in its own run\n", how, failed.Load(), len(all))
			if failed.Load() == 0 {
				t.Error("no write failed: the test shows nothing")
			}
		})
	}
}

// failObjects lets a write of a new store fail, and inspects what it left. It returns the
// writes that there were, and how many failed.
func failObjects(t *testing.T, how string, which nth) (all []nth, failed int) {
	dir, err := os.MkdirTemp(t.TempDir(), "") //nolint:usetesting // it is called from goroutines
	if err == nil {
		_, err = seal.Create(filepath.Join(dir, "master"))
	}
	if err != nil {
		t.Error(err)
		return nil, 0
	}
	const calls = "write,fsync,renameat,mkdirat,unlinkat"
	options := []string{"-e", "trace=" + calls}
	if which.n > 0 {
		options = append(options, which.inject(calls, how)...)
	}
	c := tracing(t, dir+".trace", options...)
	c.Env = append(os.Environ(), objectsEnv+"="+dir)
	text, err := c.CombinedOutput()
	if err != nil && (which.n == 0 || strings.Contains(string(text), "panic:")) { // Go itself ends a program that can't wake its poller
		t.Errorf("%v: %v %s", which, err, text)
	}
	remains := strings.HasSuffix(how, "+") || strings.Contains(string(text), "fatal error:")
	if err := inspectObjects(t.Context(), dir, remains); err != nil {
		t.Errorf("%s at %v: %v", how, which, err)
	}
	all, err = writes(dir + ".trace")
	if err == nil {
		failed, err = injected(dir + ".trace")
	}
	if err != nil {
		t.Error(err)
	}
	return all, failed
}

// inspectObjects opens a store again. remains says that a program may have left something:
// it could not remove it, or was ended. List names that, and the node's sweep removes it.
func inspectObjects(ctx context.Context, dir string, remains bool) error {
	b, err := os.ReadFile(acksOf(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := seal.Load(filepath.Join(dir, "master"))
	if err != nil {
		return err
	}
	o, err := objects.OpenDisk(filepath.Join(dir, "objects"), key)
	if err != nil {
		return fmt.Errorf("the store does not open: %w", err)
	}
	defer o.Close()
	var notes []stored
	var parts, gone []string
	for line := range strings.Lines(string(b)) {
		var s stored
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			return err
		}
		notes = append(notes, s)
		parts, gone = append(parts, s.Begun, s.Deletes), append(gone, s.Deletes)
	}
	for _, s := range notes {
		if s.Object != nil && !slices.Contains(gone, s.Object.Object) {
			err = errors.Join(err, readable(ctx, o, *s.Object))
		}
		if s.Deleted != "" {
			if _, e := o.Stat(ctx, s.Deleted); !errors.Is(e, objects.ErrNotExist) {
				err = errors.Join(err, fmt.Errorf("%s was deleted and is there: %w", s.Deleted, e))
			}
		}
	}
	return errors.Join(err, o.List(ctx, func(i objects.Info) error {
		if i.Remains {
			if !remains && !slices.Contains(parts, i.ID) {
				return fmt.Errorf("%s is left of what failed", i.ID)
			}
			return nil
		}
		_, err := o.Stat(ctx, i.ID)
		return err
	}))
}
