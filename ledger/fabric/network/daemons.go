package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/process"
)

// host runs the processes of a network on this machine.
type host struct {
	*Network
	env []string // environment for daemons and tools
}

// start starts a daemon. Use awaitListening to wait until it listens.
func (h host) start(p Process) error {
	program, args, env := filepath.Join(h.Bin, "orderer"), []string(nil), h.ordererEnv()
	for _, o := range h.Organizations {
		switch p.Name {
		case o.Peer.Name:
			program, args, env = filepath.Join(h.Bin, "peer"), []string{"node", "start"}, h.peerEnv(o)
		case o.Server.Name:
			program, env = o.Server.Binary, h.chaincodeEnv(o.Server, h.Package)
		}
		if o.Bare != nil && p.Name == o.Bare.Name {
			program, env = o.Bare.Binary, h.chaincodeEnv(*o.Bare, h.BarePackage)
		}
	}
	_, err := process.Start(process.Spec{
		Program: program, Args: args, Env: append(env, h.env...), Dir: h.Run, Log: p.Log, Record: p.PIDFile,
	})
	if err != nil {
		return fmt.Errorf("%s: %w%s", p.Name, err, tail(p.Log))
	}
	return nil
}

// startAll starts the chosen processes that do not run, and waits until each
// listens.
func (h host) startAll(ctx context.Context, chosen []Process) error {
	for _, p := range chosen {
		if err := h.start(p); err != nil && !errors.Is(err, process.ErrRunning) {
			return err
		}
	}
	return forAll(chosen, func(p Process) error { return h.awaitListening(ctx, p) })
}

func (h host) awaitListening(ctx context.Context, p Process) error {
	return h.retry(ctx, []Process{p}, func(ctx context.Context) error {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", p.Address)
		if err != nil {
			return fmt.Errorf("%s does not listen: %w", p.Name, err)
		}
		return c.Close()
	})
}

// killAll ends the chosen processes at once, and waits until they are gone.
func killAll(ctx context.Context, chosen []Process) error {
	ctx, stop := context.WithTimeoutCause(ctx, time.Minute, errors.New("it does not end"))
	defer stop()
	return forAll(chosen, func(p Process) error {
		if _, err := process.Kill(ctx, p.PIDFile); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		return nil
	})
}

// forAll runs f for all items concurrently. It returns the first error in the order
// of the items, since the errors are usually the same.
func forAll[T any](items []T, f func(T) error) error {
	errs := make([]error, len(items))
	var all sync.WaitGroup
	for i, item := range items {
		all.Go(func() { errs[i] = f(item) })
	}
	all.Wait()
	return cmp.Or(errs...)
}

// retry repeats f until it succeeds, the context ends, or a needed process has
// ended. It repeats at intervals: another process becomes ready without a signal.
func (h host) retry(ctx context.Context, needed []Process, f func(context.Context) error) error {
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	var last error
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil { // otherwise the error comes from the end of the context
			last = err
		}
		for _, p := range needed {
			if _, running, other := process.Find(p.PIDFile); !running {
				return fmt.Errorf("%w; %s has ended%s", cmp.Or(other, err), p.Name, tail(p.Log))
			}
		}
		select {
		case <-ctx.Done():
			return cmp.Or(last, ctx.Err())
		case <-pause.C:
		}
	}
}

// tail returns the end of a log, for an error message.
func tail(path string) string {
	data, err := os.ReadFile(path)
	text := strings.TrimSpace(string(data))
	if err != nil || text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return fmt.Sprintf("; the end of %s:\n%s", path, strings.Join(lines[max(0, len(lines)-8):], "\n"))
}
