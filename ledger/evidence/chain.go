package evidence

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// row is an act on one kind of record.
type row struct {
	id     string // member of the arguments that names the record
	begins bool   // the arguments say the whole record: a chain of answers ends here
}

// rowOf returns fn as an act on records of kind.
func rowOf(fn ledger.Function, kind string) (row, bool) {
	a, ok := ledger.ActOf(fn)
	switch {
	case ok && a.On == kind:
		return row{a.ID, a.Begins}, true
	case ok && a.Makes == kind && a.On != "":
		return row{a.ID, true}, true
	}
	return row{}, false
}

// members are the arguments of a call by their exact names.
func members(a *act) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(a.signed.Call.Args, &m); err != nil {
		return nil
	}
	return m
}

func text(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}

// actsOn are the calls that wrote ref as acts on it, oldest first: the function
// is one for its kind, its arguments name it, and its writes hold it.
func (v *verification) actsOn(ref ledger.Ref) []*act {
	var list []*act
	for _, a := range v.acts {
		r, ok := rowOf(a.fn(), ref.Kind())
		if !ok {
			continue
		}
		l := a.lines[ledger.RecordKey(ref)]
		if l != nil && !l.deleted && text(members(a)[r.id]) == ref.ID() {
			list = append(list, a)
		}
	}
	return list
}

// last is the last call in the bundle that acted on ref.
func (v *verification) last(ref ledger.Ref) (*act, error) {
	list := v.actsOn(ref)
	if len(list) == 0 {
		return nil, failf(CheckMissing, string(ref), "no call in the bundle wrote it")
	}
	return list[len(list)-1], nil
}

// chain follows the answers from a call on ref back to the one that begins it
// (rule 4), marks all and returns them oldest first.
func (v *verification) chain(ref ledger.Ref, from *act) ([]*act, error) {
	var list []*act
	on := v.actsOn(ref)
	for a := from; ; {
		v.use(a, ref)
		list = append(list, a)
		if r, ok := rowOf(a.fn(), ref.Kind()); ok && r.begins {
			slices.Reverse(list)
			return list, nil
		}
		cited := ledger.Digest(text(members(a)["answers"]))
		i := slices.IndexFunc(on, func(b *act) bool { return b.at < a.at && b.signed.Payload == cited })
		if i < 0 {
			return nil, failf(CheckChain, string(ref), "%s at %s answers the call of payload %s, which is not in the bundle",
				a.fn(), a.where(), cited)
		}
		if a.Time < on[i].Time {
			return nil, failf(CheckOrder, string(ref), "%s at %s is of a time before the call that it answers", a.fn(), a.where())
		}
		a = on[i]
	}
}

// typed decodes the arguments of a call strictly and holds them to their form.
func typed(a *act, args any) error {
	if err := ledger.DecodeStrict(a.signed.Call.Args, args); err != nil {
		return fail(CheckForm, a.where(), err)
	}
	if form, ok := args.(interface{ Validate() error }); ok {
		if err := form.Validate(); err != nil {
			return fail(CheckForm, a.where(), err)
		}
	}
	return nil
}

// proven is what the last call in the bundle on ref wrote, with the chain that
// leads to it.
func proven[T any](v *verification, ref ledger.Ref) (T, []*act, error) {
	var record T
	a, err := v.last(ref)
	if err != nil {
		return record, nil, err
	}
	list, err := v.chain(ref, a)
	if err != nil {
		return record, nil, err
	}
	v.chains[ref] = list
	err = v.value(a, ref, &record)
	return record, list, err
}

// value decodes what a call wrote under ref; the bundle must show it.
func (v *verification) value(a *act, ref ledger.Ref, record any) error {
	l := a.lines[ledger.RecordKey(ref)]
	if l == nil || l.value == nil {
		return failf(CheckMissing, string(ref), "%s does not show the value that it wrote", a.where())
	}
	l.used = true
	if err := json.Unmarshal(l.value, record); err != nil {
		return fail(CheckRecord, string(ref), err)
	}
	return nil
}

// once proves a record the first time it is asked for.
func once[T any](v *verification, ref ledger.Ref, prove func() (T, error)) (T, error) {
	if r, ok := v.walked[ref].(T); ok {
		return r, nil
	}
	r, err := prove()
	if err == nil {
		v.walked[ref] = r
	}
	return r, err
}

// same compares two values by their JSON; a list left out is an empty one.
func same(a, b any) bool {
	x, errX := plain(a)
	y, errY := plain(b)
	return errX == nil && errY == nil && x == y
}

func plain(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return "", err
	}
	out, err := json.Marshal(filled(tree))
	return string(out), err
}

// filled writes empty lists for null. Members that are left out when empty stay out.
func filled(v any) any {
	switch v := v.(type) {
	case nil:
		return []any{}
	case map[string]any:
		for k, e := range v {
			v[k] = filled(e)
		}
	case []any:
		for i, e := range v {
			v[i] = filled(e)
		}
	}
	return v
}
