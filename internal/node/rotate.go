package node

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/datacadastre/cadastre/internal/custody"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/words"
)

// sealedFiles lists the files in keys/ that are sealed with the master key.
func sealedFiles(b Backend) []string {
	if b.Shared() {
		return []string{"platform", receiptLogKey}
	}
	return []string{"platform", ledgerLogKey, receiptLogKey}
}

// Rotated reports what a rotation of the master key did.
type Rotated struct {
	From    string   `json:"from"` // ids of the master keys
	To      string   `json:"to"`
	Objects int      `json:"objects"` // number of data keys that were sealed again
	Parties int      `json:"parties"` // number of keys of parties
	Damaged []string `json:"damaged"` // objects whose data keys the old master key does not open
}

// RotateMasterKey makes a new master key, seals with it everything that the old one
// sealed, and replaces the old one. It does not write content. The node must be stopped.
//
// The new key is stored as keys/master.next before anything is sealed with it, and
// replaces keys/master when everything is. If a rotation is interrupted, run it again:
// each step skips what is done. Until then the node does not start, and both keys are
// needed.
func RotateMasterKey(ctx context.Context, o Options) (Rotated, error) {
	d := folder(o.Dir)
	done := Rotated{Damaged: []string{}}
	s, err := d.settings()
	if err != nil {
		return done, err
	}
	unlock, err := d.lock()
	if err != nil {
		return done, err
	}
	defer unlock()
	old, err := seal.Load(d.path("keys", "master"))
	if err != nil {
		return done, fmt.Errorf("load master key: %w", err)
	}
	next, err := d.nextMaster()
	if err != nil {
		return done, err
	}
	done.From, done.To = old.ID(), next.ID()
	store, err := d.openObjects(ctx, s, old, o.Store)
	if err != nil {
		return done, err
	}
	r, err := store.Rotate(ctx, next)
	if err = errors.Join(err, store.Close()); err != nil {
		return done, err
	}
	done.Objects, done.Damaged = r.Keys, append(done.Damaged, r.Damaged...)
	if done.Parties, err = d.rotateCustody(ctx, o, old, next); err != nil {
		return done, err
	}
	for _, name := range sealedFiles(s.Backend) {
		if err := d.reseal(name, old, next); err != nil {
			return done, err
		}
	}
	if err := d.syncKeys(); err != nil {
		return done, err
	}
	if err := durable.Rename(d.path("keys", "master.next"), d.path("keys", "master")); err != nil {
		return done, fmt.Errorf("replace master key: %w", err)
	}
	return done, nil
}

// nextMaster returns the new key of an interrupted rotation, or makes one. The file gets
// its name only when it is complete, because anything may be sealed with a key of that
// name.
func (d folder) nextMaster() (seal.Key, error) {
	path, draft := d.path("keys", "master.next"), d.path("keys", "master.new")
	if _, err := os.Lstat(path); err == nil {
		k, err := seal.Load(path)
		if err != nil {
			return k, fmt.Errorf("load the next master key: %w", err)
		}
		return k, nil
	}
	if err := os.RemoveAll(draft); err != nil {
		return seal.Key{}, fmt.Errorf("make master key: %w", err)
	}
	k, err := seal.Create(draft)
	if err == nil {
		err = durable.Rename(draft, path)
	}
	if err != nil {
		return k, fmt.Errorf("make master key: %w", err)
	}
	return k, nil
}

// midRotation refuses a folder whose master key is being replaced.
func (d folder) midRotation() error {
	if _, err := os.Lstat(d.path("keys", "master.next")); err == nil {
		return words.Errorf("%s 的主密钥正在更换：请用 cadastre rotate-master-key --dir %s 完成", "the master key of %s is being replaced: finish that with cadastre rotate-master-key --dir %s", d, d)
	}
	return nil
}

func (d folder) rotateCustody(ctx context.Context, o Options, old, next seal.Key) (int, error) {
	db, err := sqldb.Open(ctx, d.path("node.db"), sqldb.SyncFull)
	if err != nil {
		return 0, err
	}
	n := 0
	if err = db.Migrate(ctx, "custody", custody.Migrations()); err == nil {
		n, err = custody.New(db.W, old, o.Now).Rotate(ctx, next)
	}
	return n, errors.Join(err, db.Close())
}

// reseal seals a file of keys/ with next, unless it is sealed with next already.
func (d folder) reseal(name string, old, next seal.Key) error {
	sealed, err := os.ReadFile(d.path("keys", name))
	if err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	if _, err := next.Open(sealed, nodeKey(name)); err == nil {
		return nil
	}
	secret, err := old.Open(sealed, nodeKey(name))
	if err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	if sealed, err = next.Seal(secret, nodeKey(name)); err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	return durable.WriteFile(d.path("keys", name), sealed)
}

// nodeKey returns the context with which a file of keys/ is sealed.
func nodeKey(name string) string { return "node key " + name }

// syncKeys makes the file names in keys/ durable.
func (d folder) syncKeys() error {
	if err := durable.SyncFolder(d.path("keys")); err != nil {
		return fmt.Errorf("save keys: %w", err)
	}
	return nil
}
