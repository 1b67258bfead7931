package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/api"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
)

// slow is an edge whose bundles take until somebody says go, or the asker leaves.
type slow struct {
	described
	begun chan struct{}
	left  chan struct{}
	go_   chan struct{}
}

func (slow) Start(context.Context, trace.Question) ([]ledger.Ref, error) {
	return []ledger.Ref{"order/o"}, nil
}

func (s slow) Evidence(ctx context.Context, _ *ledger.Party, _ ledger.Ref, deliveries int) (io.WriterTo, bool, error) {
	s.begun <- struct{}{}
	select {
	case <-s.go_:
		return words("{}"), deliveries < 300, nil
	case <-ctx.Done():
		s.left <- struct{}{}
		return nil, false, ctx.Err()
	}
}

type words string

func (w words) WriteTo(to io.Writer) (int64, error) {
	n, err := io.WriteString(to, string(w))
	return int64(n), err
}

type asked struct {
	*http.Response
	body string
	err  error
}

// TestABundleAtATime: of one party one bundle is made while three wait. One more is
// told to come again, and so is who has waited long enough. Who leaves makes room.
func TestABundleAtATime(t *testing.T) {
	s := slow{begun: make(chan struct{}, 9), left: make(chan struct{}, 9), go_: make(chan struct{})}
	e := web.New(api.Services{Tracer: s, MaxBody: 1 << 20, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	e.Hasten(time.Minute)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	ask := func(ctx context.Context, query string) chan asked {
		out := make(chan asked, 1)
		go func() {
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/evidence?order=01900000-0000-7000-8000-000000000001"+query, nil)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				out <- asked{err: err}
				return
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			out <- asked{resp, string(b), err}
		}()
		return out
	}
	ctx, leave := context.WithCancel(t.Context())
	first := ask(ctx, "")
	<-s.begun
	waiting := []chan asked{ask(t.Context(), ""), ask(t.Context(), "&deliveries=300"), ask(t.Context(), "&deliveries=300")}
	for e.Bundles("") < 4 {
		time.Sleep(time.Millisecond)
	}
	refused := <-ask(t.Context(), "")
	if refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") == "" || refused.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("one too many: %v %s", refused.Header, refused.body)
	}
	leave()
	if a := <-first; !errors.Is(a.err, context.Canceled) {
		t.Errorf("the first: %v", a.err)
	}
	<-s.left
	older := 0
	for range waiting {
		<-s.begun
		s.go_ <- struct{}{}
	}
	for _, w := range waiting {
		a := <-w
		if a.err != nil || a.StatusCode != http.StatusOK || a.body != "{}" {
			t.Errorf("who waited: %v %s", a.err, a.body)
		}
		if a.Header.Get("Cadastre-Older-Deliveries") == "true" {
			older++
		}
	}
	if older != 1 {
		t.Errorf("%d bundles say that there are older deliveries", older)
	}
	if a := <-ask(t.Context(), "&deliveries=2001"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("2001 deliveries: %d %s", a.StatusCode, a.body)
	}
}

// TestWhoWaitsTooLong is told to come again, and other parties do not wait for one.
func TestWhoWaitsTooLong(t *testing.T) {
	limiter := web.NewBundleLimiter(20 * time.Millisecond)
	leave, err := limiter.Acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := limiter.Acquire(t.Context(), "a"); !errors.Is(err, ledger.Unavailable) {
		t.Errorf("one more of the same party: %v", err)
	}
	most := max(2, runtime.GOMAXPROCS(0))
	others := make([]func(), 0, most)
	for i := range most - 1 {
		l, err := limiter.Acquire(t.Context(), ledger.ID(rune('b'+i)))
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, l)
	}
	if _, err := limiter.Acquire(t.Context(), "last"); !errors.Is(err, ledger.Unavailable) {
		t.Errorf("one more than the node makes at once: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := limiter.Acquire(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("who is gone: %v", err)
	}
	leave()
	leave()
	for _, l := range others {
		l()
	}
	if n := limiter.Parties(); n != 0 {
		t.Errorf("%d parties are remembered", n)
	}
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			if leave, err := limiter.Acquire(t.Context(), ledger.ID(rune('a'+i%8))); err == nil {
				leave()
			}
		})
	}
	wait.Wait()
	if n := limiter.Parties(); n != 0 {
		t.Errorf("%d parties are remembered", n)
	}
}
