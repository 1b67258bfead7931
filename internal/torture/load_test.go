package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// ack is what the node has acknowledged: exactly one member is set.
type ack struct {
	Call     *ackedCall     `json:"call,omitempty"`
	Object   *wire.Ingested `json:"object,omitempty"`
	Arrived  *arrived       `json:"arrived,omitempty"`
	Start    ledger.ID      `json:"start,omitempty"` // of a delivery
	Ledger   string         `json:"ledger,omitempty"`
	Receipts string         `json:"receipts,omitempty"` // a checkpoint, as of the ledger
	Key      ledger.KeyID   `json:"key,omitempty"`      // in custody
}

// kinds counts acknowledgments by kind.
func kinds(acks []ack) map[string]int {
	n := map[string]int{}
	for _, a := range acks {
		switch {
		case a.Call != nil:
			n["calls"]++
		case a.Object != nil:
			n["objects"]++
		case a.Arrived != nil:
			n["pieces"]++
		case a.Start != "":
			n["deliveries"]++
		case a.Key != "":
			n["keys"]++
		default:
			n["checkpoints"]++
		}
	}
	return n
}

type ackedCall struct {
	Party   ledger.ID     `json:"party"`
	Call    ledger.ID     `json:"call"`
	Block   uint64        `json:"block"`
	Payload ledger.Digest `json:"payload"`
}

// arrived is how much of an upload in pieces was acknowledged.
type arrived struct {
	Upload string `json:"upload"`
	Bytes  int64  `json:"bytes"`
	Length int64  `json:"length"`
	Seed   uint32 `json:"seed"` // of its content
}

// load asks a node for everything at once, and notes each acknowledgment.
type load struct {
	cast cast
	sale sold
	note func(ack)
	http *http.Client

	seq     atomic.Uint32 // of contents and deposits
	salt    string        // so that no deposit is equal to one of another run
	mu      sync.Mutex
	pending []arrived // uploads in pieces that were cut off
}

func newLoad(c cast, s sold, salt string, note func(ack)) *load {
	return &load{cast: c, sale: s, note: note, salt: salt, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

// run loads the node until ctx ends or the node does not answer. It returns the errors of
// the workers, each of which ended with one.
func (l *load) run(ctx context.Context) error {
	workers := []func(context.Context) error{
		l.call, l.call, l.call, l.upload, l.pieces, l.deliver, l.deliver, l.checkpoints, l.keys,
	}
	errs := make([]error, len(workers))
	var all sync.WaitGroup
	for i, work := range workers {
		all.Go(func() {
			for ctx.Err() == nil && errs[i] == nil {
				errs[i] = work(ctx)
			}
		})
	}
	all.Wait()
	l.http.CloseIdleConnections()
	return errors.Join(errs...)
}

// call records a deposit.
func (l *load) call(ctx context.Context) error {
	c := l.cast("holder")
	out, err := c.Call(ctx, ledger.FnDeposit, ledger.DepositArgs{SHA256: ledger.DigestOf([]byte(l.salt + strconv.Itoa(int(l.seq.Add(1))))), Bytes: 4096})
	if err != nil {
		return err
	}
	l.note(ack{Call: &ackedCall{c.Profile().Party, out.Call, out.Position.Block, out.Payload}})
	return nil
}

// upload stores an object with one request.
func (l *load) upload(ctx context.Context) error {
	n := l.seq.Add(1)
	done, err := l.cast("operator").Upload(ctx, bytes.NewReader(content(n, int(n*7919%150_000))))
	if err != nil {
		return err
	}
	l.note(ack{Object: &done})
	return nil
}

const tus = "/v1/uploads/tus"

// pieces stores an object in three pieces, or continues one that was cut off.
func (l *load) pieces(ctx context.Context) error {
	c := l.cast("holder")
	l.mu.Lock()
	var u arrived
	if n := len(l.pending); n > 0 {
		u, l.pending = l.pending[n-1], l.pending[:n-1]
	}
	l.mu.Unlock()
	if u.Upload == "" {
		u.Seed = l.seq.Add(1)
		u.Length = 1000 + int64(u.Seed*104_729%90_000)
		resp, err := l.ask(ctx, c, http.MethodPost, tus, nil, "Tus-Resumable", "1.0.0", "Upload-Length", strconv.FormatInt(u.Length, 10))
		if err != nil {
			return err
		}
		u.Upload = path.Base(resp.Get("Location"))
		l.note(ack{Arrived: &u})
	}
	done, err := l.finish(ctx, c, u)
	if err != nil {
		l.mu.Lock()
		l.pending = append(l.pending, u)
		l.mu.Unlock()
		return err
	}
	l.note(ack{Object: &done})
	return nil
}

// finish sends the rest of an upload in pieces.
func (l *load) finish(ctx context.Context, c *client.Client, u arrived) (wire.Ingested, error) {
	var p wire.Pending
	all := content(u.Seed, int(u.Length))
	for {
		if err := c.Get(ctx, tus+"/"+u.Upload, &p); err != nil {
			return wire.Ingested{}, err
		}
		if p.Done != nil {
			return *p.Done, nil
		}
		piece := all[p.Arrived:min(u.Length, p.Arrived+u.Length/3+1)]
		answer, err := l.ask(ctx, c, http.MethodPatch, tus+"/"+u.Upload, bytes.NewReader(piece), "Tus-Resumable", "1.0.0",
			"Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.FormatInt(p.Arrived, 10))
		if err != nil {
			return wire.Ingested{}, err
		}
		next := u
		if next.Bytes, err = strconv.ParseInt(answer.Get("Upload-Offset"), 10, 64); err != nil {
			return wire.Ingested{}, err
		}
		l.note(ack{Arrived: &next})
	}
}

// ask sends a request and returns the header of its answer.
func (l *load) ask(ctx context.Context, c *client.Client, method, path string, body io.Reader, header ...string) (http.Header, error) {
	resp, err := ask(ctx, c, l.http, method, path, body, header...)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode >= http.StatusMultipleChoices {
		err = errors.Join(err, fmt.Errorf("%s %s: %s %s", method, path, resp.Status, text))
	}
	return resp.Header, err
}

// deliver fetches the content that is sold.
func (l *load) deliver(ctx context.Context) error {
	resp, err := ask(ctx, l.cast("emergency"), l.http, http.MethodGet, l.sale.path(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("a delivery: %s %s", resp.Status, text)
	}
	l.note(ack{Start: ledger.ID(resp.Header.Get("Cadastre-Receipt"))})
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != l.sale.Bytes {
		return errors.Join(fmt.Errorf("a delivery of %d bytes ended after %d", l.sale.Bytes, n), err)
	}
	return nil
}

// checkpoints reads what the node has signed, five times a second.
func (l *load) checkpoints(ctx context.Context) error {
	c := l.cast("regulator")
	of, err := c.LedgerLog().Checkpoint(ctx)
	if err != nil {
		return err
	}
	l.note(ack{Ledger: string(of)})
	if of, err = c.ReceiptLog().Checkpoint(ctx); err != nil {
		return err
	}
	l.note(ack{Receipts: string(of)})
	return pause(ctx, 200*time.Millisecond)
}

// keys asks the node, ten times a second, to make keys for parties and to store them, as
// many as it does.
func (l *load) keys(ctx context.Context) error {
	err := l.key(ctx)
	if errors.Is(err, errNoMoreKeys) {
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.Join(err, pause(ctx, 100*time.Millisecond))
}

var errNoMoreKeys = errors.New("all parties have as many keys as they may")

// key asks the node to make a key for the first party that may have another.
func (l *load) key(ctx context.Context) error {
	for _, who := range []string{"buyer", "operator2", "registrar", "transport", "emergency"} {
		c := l.cast(who)
		resp, err := ask(ctx, c, l.http, http.MethodPost, "/v1/custody/keys", strings.NewReader(`{"old":"`+string(c.Profile().Kid)+`"}`), "Content-Type", "application/json")
		if err != nil {
			return err
		}
		var made wire.CustodyKey
		err = json.NewDecoder(resp.Body).Decode(&made)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		switch resp.StatusCode {
		case http.StatusCreated:
			l.note(ack{Key: made.New.JWK.Thumbprint()})
			return nil
		case http.StatusUnprocessableEntity: // it has as many as it may
		default:
			return fmt.Errorf("a key: %s", resp.Status)
		}
	}
	return errNoMoreKeys
}

// pause waits between two questions of one worker; the others go on.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loadUntilDone serves a node under load in this process, until so many calls were
// acknowledged as CADASTRE_TORTURE_CALLS says, and writes each acknowledgment into the
// file acks beside the folder. Then it closes the node.
func loadUntilDone(dir string) error {
	most, err := strconv.Atoi(os.Getenv("CADASTRE_TORTURE_CALLS"))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(acksOf(dir), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	sale, err := readSold(dir)
	if err != nil {
		return err
	}
	var calls atomic.Int64
	l := newLoad(s.cast, sale, "power", func(a ack) {
		b, err := json.Marshal(a)
		if err != nil {
			panic(err) // it is plain data
		}
		if _, err := file.Write(append(b, '\n')); err != nil {
			panic(err) // the test has no record then
		}
		if a.Call != nil && calls.Add(1) == int64(most) {
			stop()
		}
	})
	for _, err := range unwrapped(l.run(ctx)) {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, ledger.Unavailable) {
			return err
		}
	}
	return s.stop()
}

func acksOf(dir string) string { return dir + ".acks" }
