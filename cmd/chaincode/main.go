// Command chaincode runs the contract as a Fabric chaincode in its own process
// (chaincode as a service). The peers of one organization call it under mutual TLS.
// It runs the rules of ledger/contract without any additions, so it records exactly
// what the embedded ledger would record.
//
// Endorsers that run the same contract return the same bytes. No call can stop the
// process. Only the configured genesis can begin a ledger. The process stores no state
// and no key of any party.
//
// Standard: Hyperledger Fabric v2.5, external chaincode.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, os.Getenv, log); err != nil {
		fmt.Fprintln(os.Stderr, "chaincode:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then waits for the running proposals. An answer may still
// be lost on the way to the peer; its client then submits the same call again.
func run(ctx context.Context, getenv func(string) string, log *slog.Logger) error {
	cfg, err := readConfig(getenv)
	if err != nil {
		return err
	}
	cc := &chaincode{genesis: cfg.genesis, now: time.Now, log: log}
	server := &shim.ChaincodeServer{CCID: cfg.id, Address: cfg.address, CC: cc, TLSProps: cfg.tls}
	failed := make(chan error, 1)
	go func() { failed <- server.Start() }()
	log.InfoContext(ctx, "chaincode serves", slog.String("address", cfg.address), slog.String("id", cfg.id))
	select {
	case err := <-failed:
		return fmt.Errorf("serve at %s (%s): %w", setAddress, cfg.address, err)
	case <-ctx.Done():
		cc.drain()
		return nil
	}
}
