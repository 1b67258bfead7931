package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// faults collects the faults of one record. It reports each member of the resource
// once, with the column from which it is taken.
type faults struct {
	p       *reading
	found   []error
	members []string // paths of the members that have no value because of a fault
}

// add adds faults of the slot's member.
func (w *faults) add(s slot, errs ...error) {
	for _, err := range errs {
		w.members = append(w.members, s.path())
		w.found = append(w.found, w.p.withColumn(err))
	}
}

// addForm adds the faults of the resource's form. It does not report a member as
// missing if another fault removed its value, and reports a fault that items inherit
// from the resource only once.
func (w *faults) addForm(err error) {
	e := ledger.AsError(err)
	if e == nil {
		if err != nil {
			w.found = append(w.found, err)
		}
		return
	}
	for _, one := range e.All() {
		inherited := strings.HasPrefix(one.Field, "items[") && (strings.HasSuffix(one.Field, ".level") || strings.HasSuffix(one.Field, ".pi_status"))
		if !inherited && !slices.ContainsFunc(w.members, func(path string) bool { return within(one.Field, path) }) {
			w.found = append(w.found, w.p.withColumn(one))
		}
	}
}

// within reports whether field is the member at path or is inside it.
func within(field, path string) bool {
	rest, ok := strings.CutPrefix(field, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// withColumn adds to a fault the column, or path, from which the member is taken.
func (p *reading) withColumn(err error) error {
	e := ledger.AsError(err)
	if e == nil || e.Param("from") != "" {
		return err
	}
	if column := Column(p.columnOf, e.Field); column != "" {
		return e.With("from", column)
	}
	return err
}

// Column returns the column, or path, of the source from which the resource's member at
// field is taken, looked up in Record.Columns and quoted for an error. It is empty if
// the source does not give the member.
func Column(columns map[string]string, field string) string {
	for path, column := range columns {
		if within(field, path) {
			return ledger.Quotable(column)
		}
	}
	return ""
}

// columnsOf returns the path from which each member is taken.
func (m *Mapping) columnsOf() map[string]string {
	columns := map[string]string{"id": m.ID}
	for _, s := range m.slots() {
		if s.field != nil {
			columns[s.path()] = s.field.From
		}
	}
	return columns
}

// path returns the path of the slot's member in a resource.
func (s slot) path() string {
	if part, ok := strings.CutPrefix(s.name, "temporal_"); ok {
		return "temporal." + part
	}
	return s.name
}

// labels returns the labels of a slot's member in both languages, from the form of a
// resource.
func (s slot) labels() ledger.Words {
	path := s.path()
	w := ledger.LabelOf(ledger.Resource{}, path)
	if parent, _, nested := strings.Cut(path, "."); nested { // the label of the nested member only
		whole := ledger.LabelOf(ledger.Resource{}, parent)
		w.ZH, w.EN = strings.TrimPrefix(w.ZH, whole.ZH+" › "), strings.TrimPrefix(w.EN, whole.EN+" › ")
	}
	return w
}

// titles returns the titles that the column of a slot may have: the member's name and
// its labels. If the mapping uses one of them, the others are accepted too.
func (s slot) titles() []string {
	w := s.labels()
	return []string{s.name, w.ZH, w.EN}
}

// enums are the closed lists of a resource's members, by the slot's name.
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

// wordOf returns the word of a closed list for one of its labels, or the text itself if
// it is not a label.
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

// maxShown is the maximum number of a mapping's words in an error.
const maxShown = 20

// known lists the words that the mapping translates for a field, in order.
func (f *Field) known() string {
	all := slices.Sorted(maps.Keys(f.words))
	if len(all) > maxShown {
		return strings.Join(all[:maxShown], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}
