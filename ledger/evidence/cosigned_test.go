package evidence_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

func auditor(t *testing.T, name string) *cosign.Key {
	t.Helper()
	skey, err := cosign.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	k, err := cosign.ParseKey(skey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// knows is the trust file of someone who knows an auditor.
func knows(w *world, auditors ...evidence.Auditor) evidence.Trust {
	t := w.trust()
	t.Auditors = auditors
	return t
}

func (w *world) verifyBy(trust evidence.Trust, b evidence.Bundle) (evidence.Report, error) {
	data := encode(w.t, b)
	r, err := evidence.Verify(data, trust, ledger.Standard(), checkers())
	seal(w.t).agrees(w.t, w.t.Name(), data, trust, err)
	return r, err
}

// TestCosignedCheckpoint: the cosignature of an auditor in the trust file replaces
// what only an audit shows. Any other cosignature changes nothing.
func TestCosignedCheckpoint(t *testing.T) {
	w := begin(t)
	story(w)
	_, plain := w.build(theOrder)
	w.auditors = []*cosign.Key{auditor(t, "audit.example"), auditor(t, "stranger.example")}
	b, r := w.build(theOrder) // whose trust file names nobody
	if diff := cmp.Diff(plain, r); diff != "" {
		t.Errorf("strangers' cosignatures change the report: %s", diff)
	}
	r, err := w.verifyBy(knows(w, evidence.Auditor{Name: "市审计局", Key: w.auditors[0].VKey()}), b)
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.Audit{{Name: "市审计局", Size: int64(len(w.log.entries)), Time: noon}}
	if diff := cmp.Diff(want, r.Audits); diff != "" {
		t.Error(diff)
	}
	for _, l := range []evidence.Limitation{evidence.LaterCalls, evidence.Suspensions, evidence.AnchorBefore, evidence.UnrelatedRecords, evidence.OnlyAudit} {
		if slices.Contains(r.NotProven, l) {
			t.Errorf("%s is said of what an auditor replayed", l)
		}
	}
	for _, l := range []evidence.Limitation{evidence.Latest, evidence.OtherReceipts, evidence.ReceiptByBuyer, evidence.Clock, evidence.ReceiptWord} {
		if !slices.Contains(r.NotProven, l) {
			t.Errorf("%s is not said: %v", l, r.NotProven)
		}
	}
	if len(plain.Unproved) == 0 || len(r.Unproved) > 0 {
		t.Errorf("only an audit rules out %v, and with an audit %v", plain.Unproved, r.Unproved)
	}
	r.Audits, r.NotProven, r.Unproved = plain.Audits, plain.NotProven, plain.Unproved
	if diff := cmp.Diff(plain, r); diff != "" {
		t.Errorf("it changes more than that: %s", diff)
	}
}

// TestLastCallLeftOutUnderAnAudit: what an audit doesn't show is said still. A bundle
// without the cancellation, which came last, verifies.
func TestLastCallLeftOutUnderAnAudit(t *testing.T) {
	w := begin(t)
	accepted(w)
	w.must("buyer", ledger.FnOrderCancel, w.answer(theOrder))
	w.auditors = []*cosign.Key{auditor(t, "audit.example")}
	w.hide(ledger.FnOrderCancel)
	b, _ := w.build(theOrder)
	r, err := w.verifyBy(knows(w, evidence.Auditor{Name: "a", Key: w.auditors[0].VKey()}), b)
	if err != nil || len(r.Audits) != 1 || !slices.Contains(r.NotProven, evidence.Latest) {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestBadCosignatures: a wrong one under a named key is refused, and so is a line that
// is no cosignature, one that is there twice, and a checkpoint without its log's.
func TestBadCosignatures(t *testing.T) {
	w := begin(t)
	licensed(w)
	a, double := auditor(t, "audit.example"), auditor(t, ledger.LedgerLog(node))
	trust := knows(w, evidence.Auditor{Name: "a", Key: a.VKey()}, evidence.Auditor{Name: "d", Key: double.VKey()})
	plain, _ := w.checkpoint()
	text, _, _ := strings.Cut(plain, "\n\n")
	line := func(k *cosign.Key, of string) string {
		msg, err := k.Cosign([]byte(of), time.UnixMilli(int64(noon)))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(string(msg), of)
	}
	skey, _, err := note.GenerateKey(rand.Reader, "other.example")
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, _ := strings.Cut(w.signed(skey, "other.example", 5, w.log.root(t, 5)), "\n\n")
	older := w.signed(w.skey, ledger.LedgerLog(node), 5, w.log.root(t, 5))
	b, _ := w.build(theLicense)
	for name, c := range map[string]struct {
		checkpoint string
		ok         bool
	}{
		"as it must be":          {plain + line(a, plain), true},
		"before the log's":       {text + "\n\n" + line(a, plain) + strings.TrimPrefix(plain, text+"\n\n"), true},
		"of another checkpoint":  {plain + line(a, older), false},
		"twice":                  {plain + line(a, plain) + line(a, plain), false},
		"no cosignature":         {plain + stranger, false},
		"without the log's":      {text + "\n\n" + line(a, plain), false},
		"by the name of the log": {text + "\n\n" + line(double, plain), false},
		"a stranger's twice":     {plain + strings.Repeat(line(auditor(t, "s"), plain), 2), false},
		"an empty line":          {plain + "\n", false},
		"too many":               {plain + strangers(t, 17, plain, line), false},
		"many":                   {plain + strangers(t, 16, plain, line), true},
	} {
		x := b
		x.Proof.Common = encode(t, evidence.TLogCommon{Checkpoint: c.checkpoint})
		_, err := w.verifyBy(trust, x)
		if f := evidence.AsFailure(err); c.ok != (err == nil) || !c.ok && (f == nil || f.Check != evidence.CheckProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func strangers(t *testing.T, n int, checkpoint string, line func(*cosign.Key, string) string) string {
	t.Helper()
	var all strings.Builder
	for range n {
		all.WriteString(line(auditor(t, "stranger"), checkpoint))
	}
	return all.String()
}

func TestTrustFileOfAuditors(t *testing.T) {
	w := begin(t)
	a := auditor(t, "audit.example")
	for name, c := range map[string]struct {
		auditors []evidence.Auditor
		ok       bool
	}{
		"two":             {[]evidence.Auditor{{Name: "a", Key: a.VKey()}, {Name: "a", Key: auditor(t, "audit.example").VKey()}}, true},
		"one twice":       {[]evidence.Auditor{{Name: "a", Key: a.VKey()}, {Name: "b", Key: a.VKey()}}, false},
		"without a name":  {[]evidence.Auditor{{Key: a.VKey()}}, false},
		"a log's key":     {[]evidence.Auditor{{Name: "a", Key: w.vkey}}, false},
		"without its key": {[]evidence.Auditor{{Name: "a"}}, false},
	} {
		_, err := evidence.ParseTrust(encode(t, knows(w, c.auditors...)))
		if c.ok != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
