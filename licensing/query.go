package licensing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Entry has the fields of a registered resource that decisions need.
type Entry struct {
	ID          ledger.ID           `json:"id" zh:"登记结果编号" en:"entry"`
	Facts       ledger.Facts        `json:"facts" zh:"授权判定所用的资源情况" en:"facts of the resource that licenses are checked against"`
	Title       string              `json:"title" zh:"资源名称" en:"title of the resource"`
	State       ledger.EntryState   `json:"state" form:"enum=entry_states" zh:"登记结果状态" en:"state of the entry"`
	Suspensions []ledger.Suspension `json:"suspensions" zh:"未解除的暂停" en:"open suspensions"`
	ValidFrom   ledger.Date         `json:"valid_from" zh:"赋码日" en:"day of coding"`
	ValidUntil  ledger.Date         `json:"valid_until" zh:"有效期至（含）" en:"last day"`
}

// Effective reports whether the entry is effective on day.
func (e Entry) Effective(day ledger.Date) bool {
	return ledger.Entry{State: e.State, Suspensions: e.Suspensions, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil}.Effective(day)
}

// License returns the current state of a license, or not_found.
func (l *Licensing) License(ctx context.Context, id ledger.ID) (ledger.License, error) {
	return readmodel.One[ledger.License](ctx, l.db, readmodel.Unknown(ledger.RefTo(ledger.KindLicense, id)), "SELECT value FROM licensing_license WHERE id = ?", id)
}

// OfAssignee returns all licenses offered to a party, in any state, in order of id.
func (l *Licensing) OfAssignee(ctx context.Context, party ledger.ID) ([]ledger.License, error) {
	return readmodel.List[ledger.License](ctx, l.db, "SELECT value FROM licensing_license WHERE assignee = ? ORDER BY id", party)
}

// InForce returns the licenses under which a resource may be used today for some
// purpose, in order of id. The list is empty while the entry is not effective.
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

// Environment returns an operator's environment, or not_found.
func (l *Licensing) Environment(ctx context.Context, id ledger.ID) (ledger.Environment, error) {
	return readmodel.One[ledger.Environment](ctx, l.db, readmodel.Unknown(ledger.RefTo(ledger.KindEnvironment, id)), "SELECT value FROM licensing_environment WHERE id = ?", id)
}

// EnvironmentByKid returns the environment whose current key has the thumbprint kid.
func (l *Licensing) EnvironmentByKid(ctx context.Context, kid ledger.KeyID) (ledger.Environment, error) {
	return readmodel.One[ledger.Environment](ctx, l.db, readmodel.Unknown(ledger.RefTo(ledger.KindEnvironment, kid)),
		"SELECT value FROM licensing_environment WHERE kid = ? ORDER BY id LIMIT 1", kid)
}

// Entry returns the entry of a resource that is effective on day, else the one with the
// highest id; not_found if it was never registered.
func (l *Licensing) Entry(ctx context.Context, resource ledger.ID, day ledger.Date) (Entry, error) {
	list, err := readmodel.List[Entry](ctx, l.db, "SELECT json_patch(s.value, e.value) FROM licensing_entry e "+
		"JOIN licensing_submission s ON s.payload = e.submission WHERE e.resource = ? ORDER BY e.id DESC", resource)
	if err != nil {
		return Entry{}, err
	}
	for _, e := range list {
		if e.Effective(day) {
			return e, nil
		}
	}
	if len(list) == 0 {
		return Entry{}, readmodel.Unknown(ledger.RefTo(ledger.KindResource, resource))
	}
	return list[0], nil
}

// Facts returns the facts of a resource that licenses depend on, and whether its entry
// is effective on day.
func (l *Licensing) Facts(ctx context.Context, resource ledger.ID, day ledger.Date) (ledger.Facts, bool, error) {
	e, err := l.Entry(ctx, resource, day)
	return e.Facts, err == nil && e.Effective(day), err
}

// active reports whether a party is admitted and not suspended.
func (l *Licensing) active(ctx context.Context, party ledger.ID) (bool, error) {
	var yes bool
	err := l.db.QueryRowContext(ctx, "SELECT active FROM licensing_party WHERE id = ?", party).Scan(&yes)
	if errors.Is(err, sql.ErrNoRows) {
		return false, readmodel.Unknown(ledger.RefTo(ledger.KindParty, party))
	}
	if err != nil {
		return false, fmt.Errorf("read party %s: %w", party, err)
	}
	return yes, nil
}
