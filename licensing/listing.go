package licensing

import (
	"context"
	"errors"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

var (
	byAssignee = readmodel.Equal("assignee")
	byAssigner = readmodel.Equal("assigner")
	byState    = readmodel.Equal("state")
	byScope    = readmodel.Filter{
		Name: "resource", Samples: []any{"r", "r", "r", "t", "t", "t", "id"},
		Alternatives: []string{
			"t.id IN (SELECT license FROM licensing_scope WHERE region IN (?1, ?2, ?3) AND target IN (?4, ?5, ?6)) " +
				"AND NOT EXISTS (SELECT 1 FROM licensing_excluded x WHERE x.license = t.id AND x.resource = ?7)",
		},
	}

	licenses = readmodel.NewListing(readmodel.Listing{
		Name: "licensing.licenses", Table: "licensing_license", Order: []readmodel.Column{readmodel.Text("id")},
		Filters: []readmodel.Filter{byAssignee, byAssigner, byState, byScope},
	})
)

// Filter selects licenses; an empty field selects all.
type Filter struct {
	Assignee ledger.ID
	Assigner ledger.ID
	State    ledger.LicenseState
	Resource ledger.ID // covered by the license, for any purpose
}

// List returns a page of licenses, newest first, and the cursor of the next page, which
// is empty at the end. A limit of 0 means the default of all listings.
func (l *Licensing) List(ctx context.Context, f Filter, cursor string, limit int) ([]ledger.License, string, error) {
	conditions := []readmodel.Condition{
		readmodel.Is(byAssignee, f.Assignee), readmodel.Is(byAssigner, f.Assigner), readmodel.Is(byState, f.State),
	}
	page := readmodel.Page{Cursor: cursor, Limit: limit}
	if f.Resource == "" {
		return readmodel.ListPage[ledger.License](ctx, l.db, licenses, page, conditions...)
	}
	covers, possible, err := l.covers(ctx, f.Resource)
	if err != nil {
		return nil, "", err
	}
	if !possible {
		return []ledger.License{}, "", readmodel.Check(licenses, page)
	}
	return readmodel.ListPage[ledger.License](ctx, l.db, licenses, page, append(conditions, covers)...)
}

// Covering returns the licenses that cover a resource for some purpose, in any state,
// in order of id. The list is empty if the resource is not registered.
func (l *Licensing) Covering(ctx context.Context, resource ledger.ID) ([]ledger.License, error) {
	covers, possible, err := l.covers(ctx, resource)
	if err != nil || !possible {
		return []ledger.License{}, err
	}
	return readmodel.All[ledger.License](ctx, l.db, licenses, covers)
}

// Licensed reports whether a license that the party accepted covers a resource.
func (l *Licensing) Licensed(ctx context.Context, party, resource ledger.ID) (bool, error) {
	covering, err := l.Covering(ctx, resource)
	return slices.ContainsFunc(covering, func(v ledger.License) bool {
		return v.Assignee == party && v.State == ledger.LicenseAccepted
	}), err
}

// covers returns the condition that a license covers a resource. It reports false if no
// license can, because the resource is not registered or is core.
func (l *Licensing) covers(ctx context.Context, resource ledger.ID) (readmodel.Condition, bool, error) {
	e, err := l.Entry(ctx, resource, l.today())
	if errors.Is(err, ledger.NotFound) || err == nil && (e.Facts.Level == ledger.Core || len(e.Facts.Region) != 6) {
		return readmodel.Condition{}, false, nil
	}
	if err != nil {
		return readmodel.Condition{}, false, err
	}
	r := wider(e.Facts.Region)
	return byScope.With(r[0], r[1], r[2], everything, domainTarget(e.Facts.Domain), resourceTarget(resource), resource), true, nil
}
