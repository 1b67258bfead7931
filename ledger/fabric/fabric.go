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

// Config says where the ledger is and which user connects to it.
type Config struct {
	Profile      []byte // profile of the SDK in YAML: channels, organizations, orderers and every peer
	Channel      string
	Chaincode    string
	Version      string        // version of the chaincode as committed on the channel; empty: any
	Organization string        // our organization, as named in the profile
	User         string        // user of the organization whose key signs proposals
	Genesis      ledger.Digest // SHA-256 of the JWS that began the ledger; empty: any
	Quorum       int           // number of organizations that sign a proof; 0: two
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

	run   context.Context //nolint:containedctx // canceled by Close
	stop  context.CancelFunc
	tasks sync.WaitGroup // calls and readers in progress
	close func() error   // runs shutDown once

	mu     sync.Mutex
	begun  bool // the genesis is recorded
	closed bool
}

// errClosed is the cause of Unavailable after Close.
var errClosed = errors.New("the ledger is closed")

// Open connects to the network. It returns an error that names the setting to fix
// if the profile is incomplete, if the certificate is expired or not accepted by
// the channel, if the chaincode or the genesis is not the configured one, or if the
// clock is wrong.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	logTo(cfg.Log)
	n, err := connect(cfg)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{cfg: cfg, net: n}
	l.run, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.lanes.flush = l.flush
	l.close = sync.OnceValue(l.shutDown)
	if err := l.start(ctx); err != nil {
		l.stop()
		n.close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

// start checks the channel and starts to listen for blocks. It tries again while no
// peer is available, for example because the peers have just started.
func (l *Ledger) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for {
		err := l.checkChannel(ctx)
		if err == nil {
			err = l.listen()
		}
		if err == nil || !errors.Is(err, ledger.Unavailable) {
			return err
		}
		if wait(ctx, pause); ctx.Err() != nil {
			return l.net.startError(err)
		}
	}
}

// openTimeout limits how long Open tries.
const openTimeout = 15 * time.Second

// listen creates the sender and the listener for committed transactions.
func (l *Ledger) listen() error {
	var err error
	if l.commits == nil {
		if l.commits, err = listenCommits(l.net); err != nil {
			return unavailable(err)
		}
	}
	if l.send, err = newSender(l.net, l.commits); err != nil {
		return unavailable(err)
	}
	return nil
}

// Close ends all running calls with Unavailable and disconnects from the network.
func (l *Ledger) Close() error { return l.close() }

func (l *Ledger) shutDown() error {
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

// startTask registers a task that Close waits for. The context that it returns also
// ends at Close. The task must call leave at its end.
func (l *Ledger) startTask(ctx context.Context) (in context.Context, leave func(), err error) {
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

// checkChannel checks the version of the chaincode and the genesis. It uses the
// first peer that has the genesis; a new peer does not have it yet.
func (l *Ledger) checkChannel(ctx context.Context) error {
	q, err := l.net.propose(l.cfg.Chaincode, ledger.TxValue, ledger.RecordKey(ledger.GenesisRef))
	if err != nil {
		return err
	}
	a, err := firstFound(ctx, l.net.byHealth(), q.ask)
	switch {
	case errors.Is(err, ledger.NotFound):
		return nil
	case err != nil:
		return l.net.settingError(err)
	}
	if v := a.action.GetChaincodeId().GetVersion(); l.cfg.Version != "" && v != l.cfg.Version {
		return fmt.Errorf("the channel %s runs version %s of the chaincode %s, the configured version is %s: set it to the one that is committed, or use the release that goes with it",
			l.cfg.Channel, v, l.cfg.Chaincode, l.cfg.Version)
	}
	return l.checkGenesis(ctx, a)
}

// checkGenesis checks that the ledger began with the configured genesis: it
// compares the call that wrote the genesis record, which is written only once.
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
