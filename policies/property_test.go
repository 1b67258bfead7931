package policies_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

var (
	regions   = []ledger.Region{"330000", "330100", "330106", "330110", "330200", "110000", "110105"}
	domains   = []string{"transport", "health", "credit"}
	resources = []ledger.ID{"r1", "r2", "r3", "r4"}
	days      = []ledger.Date{"2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01"}
	codes     = []string{"", "a", "b"}
)

func drawPurpose() *rapid.Generator[ledger.Purpose] {
	return rapid.Custom(func(t *rapid.T) ledger.Purpose {
		return ledger.Purpose{Class: rapid.SampledFrom(ledger.PurposeClasses()).Draw(t, "class"), Code: rapid.SampledFrom(codes).Draw(t, "code")}
	})
}

func some[T any](of []T) *rapid.Generator[[]T] { return rapid.SliceOfN(rapid.SampledFrom(of), 0, 3) }

func drawLicense() *rapid.Generator[ledger.License] {
	states := []ledger.LicenseState{ledger.LicenseAccepted, ledger.LicenseAccepted, ledger.LicenseAccepted, ledger.LicenseOffered, ledger.LicenseTerminated}
	return rapid.Custom(func(t *rapid.T) ledger.License {
		var l ledger.License
		l.ID = ledger.ID(rapid.StringMatching("l[0-9]{1,3}").Draw(t, "id"))
		l.Mode = rapid.SampledFrom(ledger.Modes()).Draw(t, "mode")
		l.Region = rapid.SampledFrom(regions).Draw(t, "region")
		l.Domains = some(domains).Draw(t, "domains")
		l.Resources = some(resources).Draw(t, "resources")
		l.Excluded = some(resources).Draw(t, "excluded")
		l.Purposes = rapid.SliceOfN(drawPurpose(), 0, 3).Draw(t, "purposes")
		l.Actions = some(ledger.Actions()).Draw(t, "actions")
		l.StartOn, l.EndOn = rapid.SampledFrom(days).Draw(t, "start"), rapid.SampledFrom(days).Draw(t, "end")
		l.State = rapid.SampledFrom(states).Draw(t, "state")
		l.Suspensions = some([]ledger.Suspension{{Role: ledger.RoleRegulator}}).Draw(t, "suspensions")
		if rapid.Bool().Draw(t, "free") {
			l.Suspensions = nil
		}
		return l
	})
}

func drawQuestion() *rapid.Generator[policies.Question] {
	return rapid.Custom(func(t *rapid.T) policies.Question {
		q := policies.Question{Party: "p", Day: rapid.SampledFrom(days).Draw(t, "day"), Facts: ledger.Facts{
			Resource: rapid.SampledFrom(resources).Draw(t, "resource"), Region: rapid.SampledFrom(regions).Draw(t, "in"),
			Domain: rapid.SampledFrom(domains).Draw(t, "of"), Level: rapid.SampledFrom(ledger.Levels()).Draw(t, "level"),
		}}
		if rapid.Bool().Draw(t, "for") {
			q.Purpose = drawPurpose().Draw(t, "purpose")
		}
		q.Action = rapid.SampledFrom(append(ledger.Actions(), "")).Draw(t, "action")
		return q
	})
}

// near turns a question to what a license says, else hardly one is ever allowed.
func near(t *rapid.T, q policies.Question, l ledger.License) policies.Question {
	q.Facts.Region, q.Day = l.Region, l.StartOn
	if len(l.Domains) > 0 {
		q.Facts.Domain = rapid.SampledFrom(l.Domains).Draw(t, "its domain")
	}
	if len(l.Resources) > 0 {
		q.Facts.Resource = rapid.SampledFrom(l.Resources).Draw(t, "its resource")
	}
	if len(l.Purposes) > 0 {
		q.Purpose = rapid.SampledFrom(l.Purposes).Draw(t, "its purpose")
	}
	if len(l.Actions) > 0 {
		q.Action = rapid.SampledFrom(l.Actions).Draw(t, "its action")
	}
	return q
}

// counts is the license's own answer, which guards what is recorded.
func counts(l ledger.License, q policies.Question) bool {
	return (q.License == "" || q.License == l.ID) && l.Effective(q.Day) && l.Covers(q.Facts, q.Purpose) &&
		(q.Action == "" || slices.Contains(l.Actions, q.Action))
}

// TestCasbinAgreesWithLicenses holds the compiled policies against the records
// that they are compiled from.
func TestCasbinAgreesWithLicenses(t *testing.T) {
	allowed := 0
	rapid.Check(t, func(t *rapid.T) {
		licenses := rapid.SliceOfNDistinct(drawLicense(), 0, 20, func(l ledger.License) ledger.ID { return l.ID }).Draw(t, "licenses")
		e, err := policies.NewEngine(byAssignee{"p": licenses}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range rapid.SliceOfN(drawQuestion(), 1, 12).Draw(t, "questions") {
			if len(licenses) > 0 && rapid.Bool().Draw(t, "named") {
				q.License = rapid.SampledFrom(licenses).Draw(t, "license").ID
			}
			if len(licenses) > 0 && rapid.Bool().Draw(t, "near") {
				q = near(t, q, rapid.SampledFrom(licenses).Draw(t, "to"))
			}
			want := policies.Decision{Until: policies.EndOf(q.Day)}
			for _, l := range licenses {
				if counts(l, q) {
					until := policies.EndOf(l.EndOn)
					if !want.Allow || until > want.Until || until == want.Until && l.ID < want.License {
						want = policies.Decision{Allow: true, License: l.ID, Until: until}
					}
				}
				if (policies.Why(l, q) == "") != counts(l, policies.Question{Facts: q.Facts, Purpose: q.Purpose, Action: q.Action, Day: q.Day}) {
					t.Fatalf("Why(%+v, %+v) = %q", l, q, policies.Why(l, q))
				}
			}
			got, err := e.Decide(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got.Allow {
				allowed++
			} else if got.Reason == "" {
				t.Fatal("a denial without a reason")
			}
			got.Reason = ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v (-license +casbin)\n%s", q, diff)
			}
		}
	})
	t.Logf("%d questions were allowed", allowed)
	if allowed == 0 {
		t.Error("no question was ever allowed: nothing was tested")
	}
}
