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
		// The plus prevents the use of an index of regions: the page is ordered by
		// numbers.
		Name: "region", Alternatives: []string{"+t.region >= ?1 AND +t.region < ?2"}, Samples: []any{"43", "43:"}, Residual: true,
	}

	numbers      = []readmodel.Column{readmodel.Number("n")}
	applications = readmodel.NewListing(readmodel.Listing{
		Name: "registry.applications", Table: "registry_application_detail", Order: numbers,
		Filters: []readmodel.Filter{byReaders, byState},
	})
	notices = readmodel.NewListing(readmodel.Listing{Name: "registry.notices", Table: "registry_notice_detail", Order: numbers})
	parties = readmodel.NewListing(readmodel.Listing{
		Name: "registry.parties", Table: "registry_party", Order: numbers, Filters: []readmodel.Filter{byRole, byRegion, byName},
	})
)

// Filter selects applications in the reader's scope; another empty field selects all.
type Filter struct {
	Readers readmodel.Scope
	State   ledger.ApplicationState
	Cursor  string
	Limit   int
}

// Applications returns a page of applications with their last submissions, the last
// submitted first, and the cursor of the next page.
func (r *Registry) Applications(ctx context.Context, f Filter) ([]ledger.ApplicationDetail, string, error) {
	if f.State != "" {
		if err := ledger.OneOf("state", f.State, ledger.ApplicationStates()); err != nil {
			return nil, "", err
		}
	}
	return readmodel.ListPage[ledger.ApplicationDetail](ctx, r.read, applications, readmodel.Page{Cursor: f.Cursor, Limit: f.Limit},
		readmodel.Within(byReaders, f.Readers), readmodel.Is(byState, f.State))
}

// PartyFilter selects parties; an empty field selects all.
type PartyFilter struct {
	Text   string // substring of the name
	Role   ledger.Role
	Region ledger.Region // the region and all regions inside it
	Cursor string
	Limit  int
}

// Parties returns a page of parties, the last admitted first, and the cursor of the
// next page.
func (r *Registry) Parties(ctx context.Context, f PartyFilter) ([]ledger.Party, string, error) {
	conditions := []readmodel.Condition{readmodel.Is(byName, f.Text), readmodel.Is(byRole, f.Role)}
	if f.Region != "" {
		from, to, err := regionRange(f.Region)
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
