package policies_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/policies"
)

// byAssignee is a source of licenses in memory.
type byAssignee map[ledger.ID][]ledger.License

func (s byAssignee) OfAssignee(_ context.Context, party ledger.ID) ([]ledger.License, error) {
	return s[party], nil
}

func engine(t testing.TB, l policies.Licenses, parties int) *policies.Engine {
	t.Helper()
	e, err := policies.NewEngine(l, parties)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDecisionTables(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { table(t, file) })
	}
}

func table(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var licenses []ledger.License
	var questions string
	for _, f := range ar.Files {
		switch f.Name {
		case "licenses.json":
			if err := json.Unmarshal(f.Data, &licenses); err != nil {
				t.Fatal(err)
			}
		case "questions":
			questions = string(f.Data)
		}
	}
	e := engine(t, byAssignee{"p": licenses}, 0)
	permits, denials := 0, 0
	for line := range strings.Lines(questions) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		q, want := question(t, line)
		d, err := e.Decide(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := answer(d, licenses); got != want {
			t.Errorf("%s\n got %s", line, got)
		}
		if d.Allow {
			permits++
		} else {
			denials++
		}
	}
	if permits == 0 || denials == 0 {
		t.Errorf("%d permits and %d denials: a table has both", permits, denials)
	}
}

// question reads a line of a table and the answer that it wants.
func question(t *testing.T, line string) (policies.Question, string) {
	t.Helper()
	f := strings.Fields(line)
	if len(f) < 9 {
		t.Fatalf("short line %q", line)
	}
	for i := range 8 {
		if f[i] == "-" {
			f[i] = ""
		}
	}
	class, code, _ := strings.Cut(f[1], "/")
	return policies.Question{
		Party: "p", Day: ledger.Date(f[0]), Purpose: ledger.Purpose{Class: ledger.PurposeClass(class), Code: code},
		Action: f[2], Facts: ledger.Facts{Region: ledger.Region(f[3]), Domain: f[4], Resource: ledger.ID(f[5]), Level: ledger.Level(f[6])},
		License: ledger.ID(f[7]),
	}, strings.Join(f[8:], " ")
}

// answer writes a decision as tables do; until is the last day of a license.
func answer(d policies.Decision, licenses []ledger.License) string {
	if !d.Allow {
		return "deny " + string(d.Reason)
	}
	until := fmt.Sprint(int64(d.Until))
	for _, l := range licenses {
		if policies.EndOf(l.EndOn) == d.Until {
			until = string(l.EndOn)
		}
	}
	return "permit " + string(d.License) + " until " + until
}
