package catalog

// kind is the kind of value of a resource's member.
type kind int

const (
	text kind = iota // free text, one or more lines
	line             // one line of text
	word             // enumerated value, code, date or number
	list             // list of one-line texts
)

// slot is one member of a resource with its source.
type slot struct {
	name     string
	kind     kind
	field    *Field
	constant []string // empty, one value, or a list
}

// slots returns the members in the order in which they are read.
func (m *Mapping) slots() []slot {
	f, c := &m.Fields, &m.Constants
	return []slot{
		{"title", line, f.Title, nil},
		{"description", text, f.Description, nil},
		{"identifier", word, f.Identifier, nil},
		{"catalog_class", word, f.CatalogClass, single(c.CatalogClass)},
		{"domain", word, f.Domain, single(c.Domain)},
		{"sector", word, f.Sector, single(c.Sector)},
		{"spatial", word, f.Spatial, single(c.Spatial)},
		{"temporal_start", word, f.TemporalStart, single(c.TemporalStart)},
		{"temporal_end", word, f.TemporalEnd, single(c.TemporalEnd)},
		{"accrual_periodicity", word, f.Periodicity, single(c.Periodicity)},
		{"modified", word, f.Modified, single(c.Modified)},
		{"keywords", list, f.Keywords, c.Keywords},
		{"landing_page", word, f.LandingPage, single(c.LandingPage)},
		{"obtained", word, f.Obtained, single(c.Obtained)},
		{"source_basis", text, f.SourceBasis, single(c.SourceBasis)},
		{"share_type", word, f.ShareType, single(c.ShareType)},
		{"open_type", word, f.OpenType, single(c.OpenType)},
		{"supply_mode", list, f.SupplyMode, c.SupplyMode},
		{"items", list, f.Items, c.Items},
		{"format", word, f.Format, single(c.Format)},
		{"row_count", word, f.RowCount, single(c.RowCount)},
		{"byte_size", word, f.ByteSize, single(c.ByteSize)},
		{"level", word, f.Level, single(c.Level)},
		{"level_basis", text, f.LevelBasis, single(c.LevelBasis)},
		{"pi_status", word, f.PIStatus, single(c.PIStatus)},
	}
}

func single(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
