package contract_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

// TestMain runs the tests and then compares what they had refused with the table
// of acts: each reason of an act's row was given, and no other.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && wholeRun() {
		for _, line := range coverageGaps() {
			fmt.Println(line)
			code = 1
		}
	}
	os.Exit(code)
}

// wholeRun reports whether all tests of the package were to run.
func wholeRun() bool {
	for name, value := range map[string]string{"run": "", "skip": "", "bench": "", "list": "", "fuzz": ""} {
		if f := flag.Lookup("test." + name); f != nil && f.Value.String() != value {
			return false
		}
	}
	return !testing.Short() && flag.Lookup("test.count").Value.String() != "0" && !mutated()
}

// coverageGaps returns a sentence for each difference between the refusals that the
// tests produced and those in the table of acts. A reason that is common to all
// calls is in a row only if the function's rule refuses for it because of something
// in the arguments, for example another party that is suspended, or one of its keys
// that has ended.
func coverageGaps() []string {
	var gaps []string
	seen, common := map[pair]bool{}, map[ledger.Reason]bool{}
	for p := range refusals.seen {
		formal := p.reason == ledger.ReasonField || p.reason == ledger.ReasonJSON // of any arguments
		if slices.Contains(ledger.CommonReasons(), p.reason) && (formal || !p.rule) {
			common[p.reason] = true
			continue
		}
		seen[pair{fn: p.fn, reason: p.reason}] = true
	}
	for _, r := range ledger.CommonReasons() {
		if !common[r] {
			gaps = append(gaps, fmt.Sprintf("no test had a call refused by %s, which any call may be refused for", r))
		}
	}
	for _, a := range ledger.Acts() {
		for _, r := range a.Refusals() {
			p := pair{fn: a.Name, reason: r}
			if !seen[p] {
				gaps = append(gaps, fmt.Sprintf("%s: no test had it refused by %s, which its row in ledger/acts.go names", a.Name, r))
			}
			delete(seen, p)
		}
	}
	for p := range seen {
		gaps = append(gaps, fmt.Sprintf("%s: it was refused by %s, which its row in ledger/acts.go does not name", p.fn, p.reason))
	}
	gaps = slices.AppendSeq(gaps, maps.Keys(refusals.needs))
	slices.Sort(gaps)
	return gaps
}

// TestCallsAreRecorded looks for tests that call the contract past the recorder.
func TestCallsAreRecorded(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`contract\.(Apply|Batch|Transaction|Check)\(`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m := direct.Find(source); m != nil && file != "recorder_test.go" && file != "bench_test.go" && file != "beside_test.go" {
			t.Errorf("%s calls %s…): recorder_test.go has a function for it", file, m)
		}
	}
}
