package torture_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// tellStory opens a node, asks it for each thing in turn, several times, and ends without
// closing it. What fails is tried no further: the next step follows.
func tellStory(dir string) error {
	file, err := os.OpenFile(acksOf(dir), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	sale, err := readSold(dir)
	if err != nil {
		return err
	}
	l := newLoad(s.cast, sale, "story", func(a ack) {
		b, err := json.Marshal(a)
		if err != nil {
			panic(err) // it is plain data
		}
		if _, err := file.Write(append(b, '\n')); err != nil {
			panic(err) // the test has no record then
		}
	})
	for range 2 {
		for _, step := range []func(context.Context) error{l.call, l.upload, l.pieces, l.deliver, l.key, l.call, l.checkpoints} {
			limited, stop := context.WithTimeout(ctx, time.Second)
			if err := step(limited); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			stop()
		}
	}
	return nil
}

func readAcks(dir string) (acks []ack, err error) {
	b, err := os.ReadFile(acksOf(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the node did not start
	}
	for line := range strings.Lines(string(b)) {
		var a ack
		err = errors.Join(err, json.Unmarshal([]byte(line), &a))
		acks = append(acks, a)
	}
	return acks, err
}

// failing is a way in which the writes of some stores fail.
type failing struct {
	name  string
	calls string   // system calls that fail
	paths []string // of files in the folder; empty: of all
	how   string   // for strace; with "+" all later ones fail too
}

// databases returns the files of databases that are written.
func databases(names ...string) (paths []string) {
	for _, n := range names {
		paths = append(paths, n+".db", n+".db-wal")
	}
	return paths
}

// failures are the failures that a disk reports: the write fails, or its sync, which is an
// error after the bytes were written; it has no room, now or from now on; it can no longer
// be written; or it is only slow. Only objects change names while a node is served.
var failures = []failing{
	{"ledger", "pwrite64,fsync,ftruncate", databases("ledger"), "error=EIO"},
	{"receipts", "pwrite64,fsync,ftruncate", databases("receipts"), "error=EIO"},
	{"node", "pwrite64,fsync,ftruncate", databases("node"), "error=EIO"},
	{"read", "pwrite64,fsync,ftruncate", databases("read"), "error=EIO"},
	{"names", "renameat,mkdirat,unlinkat", nil, "error=EIO"},
	{"full", "pwrite64,ftruncate", databases("ledger", "receipts", "node", "read"), "error=ENOSPC+"},
	{"unsynced", "fsync", databases("ledger", "receipts", "node", "read"), "error=EIO+"},
	{"read-only", "pwrite64,ftruncate,fsync", databases("ledger", "receipts", "node", "read"), "error=EROFS+"},
	{"slow", "pwrite64,fsync", databases("ledger", "receipts", "node", "read"), "delay_enter=5000+"},
}

// tell tells the story in a folder under strace, with a write failing. It returns the
// writes that there were, and how many failed.
func (f failing) tell(t *testing.T, dir string, which nth) (all []nth, failed int, err error) {
	out := dir + ".trace"
	defer os.Remove(out)
	options := []string{"-e", "trace=" + f.calls}
	for _, p := range f.paths {
		options = append(options, "-P", filepath.Join(dir, p))
	}
	if which.n > 0 {
		options = append(options, which.inject(f.calls, f.how)...)
	}
	c := tracing(t, out, options...)
	c.Env = append(os.Environ(), storyEnv+"="+dir)
	text, err := c.CombinedOutput()
	if err != nil && (which.n == 0 || strings.Contains(string(text), "panic:")) {
		return nil, 0, fmt.Errorf("the story: %w: %s", err, text)
	}
	if all, err = writes(out); err != nil {
		return nil, 0, err
	}
	failed, err = injected(out)
	return all, failed, err
}

// TestWritesFail lets writes fail, once or from then on, in the middle of a story, for each
// write of the story: whatever was acknowledged is there at the next start, and everything
// is sound.
func TestWritesFail(t *testing.T) {
	forTorture(t)
	straced(t)
	chance := rand.New(rand.NewPCG(random(t), 2))
	base := lay(t, small)
	for _, f := range failures {
		t.Run(f.name, func(t *testing.T) {
			whole := f.try(t, base, nth{})
			ok(t, whole.err)
			which := sample(whole.all, *faults, chance)
			results := make([]told, len(which))
			var workers sync.WaitGroup
			for w := range tellers {
				workers.Go(func() {
					for i := w; i < len(which); i += tellers {
						results[i] = f.trySurely(t, base, which[i])
					}
				})
			}
			workers.Wait()
			least, runs := whole.acked, 0
			for i, r := range results {
				if r.err != nil {
					t.Errorf("%v: %v", which[i], r.err)
				}
				least, runs = min(least, r.acked), runs+min(r.failed, 1)
			}
			fmt.Printf("%s, %s: at %d of %d writes, each in its own run; %d to %d things acknowledged\n", f.name, f.how, runs, len(whole.all), least, whole.acked)
			if runs == 0 {
				t.Error("nothing failed: the test shows nothing")
			}
		})
	}
}

// tellers is how many stories are told at once: they wait more than they work.
const tellers = 4

// trySurely tries a write, or an earlier one if there was no such write: from run to run the
// threads share the work in another way.
func (f failing) trySurely(t *testing.T, base string, which nth) told {
	for {
		r := f.try(t, base, which)
		if r.failed > 0 || r.err != nil || which.n == 0 {
			return r
		}
		if which.n /= 2; which.n == 0 {
			first, _, _ := strings.Cut(f.calls, ",")
			return f.try(t, base, nth{first, 1})
		}
	}
}

// told is what became of a story.
type told struct {
	all    []nth
	failed int // writes
	acked  int
	err    error // what is wrong with the folder
}

// try tells the story in a copy of the folder and inspects what it left.
func (f failing) try(t *testing.T, base string, which nth) (r told) {
	dir := filepath.Join(t.TempDir(), "node") // two runs may try the same write, see trySurely
	defer os.RemoveAll(dir)
	if r.err = linkFolder(dir, base); r.err != nil {
		return r
	}
	if r.all, r.failed, r.err = f.tell(t, dir, which); r.err != nil {
		return r
	}
	acks, err := readAcks(dir)
	if r.err = err; r.err == nil {
		r.acked = len(acks)
		r.err = (&held{dir: dir}).inspect(t.Context(), acks, true)
	}
	return r
}

// linkFolder copies a folder; its objects are links, since nothing writes into them.
func linkFolder(to, from string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		switch {
		case e.IsDir():
			return os.Mkdir(at, 0o700)
		case strings.HasPrefix(rel, "objects/"):
			return os.Link(path, at)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(at, b, 0o600)
	})
}
