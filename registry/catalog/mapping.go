// Package catalog reads a holder's existing catalog, CSV or JSON Lines, as resources
// that can be registered. A mapping file says which member of a source record becomes
// which member of a resource.
//
// It promises that the same source, mapping and parties give the same ids, salts and
// resources, byte for byte, so that an import can be repeated. Every resource it
// returns passes the checks of form and lists which members were assumed. A record that
// can't be mapped is reported with line, member and rule, and the reading continues.
// The package registers and stores nothing and invents no text. It shortens only the
// labels of information items.
//
// Standards: RFC 4180 (CSV), RFC 8259 (JSON, one value per line), RFC 9562 (UUIDv8).
package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Format is the format of a source.
type Format string

// Formats of a source.
const (
	JSONLines Format = "jsonl" // one object per line
	CSV       Format = "csv"   // RFC 4180; the first record has the column titles
)

// Limits of a mapping file.
const (
	MaxMapping = 256 << 10 // bytes
	maxPath    = 200       // bytes of a path
	maxWords   = 1000      // maximum number of words that one field translates
)

// Mapping says how a source record becomes a resource. Its JSON is strict: exact names,
// no unknown ones, no duplicates.
//
// A path names a member of a JSON object; members of members are joined by dots
// ("name.zh"). In CSV it is the whole title of a column. A column may also be named by
// the member of the resource ("title") or by one of its labels ("名称", "Title"), even if
// the file uses another of these as title.
type Mapping struct {
	Format Format `json:"format"`
	// Delimiter of CSV: one ASCII character; a comma by default.
	Delimiter string `json:"delimiter,omitempty"`
	// ID is the path of the member that identifies a record in its source. It must be
	// short, unique and permanent.
	ID     string `json:"id"`
	Fields Fields `json:"fields"`
	// Constants are used if a field is not mapped or the record has no value for it.
	// Record.Assumed lists these members.
	Constants Constants `json:"constants"`
}

// Field takes one member of a resource from the source.
type Field struct {
	From string `json:"from"` // path
	// Max is the maximum number of runes of a text, or of members of a list, if it
	// should be lower than the ledger's limit. Longer values are refused, never cut.
	Max int `json:"max,omitempty"`
	// Split is the separator that splits a text into the members of a list.
	Split string `json:"split,omitempty"`
	// Values is an object that translates words of the source. Other words are refused.
	// If a member that takes one word gets several, the first that Values has is taken.
	// Without Values, a member of a closed list accepts its words and their labels in
	// Chinese and English ("无条件共享" for unconditional).
	Values json.RawMessage `json:"values,omitempty"`
	// Otherwise is used for words that Values does not have; the member is then
	// assumed.
	Otherwise string `json:"otherwise,omitempty"`

	words map[string]string
}

// Fields are the members of a resource that a source may give.
type Fields struct {
	Title         *Field `json:"title"`
	Description   *Field `json:"description"`
	Identifier    *Field `json:"identifier,omitempty"`
	CatalogClass  *Field `json:"catalog_class,omitempty"`
	Domain        *Field `json:"domain,omitempty"`
	Sector        *Field `json:"sector,omitempty"`
	Spatial       *Field `json:"spatial,omitempty"`
	TemporalStart *Field `json:"temporal_start,omitempty"`
	TemporalEnd   *Field `json:"temporal_end,omitempty"`
	Periodicity   *Field `json:"accrual_periodicity,omitempty"`
	Modified      *Field `json:"modified,omitempty"` // a day, or Unix milliseconds
	Keywords      *Field `json:"keywords,omitempty"`
	LandingPage   *Field `json:"landing_page,omitempty"`
	Obtained      *Field `json:"obtained,omitempty"`
	SourceBasis   *Field `json:"source_basis,omitempty"`
	ShareType     *Field `json:"share_type,omitempty"`
	OpenType      *Field `json:"open_type,omitempty"`
	SupplyMode    *Field `json:"supply_mode,omitempty"`
	Items         *Field `json:"items,omitempty"` // labels, one per item
	Format        *Field `json:"format,omitempty"`
	RowCount      *Field `json:"row_count,omitempty"`
	ByteSize      *Field `json:"byte_size,omitempty"`
	Level         *Field `json:"level,omitempty"`
	LevelBasis    *Field `json:"level_basis,omitempty"`
	PIStatus      *Field `json:"pi_status,omitempty"`
}

// Constants are values for all records. The texts of source_basis and level_basis go to
// the ledger only as salted hashes.
type Constants struct {
	CatalogClass  string          `json:"catalog_class,omitempty"`
	Domain        string          `json:"domain,omitempty"`
	Sector        string          `json:"sector,omitempty"`
	Spatial       string          `json:"spatial,omitempty"`
	TemporalStart string          `json:"temporal_start,omitempty"`
	TemporalEnd   string          `json:"temporal_end,omitempty"`
	Periodicity   string          `json:"accrual_periodicity,omitempty"`
	Modified      string          `json:"modified,omitempty"`
	Keywords      []string        `json:"keywords,omitempty"`
	LandingPage   string          `json:"landing_page,omitempty"`
	Obtained      string          `json:"obtained,omitempty"`
	SharerConsent ledger.Digest   `json:"sharer_consent,omitempty"`
	SourceBasis   string          `json:"source_basis,omitempty"`
	ShareType     string          `json:"share_type,omitempty"`
	OpenType      string          `json:"open_type,omitempty"`
	SupplyMode    []string        `json:"supply_mode,omitempty"`
	Items         []string        `json:"items,omitempty"`
	Format        string          `json:"format,omitempty"`
	RowCount      string          `json:"row_count,omitempty"`
	ByteSize      string          `json:"byte_size,omitempty"`
	Level         string          `json:"level,omitempty"`
	LevelBasis    string          `json:"level_basis,omitempty"`
	PIStatus      string          `json:"pi_status,omitempty"`
	Quality       *ledger.Quality `json:"quality,omitempty"`
}

// ParseMapping reads a mapping file. Its errors are *ledger.Error and name the member.
func ParseMapping(data []byte) (Mapping, error) {
	var m Mapping
	if len(data) > MaxMapping {
		return m, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).With("limit", strconv.Itoa(MaxMapping))
	}
	if err := ledger.DecodeStrict(data, &m); err != nil {
		return Mapping{}, err
	}
	if err := m.check(); err != nil {
		return Mapping{}, err
	}
	return m, nil
}

// check checks the form of the mapping and decodes the words of its fields. It returns
// all faults.
func (m *Mapping) check() error {
	errs := []error{ledger.OneOf("format", m.Format, []Format{JSONLines, CSV}), checkPath("id", m.ID)}
	if m.Delimiter != "" && (m.Format != CSV || len(m.Delimiter) != 1 || strings.ContainsAny(m.Delimiter, "\"\r\n\x00") || m.Delimiter[0] > '~') {
		errs = append(errs, ledger.Invalid("delimiter", "one_character_of_csv").With("value", ledger.Quotable(m.Delimiter)))
	}
	if m.Fields.Title == nil {
		errs = append(errs, ledger.Invalid("fields.title", "required"))
	}
	if m.Fields.Description == nil {
		errs = append(errs, ledger.Invalid("fields.description", "required"))
	}
	for _, s := range m.slots() {
		if s.field != nil {
			errs = append(errs, s.field.check("fields."+s.name, s.kind))
		}
	}
	return ledger.Join(errs...)
}

func (f *Field) check(at string, k kind) error {
	errs := []error{checkPath(at+".from", f.From)}
	if f.Max < 0 {
		errs = append(errs, ledger.Invalid(at+".max", "at_least_0").With("value", strconv.Itoa(f.Max)).With("min", "0"))
	}
	if f.Split != "" && k != list {
		errs = append(errs, ledger.Invalid(at+".split", "list_only").With("value", ledger.Quotable(f.Split)))
	}
	if f.Otherwise != "" && f.Values == nil {
		errs = append(errs, ledger.Invalid(at+".otherwise", "with_values").With("value", ledger.Quotable(f.Otherwise)))
	}
	return ledger.Join(append(errs, f.readWords(at+".values"))...)
}

// readWords decodes Values. DecodeStrict has already refused duplicate words.
func (f *Field) readWords(at string) error {
	if f.Values == nil {
		return nil
	}
	if err := json.Unmarshal(f.Values, &f.words); err != nil || len(f.words) == 0 {
		return ledger.Invalid(at, "object_of_text")
	}
	if len(f.words) > maxWords {
		return ledger.Invalid(at, "max_members").With("value", strconv.Itoa(len(f.words))).With("limit", strconv.Itoa(maxWords))
	}
	var errs []error
	for _, word := range slices.Sorted(maps.Keys(f.words)) {
		if f.words[word] == "" {
			errs = append(errs, ledger.Invalid(at+"."+ledger.Quotable(word), "required"))
		}
	}
	return ledger.Join(errs...)
}

func checkPath(field, path string) error {
	if path == "" {
		return ledger.Invalid(field, "required")
	}
	if len(path) > maxPath {
		return ledger.Invalid(field, "max_length").With("value", ledger.Quotable(path)).With("limit", strconv.Itoa(maxPath))
	}
	return nil
}
