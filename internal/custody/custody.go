// Package custody stores, in node.db, the private keys that parties entrust to their
// node, sealed by the node's master key.
//
// It promises that a key is returned only for the party and the use for which it was
// stored, even if the table was changed, and that no private key is on disk unsealed.
// It does not decide whose keys a node may store or whether a key is still valid: the
// contract does, with the key record on the ledger. A stored key is not under the sole
// control of its party.
package custody

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the package's tables in node.db; the set is named "custody".
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// Keys are the keys that a node stores.
type Keys struct {
	db     *sql.DB
	master seal.Key
	now    func() time.Time
}

// New returns the Keys in node.db, given its writing side; the migrations must have
// run.
func New(db *sql.DB, master seal.Key, now func() time.Time) *Keys {
	return &Keys{db: db, master: master, now: now}
}

// MaxKeys is how many keys of one party are stored at most.
const MaxKeys = 32

// Store seals key and stores it for one use of party. Storing it again changes nothing;
// for another use it is ledger.Conflict. It refuses a key beyond MaxKeys (InvalidCode, rule
// max_stored_keys).
func (k *Keys) Store(ctx context.Context, party ledger.ID, use ledger.KeyUse, key *ledger.Key) error {
	err := ledger.First(party.Validate("party"),
		ledger.OneOf("use", use, []ledger.KeyUse{ledger.UseSign, ledger.UseAuth}))
	if err != nil {
		return err
	}
	secret, err := key.Bytes()
	if err != nil {
		return fmt.Errorf("store key %s: %w", key.ID(), err)
	}
	sealed, err := k.master.Seal(secret, sealedFor(party, key.ID(), use))
	clear(secret)
	if err != nil {
		return fmt.Errorf("store key %s: %w", key.ID(), err)
	}
	done, err := k.db.ExecContext(ctx,
		`INSERT INTO sealed_key (party, kid, use, sealed, created_at) SELECT ?1, ?2, ?3, ?4, ?5
		 WHERE (SELECT count(*) FROM sealed_key WHERE party = ?1 AND kid <> ?2) < ?6
		 ON CONFLICT (party, kid) DO UPDATE SET use = use WHERE use = excluded.use`,
		string(party), string(key.ID()), string(use), sealed, k.now().UnixMilli(), MaxKeys)
	if err != nil {
		return fmt.Errorf("store key %s: %w", key.ID(), err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		return fmt.Errorf("store key %s: %w", key.ID(), err)
	}
	if n == 0 {
		return k.whyNotStored(ctx, party, key.ID())
	}
	return nil
}

// whyNotStored returns why a key was not stored: it is stored for another use, or there are
// too many.
func (k *Keys) whyNotStored(ctx context.Context, party ledger.ID, kid ledger.KeyID) error {
	stored := 0
	if err := k.db.QueryRowContext(ctx, "SELECT count(*) FROM sealed_key WHERE party = ? AND kid = ?", string(party), string(kid)).Scan(&stored); err != nil {
		return fmt.Errorf("store key %s: %w", kid, err)
	}
	if stored > 0 {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonKeyUse).At("use")
	}
	return ledger.Invalid("old", "max_stored_keys").With("limit", strconv.Itoa(MaxKeys))
}

// Stored is a key that the node stores, without the key itself.
type Stored struct {
	Kid     ledger.KeyID
	Use     ledger.KeyUse
	Created ledger.Millis
}

// List returns the keys that are stored for a party, oldest first: at most MaxKeys.
func (k *Keys) List(ctx context.Context, party ledger.ID) (list []Stored, err error) {
	rows, err := k.db.QueryContext(ctx, "SELECT kid, use, created_at FROM sealed_key WHERE party = ? ORDER BY created_at, kid", string(party))
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s Stored
		if err := rows.Scan((*string)(&s.Kid), (*string)(&s.Use), (*int64)(&s.Created)); err != nil {
			return nil, fmt.Errorf("list keys: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// Delete deletes keys of party for ever. Call it for keys that sign nothing any
// more: those that have ended on the ledger, or that were never recorded there.
func (k *Keys) Delete(ctx context.Context, party ledger.ID, kids []ledger.KeyID) error {
	for _, kid := range kids {
		if _, err := k.db.ExecContext(ctx, "DELETE FROM sealed_key WHERE party = ? AND kid = ?", string(party), string(kid)); err != nil {
			return fmt.Errorf("delete key %s: %w", kid, err)
		}
	}
	return nil
}

// Signer returns the key that is stored for party under kid for use. It returns
// ledger.NotFound if the key is missing or stored for another use only, seal.ErrDamaged
// if it was altered, and seal.ErrWrongKey if another master key sealed it.
func (k *Keys) Signer(ctx context.Context, party ledger.ID, kid ledger.KeyID, use ledger.KeyUse) (*ledger.Key, error) {
	var sealed []byte
	err := k.db.QueryRowContext(ctx,
		`SELECT sealed FROM sealed_key WHERE party = ? AND kid = ? AND use = ?`,
		string(party), string(kid), string(use)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonKey).At("kid")
	}
	if err != nil {
		return nil, fmt.Errorf("look up key %s: %w", kid, err)
	}
	secret, err := k.master.Open(sealed, sealedFor(party, kid, use))
	if err != nil {
		return nil, fmt.Errorf("key %s of party %s: %w", kid, party, err)
	}
	defer clear(secret)
	key, err := ledger.ParseKey(secret)
	if err != nil {
		return nil, fmt.Errorf("key %s of party %s: %w: %w", kid, party, seal.ErrDamaged, err)
	}
	return key, nil
}

// Check opens every stored key, and calls each with those that can't be opened.
func (k *Keys) Check(ctx context.Context, each func(party ledger.ID, kid ledger.KeyID, err error)) error {
	rows, err := k.db.QueryContext(ctx, "SELECT party, kid, use, sealed FROM sealed_key ORDER BY party, kid")
	if err != nil {
		return fmt.Errorf("check stored keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row sealedKey
		if err := rows.Scan((*string)(&row.party), (*string)(&row.kid), (*string)(&row.use), &row.sealed); err != nil {
			return fmt.Errorf("check stored keys: %w", err)
		}
		secret, err := k.master.Open(row.sealed, sealedFor(row.party, row.kid, row.use))
		clear(secret)
		if err != nil {
			each(row.party, row.kid, fmt.Errorf("key %s of party %s: %w", row.kid, row.party, err))
		}
	}
	return rows.Err()
}

// Rotate seals every stored key again with next, in one transaction, and returns how
// many. It skips keys that next sealed already. Afterwards, call New with next.
func (k *Keys) Rotate(ctx context.Context, next seal.Key) (int, error) {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("rotate keys: %w", err)
	}
	n, err := k.rotate(ctx, tx, next)
	if err != nil {
		return 0, fmt.Errorf("rotate keys: %w", errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("rotate keys: %w", err)
	}
	return n, nil
}

func (k *Keys) rotate(ctx context.Context, tx *sql.Tx, next seal.Key) (int, error) {
	stored, err := sealedKeys(ctx, tx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, row := range stored {
		purpose := sealedFor(row.party, row.kid, row.use)
		secret, err := k.master.Open(row.sealed, purpose)
		if errors.Is(err, seal.ErrWrongKey) {
			if _, err := next.Open(row.sealed, purpose); err == nil {
				continue
			}
		}
		if err != nil {
			return 0, fmt.Errorf("key %s of party %s: %w", row.kid, row.party, err)
		}
		sealed, err := next.Seal(secret, purpose)
		clear(secret)
		if err != nil {
			return 0, fmt.Errorf("key %s of party %s: %w", row.kid, row.party, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sealed_key SET sealed = ? WHERE party = ? AND kid = ?`, sealed, string(row.party), string(row.kid)); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

type sealedKey struct {
	party  ledger.ID
	kid    ledger.KeyID
	use    ledger.KeyUse
	sealed []byte
}

func sealedKeys(ctx context.Context, tx *sql.Tx) (stored []sealedKey, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT party, kid, use, sealed FROM sealed_key`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row sealedKey
		if err := rows.Scan((*string)(&row.party), (*string)(&row.kid), (*string)(&row.use), &row.sealed); err != nil {
			return nil, err
		}
		stored = append(stored, row)
	}
	return stored, rows.Err()
}

// sealedFor returns the context that binds a sealed key to its row. The three parts
// contain no spaces.
func sealedFor(party ledger.ID, kid ledger.KeyID, use ledger.KeyUse) string {
	return "party key " + string(party) + " " + string(kid) + " " + string(use)
}
