package evidence_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/datacadastre/cadastre/ledger/evidence"
)

// The second verifier, docs/examples/verify_seal.py, was written from
// docs/evidence.md. It checks the seal and runs no rules.

// sealed are the checks of level 1 of docs/evidence.md that no rule of the register
// has a part in: where one of them fails here, the second verifier must refuse.
var sealed = []evidence.Check{
	evidence.CheckForm, evidence.CheckProof, evidence.CheckOrder, evidence.CheckGenesis,
	evidence.CheckKey, evidence.CheckSignature, evidence.CheckReceipt,
}

// sealer is a running second verifier. It is asked about one bundle after another.
type sealer struct {
	mu   sync.Mutex
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs bytes.Buffer
	same atomic.Int64 // answers with the same word
	all  atomic.Int64
}

const (
	examples = "../../docs/examples"
	// maxProgram is the most lines of verify_seal.py.
	maxProgram = 655
	noPython   = "python3 is not on this machine: docs/examples/verify_seal.py was not tried (.ci/run installs it)"
)

// driver answers each line, {"bundle": base64, "trust": base64}, by the check that failed.
const driver = `
import base64, json, sys
sys.path.insert(0, sys.argv[1])
import verify_seal
for line in sys.stdin:
    case = {k: base64.b64decode(v) for k, v in json.loads(line).items()}
    try:
        verify_seal.verify(case["bundle"], verify_seal.read_trust(case["trust"]))
        print("", flush=True)
    except verify_seal.Refused as why:
        print(why.check, flush=True)
`

// theSealer starts the second verifier for all tests here; nil where there is no Python.
var theSealer = sync.OnceValues(func() (*sealer, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, nil // without Python it is not tried
	}
	s := &sealer{cmd: exec.CommandContext(context.Background(), python, "-B", "-c", driver, examples)}
	s.cmd.Stderr = &s.errs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	return s, s.cmd.Start()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := theSealer(); err == nil && s != nil {
		if err := errors.Join(s.in.Close(), s.cmd.Wait()); err != nil {
			fmt.Fprintf(os.Stderr, "verify_seal.py: %v\n%s", err, s.errs.String())
			code = 1
		}
	}
	os.Exit(code)
}

// seal is the second verifier; nil where there is no Python.
func seal(t testing.TB) *sealer {
	t.Helper()
	s, err := theSealer()
	if err != nil {
		t.Fatalf("start verify_seal.py: %v", err)
	}
	return s
}

// mustSeal skips the test where there is no Python.
func mustSeal(t testing.TB) *sealer {
	t.Helper()
	s := seal(t)
	if s == nil {
		t.Skip(noPython)
	}
	return s
}

// check asks for the check that fails; empty where the bundle is sealed.
func (s *sealer) check(t testing.TB, bundle []byte, trust evidence.Trust) evidence.Check {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	line := encode(t, map[string][]byte{"bundle": bundle, "trust": encode(t, trust)})
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("verify_seal.py does not take a bundle: %v", err)
	}
	answer, err := s.out.ReadString('\n')
	if err != nil {
		t.Fatalf("verify_seal.py does not answer: %v", err)
	}
	return evidence.Check(strings.TrimSpace(answer))
}

// agrees compares the second verdict with that of Verify: whatever verifies is sealed,
// and where a check of the seal fails it is not.
func (s *sealer) agrees(t testing.TB, name string, bundle []byte, trust evidence.Trust, err error) {
	t.Helper()
	if s == nil {
		return
	}
	first, other := evidence.Check(""), s.check(t, bundle, trust)
	if f := evidence.AsFailure(err); f != nil {
		first = f.Check
	}
	s.all.Add(1)
	if first == other {
		s.same.Add(1)
	}
	switch {
	case err == nil && other != "":
		t.Errorf("%s: verifies, and verify_seal.py says %q", name, other)
	case slices.Contains(sealed, first) && other == "":
		t.Errorf("%s: sealed for verify_seal.py, here %v", name, err)
	}
}

// TestSealOfVectors checks the second verifier against the vectors: the unchanged
// ones are sealed, and those with a broken seal are not.
func TestSealOfVectors(t *testing.T) {
	// Read here, so that a test's cached result does not outlive the program.
	program, err := os.ReadFile(filepath.Join(examples, "verify_seal.py"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(program, []byte("\n")); lines > maxProgram {
		t.Errorf("verify_seal.py has %d lines, more than %d", lines, maxProgram)
	}
	s := mustSeal(t)
	trust := vectorTrust(t)
	var list []vector
	if err := json.Unmarshal(readVector(t, "vectors.json"), &list); err != nil {
		t.Fatalf("vectors: %v", err)
	}
	for _, c := range list {
		data := readVector(t, c.Bundle)
		if c.Op != "" {
			data = patch(t, data, c)
		}
		got := s.check(t, data, trust)
		mustFail := slices.Contains(sealed, c.Check) || strings.Contains(c.Path, "/writes")
		if c.Check == "" && got != "" || mustFail && got == "" {
			t.Errorf("%s: verify_seal.py says %q, the check is %q", c.Name, got, c.Check)
		}
	}
}

// TestSealAgrees changes bundles of the vectors, a byte or a member at a time. Other
// tests show the second verifier every bundle that they make (world.verify), those
// among them whose every call a dishonest node and its accomplice have signed again
// (TestForgedMembers).
func TestSealAgrees(t *testing.T) {
	t.Parallel()
	s := mustSeal(t)
	trust, algs := vectorTrust(t), remembered()
	tried := 0
	try := func(name string, data []byte) {
		tried++
		_, err := evidence.Verify(data, trust, algs, checkers())
		s.agrees(t, name, data, trust, err)
	}
	for name, share := range map[string]int{"order.json": 8, "entry.json": 2, "restored.json": 1, "forged-wider-than-it-was-offered.json": 1} {
		rnd := rand.New(rand.NewPCG(9, uint64(share)))
		var plain bytes.Buffer
		if err := json.Compact(&plain, readVector(t, name)); err != nil {
			t.Fatal(err)
		}
		for range 1200 / share {
			data := bytes.Clone(plain.Bytes())
			at := rnd.IntN(len(data))
			data[at] = []byte("\"0129afAF+/=_-{}[],:\\ \n\x00\x7f<")[rnd.IntN(26)]
			try(name+" with a byte changed", data)
		}
		v := parse(t, plain.Bytes())
		v.mutate("", func(path string) {
			if rnd.IntN(share) == 0 {
				try(name+path, v.bytes())
			}
		})
	}
	if tried < 2000 {
		t.Errorf("only %d changes", tried)
	}
	t.Logf("%d bundles so far, %d of them with the same word", s.all.Load(), s.same.Load())
}
