package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/internal/bigram"
	"github.com/datacadastre/cadastre/ledger"
)

// Project keeps what e says of the beginning, parties, calendar, applications and
// entries; other records are not this package's.
func (r *Registry) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	for _, record := range e.Records {
		if err := projectRecord(ctx, tx, e, record); err != nil {
			return fmt.Errorf("project %s: %w", record.Ref, err)
		}
	}
	return nil
}

func projectRecord(ctx context.Context, tx *sql.Tx, e ledger.Event, r ledger.Record) error {
	switch r.Ref.Kind() {
	case ledger.KindGenesis:
		return exec(ctx, tx, "INSERT OR REPLACE INTO registry_genesis (one, value) VALUES (1, ?)", string(r.Value))
	case ledger.KindCalendar:
		return projectYear(ctx, tx, r)
	case ledger.KindParty:
		return projectParty(ctx, tx, r)
	case ledger.KindApplication:
		return projectApplication(ctx, tx, r)
	case ledger.KindEntry:
		return projectEntry(ctx, tx, e, r)
	}
	return nil
}

func exec(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func decode[T any](r ledger.Record) (T, error) {
	var v T
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return v, fmt.Errorf("decode: %w", err)
	}
	return v, nil
}

func projectYear(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	y, err := decode[ledger.CalendarYear](r)
	if err != nil {
		return err
	}
	return exec(ctx, tx, "INSERT OR REPLACE INTO registry_calendar (year, value) VALUES (?, ?)", y.Year, string(r.Value))
}

func projectParty(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	p, err := decode[ledger.Party](r)
	if err != nil {
		return err
	}
	var roles strings.Builder
	roles.WriteString(" ")
	for _, role := range p.Roles {
		roles.WriteString(string(role) + " ")
	}
	if err := exec(ctx, tx, "INSERT INTO registry_party (id, name, region, roles, value) VALUES (?, ?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET name = excluded.name, region = excluded.region, roles = excluded.roles, value = excluded.value",
		p.ID, p.Name, p.Region, roles.String(), string(r.Value)); err != nil {
		return err
	}
	for _, k := range p.Keys {
		if err := exec(ctx, tx, "INSERT OR REPLACE INTO registry_key (kid, party) VALUES (?, ?)", k.Kid, p.ID); err != nil {
			return err
		}
	}
	return nil
}

func projectApplication(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	a, err := decode[ledger.Application](r)
	if err != nil {
		return err
	}
	return exec(ctx, tx, "INSERT INTO registry_application (id, applicant, body, state, value) VALUES (?, ?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET body = excluded.body, state = excluded.state, value = excluded.value",
		a.ID, a.Applicant, a.Body, a.State, string(r.Value))
}

// projectEntry writes the narrow row, the facts to show and the terms to find. The
// call that coded the entry is kept from its first event on: later ones only
// change its state.
func projectEntry(ctx context.Context, tx *sql.Tx, ev ledger.Event, r ledger.Record) error {
	e, err := decode[ledger.Entry](r)
	if err != nil {
		return err
	}
	var n int64
	if err := tx.QueryRowContext(ctx, "INSERT INTO registry_entry (id, subject, holder, body, domain, region, state, suspended, "+
		"valid_until, cad_code, registry_code) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, '')) "+
		"ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, body = excluded.body, domain = excluded.domain, region = excluded.region, "+
		"state = excluded.state, suspended = excluded.suspended, valid_until = excluded.valid_until, registry_code = excluded.registry_code RETURNING n",
		e.ID, e.Subject, e.Holder, e.Body, e.Resource.Domain, e.Resource.Spatial, e.State, len(e.Suspensions) > 0,
		e.ValidUntil, e.CadCode, e.RegistryCode).Scan(&n); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	public, err := json.Marshal(facts(e))
	if err != nil {
		return fmt.Errorf("encode facts: %w", err)
	}
	coding, err := json.Marshal(ledger.Cite{Party: ev.Party, Call: ev.Call, Payload: ev.Payload})
	if err != nil {
		return fmt.Errorf("encode citation: %w", err)
	}
	if err := exec(ctx, tx, "INSERT INTO registry_entry_text (n, public, value, coding) VALUES (?, ?, ?, ?) "+
		"ON CONFLICT (n) DO UPDATE SET public = excluded.public, value = excluded.value", n, string(public), string(r.Value), string(coding)); err != nil {
		return err
	}
	return index(ctx, tx, n, e)
}

// index makes the entry found by its title, apart, and by all else that may be
// searched.
func index(ctx context.Context, tx *sql.Tx, n int64, e ledger.Entry) error {
	holder, err := nameOf(ctx, tx, e.Holder)
	if err != nil {
		return err
	}
	rest := append([]string{e.Resource.Description, holder}, e.Resource.Keywords...)
	for i, s := range rest {
		rest[i] = norm.NFKC.String(s)
	}
	return exec(ctx, tx, "INSERT OR REPLACE INTO registry_found (rowid, title, rest) VALUES (?, ?, ?)",
		n, bigram.Index(norm.NFKC.String(e.Title)), bigram.Index(rest...))
}

// nameOf is the name of a party, empty if it is unknown.
func nameOf(ctx context.Context, q querier, id ledger.ID) (string, error) {
	var name string
	if err := q.QueryRowContext(ctx, "SELECT coalesce(max(name), '') FROM registry_party WHERE id = ?", id).Scan(&name); err != nil {
		return "", fmt.Errorf("read name of %s: %w", id, err)
	}
	return name, nil
}
