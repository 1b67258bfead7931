package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// wrong collects what is wrong with one record: each member of the resource is
// named once, with the column that it is taken from.
type wrong struct {
	p       *reading
	found   []error
	members []string // paths of the members that have no value because of a fault
}

// add adds faults of the member that a slot fills.
func (w *wrong) add(s slot, errs ...error) {
	for _, err := range errs {
		w.members = append(w.members, s.path())
		w.found = append(w.found, w.p.from(err))
	}
}

// addForm adds the faults of form of the resource. What has no value for another
// reason is not missing besides, and what every item has from the whole is told once.
func (w *wrong) addForm(err error) {
	e := ledger.AsError(err)
	if e == nil {
		if err != nil {
			w.found = append(w.found, err)
		}
		return
	}
	for _, one := range e.All() {
		inherited := strings.HasPrefix(one.Field, "items[") && (strings.HasSuffix(one.Field, ".level") || strings.HasSuffix(one.Field, ".pi_status"))
		if !inherited && !slices.ContainsFunc(w.members, func(path string) bool { return lies(one.Field, path) }) {
			w.found = append(w.found, w.p.from(one))
		}
	}
}

// lies reports whether a field is what a path names, or lies in it.
func lies(field, path string) bool {
	rest, ok := strings.CutPrefix(field, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// from says of a fault which column, or path, the member is taken from.
func (p *reading) from(err error) error {
	e := ledger.AsError(err)
	if e == nil || e.Param("from") != "" {
		return err
	}
	if column := Column(p.columnOf, e.Field); column != "" {
		return e.With("from", column)
	}
	return err
}

// Column returns the column, or path, of the source that the member of a resource
// at a path is taken from, by Record.Columns, as an error may repeat it; empty where
// the source does not say it.
func Column(columns map[string]string, field string) string {
	for path, column := range columns {
		if lies(field, path) {
			return ledger.Quotable(column)
		}
	}
	return ""
}

// columnsOf lists where each member is taken from.
func (m *Mapping) columnsOf() map[string]string {
	columns := map[string]string{"id": m.ID}
	for _, s := range m.slots() {
		if s.field != nil {
			columns[s.path()] = s.field.From
		}
	}
	return columns
}

// path is the place of the slot's member in a resource.
func (s slot) path() string {
	if part, ok := strings.CutPrefix(s.name, "temporal_"); ok {
		return "temporal." + part
	}
	return s.name
}

// labels are the words for a slot's member, in both languages, from the form of a
// resource.
func (s slot) labels() ledger.Words {
	path := s.path()
	w := ledger.LabelOf(ledger.Resource{}, path)
	if parent, _, nested := strings.Cut(path, "."); nested { // the label of the part alone
		whole := ledger.LabelOf(ledger.Resource{}, parent)
		w.ZH, w.EN = strings.TrimPrefix(w.ZH, whole.ZH+" › "), strings.TrimPrefix(w.EN, whole.EN+" › ")
	}
	return w
}

// titles are what the column of a slot may be titled where the mapping names it by
// any of them: the member's name and its labels.
func (s slot) titles() []string {
	w := s.labels()
	return []string{s.name, w.ZH, w.EN}
}

// enums are the closed lists of the members of a resource, by the slot's name.
var enums = func() map[string]*ledger.Enum {
	found := map[string]*ledger.Enum{}
	for _, f := range ledger.FieldsOf(ledger.Resource{}) {
		if f.Each != nil && f.Each.Enum != nil {
			found[f.Name] = f.Each.Enum
		}
		if f.Enum != nil {
			found[f.Name] = f.Enum
		}
	}
	return found
}()

// wordOf returns the word of a closed list that a source writes by one of its
// labels, or what it writes.
func (s slot) wordOf(written string) string {
	e := enums[s.name]
	if e == nil || e.Has(written) {
		return written
	}
	for _, v := range e.Values {
		if written == v.ZH || strings.EqualFold(written, v.EN) {
			return v.Word
		}
	}
	return written
}

// maxShown is how many of a mapping's words an error lists.
const maxShown = 20

// known lists the words that the mapping names for a field, in order.
func (f *Field) known() string {
	all := slices.Sorted(maps.Keys(f.words))
	if len(all) > maxShown {
		return strings.Join(all[:maxShown], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}
