package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// cut begins a delivery, ends its right, and returns what arrived after that in MB, and
// whether the connection was reset.
func cut(ctx context.Context, n *node, end func(s sale) error) (after float64, reset bool, err error) {
	s, err := n.sell(ctx)
	if err != nil {
		return 0, false, err
	}
	resp, _, err := s.begin(ctx, 0, 0)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		return 0, false, fmt.Errorf("the first bytes: %w", err)
	}
	if err := end(s); err != nil {
		return 0, false, err
	}
	select { // a cut takes a second at most
	case <-time.After(1500 * time.Millisecond):
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
	k, err := io.Copy(io.Discard, resp.Body)
	return float64(k) / 1e6, errors.Is(err, syscall.ECONNRESET), nil
}

// revoked revokes the buyer's key, as compromised, during a delivery.
func revoked(ctx context.Context, n *node) (float64, error) {
	after, _, err := cut(ctx, n, func(s sale) error {
		p, err := n.identity(s.buyer)
		if err != nil {
			return err
		}
		_, err = n.as(ctx, "bureau", "party", "revoke-key", p.Kid, "--party", p.Party, "--reason", "compromised")
		return err
	})
	return after, err
}

// terminated blocks an order during its delivery, and returns 1 if the connection ended as
// if the answer were only short, instead of being reset.
func terminated(ctx context.Context, n *node) (float64, error) {
	_, reset, err := cut(ctx, n, func(s sale) error {
		_, err := n.as(ctx, "regulator", "order", "block", s.order, "--ground", "security_breach")
		return err
	})
	if err != nil || reset {
		return 0, err
	}
	return 1, nil
}

// identity is what a profile says of its party.
type identity struct{ Kid, Party, Ledger string }

// identity reads the profile of a party.
func (n *node) identity(who string) (p identity, err error) {
	b, err := os.ReadFile(n.profile(who))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(b, &p)
}
