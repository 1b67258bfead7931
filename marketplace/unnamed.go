package marketplace

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"

	"github.com/datacadastre/cadastre/ledger"
)

//go:embed uploads/*.sql
var uploadTables embed.FS

// UploadMigrations returns the tables of uploads in node.db; the set is named "uploads".
func UploadMigrations() fs.FS {
	sub, err := fs.Sub(uploadTables, "uploads")
	if err != nil {
		return uploadTables
	}
	return sub
}

// upload is a row: an upload that no content record names yet.
type upload struct {
	ID      string // of the object
	Party   ledger.ID
	Bytes   int64 // all of them
	Arrived int64
	Draft   []byte // of the store, until it is whole
	Changed ledger.Millis
	SHA256  ledger.Digest // of an upload that has its receipt
	Receipt ledger.Digest
}

// MinCounted is how many bytes an upload counts at least toward the bound of its party. An
// empty upload, too, uses three files and 12 KiB of a disk until it is swept, and a row:
// with 64 KiB, 10 GiB are at most 163,840 uploads.
const MinCounted = 64 << 10

// countedBytes returns how many bytes an upload of this length counts. The length may be
// negative: not known.
func countedBytes(length int64) int64 { return max(length, MinCounted) }

// unnamed stores the uploads that no content record names yet, and counts their bytes by
// party. The count also has the bytes of running uploads, which have no row.
type unnamed struct {
	db  *sql.DB
	max int64 // of a party

	mu    sync.Mutex
	bytes map[ledger.ID]int64
}

// take counts more bytes of a party, or refuses them if they would be too many.
func (u *unnamed) take(party ledger.ID, more int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := u.bytes[party]
	if more > u.max-n {
		return ledger.Refuse(ledger.Forbidden, ledger.ReasonUnnamed).At("body").
			With("bytes", strconv.FormatInt(n+more, 10)).With("limit", strconv.FormatInt(u.max, 10))
	}
	if n += more; n > 0 {
		u.bytes[party] = n
	}
	return nil
}

// free removes bytes from the count of a party.
func (u *unnamed) free(party ledger.ID, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bytes[party] -= bytes; u.bytes[party] <= 0 {
		delete(u.bytes, party)
	}
}

// insert stores a row. It refuses one with a draft if its party has maxBegun of them: one
// statement counts and stores, so that requests at the same time do not pass the bound.
func (u *unnamed) insert(ctx context.Context, r upload) error {
	done, err := u.db.ExecContext(ctx, `INSERT INTO upload (id, party, bytes, arrived, draft, changed) SELECT ?1, ?2, ?3, ?4, ?5, ?6
		WHERE ?5 IS NULL OR (SELECT count(*) FROM upload WHERE party = ?2 AND draft IS NOT NULL) < ?7`,
		r.ID, r.Party, r.Bytes, r.Arrived, r.Draft, int64(r.Changed), maxBegun)
	if err != nil {
		return fmt.Errorf("record upload: %w", err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		return fmt.Errorf("record upload: %w", err)
	}
	if n == 0 {
		return tooManyBegun()
	}
	return nil
}

// remove removes the row, without changing the count.
func (u *unnamed) remove(ctx context.Context, id string) error {
	_, _, err := u.drop(ctx, id)
	return err
}

// forget removes the row, if there is one, and its bytes from the count.
func (u *unnamed) forget(ctx context.Context, id string) error {
	party, bytes, err := u.drop(ctx, id)
	if err == nil {
		u.free(party, countedBytes(bytes))
	}
	return err
}

func (u *unnamed) drop(ctx context.Context, id string) (party ledger.ID, bytes int64, err error) {
	err = u.db.QueryRowContext(ctx, "DELETE FROM upload WHERE id = ? RETURNING party, bytes", id).Scan(&party, &bytes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, fmt.Errorf("forget upload: %w", err)
	}
	return party, bytes, nil
}

// before returns the ids of the uploads that did not change since a time.
func (u *unnamed) before(ctx context.Context, t ledger.Millis) (ids []string, err error) {
	rows, err := u.db.QueryContext(ctx, "SELECT id FROM upload WHERE changed <= ? ORDER BY id", int64(t))
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list uploads: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// PendingUploads returns a page of the uploads of a party that no content record names, whole or
// not, by their ids. One that arrives with a single request is among them when it is whole.
// The cursor is the id of the last one.
func (m *Market) PendingUploads(ctx context.Context, party ledger.ID, p Page) (list []Pending, next string, err error) {
	limit, err := p.Size()
	if err != nil {
		return nil, "", err
	}
	rows, err := m.Uploads.QueryContext(ctx, `SELECT id, bytes, arrived, changed, coalesce(sha256, ''), coalesce(receipt, '') FROM upload
		WHERE party = ? AND id > ? AND (draft IS NOT NULL OR receipt IS NOT NULL) ORDER BY id LIMIT ?`, party, p.Cursor, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list uploads: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		u := upload{Party: party}
		if err := rows.Scan(&u.ID, &u.Bytes, &u.Arrived, &u.Changed, &u.SHA256, &u.Receipt); err != nil {
			return nil, "", fmt.Errorf("list uploads: %w", err)
		}
		if len(list) == limit {
			return list, list[limit-1].ID, nil
		}
		list = append(list, m.pending(u))
	}
	return list, "", rows.Err()
}

// LoadUploads counts what was uploaded before the node started. Call it before anything
// is uploaded or projected.
func (m *Market) LoadUploads(ctx context.Context) error {
	rows, err := m.Uploads.QueryContext(ctx, "SELECT party, sum(max(bytes, ?)) FROM upload GROUP BY party", MinCounted)
	if err != nil {
		return fmt.Errorf("count uploads: %w", err)
	}
	defer rows.Close()
	m.unnamed.mu.Lock()
	defer m.unnamed.mu.Unlock()
	for rows.Next() {
		var party ledger.ID
		var bytes int64
		if err := rows.Scan(&party, &bytes); err != nil {
			return fmt.Errorf("count uploads: %w", err)
		}
		m.unnamed.bytes[party] = bytes
	}
	return rows.Err()
}

// Unnamed returns how many bytes of a party no content record names yet, of each upload at
// least MinCounted. Bytes that an upload announced and that have not arrived count too.
func (m *Market) Unnamed(party ledger.ID) int64 {
	m.unnamed.mu.Lock()
	defer m.unnamed.mu.Unlock()
	return m.unnamed.bytes[party]
}

// Named runs after a block was applied: what its content records name is no longer
// counted.
func (m *Market) Named(ctx context.Context, events []ledger.Event) error {
	for _, e := range events {
		for _, r := range e.Records {
			if r.Ref.Kind() != ledger.KindContent {
				continue
			}
			c, err := m.Content(ctx, ledger.ID(r.Ref.ID()))
			if err == nil {
				err = m.unnamed.forget(ctx, c.Object)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ForgetNamed forgets uploads that a content record names: of blocks that were applied
// before the node last stopped.
func (m *Market) ForgetNamed(ctx context.Context) error {
	ids, err := m.unnamed.before(ctx, m.millis())
	for _, id := range ids {
		named, bad := m.named(ctx, id)
		if bad == nil && named {
			bad = m.unnamed.forget(ctx, id)
		}
		if bad != nil {
			return bad
		}
	}
	return err
}

// Uploaded calls each for every whole upload in node.db that no content record names yet,
// with the SHA-256 that its receipt has.
func Uploaded(ctx context.Context, db *sql.DB, each func(object string, sum ledger.Digest) error) error {
	rows, err := db.QueryContext(ctx, "SELECT id, sha256 FROM upload WHERE draft IS NULL AND sha256 IS NOT NULL ORDER BY id")
	if err != nil {
		return fmt.Errorf("list uploads: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var object string
		var sum ledger.Digest
		if err := rows.Scan(&object, &sum); err != nil {
			return fmt.Errorf("list uploads: %w", err)
		}
		if err := each(object, sum); err != nil {
			return err
		}
	}
	return rows.Err()
}
