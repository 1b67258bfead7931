package torture_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// recording is what the system calls of a node under load were.
type recording struct {
	root, base, trace string
	acks              map[string]int // by kind
	moments           int            // calls after which the power may be cut
}

// record traces a node under load, until it has acknowledged so many calls.
func record(t *testing.T, calls int) *recording {
	t.Helper()
	straced(t)
	r := &recording{root: lay(t, small)}
	r.base, r.trace = r.root+".before", r.root+".trace"
	ok(t, copyFolder(r.base, r.root))
	c := tracing(t, r.trace, "-e", "trace="+traced)
	c.Env = append(os.Environ(), loadEnv+"="+r.root, "CADASTRE_TORTURE_CALLS="+strconv.Itoa(calls))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("the load failed: %v\n%s", err, out)
	}
	var last []ack
	ok(t, r.replay(nil, func(_ *disk, acks []ack, moment int) error {
		last, r.moments = acks, moment
		return nil
	}))
	r.acks = kinds(last)
	return r
}

func copyFolder(to, from string) error { return os.CopyFS(to, os.DirFS(from)) }

// replay calls each after every system call that changed something, once something was
// acknowledged. deaf says whose syncs are ignored.
func (r *recording) replay(deaf func(path string) bool, each func(d *disk, acks []ack, moment int) error) error {
	d, err := newDisk(r.root, r.base)
	if err != nil {
		return err
	}
	if deaf != nil {
		d.deaf = deaf
	}
	f, err := os.Open(r.trace)
	if err != nil {
		return err
	}
	defer f.Close()
	var acks []ack
	moment := 0
	return readTrace(f, d.enter, func(c *call) error {
		if c.name == "write" && c.file(0) == acksOf(r.root) {
			var a ack
			if err := json.Unmarshal(bytes.TrimSpace(c.text(1)), &a); err != nil {
				return err
			}
			acks = append(acks, a)
		} else if err := d.leave(c); err != nil {
			return err
		}
		if len(acks) == 0 || c.name == "lseek" || c.name == "openat" {
			return nil
		}
		moment++
		return each(d, acks, moment)
	})
}

// state is what is left when the power was cut.
type state struct {
	dir    string
	moment int
	loss   loss
	acks   []ack
	err    error
}

// cut rebuilds the folder at n random moments and inspects it.
func (r *recording) cut(t *testing.T, n int, s uint64, deaf func(string) bool, losses []loss) []state {
	t.Helper()
	chance := rand.New(rand.NewPCG(s, 0))
	var moments []int
	for range n {
		moments = append(moments, 1+chance.IntN(r.moments))
	}
	slices.Sort(moments)
	work, done := make(chan state), make(chan state)
	var inspectors sync.WaitGroup
	for range 2 {
		inspectors.Go(func() {
			for c := range work {
				h := &held{dir: c.dir}
				c.err = h.inspect(t.Context(), c.acks, true)
				_ = os.RemoveAll(c.dir)
				done <- c
			}
		})
	}
	var all []state
	var collector sync.WaitGroup
	collector.Go(func() {
		for c := range done {
			all = append(all, c)
		}
	})
	ok(t, r.replay(deaf, func(d *disk, acks []ack, moment int) error {
		for len(moments) > 0 && moments[0] == moment {
			moments = moments[1:]
			l := losses[len(moments)%len(losses)]
			c := state{dir: filepath.Join(filepath.Dir(r.root), fmt.Sprintf("cut%d", len(moments))), moment: moment, loss: l, acks: acks}
			if err := d.rebuild(c.dir, l, rand.New(rand.NewPCG(s, uint64(len(moments)+1)))); err != nil {
				return err
			}
			work <- c
		}
		return nil
	}))
	close(work)
	inspectors.Wait()
	close(done)
	collector.Wait()
	return all
}

// rebuild writes the files as they may be after a cut. Objects that never changed are
// links: nothing writes into them.
func (d *disk) rebuild(dir string, l loss, r *rand.Rand) error {
	files, same, err := d.cut(l, r)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for path := range files {
		if strings.HasSuffix(path, "/") {
			if err := os.MkdirAll(filepath.Join(dir, path), 0o700); err != nil {
				return err
			}
		}
	}
	for path, data := range files {
		if strings.HasSuffix(path, "/") {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, path), data, 0o600); err != nil {
			return err
		}
	}
	for path, from := range same {
		to := filepath.Join(dir, path)
		if strings.HasPrefix(path, "objects/") {
			err = os.Link(from, to)
		} else if b, e := os.ReadFile(from); e != nil {
			err = e
		} else {
			err = os.WriteFile(to, b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var everyLoss = []loss{dropped, all, prefix, some, pages, torn}

// TestPowerCuts rebuilds a node's files as they may be after a power cut at random moments
// of its work, with everything that was not synced lost, left in part or torn: whatever
// was acknowledged is there, and everything is sound.
func TestPowerCuts(t *testing.T) {
	forTorture(t)
	s := random(t)
	r := record(t, 60+*cuts/2)
	lost := 0
	for _, c := range r.cut(t, *cuts, s, nil, everyLoss) {
		if c.err != nil {
			lost++
			t.Errorf("cut at %d of %d, %s, %d acknowledged: %v", c.moment, r.moments, c.loss, len(c.acks), c.err)
		}
	}
	fmt.Printf("power cuts: %d at random among %d moments, %d lost something; acknowledged in all: %v\n", *cuts, r.moments, lost, r.acks)
}

// TestSyncsAreNeeded is the control: for each store, and for the names in folders, the
// syncs are ignored, as a disk does that lies. Then something acknowledged must be lost:
// else TestPowerCuts could find nothing.
func TestSyncsAreNeeded(t *testing.T) {
	forTorture(t)
	s := random(t)
	r := record(t, 60)
	below := func(prefix string) func(string) bool {
		return func(path string) bool { return strings.HasPrefix(path, filepath.Join(r.root, prefix)) }
	}
	for name, deaf := range map[string]func(string) bool{
		"ledger.db":   below("ledger.db"),
		"receipts.db": below("receipts.db"),
		"node.db":     below("node.db"),
		"objects":     below("objects"),
		"folders": func(path string) bool {
			info, err := fs.Stat(os.DirFS(r.root), strings.TrimPrefix(path, r.root+"/"))
			return err == nil && info.IsDir()
		},
	} {
		t.Run(name, func(t *testing.T) {
			lost, tried := 0, max(3, *cuts/40)
			for _, c := range r.cut(t, tried, s, deaf, []loss{dropped}) {
				if c.err != nil {
					lost++
				}
			}
			fmt.Printf("control: without syncs of %s, %d of %d cuts lose something\n", name, lost, tried)
			if lost == 0 {
				t.Error("nothing is lost without these syncs: the test shows nothing")
			}
		})
	}
}
