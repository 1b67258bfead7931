package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

var update = flag.Bool("update", false, "write the vectors of testdata again")

// vector is a case of testdata/vectors.json: a bundle, a change to it (RFC 6901
// pointer, RFC 6902 words), and the check that must fail; empty if the bundle is
// valid.
type vector struct {
	Name   string          `json:"name"`
	Bundle string          `json:"bundle"`
	Op     string          `json:"op,omitempty"`
	Path   string          `json:"path,omitempty"`
	Value  json.RawMessage `json:"value,omitempty"`
	Check  evidence.Check  `json:"check,omitempty"`
}

// TestVectors checks the verifier against the vectors that docs/evidence.md offers
// to authors of other verifiers.
func TestVectors(t *testing.T) {
	if *update {
		makeVectors(t)
	}
	trust := vectorTrust(t)
	var list []vector
	if err := json.Unmarshal(readVector(t, "vectors.json"), &list); err != nil {
		t.Fatalf("vectors: %v", err)
	}
	for _, c := range list {
		t.Run(c.Name, func(t *testing.T) {
			data := readVector(t, c.Bundle)
			if c.Op != "" {
				data = patch(t, data, c)
			}
			r, err := evidence.Verify(data, trust, ledger.Standard(), checkers())
			got := evidence.Check("")
			if f := evidence.AsFailure(err); f != nil {
				got = f.Check
			}
			if got != c.Check || err != nil && got == "" {
				t.Errorf("%v, want %q", err, c.Check)
			}
			if c.Op == "" && err == nil {
				reported(t, c.Bundle, r)
			}
		})
	}
	if len(list) < 20 {
		t.Errorf("%d vectors", len(list))
	}
}

// reported compares a report with the one that is stored with its bundle.
func reported(t *testing.T, bundle string, r evidence.Report) {
	t.Helper()
	name := strings.TrimSuffix(bundle, ".json") + ".report.json"
	got := indent(t, encode(t, r))
	if *update {
		writeVector(t, name, got)
	}
	if diff := cmp.Diff(string(readVector(t, name)), string(got)); diff != "" {
		t.Errorf("report: %s", diff)
	}
}

func indent(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatalf("indent: %v", err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func vectorTrust(t testing.TB) evidence.Trust {
	t.Helper()
	trust, err := evidence.ParseTrust(readVector(t, "trust.json"))
	if err != nil {
		t.Fatalf("trust file: %v", err)
	}
	return trust
}

func readVector(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatalf("vector: %v", err)
	}
	return data
}

func writeVector(t testing.TB, name string, data []byte) {
	t.Helper()
	err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(filepath.Join("testdata", name), data, 0o644))
	if err != nil {
		t.Fatalf("vector: %v", err)
	}
}

// patch makes one change to a bundle.
func patch(t *testing.T, data []byte, c vector) []byte {
	t.Helper()
	root := parse(t, data)
	at := root
	steps := strings.Split(c.Path, "/")[1:]
	for _, s := range steps[:len(steps)-1] {
		at = at.list[at.index(t, s)]
	}
	i := at.index(t, steps[len(steps)-1])
	switch c.Op {
	case "replace":
		at.list[i] = parse(t, c.Value)
	case "remove":
		at.list = slices.Delete(at.list, i, i+1)
		if at.open == '{' {
			at.names = slices.Delete(at.names, i, i+1)
		}
	default:
		t.Fatalf("op %s", c.Op)
	}
	return root.bytes()
}

func (v *value) index(t *testing.T, step string) int {
	t.Helper()
	i := slices.Index(v.names, step)
	if v.open == '[' {
		n, err := strconv.Atoi(step)
		if err != nil {
			t.Fatalf("path: %v", err)
		}
		i = n
	}
	if i < 0 || i >= len(v.list) {
		t.Fatalf("no %s", step)
	}
	return i
}

// makeVectors writes the trust file, the bundles and the cases again, with new keys
// and signatures.
func makeVectors(t *testing.T) {
	t.Helper()
	w := begin(t)
	story(w)
	forged := forgeries(w)
	w.size = int64(len(w.log.entries))
	write := func(name string, v any) { writeVector(t, name, indent(t, encode(t, v))) }
	write("trust.json", w.trust())
	for name, about := range map[string]ledger.Ref{
		"order": ref(ledger.KindOrder, "O2"), "license": ref(ledger.KindLicense, "L"), "entry": ref(ledger.KindEntry, "bus"),
	} {
		b, _ := w.build(about)
		write(name+".json", b)
	}
	list := []vector{{Name: "order", Bundle: "order.json"}, {Name: "license", Bundle: "license.json"}, {Name: "entry", Bundle: "entry.json"}}
	for _, f := range forged {
		file := "forged-" + strings.ReplaceAll(f.name, " ", "-") + ".json"
		write(file, w.lenient(f.about))
		list = append(list, vector{Name: f.name, Bundle: file, Check: f.want})
	}
	w.size = 0
	w.restart(4)
	w.register("lake")
	restored, _ := w.build(ref(ledger.KindEntry, "lake"))
	write("restored.json", restored)
	list = append(list, vector{Name: "restored", Bundle: "restored.json"})
	write("vectors.json", append(append(list, changes(t)...), restoredChanges(t, restored)...))
}

// restoredChanges are changes to a bundle under a checkpoint of a log that began after
// a restore.
func restoredChanges(t *testing.T, b evidence.Bundle) []vector {
	t.Helper()
	calls, err := b.List()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(calls, func(c evidence.Listed) bool { return c.Function == ledger.FnLogBegin })
	return []vector{
		{Name: "the beginning of the log left out", Bundle: "restored.json", Op: "remove", Path: fmt.Sprintf("/calls/%d", at), Check: evidence.CheckProof},
		{Name: "another proof of the beginning", Bundle: "restored.json", Op: "remove", Path: fmt.Sprintf("/calls/%d/proof/inclusion/0", at), Check: evidence.CheckProof},
	}
}

type forgery struct {
	name  string
	want  evidence.Check
	about ledger.Ref
}

// forgeries puts calls on the log that a dishonest node made up. Their bundles
// are made when the log has its last size.
func forgeries(w *world) []forgery {
	w.t.Helper()
	var list []forgery
	add := func(name string, want evidence.Check, license string, accept func(r ledger.Ref, l ledger.License)) {
		r := ref(ledger.KindLicense, license)
		w.offer(license)
		l := get[ledger.License](w, r)
		l.State = ledger.LicenseAccepted
		accept(r, l)
		list = append(list, forgery{name, want, r})
	}
	add("signed by the key of another", evidence.CheckRefused, "L3", func(r ledger.Ref, l ledger.License) {
		w.forge(w.sign("operator", "implementer", ledger.FnLicenseAccept, w.answer(r)), w.wrote(r, l))
	})
	add("signed under the key id of the operator", evidence.CheckSignature, "L4", func(r ledger.Ref, l ledger.License) {
		w.forge(w.underKid("operator", ledger.FnLicenseAccept, w.answer(r)), w.wrote(r, l))
	})
	add("answer to another offer", evidence.CheckRefused, "L5", func(r ledger.Ref, l ledger.License) {
		w.forge(w.sign("operator", "operator", ledger.FnLicenseAccept, ledger.AnswerArgs{ID: l.ID, Answers: sum("other")}), w.wrote(r, l))
	})
	add("wider than it was offered", evidence.CheckWrites, "L6", func(r ledger.Ref, _ ledger.License) {
		tampered(w, "operator", ledger.FnLicenseAccept, w.answer(r), r, func(l *ledger.License) { l.EndOn = "2031-01-01" })
	})
	return list
}

// changes are one change each to a bundle that verifies.
func changes(t *testing.T) []vector {
	t.Helper()
	text := func(s string) json.RawMessage { return encode(t, s) }
	var order evidence.Bundle
	if err := json.Unmarshal(readVector(t, "order.json"), &order); err != nil {
		t.Fatalf("order: %v", err)
	}
	last := len(order.Calls) - 1
	list := []vector{
		{Name: "another version", Op: "replace", Path: "/v", Value: []byte("1"), Check: evidence.CheckForm},
		{Name: "unknown member", Op: "replace", Path: "/proof", Value: []byte(`{"kind":"tlog","common":{},"more":1}`), Check: evidence.CheckForm},
		{Name: "no receipts member", Op: "remove", Path: "/receipts", Check: evidence.CheckForm},
		{Name: "another ledger", Op: "replace", Path: "/ledger", Value: text(string(id("other"))), Check: evidence.CheckGenesis},
		{Name: "about the license", Op: "replace", Path: "/about", Value: text(string(theLicense)), Check: evidence.CheckReceipt},
		{Name: "about another order", Op: "replace", Path: "/about", Value: text(string(theOrder)), Check: evidence.CheckReceipt},
		{Name: "about a right", Op: "replace", Path: "/about", Value: text("grant/" + string(id("x"))), Check: evidence.CheckForm},
		{Name: "unknown kind of proof", Op: "replace", Path: "/proof/kind", Value: text("fabric"), Check: evidence.CheckProof},
		{Name: "no checkpoint", Op: "replace", Path: "/proof/common/checkpoint", Value: text(""), Check: evidence.CheckProof},
		{Name: "another size", Op: "replace", Path: "/calls/2/proof/size", Value: []byte("5"), Check: evidence.CheckProof},
		{Name: "inclusion cut short", Op: "remove", Path: "/calls/2/proof/inclusion/0", Check: evidence.CheckProof},
		{Name: "no genesis", Op: "remove", Path: "/calls/0", Check: evidence.CheckGenesis},
		{Name: "an admission left out", Op: "remove", Path: "/calls/1", Check: evidence.CheckRefused},
		{Name: "the acceptance left out", Op: "remove", Path: fmt.Sprintf("/calls/%d", last-2), Check: evidence.CheckRefused},
		{Name: "the anchor left out", Op: "remove", Path: fmt.Sprintf("/calls/%d", last), Check: evidence.CheckReceipt},
		{Name: "another digest of an anchor", Op: "replace", Path: fmt.Sprintf("/calls/%d/writes/0/sha256", last), Value: text(string(sum("x"))), Check: evidence.CheckWrites},
		{Name: "another value of an anchor", Op: "replace", Path: fmt.Sprintf("/calls/%d/writes/0/value", last), Value: text("e30="), Check: evidence.CheckWrites},
		{Name: "an anchor without its writes", Op: "remove", Path: fmt.Sprintf("/calls/%d/writes", last), Check: evidence.CheckWrites},
		{Name: "a start without its end", Op: "remove", Path: "/receipts/0/items/1", Check: evidence.CheckReceipt},
		{Name: "an end without its start", Op: "remove", Path: "/receipts/0/items/0", Check: evidence.CheckReceipt},
		{Name: "another index of a receipt", Op: "replace", Path: "/receipts/0/items/0/index", Value: []byte("0"), Check: evidence.CheckReceipt},
		{Name: "another log", Op: "replace", Path: "/receipts/0/log", Value: text("other.example/log/receipts"), Check: evidence.CheckDelivery},
		{Name: "receipts left out", Op: "replace", Path: "/receipts", Value: []byte("[]"), Check: evidence.CheckNotNeeded},
	}
	for i := range list {
		list[i].Bundle = "order.json"
	}
	return list
}

// FuzzVerify: whatever comes in, nothing panics, and what verifies is a vector.
func FuzzVerify(f *testing.F) {
	trust := vectorTrust(f)
	good := map[string]bool{}
	for _, name := range []string{"order.json", "license.json", "entry.json", "restored.json"} {
		var b bytes.Buffer
		if err := json.Compact(&b, readVector(f, name)); err != nil {
			f.Fatalf("vector: %v", err)
		}
		good[b.String()] = true
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"v":3}`))
	algs := remembered()
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := evidence.Verify(data, trust, algs, checkers())
		if err == nil {
			var b bytes.Buffer
			if json.Compact(&b, data) != nil || !good[b.String()] {
				t.Errorf("verifies: %s", data)
			}
			return
		}
		if evidence.AsFailure(err) == nil {
			t.Errorf("not a failure: %v", err)
		}
	})
}

// FuzzParse: what is taken is in its one form.
func FuzzParse(f *testing.F) {
	f.Add(readVector(f, "license.json"))
	f.Add([]byte(`{"v":3,"ledger":"0199c1f0-0000-7000-8000-000000000000","about":"","proof":{"kind":"","common":{}},"calls":[],"receipts":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := evidence.Parse(data)
		if err != nil {
			return
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		var plain bytes.Buffer
		if err := json.Compact(&plain, data); err != nil || !bytes.Equal(plain.Bytes(), again) {
			t.Errorf("not in one form: %s", data)
		}
	})
}
