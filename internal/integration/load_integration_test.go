//go:build integration

package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

const (
	writers = 8
	after   = 3 // calls of each writer once the fault is repaired
)

// load is what goes on while something fails: signed calls, each sent again until
// it is answered, and deliveries.
type load struct {
	*world
	at   []string // nodes that the writers use
	mend chan struct{}

	mu       sync.Mutex
	answers  map[key]ledger.Position
	orders   []ledger.ID
	tries    int
	longest  time.Duration
	failures map[string]int // sentences of failed tries, and how often
	wrong    []error        // what must not happen

	delivered, cut atomic.Int64
}

// under runs the fault under writers at nodes, and readers of a sale at the
// operator's node. What it returns has been held to the blocks and to all nodes.
func (w *world) under(name string, sale wire.Ingested, at []string, fault func(*load)) *load {
	w.t.Helper()
	l := &load{world: w, at: at, mend: make(chan struct{}), answers: map[key]ledger.Position{}, failures: map[string]int{}}
	ctx, stop := context.WithTimeout(w.t.Context(), 90*time.Second)
	defer stop()
	var tasks sync.WaitGroup
	for i := range writers {
		tasks.Go(func() { l.write(ctx, i) })
	}
	for i := range 2 {
		tasks.Go(func() { l.fetch(ctx, i, sale) })
	}
	w.within(20*time.Second, "a call of each writer", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.answers) >= writers
	})
	func() {
		defer close(l.mend)
		fault(l)
	}()
	tasks.Wait()
	l.judge(name)
	return l
}

// judge compares the answers with the blocks, and the nodes with each other.
func (l *load) judge(name string) {
	l.t.Helper()
	for _, err := range l.wrong {
		l.t.Error(err)
	}
	l.equal(l.orders)
	for _, o := range []string{l.at[0], "regulator"} { // two readers, each with its own peer
		recorded, twice := l.recorded(o, l.answers)
		if recorded != len(l.answers) || twice != 0 {
			l.t.Errorf("read as %s: %d of %d calls recorded, %d twice", o, recorded, len(l.answers), twice)
		}
		if o == l.at[0] {
			fmt.Printf("FAULT %-34s calls %4d  tries %4d  longest %5.1f s  recorded %4d  twice %d  delivered %3d  cut %d\n",
				name, len(l.answers), l.tries, l.longest.Seconds(), recorded, twice, l.delivered.Load(), l.cut.Load())
		}
	}
	for _, text := range slices.Sorted(maps.Keys(l.failures)) {
		l.t.Logf("%4d × %s", l.failures[text], text)
	}
}

func (l *load) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, err)
}

// write is one writer: deposits, or orders that the operator accepts at its node.
func (l *load) write(ctx context.Context, i int) {
	at := l.at[i%len(l.at)]
	for left := after; left > 0 && ctx.Err() == nil; {
		select {
		case <-l.mend:
			left--
		default:
		}
		var err error
		if i%2 == 0 {
			_, err = l.record(ctx, "holder", at, ledger.FnDeposit, ledger.DepositArgs{SHA256: sum(string(client.NewID())), Bytes: 1})
		} else {
			err = l.trade(ctx, at)
		}
		if err != nil {
			l.note(fmt.Errorf("writer %d at the node of %s: %w", i, at, err))
			return
		}
	}
}

// trade places an order at a node, and accepts it at the operator's.
func (l *load) trade(ctx context.Context, at string) error {
	id := client.NewID()
	placed, err := l.record(ctx, "buyer", at, ledger.FnOrderPlace, l.ordering(id, "sale"))
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.orders = append(l.orders, id)
	l.mu.Unlock()
	_, err = l.record(ctx, "operator", at, ledger.FnOrderAccept, ledger.AnswerArgs{ID: id, Answers: placed.Payload})
	return err
}

// record signs a call once and sends it until it is answered.
func (l *load) record(ctx context.Context, who, at string, fn ledger.Function, args any) (ledger.Outcome, error) {
	c := l.as(who, at)
	id := client.NewID()
	jws, err := c.Sign(id, fn, args)
	if err != nil {
		return ledger.Outcome{}, err
	}
	begin := time.Now()
	for {
		out, err := post(ctx, l.nodes[at].url, jws)
		l.mu.Lock()
		l.tries++
		switch {
		case err == nil:
			l.answers[key{c.Profile().Party, id}] = out.Position
			l.longest = max(l.longest, time.Since(begin))
		case errors.Is(err, ledger.Unavailable):
			l.failures[told(err)]++
		}
		l.mu.Unlock()
		if err == nil || !errors.Is(err, ledger.Unavailable) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, fmt.Errorf("%s has no answer: %w", fn, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// post sends a call once. That nobody listens is unavailable, too.
func post(ctx context.Context, url, jws string) (ledger.Outcome, error) {
	var out ledger.Outcome
	body, err := json.Marshal(map[string]string{"call": jws})
	if err != nil {
		return out, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/calls", bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Language", "en")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return out, errors.Join(ledger.Unavailable, errors.New("the node does not answer"))
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, errors.Join(ledger.Unavailable, errors.New("the node's answer broke off"))
	}
	if resp.StatusCode < http.StatusBadRequest {
		return out, json.Unmarshal(b, &out)
	}
	return out, problem(resp.Status, b)
}

// problem is a refusal with the sentence that the user reads.
func problem(status string, body []byte) error {
	var p struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		ledger.Error
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return fmt.Errorf("%s: %s", status, body)
	}
	return errors.Join(&p.Error, errors.New(p.Title+": "+p.Detail))
}

// fetch is one reader: the buyer gets what the sale brought, again and again.
func (l *load) fetch(ctx context.Context, i int, sale wire.Ingested) {
	dir := l.t.TempDir()
	c := l.as("buyer", "operator")
	for n := 0; ctx.Err() == nil; n++ {
		file := filepath.Join(dir, fmt.Sprint(i, "-", n))
		for {
			got, err := c.Fetch(ctx, l.orderPath("sale", sale.Object), file, "", nil)
			if err == nil {
				if got.SHA256 != sale.SHA256 {
					l.note(fmt.Errorf("delivered %s, want %s", got.SHA256, sale.SHA256))
				}
				l.delivered.Add(1)
				_ = os.Remove(file)
				break
			}
			l.cut.Add(1)
			l.mu.Lock()
			l.failures["delivery: "+told(err)]++
			l.mu.Unlock()
			if !errors.Is(err, ledger.Unavailable) || ctx.Err() != nil {
				l.note(fmt.Errorf("delivery: %w", err))
				return
			}
		}
		select {
		case <-l.mend:
			return
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// slow is a delivery that takes its time: it reads what a pace allows.
type slow struct {
	resp *http.Response
	got  int64
	end  chan error // of the body, when it has ended
	stop context.CancelFunc
}

// begin starts a delivery by a node, slowly: size bytes in about that time.
func (w *world) begin(ctx context.Context, at, path string, size int64, takes time.Duration) (*slow, error) {
	c := w.as("buyer", at)
	token, err := c.Token(5 * time.Minute)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.nodes[at].url+path, nil)
	if err != nil {
		stop()
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept-Language", "en")
	resp, err := (&http.Client{Transport: &http.Transport{ReadBufferSize: 64 << 10}}).Do(req)
	if err != nil {
		stop()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer stop()
		b, err := io.ReadAll(resp.Body)
		return nil, errors.Join(err, resp.Body.Close(), problem(resp.Status, b))
	}
	s := &slow{resp: resp, end: make(chan error, 1), stop: stop}
	go s.read(size, takes)
	return s, nil
}

func (s *slow) read(size int64, takes time.Duration) {
	defer s.resp.Body.Close()
	const parts = 200
	tick := time.NewTicker(takes / parts)
	defer tick.Stop()
	for {
		n, err := io.CopyN(io.Discard, s.resp.Body, size/parts)
		s.got += n
		if errors.Is(err, io.EOF) {
			err = nil
			if s.got != size {
				err = io.ErrUnexpectedEOF
			}
			s.end <- err
			return
		}
		if err != nil {
			s.end <- err
			return
		}
		<-tick.C
	}
}

// sentence checks that an error says what is down and whether to try again.
func (l *load) sentence(parts ...string) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for text := range l.failures {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return
			}
		}
	}
	l.t.Errorf("none of %d failures says any of %q", len(l.failures), parts)
}
