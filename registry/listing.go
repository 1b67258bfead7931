package registry

import (
	"context"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

var (
	byReaders = readmodel.Readers("applicant", "body")
	byState   = readmodel.Equal("state")
	byRole    = readmodel.Filter{Name: "role", Via: "registry_party_role", Alternatives: []string{"k.role = ?1"}}
	byName    = readmodel.Filter{Name: "name", Alternatives: []string{"instr(t.name, ?1) > 0"}, Residual: true}
	byRegion  = readmodel.Filter{
		// No index is asked about regions ("+"): the order of the page is the numbers'.
		Name: "region", Alternatives: []string{"+t.region >= ?1 AND +t.region < ?2"}, Samples: []any{"43", "43:"}, Residual: true,
	}

	numbers      = []readmodel.Column{readmodel.Number("n")}
	applications = readmodel.NewListing(readmodel.Listing{
		Name: "registry.applications", Table: "registry_application_detail", Order: numbers,
		Filters: []readmodel.Filter{byReaders, byState},
	})
	parties = readmodel.NewListing(readmodel.Listing{
		Name: "registry.parties", Table: "registry_party", Order: numbers, Filters: []readmodel.Filter{byRole, byRegion, byName},
	})
)

// Filter narrows a listing of applications to those in the reader's scope; the other
// members, where empty, don't.
type Filter struct {
	Readers readmodel.Scope
	State   ledger.ApplicationState
	Cursor  string
	Limit   int
}

// Applications lists applications with what they submitted last, the last submitted
// first, with the cursor of the next page.
func (r *Registry) Applications(ctx context.Context, f Filter) ([]ledger.ApplicationDetail, string, error) {
	if f.State != "" {
		if err := ledger.OneOf("state", f.State, ledger.ApplicationStates()); err != nil {
			return nil, "", err
		}
	}
	return readmodel.ListPage[ledger.ApplicationDetail](ctx, r.read, applications, readmodel.Page{Cursor: f.Cursor, Limit: f.Limit},
		readmodel.Within(byReaders, f.Readers), readmodel.Is(byState, f.State))
}

// PartyFilter narrows a listing of parties; empty members don't.
type PartyFilter struct {
	Text   string // part of the name
	Role   ledger.Role
	Region ledger.Region // itself and what lies in it
	Cursor string
	Limit  int
}

// Parties lists parties, the last admitted first, with the cursor of the next page.
func (r *Registry) Parties(ctx context.Context, f PartyFilter) ([]ledger.Party, string, error) {
	conditions := []readmodel.Condition{readmodel.Is(byName, f.Text), readmodel.Is(byRole, f.Role)}
	if f.Region != "" {
		from, to, err := span(f.Region)
		if err != nil {
			return nil, "", err
		}
		conditions = append(conditions, byRegion.With(from, to))
	}
	if f.Role != "" {
		if err := ledger.OneOf("role", f.Role, ledger.Roles()); err != nil {
			return nil, "", err
		}
	}
	return readmodel.ListPage[ledger.Party](ctx, r.read, parties, readmodel.Page{Cursor: f.Cursor, Limit: f.Limit}, conditions...)
}
