package policies_test

import (
	"fmt"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// many are n licenses of all modes over the domains and counties of a city.
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

// fresh is a question that no one has asked: purposes are remembered, so each
// has a code of its own.
func fresh(party ledger.ID, i int) policies.Question {
	q := ask(party)
	q.Facts.Domain, q.Purpose.Code = ledger.Domains()[0], fmt.Sprint(i)
	return q
}

// BenchmarkDecide compares an engine's decision with the plain function on the
// same licenses, in one run.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		licenses := many(n)
		b.Run(fmt.Sprintf("covers/licenses=%d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				q := fresh("p", i)
				for _, l := range licenses {
					_ = l.Effective(q.Day) && l.Covers(q.Facts, q.Purpose)
				}
			}
		})
		b.Run(fmt.Sprintf("casbin/licenses=%d", n), func(b *testing.B) {
			benchmark(b, shelf{"p": licenses}, func(i int) policies.Question { return fresh("p", i) })
		})
		b.Run(fmt.Sprintf("remembered/licenses=%d", n), func(b *testing.B) {
			benchmark(b, shelf{"p": licenses}, func(int) policies.Question { return fresh("p", 0) })
		})
		b.Run(fmt.Sprintf("compile/licenses=%d", n), func(b *testing.B) {
			e := engine(b, shelf{"p": licenses}, 0)
			for i := 0; b.Loop(); i++ {
				e.Invalidate("p")
				decide(b, e, fresh("p", i))
			}
		})
	}
	parties := shelf{}
	for p := range 1000 {
		parties[ledger.ID(fmt.Sprint(p))] = many(10)
	}
	b.Run("casbin/licenses=10/parties=1000", func(b *testing.B) {
		benchmark(b, parties, func(i int) policies.Question { return fresh(ledger.ID(fmt.Sprint(i%1000)), i) })
	})
}

func benchmark(b *testing.B, l shelf, q func(int) policies.Question) {
	e := engine(b, l, 0)
	for p := range l { // enforcers are built before the clock runs
		decide(b, e, fresh(p, -1))
	}
	for i := 0; b.Loop(); i++ {
		decide(b, e, q(i))
	}
}

func decide(b *testing.B, e *policies.Engine, q policies.Question) {
	d, err := e.Decide(b.Context(), q)
	if err != nil || !d.Allow {
		b.Fatal(d, err)
	}
}
