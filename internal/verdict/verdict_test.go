package verdict_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// vectors are bundles of a ledger that the tests of package evidence made.
const vectors = "../../ledger/evidence/testdata/"

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(vectors + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVerdicts(t *testing.T) {
	bundle, trust := read(t, "order.json"), read(t, "trust.json")
	var report evidence.Report
	if err := json.Unmarshal(read(t, "order.report.json"), &report); err != nil {
		t.Fatal(err)
	}
	held := `{"sha256":"` + string(report.Receipts[0].SHA256) + `"}`
	for _, c := range []struct {
		name, check, says string
		bundle, trust     []byte
		options           string
	}{
		{"proven", "", "", bundle, trust, ""},
		{"holds the file", "", "", bundle, trust, held},
		{"another file", "file", "没有此文件", bundle, trust, `{"sha256":"` + strings.Repeat("0", 64) + `"}`},
		{"another file, in English", "file", "does not contain", bundle, trust, `{"lang":"en","sha256":"` + strings.Repeat("0", 64) + `"}`},
		{"cut", "form", "不是证据包", bundle[:100], trust, ""},
		{"forged", "signature", "a signature is invalid", read(t, "forged-signed-under-the-key-id-of-the-operator.json"), trust, `{"lang":"en"}`},
		{"no trust file", "trust", "the trust file", bundle, bundle, `{"lang":"en"}`},
		{"unknown options", "options", "lang", bundle, trust, `{"language":"en"}`},
	} {
		var v verdict.Verdict
		if err := json.Unmarshal(verdict.JSON(c.bundle, c.trust, []byte(c.options)), &v); err != nil {
			t.Fatal(err)
		}
		if c.check == "" {
			if !v.Proven || v.Failure != nil {
				t.Errorf("%s: %+v", c.name, v.Failure)
			} else if diff := cmp.Diff(&report, v.Report); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
			continue
		}
		if v.Proven || v.Report != nil || v.Failure == nil || v.Failure.Check != c.check || !strings.Contains(v.Failure.Sentence, c.says) {
			t.Errorf("%s: %+v, want %s", c.name, v.Failure, c.check)
		}
	}
}
