package torture_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
)

// process is a node that a copy of this program serves.
type process struct {
	url string
	cmd *exec.Cmd
}

// spawn serves a folder in a process of its own.
func spawn(ctx context.Context, dir string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, program)}
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), serveEnv+"="+dir), os.Stderr
	if _, err := p.cmd.StdinPipe(); err != nil { // its end tells the copy that we are gone
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the node does not say where it is: %w", err), p.kill())
	}
	p.url = strings.TrimSpace(line)
	return p, nil
}

// kill ends the process without a word.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it says that it was killed
	return err
}

// victim is a folder whose node is killed again and again.
type victim struct {
	held
	chance  *rand.Rand
	sale    sold
	all     []ack // of all rounds
	pending []arrived

	starting int // how often it was killed while it started
	copies   copies
}

// killStarting kills, one time in three, the node while it starts.
func (v *victim) killStarting(ctx context.Context) error {
	if v.chance.IntN(3) > 0 {
		return nil
	}
	v.starting++
	ctx, stop := context.WithTimeout(ctx, time.Duration(v.chance.IntN(200))*time.Millisecond)
	defer stop()
	p, err := spawn(ctx, v.dir)
	if err == nil {
		return p.kill()
	}
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// round loads the node, kills it at a random moment, and returns what it acknowledged in
// this round.
func (v *victim) round(ctx context.Context, n int) (acks []ack, err error) {
	p, err := spawn(ctx, v.dir)
	if err != nil {
		return nil, err
	}
	c, err := castOf(v.dir, p.url)
	if err != nil {
		return nil, errors.Join(err, p.kill())
	}
	var mu sync.Mutex
	l := newLoad(c, v.sale, fmt.Sprint("kill ", n, " "), func(a ack) {
		mu.Lock()
		defer mu.Unlock()
		acks = append(acks, a)
	})
	l.pending = v.pending
	run, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- l.run(run) }()
	copied := v.copyNow(ctx, func() []ack {
		mu.Lock()
		defer mu.Unlock()
		return append(v.sample(), acks...)
	})
	moment := time.Duration(5+v.chance.IntN(700)) * time.Millisecond
	select {
	case <-time.After(moment):
	case err := <-ended: // the load itself failed
		return nil, errors.Join(err, p.kill())
	}
	err = p.kill()
	stop()
	failed := <-ended
	err = errors.Join(err, <-copied)
	v.pending = l.pending
	for _, e := range unwrapped(failed) {
		if !gone(e) {
			err = errors.Join(err, fmt.Errorf("before the kill: %w", e))
		}
	}
	return acks, err
}

// copyNow makes, one time in four, a backup at a random moment of the load.
func (v *victim) copyNow(ctx context.Context, acknowledged func() []ack) <-chan error {
	copied := make(chan error, 1)
	wait := time.Duration(v.chance.IntN(300)) * time.Millisecond
	if v.chance.IntN(4) > 0 {
		copied <- nil
		return copied
	}
	go func() {
		time.Sleep(wait)
		copied <- v.copies.backUp(ctx, v.dir, acknowledged)
	}()
	return copied
}

// sample returns up to 200 acknowledgments of earlier rounds.
func (v *victim) sample() []ack {
	if len(v.all) <= 200 {
		return slices.Clone(v.all)
	}
	return slices.Clone(v.all[len(v.all)-200:])
}

func unwrapped(err error) []error {
	if joined, is := err.(interface{ Unwrap() []error }); is { // the joined errors of the workers, not one of their causes
		return joined.Unwrap()
	}
	return nil
}

// gone reports whether an error only says that the node was killed.
func gone(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, ledger.Unavailable) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) || errors.As(err, new(net.Error)) || strings.Contains(err.Error(), "EOF")
}

// TestKills kills a node at random moments under mixed load, again and again over the same
// folder. After each kill the node starts, has everything that it acknowledged in this
// round and a sample of what it did before, its logs continue every checkpoint that was
// seen, each delivery has an end, and nothing unfinished is left.
func TestKills(t *testing.T) {
	forTorture(t)
	s := random(t)
	v := &victim{chance: rand.New(rand.NewPCG(s, 1))}
	v.dir = lay(t, large)
	var err error
	v.sale, err = readSold(v.dir)
	ok(t, err)
	v.copies.target = filepath.Join(t.TempDir(), "target")
	for n := range *kills {
		ok(t, v.killStarting(t.Context()))
		made := v.copies.done
		fresh, err := v.round(t.Context(), n)
		if err != nil {
			t.Fatalf("round %d: %v", n, err)
		}
		v.all = append(v.all, fresh...)
		deep := n == *kills-1 || n%50 == 49
		ask := v.all
		if !deep {
			ask = fresh
			for range min(50, len(v.all)) {
				ask = append(ask, v.all[v.chance.IntN(len(v.all))])
			}
		}
		if err := v.inspect(t.Context(), ask, deep); err != nil {
			t.Fatalf("after kill %d: %v", n, err)
		}
		if v.copies.done > made {
			dir := filepath.Join(t.TempDir(), "restored")
			if err := v.copies.inspect(t.Context(), dir, filepath.Join(v.dir, "profiles"), made%10 == 0); err != nil {
				t.Fatalf("after kill %d: %v", n, err)
			}
			ok(t, os.RemoveAll(dir))
		}
	}
	interrupted := 0
	for _, r := range v.ends {
		if r.Outcome == ledger.Interrupted {
			interrupted++
		}
	}
	fmt.Printf("kills: %d under load and %d of a node that starts; %d entries, %d receipts, %d deliveries interrupted; acknowledged: %v\n",
		*kills, v.starting, v.ledger.size, v.receipts.size, interrupted, kinds(v.all))
	fmt.Printf("backups under load: %d, each restored and inspected\n", v.copies.done)
	if v.copies.done == 0 && *kills >= 20 {
		t.Error("no backup was made")
	}
	if interrupted == 0 {
		t.Error("no delivery was interrupted: nothing was killed at work")
	}
}
