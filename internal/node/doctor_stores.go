package node

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
	"github.com/datacadastre/cadastre/marketplace"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// register examines the ledger: file, log, tiles, checkpoint, events, write sets, records
// and their sum, and the settings that depend on it.
func (x *examination) register(ctx context.Context) error {
	if x.settings.Backend.Shared() {
		x.skip("账本：在 Fabric 上，请用 cadastre audit", "the ledger: it is on Fabric; use cadastre audit")
		return nil
	}
	const file = "ledger.db"
	path, still, err := x.view(file)
	if err == nil {
		x.ledger, err = embedded.OpenReadOnly(ctx, embedded.Config{
			Path: path, Key: x.keys.ledger, Algorithms: ledger.Standard(), Genesis: x.settings.GenesisSHA256, Now: x.opts.Now,
		}, still)
	}
	if err != nil {
		x.stored(ctx, file, err, restoreAll, nil)
		return nil
	}
	x.closers = append(x.closers, x.ledger.Close)
	if err := x.ledger.CheckIntegrity(ctx); err != nil {
		x.stored(ctx, file, err, restoreAll, nil)
		return nil
	}
	if err := x.ledger.Check(ctx); err != nil {
		x.stored(ctx, file, err, restoreAll, nil)
		return nil
	}
	if err := x.readLedger(ctx); err != nil {
		x.stored(ctx, file, err, restoreAll, nil)
		return nil
	}
	x.ledgerSound = true
	return nil
}

// readLedger reads from a sound ledger what other files must match, and compares node.json.
func (x *examination) readLedger(ctx context.Context) error {
	genesis, err := value[ledger.Genesis](ctx, x.ledger, ledger.GenesisRef)
	if err != nil {
		return err
	}
	for b, err := range x.ledger.Blocks(ctx, 0) {
		if err != nil {
			return err
		}
		if x.trust, err = x.trustOf(ctx, genesis, b.Calls[0]); err != nil {
			return err
		}
		if err := x.compareGenesis(x.settings, b.Calls[0]); err != nil {
			x.find("node.json", "genesis_sha256", err, restoreFile, nil)
		}
		break
	}
	if genesis.Ledger != x.settings.Ledger {
		x.find("node.json", "ledger", words.Errorf("node.json 属于账本 %s，账本为 %s", "node.json belongs to ledger %s, but the ledger is %s",
			x.settings.Ledger, genesis.Ledger), restoreFile, nil)
	}
	head, err := x.ledger.Head(ctx)
	if err != nil {
		return err
	}
	x.found.Entries = int64(head.Block) + 1
	return x.compareLog(ctx)
}

// compareLog compares the settings and the key of the receipt log with what the ledger has
// admitted, and reads the log's last anchor.
func (x *examination) compareLog(ctx context.Context) (err error) {
	n := Node{settings: x.settings, keys: x.keys, ledger: x.ledger}
	origin := x.keys.receipts.Origin()
	n.log, err = value[ledger.LogRecord](ctx, x.ledger, ledger.RefTo(ledger.KindLog, origin))
	switch {
	case ledger.NodeOfReceipts(origin) != x.settings.Origin:
		x.find("node.json", "origin", words.Errorf("回执日志属于节点 %s", "the receipt log is that of the node %s", ledger.NodeOfReceipts(origin)), restoreFile, nil)
		return nil
	case errors.Is(err, ledger.NotFound):
		x.find("keys/receipt-log", "", words.Errorf("账本未准入日志 %s", "the ledger has not admitted the log %s", origin), restoreFile, nil)
		return nil
	case err != nil:
		return err
	case n.log.Owner != x.settings.Platform:
		x.find("node.json", "platform", words.Errorf("账本准入的节点单位为 %s", "the ledger has admitted the node as party %s", n.log.Owner), restoreFile, nil)
	case n.log.Key != x.keys.receipts.VKey():
		x.find("keys/receipt-log", "", words.Errorf("不是账本准入的密钥", "it is not the key that the ledger has admitted"), restoreFile, nil)
	case n.log.Next != "":
		x.find("keys/receipt-log", "", words.Errorf("恢复后日志 %s 已由 %s 接续", "since a restore %[2]s continues the log %[1]s", origin, n.log.Next), endBegin, nil)
	}
	x.anchor, err = n.lastAnchor(ctx)
	return err
}

// hasRun reports whether the node has ever been started: the first start makes these files.
func (x *examination) hasRun() bool {
	return x.anchor != nil || x.has("receipts.db") || x.has("node.db") || x.has(readModelFile)
}

// receipts examines the receipt log, its index, and its last anchor if the ledger is sound.
func (x *examination) receipts(ctx context.Context) error {
	const file = "receipts.db"
	if !x.hasRun() {
		return nil
	}
	log, err := x.openReceipts(ctx)
	if err == nil {
		x.found.Receipts = log.Size()
		err = errors.Join(log.CheckIntegrity(ctx), log.Check(ctx))
	}
	if err != nil {
		x.stored(ctx, file, err, restoreAll, nil)
		return nil
	}
	x.receiptLog = log
	return nil
}

func (x *examination) openReceipts(ctx context.Context) (*receipts.Examined, error) {
	path, still, err := x.view("receipts.db")
	if err != nil {
		return nil, err
	}
	log, err := receipts.OpenReadOnly(ctx, path, receipts.Config{Key: x.keys.receipts, Anchor: x.anchor, Now: x.opts.Now}, still)
	if err != nil {
		return nil, err
	}
	x.closers = append(x.closers, log.Close)
	return log, nil
}

// nodeDB examines node.db and the keys of parties in it.
func (x *examination) nodeDB(ctx context.Context) error {
	if !x.hasRun() {
		return nil
	}
	db, err := x.openNodeDB(ctx)
	if err == nil {
		err = errors.Join(db.CheckIntegrity(ctx), db.Migrate(ctx, "custody", custody.Migrations()), db.Migrate(ctx, "uploads", marketplace.UploadMigrations()))
	}
	if err == nil {
		err = custody.New(db.R, x.keys.master, x.opts.Now).Check(ctx, func(party ledger.ID, kid ledger.KeyID, err error) {
			x.find("node.db", string(party)+" "+string(kid), err, partyKeys, nil)
		})
	}
	if err != nil {
		x.stored(ctx, "node.db", err, restoreAll, nil)
		return nil
	}
	x.node = db
	return nil
}

func (x *examination) openNodeDB(ctx context.Context) (*sqldb.DB, error) {
	path, still, err := x.view("node.db")
	if err != nil {
		return nil, err
	}
	db, err := sqldb.OpenReadOnly(ctx, path, still)
	if err != nil {
		return nil, err
	}
	x.closers = append(x.closers, db.Close)
	return db, nil
}

// objects examines every object that a content record of this node or an upload names:
// its key, its end and, unless the examination is quick, every byte. Without the ledger it
// examines every object that there is.
func (x *examination) objects(ctx context.Context) error {
	store, err := x.examineObjects(x.settings, x.keys.master, x.opts.Store)
	if err != nil {
		x.stored(ctx, "objects", err, restoreAll, nil)
		return nil
	}
	x.closers = append(x.closers, store.Close)
	if x.ledgerSound {
		return x.recordedObjects(ctx, store)
	}
	x.skip("对象与内容记录的对照：账本未经检查", "objects that are missing or exchanged: the ledger was not examined")
	return store.List(ctx, func(i objects.Info) error {
		if !i.Remains {
			x.object(ctx, store, i.ID, "")
		}
		return ctx.Err()
	})
}

// recordedObjects examines the objects of content records and of uploads.
func (x *examination) recordedObjects(ctx context.Context, store *objects.Store) error {
	err := x.ledger.Values(ctx, ledger.KindContent+"/", func(key string, v []byte) error {
		var c ledger.Content
		if err := json.Unmarshal(v, &c); err != nil {
			return err
		}
		if c.Node == x.settings.Origin && c.State == ledger.ContentRecorded {
			x.object(ctx, store, c.Object, c.SHA256)
			x.ingested(ctx, key, c)
		}
		return ctx.Err()
	})
	if err != nil {
		x.stored(ctx, "ledger.db", err, restoreAll, nil)
		return nil
	}
	if !x.hasRun() {
		return nil
	}
	if x.node == nil {
		x.skip("尚无内容记录的上传：node.db 已损坏", "uploads that no content record names: node.db is damaged")
		return nil
	}
	err = marketplace.Uploaded(ctx, x.node.R, func(object string, sum ledger.Digest) error {
		x.object(ctx, store, object, sum)
		return ctx.Err()
	})
	if err != nil {
		x.stored(ctx, "node.db", err, restoreAll, nil)
	}
	return nil
}

// ingested compares a content record with the receipt of the upload that it cites.
func (x *examination) ingested(ctx context.Context, key string, c ledger.Content) {
	if x.receiptLog == nil {
		return
	}
	k, err := x.receiptLog.ByLeaf(ctx, c.Ingest)
	if err == nil && (k.Receipt.Object != c.Object || k.Receipt.SHA256 != c.SHA256) {
		err = words.Errorf("记录 %s 所引回执属于另一对象", "the receipt that the record %s cites is that of another object", key)
	}
	if err != nil && ctx.Err() == nil {
		x.find("receipts.db", key, err, restoreAll, nil)
	}
}

// object examines one object; sum is the SHA-256 that is recorded for it, if it is known.
func (x *examination) object(ctx context.Context, store *objects.Store, id string, sum ledger.Digest) {
	info, name, err := store.Examine(ctx, id, !x.how.Quick)
	if err == nil && sum != "" && ledger.Digest(info.SHA256) != sum {
		err = words.Errorf("对象 %s 的 SHA-256 为 %s，记录为 %s", "object %s has the SHA-256 %s, but %s is recorded", id, info.SHA256, sum)
	}
	x.found.Objects++
	if !x.how.Quick {
		x.found.Bytes += info.Bytes
	}
	if err != nil && ctx.Err() == nil {
		x.find("objects/"+name, id, err, objectBack, nil)
	}
}

// readModel compares read.db, table by table, with a read model that is built again from the
// ledger up to the same entry.
func (x *examination) readModel(ctx context.Context) error {
	if !x.has(readModelFile) {
		return nil // the next start makes it
	}
	if x.ledger == nil || !x.ledgerSound {
		x.skip("read.db：账本未经检查", "read.db: the ledger was not examined")
		return nil
	}
	if err := x.compareReadModel(ctx); err != nil {
		x.stored(ctx, readModelFile, err, rebuildRead, x.rebuildReadModel)
	}
	return nil
}

// rebuildReadModel repairs read.db; however many of its tables are damaged, once.
func (x *examination) rebuildReadModel(ctx context.Context) error {
	for _, f := range x.found.Findings {
		if f.File == readModelFile && f.Repaired {
			return nil
		}
	}
	_, err := x.rebuildStopped(ctx, x.opts, x.settings, func(uint64, uint64) {})
	return err
}

func (x *examination) compareReadModel(ctx context.Context) error {
	path, still, err := x.view(readModelFile)
	if err != nil {
		return err
	}
	db, err := sqldb.OpenReadOnly(ctx, path, still)
	if err != nil {
		return err
	}
	x.closers = append(x.closers, db.Close)
	if err := db.CheckIntegrity(ctx); err != nil {
		return err
	}
	var block int64
	var head ledger.Digest
	err = db.R.QueryRowContext(ctx, "SELECT block, head FROM position").Scan(&block, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // nothing is applied yet
	}
	if err != nil {
		return err
	}
	to, err := x.ledger.RevisionAt(ctx, uint64(max(block, 0)))
	if errors.Is(err, ledger.NotFound) && block < math.MaxInt64 {
		x.find("ledger.db", "", words.Errorf("read.db 已应用至第 %d 条，而账本止于第 %d 条：账本比本节点已出示的更旧", "read.db has applied entry %d, but the ledger ends at %d: it is older than what this node has shown",
			block, x.found.Entries-1), restoreAll, nil)
		return nil
	}
	if err == nil && (block < 0 || to.Head != head) {
		err = words.Errorf("所载位置（第 %d 条）与账本不符", "its position (entry %d) does not match the ledger", block)
	}
	if err != nil {
		return err
	}
	return x.compareBuilt(ctx, db, to)
}

// compareBuilt builds a read model beside read.db and compares them.
func (x *examination) compareBuilt(ctx context.Context, db *sqldb.DB, to ledger.Revision) error {
	if err := x.makeTmp(); err != nil {
		return err
	}
	b := building{path: filepath.Join(x.tmp, readModelNext), now: x.opts.Now, progress: func(uint64, uint64) {}}
	var err error
	if err = db.R.QueryRowContext(ctx, "SELECT salt FROM writer_salt").Scan(&b.salt); err != nil {
		return err
	}
	if err := b.build(ctx, x.ledger, to); err != nil {
		return err
	}
	built, err := sqldb.OpenReadOnly(ctx, b.path, true)
	if err != nil {
		return err
	}
	x.closers = append(x.closers, built.Close)
	differ, err := readmodel.Compare(ctx, db.R, built.R)
	for _, t := range differ {
		x.find(readModelFile, t.Table+" "+t.Row, words.Errorf("表 %s 与由账本重建的不同", "the table %s differs from the one built from the ledger", t.Table), rebuildRead, x.rebuildReadModel)
	}
	return err
}
