package policies_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// many returns n licenses over the domains of a city, every tenth for one resource.
func many(n int) []ledger.License {
	list := make([]ledger.License, n)
	for i := range list {
		l := whole(ledger.ID(fmt.Sprintf("l%04d", i)))
		l.Mode = ledger.Domain
		l.Domains = []string{ledger.Domains()[i%len(ledger.Domains())]}
		if i%10 == 9 {
			l.Mode, l.Resources = ledger.Scenario, []ledger.ID{ledger.ID(fmt.Sprintf("r%d", i))}
		}
		list[i] = l
	}
	return list
}

// unasked returns a question that nobody asked before, so that no answer to it is
// remembered: each has its own purpose.
func unasked(party ledger.ID, i int) policies.Question {
	q := ask(party)
	q.Facts.Domain, q.Purpose.Code = ledger.Domains()[0], strconv.Itoa(i)
	return q
}

// BenchmarkDecide compares, in one run and on the same licenses, an engine's computed
// decision with a plain loop in Go, which names neither rule nor policy, and with Cedar,
// which compares all policies with each question.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		licenses := many(n)
		run := func(name string, f func(b *testing.B)) { b.Run(fmt.Sprintf("%s/licenses=%d", name, n), f) }
		run("casbin", func(b *testing.B) {
			benchmark(b, byAssignee{"p": licenses}, func(i int) policies.Question { return unasked("p", i) })
		})
		run("denied", func(b *testing.B) {
			e := engine(b, byAssignee{"p": licenses}, 0)
			for i := 0; b.Loop(); i++ {
				q := unasked("p", i)
				q.Facts.Region = "330206"
				if d, err := e.Decide(b.Context(), q); err != nil || d.Allow {
					b.Fatal(d, err)
				}
			}
		})
		run("go", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				q := unasked("p", i)
				for _, l := range licenses {
					_ = l.Effective(q.Day) && l.Covers(q.Facts, q.Purpose)
				}
			}
		})
		run("cedar", func(b *testing.B) {
			set := cedarPolicies(b, licenses)
			for i := 0; b.Loop(); i++ {
				if d, _ := cedar.Authorize(set, cedar.EntityMap{}, cedarRequest(unasked("p", i))); d != cedar.Allow {
					b.Fatal(d)
				}
			}
		})
		run("remembered", func(b *testing.B) {
			benchmark(b, byAssignee{"p": licenses}, func(int) policies.Question { return unasked("p", 0) })
		})
		run("first", func(b *testing.B) {
			e := engine(b, byAssignee{"p": licenses}, 0)
			for i := 0; b.Loop(); i++ {
				e.Invalidate("p")
				decide(b, e, unasked("p", i))
			}
		})
	}
	parties := byAssignee{}
	for p := range 1000 {
		parties[ledger.ID(strconv.Itoa(p))] = many(1000)
	}
	b.Run("casbin/licenses=1000/parties=1000", func(b *testing.B) {
		benchmark(b, parties, func(i int) policies.Question { return unasked(ledger.ID(strconv.Itoa(i%1000)), i) })
	})
}

func benchmark(b *testing.B, l byAssignee, question func(int) policies.Question) {
	e := engine(b, l, 0)
	for party := range l { // enforcers are made before the clock runs
		decide(b, e, unasked(party, -1))
	}
	for i := 0; b.Loop(); i++ {
		decide(b, e, question(i))
	}
}

func decide(b *testing.B, e *policies.Engine, q policies.Question) {
	d, err := e.Decide(b.Context(), q)
	if err != nil || !d.Allow {
		b.Fatal(d, err)
	}
}

// cedarPolicies writes licenses as one Cedar permission each. Cedar compares numbers
// but not texts, so a day is a number.
func cedarPolicies(b *testing.B, licenses []ledger.License) *cedar.PolicySet {
	b.Helper()
	var text strings.Builder
	for _, l := range licenses {
		target := "true"
		switch l.Mode {
		case ledger.Domain:
			target = fmt.Sprintf("context.domain == %q", l.Domains[0])
		case ledger.Scenario:
			target = fmt.Sprintf("context.resource == %q", l.Resources[0])
		case ledger.Whole:
		}
		fmt.Fprintf(&text, `permit (principal, action, resource) when { context.level != "core" && %d <= context.day && context.day <= %d &&
			context.region like "3301*" && %s && context.class == %q && %q.contains(context.action) };
`, number(l.StartOn), number(l.EndOn), target, l.Purposes[0].Class, l.Actions)
	}
	set, err := cedar.NewPolicySetFromBytes("licenses", []byte(strings.ReplaceAll(text.String(), `" "`, `", "`)))
	if err != nil {
		b.Fatal(err)
	}
	return set
}

func cedarRequest(q policies.Question) cedar.Request {
	return cedar.Request{
		Principal: cedar.NewEntityUID("Party", cedar.String(q.Party)), Action: cedar.NewEntityUID("Action", cedar.String(q.Action)),
		Resource: cedar.NewEntityUID("Resource", cedar.String(q.Facts.Resource)),
		Context: cedar.NewRecord(cedar.RecordMap{
			"level": cedar.String(q.Facts.Level), "day": cedar.Long(number(q.Day)), "region": cedar.String(q.Facts.Region),
			"domain": cedar.String(q.Facts.Domain), "resource": cedar.String(q.Facts.Resource),
			"class": cedar.String(q.Purpose.Class), "code": cedar.String(q.Purpose.Code), "action": cedar.String(q.Action),
		}),
	}
}

func number(d ledger.Date) int64 {
	n, _ := strconv.ParseInt(strings.ReplaceAll(string(d), "-", ""), 10, 64)
	return n
}
