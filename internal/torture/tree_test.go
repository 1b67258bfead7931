package torture_test

import (
	"context"
	"encoding/hex"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	inner "github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// tree is a log of a node as this test has read it. It never forgets a leaf, so that a
// log that was shortened or rewritten has another root.
type tree struct {
	key    note.Verifier
	hashes []tlog.Hash // by tlog.StoredHashIndex
	size   int64
	leaves map[ledger.Digest]int64
	entry  func(i int64, data []byte) error // called for each new entry; may be nil
}

func newTree(vkey string, entry func(int64, []byte) error) (*tree, error) {
	key, err := note.NewVerifier(vkey)
	return &tree{key: key, leaves: map[ledger.Digest]int64{}, entry: entry}, err
}

// follow reads what is new in the log, whose checkpoint must have at least least entries,
// and checks that the checkpoint is the root of all that was ever read.
func (t *tree) follow(ctx context.Context, log *client.Log, least int64) error {
	msg, err := log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	size, root, err := inner.ParseCheckpoint(msg, t.key)
	if err != nil {
		return err
	}
	if size < least || size < t.size {
		return fmt.Errorf("%s: it has %d entries, fewer than the %d known before", t.key.Name(), size, max(least, t.size))
	}
	for from := t.size / 256 * 256; from < size; from += 256 {
		list, err := log.Entries(ctx, from, int(min(256, size-from)))
		if err != nil {
			return err
		}
		for i, data := range list {
			if err := t.add(from+int64(i), data); err != nil {
				return err
			}
		}
	}
	return t.is(size, root)
}

func (t *tree) add(i int64, data []byte) error {
	if i < t.size {
		return nil
	}
	hashes, err := tlog.StoredHashes(i, data, t)
	if err != nil {
		return err
	}
	t.hashes = append(t.hashes, hashes...)
	t.size = i + 1
	leaf := tlog.RecordHash(data)
	t.leaves[ledger.Digest(hex.EncodeToString(leaf[:]))] = i
	if t.entry == nil {
		return nil
	}
	return t.entry(i, data)
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("%s: hash %d was not read", t.key.Name(), at)
		}
		list[i] = t.hashes[at]
	}
	return list, nil
}

// saw checks a checkpoint that the node has signed before.
func (t *tree) saw(msg string) error {
	size, root, err := inner.ParseCheckpoint([]byte(msg), t.key)
	if err != nil {
		return err
	}
	if size > t.size {
		return fmt.Errorf("%s: a checkpoint of %d entries was seen, now there are %d", t.key.Name(), size, t.size)
	}
	return t.is(size, root)
}

func (t *tree) is(size int64, root tlog.Hash) error {
	got, err := tlog.TreeHash(size, t)
	if err == nil && got != root {
		err = fmt.Errorf("%s: the root of %d entries is %s, the node signed %s", t.key.Name(), size, got, root)
	}
	return err
}

// health asks the node how large its logs are.
func health(ctx context.Context, c *client.Client) (h wire.Health, err error) {
	return h, c.Get(ctx, "/readyz", &h)
}

// about asks the node for the keys of its logs.
func about(ctx context.Context, c *client.Client) (a wire.About, err error) {
	return a, c.Get(ctx, "/v1/about", &a)
}
