package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/process"
)

// lock prevents two commands from changing the same run folder at the same time.
func lock(p *program) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(p.run, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	// A blocking flock would not end with the context, so the lock is tried at intervals.
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", p.run, err), f.Close())
		}
		select {
		case <-p.ctx.Done():
			return nil, errors.Join(p.ctx.Err(), f.Close())
		case <-pause.C:
		}
	}
}

// change runs f on the network of the run folder while no other command changes it.
func (p *program) change(f func(context.Context, host) error) error {
	n, err := load(p.run)
	if err != nil {
		return err
	}
	unlock, err := lock(p)
	if err != nil {
		return err
	}
	defer unlock()
	ctx, stop := context.WithTimeoutCause(p.ctx, 2*time.Minute, errors.New("no success within two minutes"))
	defer stop()
	return withCause(ctx, f(ctx, host{Network: n, env: p.env}))
}

// withCause adds the cause to an error if the end of the context stopped the
// retries.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

type killCmd struct {
	Names []string `arg:"" name:"name" help:"orderer, peer.ORGANIZATION, chaincode.ORGANIZATION, or all."`
}

// Run ends processes with SIGKILL, as a fault would.
func (c *killCmd) Run(p *program) error {
	return p.change(func(ctx context.Context, h host) error {
		chosen, err := h.selected(c.Names)
		if err != nil {
			return err
		}
		if err := killAll(ctx, chosen); err != nil {
			return err
		}
		p.say("killed %s", strings.Join(c.Names, ", "))
		return nil
	})
}

type startCmd struct {
	Names []string `arg:"" name:"name" help:"orderer, peer.ORGANIZATION, chaincode.ORGANIZATION, or all."`
}

// Run starts processes that do not run.
func (c *startCmd) Run(p *program) error {
	return p.change(func(ctx context.Context, h host) error {
		chosen, err := h.selected(c.Names)
		if err != nil {
			return err
		}
		if err := h.startAll(ctx, chosen); err != nil {
			return err
		}
		p.say("%s: listening", strings.Join(c.Names, ", "))
		return nil
	})
}

type wipeCmd struct {
	Names []string `arg:"" name:"name" help:"peer.ORGANIZATION."`
}

// Run deletes all data of peers and makes them rejoin; they get the data back from
// the other peers.
func (c *wipeCmd) Run(p *program) error {
	return p.change(func(ctx context.Context, h host) error {
		for _, name := range c.Names {
			if err := h.wipe(ctx, name, p.say); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h host) wipe(ctx context.Context, name string, say func(string, ...any)) error {
	for _, o := range h.Organizations {
		if o.Peer.Name != name {
			continue
		}
		p, err := h.process(name)
		if err != nil {
			return err
		}
		err = inOrder(
			func() error { return killAll(ctx, []Process{p}) },
			func() error { return os.RemoveAll(o.Peer.Data) },
			func() error { return os.MkdirAll(o.Peer.Data, 0o700) },
			func() error { return h.startAll(ctx, []Process{p}) },
			func() error { return h.join(ctx, o) },
			// No new approval is needed: the channel still has the hashes of the
			// old one, which show the peer that the installed package is approved.
			func() error { return h.awaitAnswer(ctx, o) },
		)
		if err != nil {
			return fmt.Errorf("wipe %s: %w", name, err)
		}
		say("%s has rejoined with an empty folder, and its chaincode answers", name)
		return nil
	}
	return fmt.Errorf("wipe %s: only a peer has data that others can give back: peer.bureau, peer.operator, peer.regulator", name)
}

type downCmd struct{}

// Run ends the network, or the processes of an interrupted boot.
func (downCmd) Run(p *program) error {
	if _, err := os.Stat(p.run); errors.Is(err, os.ErrNotExist) {
		p.say("nothing to end: there is no %s", p.run)
		return nil
	}
	unlock, err := lock(p)
	if err != nil {
		return err
	}
	defer unlock()
	records, err := filepath.Glob(filepath.Join(p.run, "pids", "*.json"))
	if err != nil {
		return err
	}
	err = forAll(records, func(r string) error {
		_, err := process.Kill(p.ctx, r)
		return err
	})
	if err != nil {
		return err
	}
	if err := erase(p.run); err != nil {
		return err
	}
	p.say("down: logs remain in %s", filepath.Join(p.run, "logs"))
	return nil
}

type statusCmd struct {
	JSON bool `help:"Print JSON."`
}

// state is the status of one process.
type state struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	PID     int    `json:"pid,omitempty"`
	Address string `json:"address"`
	// Answers reports, for a peer, whether its chaincode answers.
	Answers *bool `json:"chaincode_answers,omitempty"`
}

// Run reports the status, and returns an error if any process does not run or
// answer.
func (c *statusCmd) Run(p *program) error {
	n, err := load(p.run)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(p.ctx, 30*time.Second)
	defer stop()
	states, ill, err := host{Network: n, env: p.env}.states(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		e := json.NewEncoder(p.out)
		e.SetIndent("", "  ")
		err = e.Encode(states)
	} else {
		err = table(p, states)
	}
	if err == nil && ill > 0 {
		err = fmt.Errorf("%d of %d processes do not run or answer: start all starts them again", ill, len(states))
	}
	return err
}

func (h host) states(ctx context.Context) (states []state, ill int, err error) {
	states = make([]state, len(h.Processes))
	for i, p := range h.Processes {
		found, running, err := process.Find(p.PIDFile)
		if err != nil {
			return nil, 0, err
		}
		states[i] = state{Name: p.Name, Running: running, Address: p.Address}
		if running {
			states[i].PID = found.PID
		}
	}
	err = forAll(h.Organizations, func(o Organization) error {
		for i := range states {
			if states[i].Name == o.Peer.Name && states[i].Running {
				answers := h.probe(ctx, o) == nil
				states[i].Answers = &answers
			}
		}
		return nil
	})
	for _, s := range states {
		if !s.Running || s.Answers != nil && !*s.Answers {
			ill++
		}
	}
	return states, ill, err
}

func table(p *program, states []state) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, s := range states {
		word := "does not run"
		if s.Running {
			word = fmt.Sprintf("runs, pid %d", s.PID)
		}
		if s.Answers != nil && *s.Answers {
			word += ", its chaincode answers"
		} else if s.Answers != nil {
			word += ", its chaincode does not answer"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, s.Address, word)
	}
	return w.Flush()
}
