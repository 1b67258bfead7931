package fabric

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// Config says where the ledger is and who asks.
type Config struct {
	Profile      []byte // of the SDK, in YAML: channels, organizations, orderers and every peer
	Channel      string
	Chaincode    string
	Version      string        // of the chaincode as committed on the channel; empty: any
	Organization string        // of the profile: whose user and peer are ours
	User         string        // of the organization: whose key signs proposals
	Genesis      ledger.Digest // SHA-256 of the JWS that began the ledger; empty: any
	Quorum       int           // organizations that sign a proof; 0: two
	Log          *slog.Logger
	Now          func() time.Time
}

// Ledger is a ledger on a channel. It implements ledger.Ledger.
type Ledger struct {
	cfg     Config
	net     *network
	send    sender
	commits *commits
	lanes   lanes
	seen    seen

	run   context.Context //nolint:containedctx // ends what runs at Close
	stop  context.CancelFunc
	tasks sync.WaitGroup // transactions and readers on their way
	close func() error   // once

	mu     sync.Mutex
	begun  bool // the genesis is recorded
	closed bool
}

// errClosed says that the ledger was closed.
var errClosed = errors.New("the ledger is closed")

// Open connects to the network. It refuses a profile that does not name what it
// must, a certificate that is expired or not of the channel, another chaincode
// or another beginning than the configured one, and a clock that is off, each
// with a sentence that names the setting.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	logTo(cfg.Log)
	n, err := connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{cfg: cfg, net: n}
	l.run, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.lanes.flush = l.flush
	l.close = sync.OnceValue(l.shut)
	if err := l.start(ctx); err != nil {
		l.stop()
		n.close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

// start asks and listens. A peer that has just begun, or that is down while
// others are there, may take a few tries.
func (l *Ledger) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beginning)
	defer cancel()
	for {
		err := l.check(ctx)
		if err == nil {
			err = l.listen()
		}
		if err == nil || !errors.Is(err, ledger.Unavailable) {
			return err
		}
		if wait(ctx, pause); ctx.Err() != nil {
			return l.net.explain(err)
		}
	}
}

// beginning bounds how long Open tries.
const beginning = 15 * time.Second

// listen makes what submits and what hears of blocks.
func (l *Ledger) listen() error {
	var err error
	if l.commits == nil {
		if l.commits, err = watchCommits(l.net); err != nil {
			return unavailable(err)
		}
	}
	if l.send, err = newSender(l.net, l.commits); err != nil {
		return unavailable(err)
	}
	return nil
}

// Close tells whoever waits that the ledger is unavailable and leaves the network.
func (l *Ledger) Close() error { return l.close() }

func (l *Ledger) shut() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop()
	l.tasks.Wait()
	l.lanes.tasks.Wait()
	l.commits.close()
	l.net.close()
	return nil
}

// enter counts a task that Close waits for, and gives it a context that ends
// with Close, too. The task ends with leave.
func (l *Ledger) enter(ctx context.Context) (in context.Context, leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, unavailable(errClosed)
	}
	l.tasks.Add(1)
	in, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.run, func() { cancel(errClosed) })
	return in, func() { stop(); cancel(nil); l.tasks.Done() }, nil
}

// check asks peers what the ledger began with: one that has an empty folder does
// not know.
func (l *Ledger) check(ctx context.Context) error {
	q, err := l.net.propose(l.cfg.Chaincode, ledger.TxValue, ledger.RecordKey(ledger.GenesisRef))
	if err != nil {
		return err
	}
	a, err := anyOf(ctx, l.net.byHealth(), q.ask)
	switch {
	case errors.Is(err, ledger.NotFound):
		return nil
	case err != nil:
		return l.net.explained(err)
	}
	if v := a.action.GetChaincodeId().GetVersion(); l.cfg.Version != "" && v != l.cfg.Version {
		return fmt.Errorf("the channel %s runs version %s of the chaincode %s, the configured version is %s: set it to the one that is committed, or use the release that goes with it",
			l.cfg.Channel, v, l.cfg.Chaincode, l.cfg.Version)
	}
	return l.checkGenesis(ctx, a)
}

// checkGenesis holds the ledger's beginning to the configured one: the call that
// wrote the genesis record, which is written once.
func (l *Ledger) checkGenesis(ctx context.Context, a *answer) error {
	if l.cfg.Genesis == "" {
		return nil
	}
	place, err := proof.Version(a.action.GetResults(), l.cfg.Chaincode, ledger.RecordKey(ledger.GenesisRef))
	if err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	b, err := l.net.block(ctx, place.Block)
	if err != nil {
		return fmt.Errorf("block of the genesis: %w", err)
	}
	all, err := decodeBlock(b, l.cfg.Chaincode)
	if err != nil {
		return fmt.Errorf("block of the genesis: %w", err)
	}
	for _, c := range all.Calls {
		if c.Event.Name == ledger.FnGenesis && ledger.DigestOf([]byte(c.JWS)) == l.cfg.Genesis {
			return nil
		}
	}
	return fmt.Errorf("the ledger on channel %s began with another genesis than the configured one, %s: set channel and chaincode to those of this ledger, or the genesis to the one in its trust file",
		l.cfg.Channel, l.cfg.Genesis)
}

var _ ledger.Ledger = (*Ledger)(nil)
