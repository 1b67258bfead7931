// Package registry is the read model of registration: parties, applications,
// notices, entries, certificates and the search over all registered resources.
//
// It promises that Search shows only what is public after coding, that a notice
// shows only what is public in the notice period, that states which time changes
// (expired, over, overdue) are those of the injected clock's day, and that pages
// neither repeat nor skip a record while others are added. It writes nothing but
// what Project is given, decides nothing, and does not ask who is reading: that is
// the edge's part. All its tables can be made anew from the ledger.
//
// It follows the interim measures for registering public data resources
// (公共数据资源登记管理暂行办法), articles 9 to 15.
package registry

import (
	"context"
	"database/sql"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the read model; the set is named "registry".
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return sub
}

// Sizes of a page, in records.
const (
	DefaultPage = 50
	MaxPage     = 500
)

// Registry answers questions about what is registered.
type Registry struct {
	read *sql.DB
	now  func() time.Time
}

// New makes a registry over a database that has the tables of Migrations; now
// says which day it is.
func New(read *sql.DB, now func() time.Time) *Registry { return &Registry{read: read, now: now} }

// today is the day in Asia/Shanghai.
func (r *Registry) today() ledger.Date { return ledger.Date(calendar.Of(r.now().UnixMilli())) }

// Named is a party by id and name.
type Named struct {
	ID   ledger.ID `json:"id"`
	Name string    `json:"name"`
}

// Genesis is the ledger's beginning; NotFound while nothing is recorded.
func (r *Registry) Genesis(ctx context.Context) (ledger.Genesis, error) {
	return one[ledger.Genesis](ctx, r.read, "ledger", "SELECT value FROM registry_genesis")
}

// querier is a database or a transaction of it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// one decodes the one record that query finds; none is NotFound at field.
func one[T any](ctx context.Context, q querier, field, query string, args ...any) (T, error) {
	var v T
	var raw []byte
	err := q.QueryRowContext(ctx, query, args...).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return v, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field)
	}
	if err != nil {
		return v, fmt.Errorf("read %s: %w", field, err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %s: %w", field, err)
	}
	return v, nil
}

// numbered decodes the records that query finds, each with its number, until use
// answers false. Query selects number and record.
func numbered[T any](ctx context.Context, q querier, use func(n int64, v T) bool, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var raw []byte
		var v T
		if err := rows.Scan(&n, &raw); err != nil {
			return fmt.Errorf("query: %w", err)
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		if !use(n, v) {
			return nil
		}
	}
	return rows.Err()
}

// page reads one page of numbered records, newest first: query ends in a LIMIT of
// its last argument, which is added here.
func page[T any](ctx context.Context, q querier, limit int, query string, args ...any) ([]T, string, error) {
	found, next, last := []T{}, "", int64(0)
	err := numbered(ctx, q, func(n int64, v T) bool {
		if len(found) == limit {
			next = place{n: last}.cursor()
			return false
		}
		found, last = append(found, v), n
		return true
	}, query, append(args, limit+1)...)
	return found, next, err
}

// size is the number of records that a page may have.
func size(limit int) (int, error) {
	if limit == 0 {
		return DefaultPage, nil
	}
	if limit < 1 || limit > MaxPage {
		return 0, ledger.Invalid("limit", "1_to_500")
	}
	return limit, nil
}

// place is where a page ended: the tier of a search, 0 in plain listings, and the
// number of the last record shown.
type place struct {
	tier int
	n    int64
}

const end = int64(1) << 62 // above every number

func (p place) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(p.tier) + "." + strconv.FormatInt(p.n, 10)))
}

// parsePlace reads a cursor as cursor gave it; empty is before everything, in the
// tier first.
func parsePlace(cursor string, first, last int) (place, error) {
	if cursor == "" {
		return place{first, end}, nil
	}
	refused := ledger.Invalid("cursor", "as_given")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) > 30 {
		return place{}, refused
	}
	t, k, ok := strings.Cut(string(raw), ".")
	tier, errTier := strconv.Atoi(t)
	n, errN := strconv.ParseInt(k, 10, 64)
	if !ok || errTier != nil || errN != nil || tier < first || tier > last || n < 0 {
		return place{}, refused
	}
	return place{tier, n}, nil
}
