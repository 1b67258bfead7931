package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

// dueDay takes a period's last day as it is recorded.
func dueDay(p ledger.Period) (ledger.Date, error) { return p.Due, nil }

func TestPossible(t *testing.T) {
	implementer := ledger.Party{ID: "i", Roles: []ledger.Role{ledger.RoleImplementer}}
	operator := ledger.Party{ID: "o", Roles: []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}}
	regulator := ledger.Party{ID: "r", Roles: []ledger.Role{ledger.RoleRegulator}}
	suspended := implementer
	suspended.Suspensions = []ledger.Suspension{{}}
	license := func(state ledger.LicenseState) *ledger.License {
		l := &ledger.License{State: state}
		l.Assigner, l.Assignee, l.EndOn, l.OfferUntil = "i", "o", "2029-10-18", "2026-10-30"
		return l
	}
	order := &ledger.Order{State: ledger.OrderPlaced, Operator: "o", Buyer: "b", EndOn: "2027-01-01"}
	body := ledger.Party{ID: "b", Roles: []ledger.Role{ledger.RoleRegistryBody}}
	platform := ledger.Party{ID: "p", Roles: []ledger.Role{ledger.RolePlatform}}
	days := ledger.Period{Days: 3, Due: "2026-10-20"}
	due := &ledger.Order{State: ledger.OrderPlaced, Operator: "o", EndOn: "2027-01-01", AnswerDue: days}
	app := func(state ledger.ApplicationState) *ledger.Application {
		return &ledger.Application{State: state, Body: "b", ExamDue: &days, Notice: &days}
	}
	const day = "2026-10-20"
	for name, c := range map[string]struct {
		party  ledger.Party
		record any
		today  ledger.Date
		want   string
	}{
		"own license":            {implementer, license(ledger.LicenseAccepted), day, "license.suspend license.resume license.terminate"},
		"another's license":      {ledger.Party{ID: "x", Roles: implementer.Roles}, license(ledger.LicenseAccepted), day, ""},
		"regulator":              {regulator, license(ledger.LicenseAccepted), day, "license.suspend license.resume"},
		"offer to the operator":  {operator, license(ledger.LicenseOffered), day, "license.accept license.decline"},
		"offer of one's own":     {implementer, license(ledger.LicenseOffered), day, "license.withdraw"},
		"on its last day":        {operator, license(ledger.LicenseOffered), "2026-10-30", "license.accept license.decline"},
		"after its last day":     {operator, license(ledger.LicenseOffered), "2026-10-31", "license.decline"},
		"terminated":             {implementer, license(ledger.LicenseTerminated), day, ""},
		"suspended party":        {suspended, license(ledger.LicenseAccepted), day, ""},
		"answer is due":          {operator, due, day, "order.accept order.refuse"},
		"answer is too late":     {operator, due, "2026-10-21", "order.refuse"},
		"body examines":          {body, app(ledger.AppAccepted), day, "application.pass application.fail"},
		"examination is late":    {body, app(ledger.AppAccepted), "2026-10-21", "application.pass application.fail"},
		"notice runs":            {body, app(ledger.AppNoticed), day, "application.object application.decide_objection"},
		"notice is over":         {body, app(ledger.AppNoticed), "2026-10-21", "application.decide_objection application.code"},
		"environment of its own": {implementer, &ledger.Environment{SetBy: "i"}, day, "environment.set"},
		"another's environment":  {implementer, &ledger.Environment{SetBy: "x", Operator: "i"}, day, ""},
		"log of its own":         {platform, &ledger.LogRecord{Owner: "p"}, day, "anchor"},
		"another's log":          {platform, &ledger.LogRecord{Owner: "x"}, day, ""},
		"operator of an order":   {operator, order, day, "order.accept order.refuse"},
		"order after its end":    {operator, order, "2027-01-02", "order.refuse"},
		"by value":               {regulator, *order, day, "order.block"},
		"party":                  {regulator, &ledger.Party{ID: "x"}, day, "party.suspend party.resume"},
		"no record":              {regulator, 7, day, ""},
		"nothing":                {regulator, nil, day, ""},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := ledger.Possible(c.party, c.record, c.today, dueDay)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range list {
				got = append(got, string(o.Function))
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOpenAct: an open act says what it takes, its last day, and what is needed
// after it.
func TestOpenAct(t *testing.T) {
	body := ledger.Party{ID: "b", Roles: []ledger.Role{ledger.RoleRegistryBody}}
	app := &ledger.Application{State: ledger.AppAccepted, Body: "b", ExamDue: &ledger.Period{Days: 20, Due: "2026-10-20"}}
	pass := ledger.Open{
		Function: ledger.FnAppPass, Title: ledger.Words{ZH: "审核通过并公示", EN: "Pass the examination"}, Args: "AppPassArgs",
		ID: "application", Answers: true, As: []ledger.Role{ledger.RoleRegistryBody}, Until: "2026-10-20", Unless: "late",
	}
	list, err := ledger.Possible(body, app, "2026-10-21", dueDay)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	if diff := cmp.Diff(pass, list[0]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	app.ExamDue.Days = 0
	if list, err = ledger.Possible(body, app, "2026-10-21", dueDay); err != nil || list[0].Until != "" {
		t.Errorf("a period of 0 days: %v, %v", list, err)
	}
	order := &ledger.Order{State: ledger.OrderPlaced, Operator: "o", EndOn: "2026-10-25", AnswerDue: ledger.Period{Days: 3, Due: "2026-10-28"}}
	operator := ledger.Party{ID: "o", Roles: []ledger.Role{ledger.RoleOperator}}
	if list, err = ledger.Possible(operator, order, "2026-10-21", dueDay); err != nil || list[0].Until != "2026-10-25" {
		t.Errorf("the earlier of two last days: %v, %v", list, err)
	}
}

// TestOpenActsWithoutLists: where the lists of working days can't be read, nothing
// is said about what is possible.
func TestOpenActsWithoutLists(t *testing.T) {
	broken := errors.New("no lists")
	last := func(ledger.Period) (ledger.Date, error) { return "", broken }
	body := ledger.Party{ID: "b", Roles: []ledger.Role{ledger.RoleRegistryBody}}
	days := ledger.Period{Days: 3, Due: "2026-10-20"}
	for _, app := range []ledger.Application{
		{State: ledger.AppAccepted, Body: "b", ExamDue: &days},
		{State: ledger.AppNoticed, Body: "b", Notice: &days},
	} {
		if list, err := ledger.Possible(body, app, "2026-10-20", last); !errors.Is(err, broken) || list != nil {
			t.Errorf("%s: %v, %v", app.State, list, err)
		}
	}
}
