package registry

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// maxFacet is the maximum number of values of a facet.
const maxFacet = 100

// Facets say how many resources would remain for each choice. A facet counts the
// resources that match the text and the choices of the other facets, but ignores its
// own choice. Each has the 100 most frequent values at most.
type Facets struct {
	Domain []Count `json:"domain" zh:"按领域" en:"by domain"`
	Region []Count `json:"region" zh:"按登记的区划代码，不汇总" en:"by region code as registered, not summed up"`
	Holder []Count `json:"holder" zh:"按持有单位" en:"by holder"`
	State  []Count `json:"state" zh:"按状态" en:"by status"`
}

// Count is one value of a facet.
type Count struct {
	Value string `json:"value" zh:"取值" en:"value"`
	Label string `json:"label,omitempty" zh:"持有单位的名称" en:"name of a holder"`
	Count int    `json:"count" zh:"资源数" en:"number of resources"`
}

// group is the number of records that share all counted values.
type group struct {
	domain, region, holder, status string
	count                          int
}

// count reads the groups once and computes facets and total from them.
func (s search) count(ctx context.Context, tx *sql.Tx, out *Page) error {
	groups, err := s.groups(ctx, tx)
	if err != nil {
		return err
	}
	var tallies [4]map[string]int
	for i := range tallies {
		tallies[i] = map[string]int{}
	}
	for _, g := range groups {
		fits := [4]bool{
			s.Domain == "" || s.Domain == g.domain,
			g.region >= s.from && g.region < s.to,
			s.Holder == "" || string(s.Holder) == g.holder,
			s.State == "" || string(s.State) == g.status,
		}
		if !slices.Contains(fits[:], false) {
			out.Total += g.count
		}
		for i, value := range [4]string{g.domain, g.region, g.holder, g.status} {
			others := fits
			others[i] = true
			if !slices.Contains(others[:], false) {
				tallies[i][value] += g.count
			}
		}
	}
	out.Facets = Facets{Domain: counts(tallies[0]), Region: counts(tallies[1]), Holder: counts(tallies[2]), State: counts(tallies[3])}
	for i, h := range out.Facets.Holder {
		if out.Facets.Holder[i].Label, err = nameOf(ctx, tx, ledger.ID(h.Value)); err != nil {
			return err
		}
	}
	return nil
}

// groups reads the groups in the order of their index. Grouping by status would make
// SQLite sort every record.
func (s search) groups(ctx context.Context, tx *sql.Tx) ([]group, error) {
	from := "registry_entry e"
	if s.match != "" {
		from = "registry_found f CROSS JOIN registry_entry e ON e.n = f.rowid WHERE registry_found MATCH ?2"
	}
	const key = "e.region, e.domain, e.holder, e.state, e.suspended"
	rows, err := tx.QueryContext(ctx, "SELECT "+key+", count(*), sum(e.valid_until < ?1) FROM "+from+" GROUP BY "+key, s.day, s.match)
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	defer rows.Close()
	var groups []group
	for rows.Next() {
		var g group
		var state ledger.EntryState
		var suspended bool
		var all, over int
		if err := rows.Scan(&g.region, &g.domain, &g.holder, &state, &suspended, &all, &over); err != nil {
			return nil, fmt.Errorf("count: %w", err)
		}
		for _, part := range []struct {
			over  bool
			count int
		}{{false, all - over}, {true, over}} {
			if g.count = part.count; g.count > 0 {
				g.status = string(statusOn(state, part.over, suspended))
				groups = append(groups, g)
			}
		}
	}
	return groups, rows.Err()
}

// counts returns the values of a tally, most frequent first, then by name.
func counts(tally map[string]int) []Count {
	list := []Count{}
	for value, n := range tally {
		list = append(list, Count{Value: value, Count: n})
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Value, b.Value)) })
	return list[:min(len(list), maxFacet)]
}
