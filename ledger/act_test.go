package ledger_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// TestActsNameWhatIsThere checks every word of the table against the types that
// it is read on: a misspelled member would be empty for ever.
func TestActsNameWhatIsThere(t *testing.T) {
	kinds, seen := ledger.Kinds(), map[ledger.Function]bool{}
	for _, a := range ledger.Acts() {
		if seen[a.Name] || a.Title.ZH == "" || a.Title.EN == "" || a.Args == nil {
			t.Errorf("%s stands twice, or lacks its title or arguments", a.Name)
		}
		seen[a.Name] = true
		for _, w := range a.Who {
			if !slices.Contains(ledger.Roles(), w.Role) {
				t.Errorf("%s: no role is called %q", a.Name, w.Role)
			}
		}
		if a.Makes != "" && kinds[a.Makes] == nil {
			t.Errorf("%s makes a %q", a.Name, a.Makes)
		}
		if a.On == "" {
			if a.ID != "" || a.Until != "" || len(a.Moves) > 0 {
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
	names := []string{}
	if a.Until != "" {
		names = append(names, a.Until)
	}
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

func TestPossible(t *testing.T) {
	implementer := ledger.Party{ID: "i", Roles: []ledger.Role{ledger.RoleImplementer}}
	operator := ledger.Party{ID: "o", Roles: []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}}
	regulator := ledger.Party{ID: "r", Roles: []ledger.Role{ledger.RoleRegulator}}
	suspended := implementer
	suspended.Suspensions = []ledger.Suspension{{}}
	license := func(state ledger.LicenseState) *ledger.License {
		l := &ledger.License{State: state}
		l.Assigner, l.Assignee, l.EndOn = "i", "o", "2029-10-18"
		return l
	}
	order := &ledger.Order{State: ledger.OrderPlaced, Operator: "o", Buyer: "b", EndOn: "2027-01-01"}
	const day = "2026-10-20"
	for name, c := range map[string]struct {
		party  ledger.Party
		record any
		today  ledger.Date
		want   string
	}{
		"own license":           {implementer, license(ledger.LicenseAccepted), day, "license.suspend license.resume license.terminate"},
		"another's license":     {ledger.Party{ID: "x", Roles: implementer.Roles}, license(ledger.LicenseAccepted), day, ""},
		"regulator":             {regulator, license(ledger.LicenseAccepted), day, "license.suspend license.resume"},
		"offer to the operator": {operator, license(ledger.LicenseOffered), day, "license.accept"},
		"on its last day":       {operator, license(ledger.LicenseOffered), "2029-10-18", "license.accept"},
		"after its last day":    {operator, license(ledger.LicenseOffered), "2029-10-19", ""},
		"terminated":            {implementer, license(ledger.LicenseTerminated), day, ""},
		"suspended party":       {suspended, license(ledger.LicenseAccepted), day, ""},
		"operator of an order":  {operator, order, day, "order.accept order.refuse"},
		"order after its end":   {operator, order, "2027-01-02", "order.refuse"},
		"by value":              {regulator, *order, day, "order.block"},
		"party":                 {regulator, &ledger.Party{ID: "x"}, day, "party.suspend party.resume"},
		"no record":             {regulator, 7, day, ""},
		"nothing":               {regulator, nil, day, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range ledger.Possible(c.party, c.record, c.today) {
				got = append(got, string(a.Name))
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
