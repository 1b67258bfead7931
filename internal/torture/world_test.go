package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/demo"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// sold is what the load fetches: a large content of a product, ordered without limits.
type sold struct {
	Order, Product ledger.ID
	Object         string
	Bytes          int64
}

const soldFile = "sold.json"

func (s sold) path() string { return "/v1/orders/" + string(s.Order) + "/content/" + s.Object }

// Sizes in bytes of the content that is sold.
const (
	small  = 200_000
	medium = 1 << 20
	large  = 8 << 20
)

// laid are folders of nodes by the size of their content.
var laid = struct {
	sync.Mutex
	dirs map[int]string
}{dirs: map[int]string{}}

// lay returns the folder of a node on which the demonstration was played, and content of a
// size is sold. That is done once for each size.
func lay(t testing.TB, size int) string {
	t.Helper()
	laid.Lock()
	defer laid.Unlock()
	if laid.dirs[size] == "" {
		base, err := scratch()
		ok(t, err)
		dir := filepath.Join(base, strconv.Itoa(size))
		ok(t, layIn(t.Context(), dir, size))
		laid.dirs[size] = dir
	}
	dir := filepath.Join(t.TempDir(), "node")
	ok(t, linkFolder(dir, laid.dirs[size]))
	return dir
}

// layIn plays the demonstration on a new node and sells content.
func layIn(ctx context.Context, dir string, size int) error {
	_, err := demo.Run(ctx, demo.Options{Dir: dir, Out: io.Discard, Now: time.Now, Version: "torture", Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Verify: verify})
	if err != nil {
		return fmt.Errorf("demonstration: %w", err)
	}
	s, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	sale, err := sell(ctx, s.cast, size)
	if err := errors.Join(err, s.stop()); err != nil {
		return err
	}
	b, err := json.Marshal(sale)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, soldFile), b, 0o600)
}

func verify(bundle, trust []byte) error {
	t, err := evidence.ParseTrust(trust)
	if err == nil {
		_, err = evidence.Verify(bundle, t, ledger.Standard(), map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}})
	}
	return err
}

// cast returns the clients of the demonstration's parties.
type cast func(who string) *client.Client

// castOf returns the parties of a node at an address.
func castOf(dir, url string) (cast, error) {
	files, err := filepath.Glob(filepath.Join(dir, "profiles", "*.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]*client.Client{}
	for _, file := range files {
		p, err := client.LoadProfile(file)
		if err != nil {
			return nil, err
		}
		p.URL = url
		c, err := client.New(p, "en", time.Now)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(file)
		all[name[:len(name)-len(".json")]] = c
	}
	return func(who string) *client.Client { return all[who] }, nil
}

// serving is a node that this process serves.
type serving struct {
	url  string
	cast cast
	stop func() error
}

// serve opens a node and serves it on a free port of this machine.
func serve(ctx context.Context, dir string) (*serving, error) {
	n, err := openNode(ctx, dir)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(ctx)
	url, down := make(chan string, 1), make(chan error, 1)
	go func() {
		down <- web.New(n.Services()).Serve(run, web.Listen{Address: "127.0.0.1:0"}, func(u string) { url <- u })
	}()
	s := &serving{stop: sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-down, n.Close(context.WithoutCancel(ctx)))
	})}
	select {
	case s.url = <-url:
	case err := <-down:
		down <- nil
		return nil, errors.Join(err, s.stop())
	}
	if s.cast, err = castOf(dir, s.url); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// sell lists a product like that of the demonstration, under a license without limits, with
// content of a size, and sells it.
func sell(ctx context.Context, c cast, size int) (sold, error) {
	p, err := list(ctx, c)
	if err != nil {
		return sold{}, err
	}
	up, err := c("operator").Upload(ctx, bytes.NewReader(content(1, size)))
	if err != nil {
		return sold{}, err
	}
	if _, err := c("operator").Call(ctx, ledger.FnContentAdd, ledger.ContentArgs{
		ID: client.NewID(), Subject: ledger.RefTo(ledger.KindProduct, p.ID), Object: up.Object, SHA256: up.SHA256,
		Bytes: up.Bytes, Ingest: up.Receipt, Node: up.Node, Name: "large.bin",
	}); err != nil {
		return sold{}, err
	}
	order, err := buy(ctx, c, p, ledger.Quota{})
	return sold{Order: order, Product: p.ID, Object: up.Object, Bytes: up.Bytes}, err
}

// list lists the product of sell.
func list(ctx context.Context, c cast) (p ledger.Product, err error) {
	var page struct{ Items []ledger.Product }
	if err := c("operator").Get(ctx, "/v1/products", &page); err != nil {
		return p, err
	}
	for _, each := range page.Items {
		if each.Operator == c("operator").Profile().Party {
			p = each
		}
	}
	var l ledger.License
	if err := c("operator").Get(ctx, "/v1/licenses/"+string(p.License), &l); err != nil {
		return p, err
	}
	l.ID, l.Limits = client.NewID(), ledger.Quota{}
	offered, err := c("bureau").Call(ctx, ledger.FnLicenseOffer, ledger.LicenseOfferArgs{LicenseTerms: l.LicenseTerms})
	if err != nil {
		return p, err
	}
	if _, err := c("operator").Call(ctx, ledger.FnLicenseAccept, ledger.AnswerArgs{ID: l.ID, Answers: offered.Payload}); err != nil {
		return p, err
	}
	o := p.ProductOffer
	o.ID, o.License, o.Version, o.Title = client.NewID(), l.ID, 1, o.Title+"（无限额）"
	if _, err := c("operator").Call(ctx, ledger.FnProductList, ledger.ProductListArgs{ProductOffer: o}); err != nil {
		return p, err
	}
	return p, c("operator").Get(ctx, "/v1/products/"+string(o.ID), &p)
}

// buy places an order of the emergency bureau, whose purpose is free, and accepts it.
func buy(ctx context.Context, c cast, p ledger.Product, limits ledger.Quota) (ledger.ID, error) {
	id, now := client.NewID(), time.Now()
	out, err := c("emergency").Call(ctx, ledger.FnOrderPlace, ledger.OrderPlaceArgs{
		ID: id, Product: p.ID, Answers: p.Cite.Payload, Purpose: ledger.Purpose{Class: ledger.Governance, Code: "emergency"},
		PurposeText: ledger.Salt([16]byte{1}, "演练"), Quantity: 1, StartOn: day(now), EndOn: day(now.AddDate(1, 0, 0)), Limits: limits, Recipient: "430300",
	})
	if err != nil {
		return id, err
	}
	_, err = c("operator").Call(ctx, ledger.FnOrderAccept, ledger.AnswerArgs{ID: id, Answers: out.Payload})
	return id, err
}

// china is the time zone of the register's days.
var china = time.FixedZone("CST", 8*60*60)

func day(t time.Time) ledger.Date { return ledger.Date(t.In(china).Format(time.DateOnly)) }

func readSold(dir string) (sold, error) {
	var s sold
	b, err := os.ReadFile(filepath.Join(dir, soldFile))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}

// content is n bytes that differ for each seed and do not repeat soon.
func content(seed uint32, n int) []byte {
	b := make([]byte, n)
	x := seed*2654435761 + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// ask sends a request of a party; header has names and values by turns.
func ask(ctx context.Context, c *client.Client, h *http.Client, method, path string, body io.Reader, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Profile().URL+path, body)
	if err != nil {
		return nil, err
	}
	token, err := c.Token(5 * time.Minute)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return h.Do(req)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
