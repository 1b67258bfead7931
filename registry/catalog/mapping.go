// Package catalog reads a holder's existing catalog, CSV or JSON Lines, as
// resources that can be registered, by a mapping file that says which member of a
// source record becomes which member of a resource.
//
// It promises that the same source, mapping and parties give the same ids, salts
// and resources, byte for byte, so that an import can be repeated; that every
// resource it yields passes the checks of form and carries word of what was
// assumed; and that a record which cannot be mapped is named by line, member and
// rule while the reading goes on. It registers nothing, stores nothing, invents no
// text, and shortens none but the label of an information item.
//
// Standards: RFC 4180 (CSV), RFC 8259 (JSON, one value a line), RFC 9562 (UUIDv8).
package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// Format is how source records are written.
type Format string

// Formats of a source.
const (
	JSONLines Format = "jsonl" // an object a line
	CSV       Format = "csv"   // RFC 4180; the first record names the columns
)

// Limits of a mapping file.
const (
	MaxMapping = 256 << 10 // bytes
	maxPath    = 200       // bytes of a path
	maxWords   = 1000      // words that one field translates
)

// Mapping says how a source record becomes a resource. Its JSON is strict: exact
// names, none unknown, none twice.
//
// A path names a member of a JSON object, members of members joined by dots
// ("name.zh"), or a column of CSV, whose name is taken whole. A column may also be
// named by the member of the resource ("title") or by one of its labels ("名称",
// "Title") where the file titles it by another of these.
type Mapping struct {
	Format Format `json:"format"`
	// Delimiter of CSV: one ASCII character, by default a comma.
	Delimiter string `json:"delimiter,omitempty"`
	// ID is the path of what names a record in its source: short, unique, lasting.
	ID     string `json:"id"`
	Fields Fields `json:"fields"`
	// Constants stand where no field is mapped, or the record has nothing there;
	// either is noted in Record.Assumed.
	Constants Constants `json:"constants"`
}

// Field takes one member of a resource from the source.
type Field struct {
	From string `json:"from"` // path
	// Max is the most runes of a text, or members of a list, where fewer than the
	// ledger's limit are wanted; more is refused, never cut.
	Max int `json:"max,omitempty"`
	// Split divides a text into the members of a list.
	Split string `json:"split,omitempty"`
	// Values translates the source's words, an object of word to word. A word that
	// it doesn't name is refused; of a list, the first one that it names is taken.
	// Without it a member of a closed list is taken by its word or by its label in
	// Chinese or English ("无条件共享" for unconditional).
	Values json.RawMessage `json:"values,omitempty"`
	// Otherwise stands for words that Values doesn't name, and is then assumed.
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
	Items         *Field `json:"items,omitempty"` // labels, one an item
	Format        *Field `json:"format,omitempty"`
	RowCount      *Field `json:"row_count,omitempty"`
	ByteSize      *Field `json:"byte_size,omitempty"`
	Level         *Field `json:"level,omitempty"`
	LevelBasis    *Field `json:"level_basis,omitempty"`
	PIStatus      *Field `json:"pi_status,omitempty"`
}

// Constants are what is said of every record alike. The texts of source_basis and
// level_basis go to the ledger as salted hashes only.
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

// ParseMapping reads a mapping file. Its errors are *ledger.Error and name the
// member.
func ParseMapping(data []byte) (Mapping, error) {
	var m Mapping
	if len(data) > MaxMapping {
		return m, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge)
	}
	if err := ledger.DecodeStrict(data, &m); err != nil {
		return Mapping{}, err
	}
	if err := m.check(); err != nil {
		return Mapping{}, err
	}
	return m, nil
}

// check holds the mapping's own form, and reads the words of its fields. It returns
// all that is wrong.
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

// readWords decodes Values. DecodeStrict has refused words named twice.
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
