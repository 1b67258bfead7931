package contract_test

import (
	"bytes"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// rows reads a table of words; lines that begin with # are comments.
func rows(t *testing.T, file string, width int) [][]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var table [][]string
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) != width {
			t.Fatalf("%s: %q has %d words, want %d", file, line, len(words), width)
		}
		table = append(table, words)
	}
	return table
}

// act is one thing that one party may try.
type act struct {
	fn  ledger.Function
	who string
}

// acts is every pair of a function and a party that holds its role, and one
// that does not.
func acts(fns []ledger.Function, parties []string) []act {
	var list []act
	for _, fn := range fns {
		for _, who := range parties {
			list = append(list, act{fn, who})
		}
	}
	return list
}

// functionsOn returns the functions on records of a kind.
func functionsOn(kind string) []ledger.Function {
	var list []ledger.Function
	for _, a := range ledger.Acts() {
		if a.On == kind {
			list = append(list, a.Name)
		}
	}
	return list
}

// tryStep makes one call and holds its success, or that it changed nothing.
func tryStep(t fataler, m *market, a act, args any, allowed bool) {
	t.Helper()
	before := maps.Clone(m.state)
	err := m.try(a.who, a.fn, args)
	if allowed != (err == nil) {
		t.Fatalf("%s by %s: got %v, want allowed %v", a.fn, a.who, err, allowed)
	}
	if err == nil {
		return
	}
	if ledger.AsError(err) == nil {
		t.Fatalf("%s by %s failed: %v", a.fn, a.who, err)
	}
	if !maps.EqualFunc(before, m.state, bytes.Equal) {
		t.Fatalf("%s by %s was refused and wrote", a.fn, a.who)
	}
}

// argsOf returns valid arguments of a function for the current version of a record.
func (m *market) argsOf(fn ledger.Function, ref ledger.Ref) any {
	m.t.Helper()
	act, _ := ledger.ActOf(fn)
	switch act.Args().(type) {
	case *ledger.LicenseOfferArgs:
		return offerArgs("L")
	case *ledger.OrderPlaceArgs:
		return m.placeArgs("O", "P")
	case *ledger.AnswerArgs:
		return m.answer(ref)
	case *ledger.TargetArgs:
		return m.target(ref)
	case *ledger.OrderPaymentArgs:
		return ledger.OrderPaymentArgs{ID: ledger.ID(ref.ID()), Answers: m.last(ref), Reference: "bank-1", PaidAt: m.now, Fen: 300000}
	}
	m.t.Fatalf("no arguments of %s are known", fn)
	return nil
}

// TestFunctionsAreKnown: every function is answered by the contract, to each party
// of the market that may call it.
func TestFunctionsAreKnown(t *testing.T) {
	m := newMarket(t)
	for _, row := range ledger.Acts() {
		for _, p := range marketParties() {
			if row.Name == ledger.FnGenesis || !row.MayCall(ledger.Party{Roles: p.Roles}) {
				continue
			}
			e := ledger.AsError(m.try(p.Name, row.Name, struct{}{}))
			if e == nil || e.Code != ledger.InvalidCode || e.Reason != ledger.ReasonField || !strings.HasPrefix(e.Field, "args.") {
				t.Errorf("%s without arguments: %v", row.Name, e)
			}
		}
	}
}
