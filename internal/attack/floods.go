package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// denials asks for three seconds for resources that do not exist, and returns how many
// receipts that made.
func denials(ctx context.Context, n *node) (float64, error) {
	bearer, err := n.token(ctx, "environment")
	if err != nil {
		return 0, err
	}
	license, err := n.license(ctx)
	if err != nil {
		return 0, err
	}
	before, err := n.receipts(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := n.flood(ctx, 8, func(i int) (string, string) {
		return "/v1/licenses/" + license + "/resources/" + fmt.Sprintf("01890000-0000-7000-8000-%012d", i) + "/content/x", bearer
	}); err != nil {
		return 0, err
	}
	after, err := n.receipts(ctx)
	return after - before, err
}

// license returns the license under which the demonstration's environment is supplied.
func (n *node) license(ctx context.Context) (string, error) {
	bearer, err := n.token(ctx, "operator")
	if err != nil {
		return "", err
	}
	var page struct {
		Items []struct {
			ID           string
			Environments []string
		}
	}
	if err := n.read(ctx, "/v1/licenses", &page, "Authorization", bearer); err != nil {
		return "", err
	}
	for _, l := range page.Items {
		if len(l.Environments) > 0 {
			return l.ID, nil
		}
	}
	return "", errors.New("no license lists an environment")
}

// flood asks for three seconds with many clients at once, and returns how many requests
// were answered other than by "wait" (429).
func (n *node) flood(ctx context.Context, clients int64, what func(i int) (path, bearer string)) (float64, error) {
	end := time.Now().Add(floodTime)
	served := make([]int, clients)
	err := together(clients, func(k int64) error {
		for i := 0; time.Now().Before(end); i++ {
			path, bearer := what(int(k)*1_000_000 + i)
			code, _, err := n.status(ctx, http.MethodGet, path, "Authorization", bearer)
			if err != nil {
				return err
			}
			if code != http.StatusTooManyRequests {
				served[k]++
			}
		}
		return nil
	})
	sum := 0
	for _, s := range served {
		sum += s
	}
	return float64(sum), err
}

const floodTime = 3 * time.Second

// anonymous asks without a token for traces, which are dear, and returns how many a second
// were answered.
func anonymous(ctx context.Context, n *node) (float64, error) {
	product, err := n.product(ctx)
	if err != nil {
		return 0, err
	}
	if err := n.limited(ctx); err != nil {
		return 0, err
	}
	served, err := n.flood(ctx, 8, func(int) (string, string) { return "/v1/trace?product=" + product, "" })
	return served / floodTime.Seconds(), err
}

// limited serves the node again as it is by default: the demonstration limits no rates.
func (n *node) limited(ctx context.Context) error {
	if err := n.stop(); err != nil {
		return err
	}
	if err := n.set("limits", "rate", nil); err != nil {
		return err
	}
	return n.serve(ctx)
}

// uploads uploads 50 MiB as a buyer, who can't make content of it, and returns how many MiB
// the node took.
func uploads(ctx context.Context, n *node) (float64, error) {
	bearer, err := n.token(ctx, "buyer")
	if err != nil {
		return 0, err
	}
	const size = 50 << 20
	resp, err := n.ask(ctx, http.MethodPost, "/v1/uploads", io.LimitReader(zeros{}, size), "Authorization", bearer, "Content-Type", "application/octet-stream")
	if err != nil { // the node refused before it read all
		return 0, nil
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusCreated {
		return size >> 20, nil
	}
	return 0, nil
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// stalled holds 64 deliveries of one buyer that read nothing, and returns by how much that
// multiplies the median time of a call.
func stalled(ctx context.Context, n *node) (float64, error) {
	s, err := n.sell(ctx)
	if err != nil {
		return 0, err
	}
	alone, err := n.calls(ctx)
	if err != nil {
		return 0, err
	}
	err = together(64, func(int64) error {
		resp, _, err := s.begin(ctx, 1, 12<<20) //nolint:bodyclose // it stays open until the node ends
		if err == nil && resp.StatusCode != http.StatusPartialContent {
			err = fmt.Errorf("a delivery: %s", resp.Status)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	beside, err := n.calls(ctx)
	return beside / alone, err
}

// calls records 40 calls and returns the median time of one in seconds.
func (n *node) calls(ctx context.Context) (float64, error) {
	times := make([]time.Duration, 40)
	for i := range times {
		args, err := n.file("args.json", 0)
		if err != nil {
			return 0, err
		}
		n.seq++
		if err := write(args, fmt.Sprintf(`{"sha256":"%064x","bytes":1}`, n.seq)); err != nil {
			return 0, err
		}
		jws, err := n.run(ctx, "call", "deposit", args, "--sign", "--profile", n.profile("holder"))
		if err != nil {
			return 0, err
		}
		body, err := json.Marshal(map[string]string{"call": strings.TrimSpace(string(jws))})
		if err != nil {
			return 0, err
		}
		begin := time.Now()
		resp, err := n.ask(ctx, http.MethodPost, "/v1/calls", strings.NewReader(string(body)), "Content-Type", "application/json")
		if err != nil {
			return 0, err
		}
		times[i] = time.Since(begin)
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			return 0, errors.Join(fmt.Errorf("a call: %s", resp.Status), err)
		}
	}
	slices.Sort(times)
	return times[len(times)/2].Seconds(), nil
}
