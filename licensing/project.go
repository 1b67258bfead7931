package licensing

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Project applies one event inside tx. From here to Refresh, decisions of the
// parties it touches read their licenses anew: none rests on what they were
// before the commit.
func (l *Licensing) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	l.mu.Lock()
	for _, p := range l.Touched(e) {
		l.moving[p] = true
	}
	l.mu.Unlock()
	for _, r := range e.Records {
		if err := project(ctx, tx, r); err != nil {
			return fmt.Errorf("project %s: %w", r.Ref, err)
		}
	}
	return nil
}

// Touched are the parties whose licenses an event changes.
func (l *Licensing) Touched(e ledger.Event) []ledger.ID {
	var parties []ledger.ID
	for _, r := range e.Records {
		if r.Ref.Kind() != ledger.KindLicense {
			continue
		}
		var v struct {
			Assignee ledger.ID `json:"assignee"`
		}
		if err := json.Unmarshal(r.Value, &v); err == nil && v.Assignee != "" && !slices.Contains(parties, v.Assignee) {
			parties = append(parties, v.Assignee)
		}
	}
	return parties
}

// Refresh swaps the policies of parties. The node calls it after the commit of a
// block that touched them, before it answers the block's calls.
func (l *Licensing) Refresh(parties ...ledger.ID) {
	l.engine.Invalidate(parties...)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parties {
		delete(l.moving, p)
	}
}

func project(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	switch r.Ref.Kind() {
	case ledger.KindLicense:
		return projectLicense(ctx, tx, r)
	case ledger.KindEnvironment:
		return projectEnvironment(ctx, tx, r)
	case ledger.KindEntry:
		return projectEntry(ctx, tx, r)
	case ledger.KindParty:
		return projectParty(ctx, tx, r)
	}
	return nil
}

func projectLicense(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	var v ledger.License
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO licensing_license (id, assignee, assigner, state, value) VALUES (?, ?, ?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET state = excluded.state, value = excluded.value",
		v.ID, v.Assignee, v.Assigner, v.State, string(r.Value)); err != nil {
		return err
	}
	for _, t := range targets(v.LicenseTerms) {
		if _, err := tx.ExecContext(ctx, "INSERT INTO licensing_scope (region, target, license) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			v.Region, t, v.ID); err != nil {
			return err
		}
	}
	for _, x := range v.Excluded {
		if _, err := tx.ExecContext(ctx, "INSERT INTO licensing_excluded (license, resource) VALUES (?, ?) ON CONFLICT DO NOTHING",
			v.ID, x); err != nil {
			return err
		}
	}
	return nil
}

// everything is the target of a license of mode whole.
const everything = "*"

// targets are what a license is for, by its mode (domain §3.2).
func targets(t ledger.LicenseTerms) []string {
	var list []string
	switch t.Mode {
	case ledger.Whole:
		list = append(list, everything)
	case ledger.Domain:
		for _, d := range t.Domains {
			list = append(list, domainTarget(d))
		}
	case ledger.Scenario:
		for _, id := range t.Resources {
			list = append(list, resourceTarget(id))
		}
	}
	return list
}

func domainTarget(name string) string       { return "domain/" + name }
func resourceTarget(id ledger.ID) string    { return "resource/" + string(id) }
func wider(r ledger.Region) []ledger.Region { return []ledger.Region{r, r[:4] + "00", r[:2] + "0000"} }

func projectEnvironment(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	var v ledger.Environment
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO licensing_environment (id, kid, value) VALUES (?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET kid = excluded.kid, value = excluded.value", v.ID, v.Kid, string(r.Value))
	return err
}

func projectEntry(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	var v ledger.Entry
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return err
	}
	b, err := json.Marshal(Entry{
		ID: v.ID, Facts: v.Facts(), Title: v.Title, State: v.State, Suspensions: v.Suspensions,
		ValidFrom: v.ValidFrom, ValidUntil: v.ValidUntil,
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO licensing_entry (id, resource, value) VALUES (?, ?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET resource = excluded.resource, value = excluded.value", v.ID, v.Subject, string(b))
	return err
}

func projectParty(ctx context.Context, tx *sql.Tx, r ledger.Record) error {
	var v ledger.Party
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO licensing_party (id, active) VALUES (?, ?) "+
		"ON CONFLICT (id) DO UPDATE SET active = excluded.active", v.ID, v.Active())
	return err
}
