package contract_test

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// recordNeeds notes the members of arguments that were refused because they were
// left out, though their form says that they may be.
func recordNeeds(call ledger.Call, err error) {
	act, ok := ledger.ActOf(call.Function)
	e := ledger.AsError(err)
	if !ok || e == nil {
		return
	}
	var args any
	if json.Unmarshal(call.Args, &args) != nil {
		return
	}
	for _, one := range e.All() {
		path, ok := strings.CutPrefix(one.Field, "args.")
		if f := fieldAt(ledger.FieldsOf(act.Args()), path); ok && f != nil && !f.Required && f.Need == nil && isLeftOut(args, path) {
			refusals.Lock()
			refusals.needs[string(call.Function)+": "+path+", which its form does not need, was left out and refused: "+one.Error()] = true
			refusals.Unlock()
		}
	}
}

// namesOf parts a path into names; places in lists are left out.
func namesOf(path string) []string {
	names := strings.Split(path, ".")
	for i, n := range names {
		names[i], _, _ = strings.Cut(n, "[")
	}
	return names
}

// fieldAt returns the field at a path; nil where a form ends before it.
func fieldAt(fields []ledger.Field, path string) *ledger.Field {
	var found *ledger.Field
	for _, name := range namesOf(path) {
		i := slices.IndexFunc(fields, func(f ledger.Field) bool { return f.Name == name })
		if i < 0 {
			return nil
		}
		found = &fields[i]
		if fields = found.Fields; found.Each != nil {
			fields = found.Each.Fields
		}
	}
	return found
}

// isLeftOut reports whether the value at a path is missing or empty. In a list it
// checks the last member.
func isLeftOut(v any, path string) bool {
	for _, name := range namesOf(path) {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[len(list)-1]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return v == nil
		}
		v = m[name]
	}
	list, ok := v.([]any)
	return v == nil || v == "" || v == 0.0 || v == false || ok && len(list) == 0
}
