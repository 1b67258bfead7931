package registry

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/internal/bigram"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// maxQuery is the maximum number of runes of a search text.
const maxQuery = 200

// Query asks for registered resources; an empty field selects all.
type Query struct {
	Text   string // words or parts of Chinese words; all must occur
	Holder ledger.ID
	Domain string
	Region ledger.Region // the region and all regions inside it
	State  Status
	Cursor string // Next of the previous page
	Limit  int    // 1 to MaxPage; 0 means DefaultPage
}

// Page is one page of a search.
type Page struct {
	Resources []Summary `json:"resources" zh:"本页资源" en:"resources of this page"`
	Facets    Facets    `json:"facets" zh:"各项计数" en:"counts"`
	Total     int       `json:"total" zh:"全部页的总数" en:"number on all pages"`
	Next      string    `json:"next,omitempty" zh:"下一页的 cursor；末页无此项" en:"cursor of the next page; absent on the last"`
}

// Tiers of a search by text: resources with all words in the title come first; each
// tier is newest first. A ranking by frequency would change with every added record and
// move the pages; the tier of a record does not change.
const (
	tierAll   = 0 // no text
	tierTitle = 1
	tierRest  = 2
)

// Search finds registered resources. Page, facets and total are read in one
// transaction.
func (r *Registry) Search(ctx context.Context, q Query) (Page, error) {
	s, err := r.plan(q)
	if err != nil {
		return Page{}, err
	}
	tx, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Page{}, fmt.Errorf("begin search: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	out := Page{Resources: []Summary{}}
	if err := s.count(ctx, tx, &out); err != nil {
		return Page{}, err
	}
	if err := s.fill(ctx, tx, &out); err != nil {
		return Page{}, err
	}
	return out, nil
}

// search is a checked query.
type search struct {
	Query
	match    string // FTS5 expression, empty without text
	from, to string // range of region codes
	at       place
	limit    int
	day      ledger.Date
}

func (r *Registry) plan(q Query) (search, error) {
	s := search{Query: q, day: r.today()}
	if utf8.RuneCountInString(q.Text) > maxQuery || !utf8.ValidString(q.Text) {
		return s, ledger.Invalid("text", "max_runes").With("limit", "200")
	}
	s.match = bigram.Query(norm.NFKC.String(q.Text))
	var err error
	if s.at, err = s.parse(); err != nil {
		return s, err
	}
	if s.limit, err = (readmodel.Page{Limit: q.Limit}).Size(); err != nil {
		return s, err
	}
	if s.from, s.to, err = regionRange(q.Region); err != nil {
		return s, err
	}
	return s, s.checkChoices()
}

func (s search) checkChoices() error {
	if s.Holder != "" {
		if err := s.Holder.Validate("holder"); err != nil {
			return err
		}
	}
	if s.Domain != "" {
		if err := ledger.OneOf("domain", s.Domain, ledger.Domains()); err != nil {
			return err
		}
	}
	if s.State != "" {
		return ledger.OneOf("state", s.State, Statuses())
	}
	return nil
}

// fill reads the page: first the tier in which the previous page ended, then the next
// tier.
func (s search) fill(ctx context.Context, tx *sql.Tx, out *Page) error {
	for at := s.at; ; at = (place{at.tier + 1, end}) {
		more, err := s.tier(ctx, tx, at, out)
		if err != nil {
			return err
		}
		if more || at.tier == tierAll || at.tier == tierRest {
			return nil
		}
	}
}

// tier adds the records of a tier below at, and reports whether there are more than the
// page can take.
func (s search) tier(ctx context.Context, tx *sql.Tx, at place, out *Page) (bool, error) {
	query, args := s.query(at)
	rows, err := tx.QueryContext(ctx, query+" LIMIT "+strconv.Itoa(s.limit-len(out.Resources)+1), args...)
	if err != nil {
		return false, fmt.Errorf("search: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if len(out.Resources) == s.limit {
			out.Next, err = s.cursor(at)
			return true, err
		}
		var entry, submission []byte
		var status Status
		var holder, body string
		if err := rows.Scan(&at.n, &entry, &submission, &status, &holder, &body); err != nil {
			return false, fmt.Errorf("search: %w", err)
		}
		found, err := summary(entry, submission, status, holder, body)
		if err != nil {
			return false, fmt.Errorf("decode entry: %w", err)
		}
		out.Resources = append(out.Resources, found)
	}
	return false, rows.Err()
}

// query selects the entries of a tier below at that meet the conditions. The order of
// the join is fixed, and no index of regions is used ("+"), because the terms and the
// numbers already have the order of the page.
func (s search) query(at place) (string, []any) {
	from, number := "registry_entry e", "e.n"
	if at.tier != tierAll {
		from, number = "registry_found f CROSS JOIN registry_entry e ON e.n = f.rowid", "f.rowid"
	}
	args := []any{s.day, at.n}
	conditions := []string{number + " < ?2"}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "@", "?"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	if s.Holder != "" {
		add("e.holder = @", s.Holder)
	}
	if s.Domain != "" {
		add("e.domain = @", s.Domain)
	}
	if s.Region != "" {
		add("+e.region >= @ AND +e.region < @", s.from, s.to)
	}
	if s.State != "" {
		add(statusSQL+" = @", s.State)
	}
	title := "{title} : (" + s.match + ")"
	switch at.tier {
	case tierTitle:
		add("registry_found MATCH @", title)
	case tierRest:
		add("registry_found MATCH @", "("+s.match+") NOT ("+title+")")
	}
	return "SELECT e.n, t.value, unpack(s.value), " + statusSQL + ", coalesce(h.name, ''), coalesce(b.name, '') FROM " + from +
		" JOIN registry_entry_text t ON t.n = e.n JOIN registry_submission s ON s.n = t.submission LEFT JOIN registry_party h ON h.id = e.holder LEFT JOIN registry_party b ON b.id = e.body" +
		" WHERE " + strings.Join(conditions, " AND ") + " ORDER BY " + number + " DESC", args
}

// place is where a page ended: the tier, and the number of the last record shown.
type place struct {
	tier int
	n    int64
}

const end = int64(math.MaxInt64) // above every number

// listing returns the listing to which a cursor is bound: with text and without text
// the tiers differ.
func (s search) listing() string {
	if s.match == "" {
		return "registry.search"
	}
	return "registry.search_by_text"
}

func (s search) cursor(p place) (string, error) {
	return readmodel.MakeCursor(s.listing(), p.tier, p.n)
}

// parse reads the cursor; an empty one is the start of the first page.
func (s search) parse() (place, error) {
	p := place{tierAll, end}
	if s.match != "" {
		p.tier = tierTitle
	}
	if s.Cursor == "" {
		return p, nil
	}
	return p, readmodel.ParseCursor(s.listing(), s.Cursor, &p.tier, &p.n)
}
