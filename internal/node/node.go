package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
	"github.com/datacadastre/cadastre/registry"
)

// Options configure a node.
type Options struct {
	Dir           string
	Store         StoreCredentials // used if node.json names an S3 store without credentials
	PublicEntries bool             // everyone may read the entry bundles of the logs
	AcceptClock   bool             // the operator has compared the clock: no question at the start
	Log           *slog.Logger
	Now           func() time.Time
	Elapsed       func() time.Duration // since the start, by a clock that nobody sets; nil: by the monotonic readings of Now
	Version       string
	Checkers      map[string]evidence.Checker // of proofs, by kind; the one of the embedded ledger is built in

	Held        []string // checkpoints of the node's logs that others hold; the logs must continue them
	NothingHeld bool     // the operator states that nobody holds more than a restored folder has

	open opener // opens another ledger than that of the settings, in tests
}

// Node is a running node.
type Node struct {
	opts     Options
	settings Settings
	keys     keys
	genesis  ledger.Genesis
	unlock   func()
	read     *sqldb.DB
	db       *sqldb.DB // node.db
	ledger   ledger.Ledger
	own      *embedded.Ledger  // the same ledger if it is embedded, else nil
	algs     ledger.Algorithms // nil for a shared ledger
	trust    evidence.Trust
	log      ledger.LogRecord  // of the node's receipt log
	begun    []ledger.Restored // how the logs began after a restore, the newest first
	restored *Restored
	held     heldTrees
	close    func() error // closes the ledger
	receipts *receipts.Store
	objects  *objects.Store
	disk     *disk
	loop     *projection.Loop
	links    *provenance.Table
	registry *registry.Registry
	licenses *licensing.Licensing
	sight    *sight.Sight
	records  *records.Records
	market   *marketplace.Market
	checker  *auth.Checker
	owners   owners
	custody  *custody.Keys

	stop    context.CancelFunc
	running sync.WaitGroup
	anchors anchors
	pulse   pulse
	tally   *tally
	probe   *probe // of the store of content
	clock   *clock
}

// Open starts a node: it locks the folder, opens the ledger, checks the receipts against
// their last anchor, ends open deliveries as interrupted, brings the read model to the
// ledger's head, loads the policies and anchors the receipts. It serves nothing yet.
func Open(ctx context.Context, o Options) (*Node, error) {
	n := &Node{opts: o, tally: newTally(), owners: newOwners(), clock: newClock(o.Now, o.Elapsed, o.AcceptClock)}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Close(ctx))
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) (err error) {
	d := folder(n.opts.Dir)
	if n.settings, err = d.settings(); err != nil {
		return err
	}
	if n.settings.Ledger == "" {
		return words.Errorf("%s 尚待创世请求：请数据管理部门签署 %s，再运行 cadastre init --dir %s --genesis FILE", "%s waits for its genesis: have the data authority sign %s, then run cadastre init --dir %s --genesis FILE",
			d, d.path("genesis.request"), d)
	}
	if n.unlock, err = d.lock(); err != nil {
		return err
	}
	if n.keys, err = d.keys(n.settings.Backend); err != nil {
		return err
	}
	if err := n.checkRestored(); err != nil {
		return err
	}
	for _, step := range []func(context.Context, folder) error{n.openRegister, n.openStores, n.openDomains, n.openTokens} {
		if err := step(ctx, d); err != nil {
			return err
		}
	}
	return n.forgetRestored(ctx)
}

func (n *Node) openRegister(ctx context.Context, d folder) (err error) {
	if n.trust, err = d.trust(n.settings, n.keys); err != nil {
		return err
	}
	open := openLedger
	if n.opts.open != nil {
		open = n.opts.open
	}
	l, err := open(ctx, d, n.settings, n.keys, n.opts.Log, n.opts.Now)
	if err != nil {
		return err
	}
	n.ledger, n.own, n.algs, n.close = l.Ledger, l.own, l.algs, l.close
	if n.own != nil {
		n.own.Guard(n.clock.allow)
	}
	if err := n.checkPause(ctx); err != nil {
		return err
	}
	if err := n.checkLedger(ctx, d); err != nil {
		return err
	}
	return n.checkHeldLedger(ctx)
}

// value reads a record of the ledger, or returns NotFound.
func value[T any](ctx context.Context, l ledger.Ledger, ref ledger.Ref) (T, error) {
	var v T
	b, err := l.Value(ctx, ledger.RecordKey(ref))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(b, &v)
}

func (n *Node) openStores(ctx context.Context, d folder) (err error) {
	last, err := n.lastAnchor(ctx)
	if err != nil {
		return err
	}
	if last != nil && last.Cite.Call != "" {
		n.anchors.set(last.Size, time.UnixMilli(int64(last.Time)))
	}
	n.receipts, err = receipts.Open(ctx, receipts.Config{Dir: string(d), Key: n.keys.receipts, Anchor: last, Held: n.held.receipts, Now: n.clock.receiptTime})
	if err != nil {
		return n.explainBehind(err)
	}
	if n.objects, err = d.openObjects(ctx, n.settings, n.keys.master, n.opts.Store); err != nil {
		return err
	}
	n.probe = newProbe(n.objects.Probe, n.opts.Now, n.opts.Log)
	n.disk = newDisk(d, n.settings)
	if n.db, err = sqldb.Open(ctx, d.path("node.db"), sqldb.SyncFull); err != nil {
		return err
	}
	if err := errors.Join(n.db.Migrate(ctx, "auth", auth.Migrations()), n.db.Migrate(ctx, "custody", custody.Migrations()),
		n.db.Migrate(ctx, "uploads", marketplace.UploadMigrations())); err != nil {
		return err
	}
	n.custody = custody.New(n.db.W, n.keys.master, n.opts.Now)
	if err := d.clearRebuild(); err != nil {
		return err
	}
	n.read, err = openReadModel(ctx, d.path(readModelFile))
	return err
}

func (n *Node) openDomains(ctx context.Context, _ folder) (err error) {
	n.links = provenance.NewTable(n.read.R)
	n.records = records.New(n.read.R)
	n.registry = registry.New(n.read.R, n.opts.Now)
	if n.licenses, err = licensing.New(n.read.R, n.opts.Now); err != nil {
		return err
	}
	roles, err := policies.NewRoles()
	if err != nil {
		return err
	}
	n.sight = sight.New(sight.Config{DB: n.read.R, Roles: roles, Licensed: n.licenses.Licensed, StoreLook: n.recordRead, Log: n.opts.Log})
	n.market = marketplace.New(marketplace.Config{
		DB: n.read.R, Uploads: n.db.W, Objects: watchedObjects{n.objects, &n.tally.objectErrors}, Receipts: n.receipts, Decide: n.decide,
		Revision: func() (ledger.Revision, bool) { return n.loop.Revision() },
		Ready:    n.ready, Origin: n.settings.Origin, Where: n.where, Now: n.opts.Now, NewID: NewID, MaxUpload: n.settings.Limits.Upload,
		MaxRunning: n.settings.Limits.Deliveries, MaxUnnamed: n.settings.Limits.Unnamed, UnnamedAge: maxUnnamedAge, Room: n.roomForUploads,
	})
	if err := n.market.LoadUploads(ctx); err != nil {
		return err
	}
	n.loop, err = projection.New(ctx, n.read.W, n.read.R, n.ledger, []projection.Domain{n.registry, n.licenses, n.market, n.links, n.sight, n.records}, n.applied, n.opts.Now)
	if err != nil {
		return err
	}
	if _, begun := n.loop.Revision(); begun {
		if err := readmodel.CheckBegun(ctx, n.read.R, "sight", "record"); err != nil {
			return err
		}
	}
	n.licenses.UseRevision(n.loop.Revision)
	return n.follow(ctx)
}

// follow brings the read model up to the ledger's head, and begins the work that goes on
// until the node is closed.
func (n *Node) follow(ctx context.Context) error {
	head, err := n.ledger.Head(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's head: %w", err)
	}
	if err := n.checkRead(head); err != nil {
		return err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	n.background(func() {
		if err := n.loop.Run(run); err != nil {
			n.opts.Log.ErrorContext(run, "projection stopped", slog.String("error", err.Error()))
			n.market.CutAll()
		}
	})
	if err := n.loop.Wait(ctx, head.Block); err != nil {
		return err
	}
	if err := n.market.ForgetNamed(ctx); err != nil {
		return err
	}
	n.pulse.beat(&head, head, true, n.opts.Now())
	if err := n.anchor(ctx); err != nil {
		n.opts.Log.WarnContext(ctx, "receipts not anchored", slog.String("error", err.Error()))
	}
	n.background(func() { n.anchorNew(run) })
	n.background(func() { n.watchHead(run) })
	n.background(func() { n.sweepPeriodically(run) })
	n.background(func() { n.rebuildOnRequest(run) })
	return nil
}

// checkRead refuses an embedded ledger that is older than the read model. For a shared
// ledger the peer that answers may lag, and the loop waits for it.
func (n *Node) checkRead(head ledger.Revision) error {
	r, ok := n.loop.Revision()
	if !ok || r.Block <= head.Block || n.own == nil {
		return nil
	}
	return words.Errorf("read.db 已应用至第 %d 条，而 ledger.db 止于第 %d 条：ledger.db 比本节点已出示的更旧；请恢复整个文件夹的最新备份，若已是最新，请删除 read.db 并告知持有检查点的各方",
		"read.db has applied entry %d, but ledger.db ends at %d: ledger.db is older than what this node has already shown; "+
			"restore the newest copy of the whole folder, or, if that is the newest, delete read.db and notify everyone who has a checkpoint", r.Block, head.Block)
}

func (n *Node) background(f func()) {
	n.running.Go(func() {
		f()
	})
}

// applied runs after each block is committed and before those who wait for the block
// continue: it updates the policies and cuts deliveries that are no longer allowed.
func (n *Node) applied(ctx context.Context, events []ledger.Event) {
	moved := false
	for _, e := range events {
		n.licenses.Refresh(n.licenses.Touched(e)...)
		moved = moved || e.Name != ledger.FnAnchor
	}
	if !moved {
		return
	}
	n.market.Recheck(ctx, events)
	if err := n.market.Named(ctx, events); err != nil { // the next sweep counts them
		n.opts.Log.WarnContext(ctx, "uploads still counted", slog.String("error", err.Error()))
	}
}

// Close cuts running deliveries, stops background work, closes the stores and finally
// unlocks the folder.
func (n *Node) Close(context.Context) error {
	if n.market != nil {
		n.market.CutAll()
	}
	if n.stop != nil {
		n.stop()
	}
	n.running.Wait()
	var errs []error
	if n.receipts != nil {
		errs = append(errs, n.receipts.Close())
	}
	if n.probe != nil {
		n.probe.close()
	}
	if n.objects != nil {
		errs = append(errs, n.objects.Close())
	}
	for _, db := range []*sqldb.DB{n.read, n.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if n.close != nil {
		errs = append(errs, n.close())
	}
	if n.unlock != nil {
		n.unlock()
	}
	return errors.Join(errs...)
}
