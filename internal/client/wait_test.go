package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

const tooMany = `{"title":"Too many","status":429,"code":"unavailable","reason":"rate","rule":"rate_address"}`

// busy answers 429 to the first requests, then Allowed. It lists the bodies.
func busy(n *node, first int, after string) (bodies *[]string) {
	bodies = &[]string{}
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		*bodies = append(*bodies, string(b))
		if err != nil || len(*bodies) > first {
			_, _ = io.WriteString(w, `{"function":"deposit","party":"x","allowed":true}`)
			return
		}
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, tooMany)
	})
	return bodies
}

// TestWait: a client waits as often as the node asks, sends the same again, and says so.
func TestWait(t *testing.T) {
	n := newNode(t)
	c := holder(t, n)
	waits := 0
	c.OnWait(func(time.Duration) { waits++ })
	bodies := busy(n, 2, "0")
	if err := c.Check(t.Context(), ledger.FnDeposit, ledger.DepositArgs{Bytes: 3}); err != nil {
		t.Fatal(err)
	}
	if waits != 2 || len(*bodies) != 3 || (*bodies)[0] != `{"sha256":"","bytes":3}` || (*bodies)[2] != (*bodies)[0] {
		t.Errorf("%d waits, %q", waits, *bodies)
	}
}

// TestNoWait: a client does not wait beyond its deadline or for very long, nor if the node
// names no time. The user gets the node's answer, and nothing is sent again.
func TestNoWait(t *testing.T) {
	n := newNode(t)
	c := holder(t, n)
	c.OnWait(func(d time.Duration) { t.Errorf("waits %s", d) })
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for name, x := range map[string]struct {
		ctx   context.Context
		after string
	}{
		"no time":             {t.Context(), ""},
		"no number":           {t.Context(), "soon"},
		"an hour":             {t.Context(), "3600"},
		"a date":              {t.Context(), time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)},
		"beyond its deadline": {soon, "60"},
	} {
		t.Run(name, func(t *testing.T) {
			bodies := busy(n, 9, x.after)
			err := c.Check(x.ctx, ledger.FnDeposit, ledger.DepositArgs{Bytes: 3})
			var p *client.Problem
			if !errors.As(err, &p) || p.Status != http.StatusTooManyRequests || !errors.Is(err, ledger.Unavailable) || len(*bodies) != 1 {
				t.Errorf("%v after %d requests", err, len(*bodies))
			}
			*bodies = nil
			if _, err := c.Call(x.ctx, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf(nil), Bytes: 1}); !errors.As(err, &p) || len(*bodies) != 1 {
				t.Errorf("a call: %v after %d requests", err, len(*bodies))
			}
		})
	}
}

// TestWaitEndsWithItsContext: who stops the client does not wait for the node.
func TestWaitEndsWithItsContext(t *testing.T) {
	n := newNode(t)
	c := holder(t, n)
	ctx, cancel := context.WithCancel(t.Context())
	c.OnWait(func(time.Duration) { cancel() })
	bodies := busy(n, 9, "60")
	if err := c.Check(ctx, ledger.FnDeposit, ledger.DepositArgs{Bytes: 3}); !errors.Is(err, ledger.Unavailable) || !strings.Contains(err.Error(), context.Canceled.Error()) || len(*bodies) != 1 {
		t.Errorf("%v after %d requests", err, len(*bodies))
	}
}
