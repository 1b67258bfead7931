package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/projection"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
	"github.com/datacadastre/cadastre/licensing"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/registry"
)

// Files of the read model. A rebuild writes readModelNext. If a node runs, the command
// asks it with the file rebuildRequest, and reads in rebuildState how far it is.
const (
	readModelFile  = "read.db"
	readModelNext  = "read.db.next"
	rebuildRequest = "rebuild.request"
	rebuildState   = "rebuild.state"
)

// rebuildInterval is how often a node looks for a request, and writes how far it is.
const rebuildInterval = 250 * time.Millisecond

// openReadModel opens or creates a read model.
func openReadModel(ctx context.Context, path string) (*sqldb.DB, error) {
	db, err := sqldb.Open(ctx, path, sqldb.SyncNormal, sqldb.SmallPages)
	if err != nil {
		return nil, err
	}
	err = errors.Join(db.Migrate(ctx, "projection", projection.Migrations()),
		db.Migrate(ctx, "provenance", provenance.Migrations()), db.Migrate(ctx, "registry", registry.Migrations()),
		db.Migrate(ctx, "licensing", licensing.Migrations()), db.Migrate(ctx, "marketplace", marketplace.Migrations()),
		db.Migrate(ctx, "sight", sight.Migrations()), db.Migrate(ctx, "records", records.Migrations()))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// building is a read model that is built beside the one in use.
type building struct {
	path     string
	salt     []byte // of the one in use; nil: its own
	now      func() time.Time
	progress func(done, total uint64)
}

// build brings the read model to a revision of a ledger, from its last block.
func (b building) build(ctx context.Context, l ledger.Ledger, to ledger.Revision) error {
	db, err := openReadModel(ctx, b.path)
	if err != nil {
		return err
	}
	licenses, err := licensing.New(db.R, b.now)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	err = projection.Build(ctx, projection.Building{
		DB: db.W, Reads: db.R, Salt: b.salt, Now: b.now, Progress: func(block uint64) { b.progress(block+1, to.Block+1) },
		Domains: []projection.Domain{
			registry.New(db.R, b.now), licenses, marketplace.New(marketplace.Config{DB: db.R}), provenance.NewTable(db.R),
			sight.New(sight.Config{DB: db.R}), records.New(db.R),
		},
	}, l, to)
	return errors.Join(err, db.Close())
}

// clearRebuild removes what an interrupted rebuild left.
func (d folder) clearRebuild() error {
	for _, name := range []string{readModelNext, readModelNext + "-wal", readModelNext + "-shm", rebuildRequest, rebuildState} {
		if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear what a rebuild left: %w", err)
		}
	}
	return nil
}

// rebuild builds the read model again from the ledger, while the one in use serves, and then
// replaces it in one transaction. Calls wait while the new one is copied.
func (n *Node) rebuild(ctx context.Context, progress func(done, total uint64)) error {
	d := folder(n.opts.Dir)
	salt, err := projection.Salt(ctx, n.read.R)
	if err != nil {
		return err
	}
	b := building{path: d.path(readModelNext), salt: salt, now: n.opts.Now, progress: progress}
	// The first round takes long; the second has what was recorded meanwhile, so that
	// little is left for the third, in which calls wait.
	for range 2 {
		at, ok := n.loop.Revision()
		if !ok {
			return words.Errorf("账本尚无记录", "the ledger has no entry yet")
		}
		if err := b.build(ctx, n.ledger, at); err != nil {
			return err
		}
	}
	return n.loop.Paused(func(at ledger.Revision, _ bool) error {
		if err := b.build(ctx, n.ledger, at); err != nil {
			return err
		}
		if err := n.read.Replace(context.WithoutCancel(ctx), b.path); err != nil {
			return err
		}
		n.licenses.RefreshAll()
		n.market.RecheckAll(context.WithoutCancel(ctx))
		return nil
	})
}

// rebuildProgress is the content of rebuildState.
type rebuildProgress struct {
	Request string `json:"request"` // content of the request that is answered
	Done    uint64 `json:"done"`    // entries
	Total   uint64 `json:"total"`
	Ended   bool   `json:"ended"`
	Error   string `json:"error,omitempty"`
}

// rebuildOnRequest rebuilds the read model whenever the file of a request appears, until
// ctx ends. A file gives no signal, so it looks at intervals.
func (n *Node) rebuildOnRequest(ctx context.Context) {
	d := folder(n.opts.Dir)
	for sleep(ctx, rebuildInterval) {
		request, err := os.ReadFile(d.path(rebuildRequest))
		if err != nil {
			continue
		}
		if err := n.answerRebuild(ctx, d, string(request)); err != nil {
			n.opts.Log.ErrorContext(ctx, "read model not rebuilt", slog.String("error", err.Error()))
		}
	}
}

// answerRebuild rebuilds the read model and writes how far it is into the folder.
func (n *Node) answerRebuild(ctx context.Context, d folder, request string) error {
	if err := d.clearRebuild(); err != nil {
		return err
	}
	n.opts.Log.InfoContext(ctx, "read model is being rebuilt")
	var done, total atomic.Uint64
	ended := make(chan error, 1)
	go func() {
		ended <- n.rebuild(ctx, func(d, t uint64) { done.Store(d); total.Store(t) })
	}()
	p := rebuildProgress{Request: request}
	for {
		var err error
		select {
		case err = <-ended:
			p.Ended = true
			if err != nil {
				p.Error = err.Error()
			}
		case <-time.After(rebuildInterval): //nolint:forbidigo // an interval, not the time of day
		}
		p.Done, p.Total = done.Load(), total.Load()
		if !p.Ended {
			_ = d.saveProgress(p) // only the last state is needed
			continue
		}
		if err = errors.Join(err, d.clearRebuild(), d.saveProgress(p)); err == nil {
			n.opts.Log.InfoContext(ctx, "read model was rebuilt", slog.Uint64("entries", p.Done))
		}
		return err
	}
}

func (d folder) saveProgress(p rebuildProgress) error {
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode progress: %w", err)
	}
	return durable.WriteFile(d.path(rebuildState), b)
}

// Rebuild builds the read model of the node in a folder again from its ledger. If the node
// runs, it asks the node, which goes on answering from the old one meanwhile; else it does
// it itself. progress gets the number of applied entries (on a shared ledger, of blocks)
// and of all. It returns the number of entries.
func Rebuild(ctx context.Context, o Options, progress func(done, total uint64)) (entries uint64, err error) {
	d := folder(o.Dir)
	s, err := d.settings()
	if err != nil {
		return 0, err
	}
	unlock, served, err := d.tryLock(os.O_CREATE)
	if err != nil {
		return 0, err
	}
	if served {
		return d.askRebuild(ctx, progress)
	}
	defer unlock()
	return d.rebuildStopped(ctx, o, s, progress)
}

// rebuildStopped rebuilds the read model of a node that does not run.
func (d folder) rebuildStopped(ctx context.Context, o Options, s Settings, progress func(done, total uint64)) (uint64, error) {
	if err := d.clearRebuild(); err != nil {
		return 0, err
	}
	k, err := d.keys(s.Backend)
	if err != nil {
		return 0, err
	}
	l, err := openLedger(ctx, d, s, k, o.Log, o.Now)
	if err != nil {
		return 0, err
	}
	head, err := l.Head(ctx)
	if err == nil {
		b := building{path: d.path(readModelNext), salt: d.oldSalt(ctx), now: o.Now, progress: progress}
		err = b.build(ctx, l, head)
	}
	if err = errors.Join(err, l.shut()); err == nil {
		err = d.useNext()
	}
	if err != nil {
		return 0, errors.Join(err, d.clearRebuild())
	}
	return head.Block + 1, nil
}

// oldSalt returns the salt of the read model, if it can be read.
func (d folder) oldSalt(ctx context.Context) []byte {
	old, err := sqldb.OpenSnapshot(ctx, d.path(readModelFile))
	if err != nil {
		return nil
	}
	defer old.Close()
	var salt []byte
	if err := old.QueryRowContext(ctx, "SELECT salt FROM writer_salt").Scan(&salt); err != nil || len(salt) != 16 {
		return nil
	}
	return salt
}

// useNext replaces the read model by the new one. If it is interrupted, there is no read
// model, and the next start makes it.
func (d folder) useNext() error {
	for _, name := range []string{readModelFile + "-wal", readModelFile + "-shm"} {
		if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replace the read model: %w", err)
		}
	}
	if err := durable.Rename(d.path(readModelNext), d.path(readModelFile)); err != nil {
		return fmt.Errorf("replace the read model: %w", err)
	}
	return nil
}

// askRebuild asks the running node to rebuild its read model, and waits until it has.
func (d folder) askRebuild(ctx context.Context, progress func(done, total uint64)) (uint64, error) {
	id := string(NewID())
	if err := durable.WriteFile(d.path(rebuildRequest), []byte(id)); err != nil {
		return 0, words.Errorf("请求重建：%v", "ask for a rebuild: %v", err)
	}
	for sleep(ctx, rebuildInterval) {
		var p rebuildProgress
		b, err := os.ReadFile(d.path(rebuildState))
		if err == nil {
			err = json.Unmarshal(b, &p)
		}
		if err == nil && p.Request == id {
			if p.Error != "" {
				return p.Done, words.Errorf("节点未能重建 read.db，继续使用原有的：%s", "the node could not rebuild read.db, and goes on with the old one: %s", p.Error)
			}
			if progress(p.Done, p.Total); p.Ended {
				return p.Done, os.Remove(d.path(rebuildState))
			}
		}
		unlock, served, err := d.tryLock(os.O_CREATE)
		if err != nil {
			return 0, err
		}
		if !served {
			err := d.clearRebuild()
			unlock()
			return 0, errors.Join(words.Errorf("节点已停止：请再次运行", "the node stopped: run it again"), err)
		}
	}
	return 0, words.Errorf("不再等待；节点若已开始重建，会将其完成", "no longer waiting: if the node has begun to rebuild, it completes that")
}
