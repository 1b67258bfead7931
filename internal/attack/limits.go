package main

import (
	"context"
	"io"
	"strconv"
	"sync/atomic"
)

// parts is into how many parts an object is cut, and rounds how often each is asked for.
const (
	parts  = 8
	rounds = 12
)

// overdeliver asks for an object in eight slices at once. It resets each shortly before its
// end and asks for it again. It returns how many objects it received.
func overdeliver(ctx context.Context, n *node, limits ...string) (float64, error) {
	s, err := n.sell(ctx, limits...)
	if err != nil {
		return 0, err
	}
	var got atomic.Int64
	err = together(parts, func(i int64) error {
		for range rounds {
			k, err := s.slice(ctx, i*n.size/parts, (i+1)*n.size/parts-1)
			if got.Add(k); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(got.Load()) / float64(n.size), err
}

// unread is how much of a slice is not received: more than sockets buffer, so that the node
// learns of the reset before it has written all.
const unread = 5 << 20

// slice receives a slice but its last bytes, and resets the connection.
func (s sale) slice(ctx context.Context, from, to int64) (int64, error) {
	resp, reset, err := s.begin(ctx, from, to)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 { // refused: the limit holds
		return 0, nil
	}
	k, err := io.CopyN(io.Discard, resp.Body, to-from+1-unread)
	if err != nil { // the node cut it
		return k, nil
	}
	return k, reset()
}

func usesOnce(ctx context.Context, n *node) (float64, error) {
	return overdeliver(ctx, n, "--uses", "1")
}

func bytesOnce(ctx context.Context, n *node) (float64, error) {
	return overdeliver(ctx, n, "--bytes", strconv.FormatInt(n.size, 10))
}
