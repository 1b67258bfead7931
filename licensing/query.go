package licensing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Limits of a page.
const (
	DefaultPage = 50
	MaxPage     = 500
)

// Entry is what a decision looks at of a registered resource.
type Entry struct {
	ID          ledger.ID           `json:"id"`
	Facts       ledger.Facts        `json:"facts"`
	Title       string              `json:"title"`
	State       ledger.EntryState   `json:"state"`
	Suspensions []ledger.Suspension `json:"suspensions"`
	ValidFrom   ledger.Date         `json:"valid_from"`
	ValidUntil  ledger.Date         `json:"valid_until"` // inclusive
}

// Effective reports whether the entry counts on day (domain §2.5).
func (e Entry) Effective(day ledger.Date) bool {
	return ledger.Entry{State: e.State, Suspensions: e.Suspensions, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil}.Effective(day)
}

// Filter narrows a list of licenses; what is empty narrows nothing.
type Filter struct {
	Assignee ledger.ID
	Assigner ledger.ID
	State    ledger.LicenseState
	Resource ledger.ID // covered by the license, for whatever purpose
}

// License is a license as it stands; not_found when there is none.
func (l *Licensing) License(ctx context.Context, id ledger.ID) (ledger.License, error) {
	return one[ledger.License](ctx, l.db, ledger.RefTo(ledger.KindLicense, id), "SELECT value FROM licensing_license WHERE id = ?", id)
}

// OfAssignee are all licenses offered to a party, in whatever state, in order of id.
func (l *Licensing) OfAssignee(ctx context.Context, party ledger.ID) ([]ledger.License, error) {
	return all[ledger.License](ctx, l.db, "SELECT value FROM licensing_license WHERE assignee = ? ORDER BY id", party)
}

// List is a page of licenses, the newest first, and the cursor of the next page:
// empty at the end. A limit of 0 is DefaultPage; more than MaxPage is MaxPage.
func (l *Licensing) List(ctx context.Context, f Filter, cursor string, limit int) ([]ledger.License, string, error) {
	where, args, err := l.where(ctx, f)
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		if _, err := ledger.ParseID(cursor); err != nil {
			return nil, "", ledger.Invalid("cursor", "from_a_page")
		}
		where, args = append(where, "id < ?"), append(args, cursor)
	}
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	list, err := all[ledger.License](ctx, l.db, selectLicenses(where)+" ORDER BY id DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], string(list[limit-1].ID), nil
}

// Covering are the licenses that cover a resource for some purpose, whatever
// their state, in order of id; none when it is not registered.
func (l *Licensing) Covering(ctx context.Context, resource ledger.ID) ([]ledger.License, error) {
	where, args, err := l.where(ctx, Filter{Resource: resource})
	if err != nil {
		return nil, err
	}
	return all[ledger.License](ctx, l.db, selectLicenses(where)+" ORDER BY id", args...)
}

// InForce are the licenses under which a resource may be used today for some
// purpose, in order of id; none while its entry is not effective.
func (l *Licensing) InForce(ctx context.Context, resource ledger.ID) ([]ledger.License, error) {
	day := l.today()
	e, err := l.Entry(ctx, resource, day)
	if errors.Is(err, ledger.NotFound) || err == nil && !e.Effective(day) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := l.Covering(ctx, resource)
	return slices.DeleteFunc(list, func(v ledger.License) bool { return !v.Effective(day) }), err
}

func selectLicenses(where []string) string {
	s := "SELECT value FROM licensing_license"
	if len(where) > 0 {
		s += " WHERE " + strings.Join(where, " AND ")
	}
	return s
}

// where writes a filter as conditions.
func (l *Licensing) where(ctx context.Context, f Filter) (conditions []string, args []any, err error) {
	for _, c := range []struct{ column, value string }{
		{"assignee", string(f.Assignee)}, {"assigner", string(f.Assigner)}, {"state", string(f.State)},
	} {
		if c.value != "" {
			conditions, args = append(conditions, c.column+" = ?"), append(args, c.value)
		}
	}
	if f.Resource == "" {
		return conditions, args, nil
	}
	e, err := l.Entry(ctx, f.Resource, l.today())
	if errors.Is(err, ledger.NotFound) || err == nil && (e.Facts.Level == ledger.Core || len(e.Facts.Region) != 6) {
		return append(conditions, "0"), args, nil
	}
	if err != nil {
		return nil, nil, err
	}
	conditions = append(conditions, "id IN (SELECT license FROM licensing_scope WHERE region IN (?, ?, ?) AND target IN (?, ?, ?))",
		"NOT EXISTS (SELECT 1 FROM licensing_excluded x WHERE x.license = licensing_license.id AND x.resource = ?)")
	for _, r := range wider(e.Facts.Region) {
		args = append(args, r)
	}
	return conditions, append(args, everything, domainTarget(e.Facts.Domain), resourceTarget(f.Resource), f.Resource), nil
}

// Environment is an operator's environment; not_found when there is none.
func (l *Licensing) Environment(ctx context.Context, id ledger.ID) (ledger.Environment, error) {
	return one[ledger.Environment](ctx, l.db, ledger.RefTo(ledger.KindEnvironment, id), "SELECT value FROM licensing_environment WHERE id = ?", id)
}

// EnvironmentByKid is the environment whose key has the thumbprint kid; a key
// that was replaced finds none.
func (l *Licensing) EnvironmentByKid(ctx context.Context, kid ledger.KeyID) (ledger.Environment, error) {
	return one[ledger.Environment](ctx, l.db, ledger.RefTo(ledger.KindEnvironment, kid),
		"SELECT value FROM licensing_environment WHERE kid = ? ORDER BY id LIMIT 1", kid)
}

// Entry is the entry of a resource: the one that is effective on day, else the
// one of the highest id; not_found when it was never registered.
func (l *Licensing) Entry(ctx context.Context, resource ledger.ID, day ledger.Date) (Entry, error) {
	list, err := all[Entry](ctx, l.db, "SELECT value FROM licensing_entry WHERE resource = ? ORDER BY id DESC", resource)
	if err != nil {
		return Entry{}, err
	}
	for _, e := range list {
		if e.Effective(day) {
			return e, nil
		}
	}
	if len(list) == 0 {
		return Entry{}, unknown(ledger.RefTo(ledger.KindResource, resource))
	}
	return list[0], nil
}

// Facts are what licenses look at of a resource, and whether its entry is
// effective on day.
func (l *Licensing) Facts(ctx context.Context, resource ledger.ID, day ledger.Date) (ledger.Facts, bool, error) {
	e, err := l.Entry(ctx, resource, day)
	return e.Facts, err == nil && e.Effective(day), err
}

// active reports whether a party is admitted and not suspended.
func (l *Licensing) active(ctx context.Context, party ledger.ID) (bool, error) {
	var yes bool
	err := l.db.QueryRowContext(ctx, "SELECT active FROM licensing_party WHERE id = ?", party).Scan(&yes)
	if errors.Is(err, sql.ErrNoRows) {
		return false, unknown(ledger.RefTo(ledger.KindParty, party))
	}
	if err != nil {
		return false, fmt.Errorf("read party %s: %w", party, err)
	}
	return yes, nil
}

func unknown(ref ledger.Ref) error {
	return ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).With("ref", string(ref))
}

// one reads a record that is kept whole.
func one[T any](ctx context.Context, db *sql.DB, ref ledger.Ref, query string, args ...any) (T, error) {
	var v T
	list, err := all[T](ctx, db, query, args...)
	if err != nil {
		return v, fmt.Errorf("read %s: %w", ref, err)
	}
	if len(list) == 0 {
		return v, unknown(ref)
	}
	return list[0], nil
}

// all reads records that are kept whole.
func all[T any](ctx context.Context, db *sql.DB, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("query licensing: %w", err)
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		var raw []byte
		var v T
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("scan licensing: %w", err)
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, fmt.Errorf("decode licensing: %w", err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("query licensing: %w", err)
	}
	return list, nil
}
