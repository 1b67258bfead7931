package ledger_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestActsNameWhatIsThere checks every word of the table against the types that
// it is read on: a misspelled member would be empty for ever.
func TestActsNameWhatIsThere(t *testing.T) {
	kinds, seen := ledger.Kinds(), map[ledger.Function]bool{}
	for _, a := range ledger.Acts() {
		if seen[a.Name] || a.Title.ZH == "" || a.Title.EN == "" || a.Args == nil {
			t.Errorf("%s is repeated, or lacks its title or arguments", a.Name)
		}
		seen[a.Name] = true
		for _, w := range a.Who {
			if !slices.Contains(ledger.Roles(), w.Role) && (w.Role != "" || w.As == "") {
				t.Errorf("%s: no role is called %q", a.Name, w.Role)
			}
		}
		if a.Makes != "" && kinds[a.Makes] == nil {
			t.Errorf("%s makes a %q", a.Name, a.Makes)
		}
		if a.On == "" {
			if a.ID != "" || len(a.Until)+len(a.After)+len(a.Moves) > 0 {
				t.Errorf("%s is on no record, but has a step on one", a.Name)
			}
			continue
		}
		record := kinds[a.On]
		if record == nil {
			t.Errorf("%s is on a %q", a.Name, a.On)
			continue
		}
		if m, ok := ledger.Member(a.Args(), a.ID); !ok || m.Kind() != reflect.String {
			t.Errorf("%s: its arguments have no text %q", a.Name, a.ID)
		}
		checkMembers(t, a, record)
	}
}

func checkMembers(t *testing.T, a ledger.Act, record any) {
	t.Helper()
	for _, c := range slices.Concat(a.Until, a.After) {
		checkClock(t, a, record, c)
	}
	names := []string{}
	for _, w := range a.Who {
		if w.As != "" {
			names = append(names, w.As)
		}
	}
	for _, m := range a.Moves {
		if m.To != "" {
			names = append(names, "state")
		}
	}
	for _, name := range names {
		if m, ok := ledger.Member(record, name); !ok || m.Kind() != reflect.String {
			t.Errorf("%s: a %s has no text %q", a.Name, a.On, name)
		}
	}
}

// checkClock: a clock is a day or a period of the record, or what points to one, and
// what lifts it is a member of the arguments.
func checkClock(t *testing.T, a ledger.Act, record any, c ledger.Clock) {
	t.Helper()
	m, ok := ledger.Member(record, c.Member)
	if !ok {
		t.Errorf("%s: a %s has no %q", a.Name, a.On, c.Member)
		return
	}
	kind := m.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind != reflect.TypeFor[ledger.Date]() && kind != reflect.TypeFor[ledger.Period]() {
		t.Errorf("%s: %q of a %s is a %s, no day and no period", a.Name, c.Member, a.On, kind)
	}
	if _, ok := ledger.Member(a.Args(), c.Unless); !ok && c.Unless != "" {
		t.Errorf("%s: its arguments have no %q", a.Name, c.Unless)
	}
}

// TestActingAs: whose act it is on a record, by role, by name, and by both.
func TestActingAs(t *testing.T) {
	buyer := ledger.Party{ID: "b", Roles: []ledger.Role{ledger.RoleBuyer}}
	order := ledger.Order{Buyer: "b", Operator: "o"}
	role := func(role ledger.Role, as string) ledger.Who { return ledger.Who{Role: role, As: as} }
	for name, c := range map[string]struct {
		who  []ledger.Who
		want []ledger.Role
		may  bool
	}{
		"anyone":                    {nil, []ledger.Role{}, true},
		"its role":                  {[]ledger.Who{role(ledger.RoleBuyer, "")}, buyer.Roles, true},
		"its role, named":           {[]ledger.Who{role(ledger.RoleBuyer, "buyer")}, buyer.Roles, true},
		"its role, another named":   {[]ledger.Who{role(ledger.RoleBuyer, "operator")}, nil, true},
		"another role, named":       {[]ledger.Who{role(ledger.RoleOperator, "buyer")}, nil, false},
		"the named party":           {[]ledger.Who{role("", "buyer")}, []ledger.Role{}, true},
		"another is named":          {[]ledger.Who{role("", "operator")}, nil, true},
		"named, or another role":    {[]ledger.Who{role("", "buyer"), role(ledger.RoleRegulator, "")}, []ledger.Role{}, true},
		"named, and its role":       {[]ledger.Who{role("", "buyer"), role(ledger.RoleBuyer, "")}, buyer.Roles, true},
		"another named, other role": {[]ledger.Who{role("", "operator"), role(ledger.RoleRegulator, "")}, nil, true},
	} {
		a := ledger.Act{Who: c.who}
		if got := a.ActingAs(buyer, order); !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: acting as %#v, want %#v", name, got, c.want)
		}
		if a.MayCall(buyer) != c.may {
			t.Errorf("%s: may call: %v", name, a.MayCall(buyer))
		}
	}
}

// TestRecordsRoundTrip decodes each kind of record from what it encodes to.
func TestRecordsRoundTrip(t *testing.T) {
	for kind := range ledger.Kinds() {
		got, err := ledger.DecodeRecord(kind, []byte("{}"))
		if err != nil || reflect.TypeOf(got) != reflect.TypeOf(ledger.Kinds()[kind]) {
			t.Errorf("%s: %T, %v", kind, got, err)
		}
	}
	if _, err := ledger.DecodeRecord("nothing", []byte("{}")); err == nil {
		t.Error("a record of no kind was decoded")
	}
}
