package ledger_test

import (
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

func goodSubmit() ledger.AppSubmitArgs {
	a := ledger.AppSubmitArgs{
		Application: ledger.DeriveID("application"), Body: ledger.DeriveID("body"), Resource: goodResource(),
		Deposit: ledger.DigestOf(nil), InternalReview: ledger.Review{By: "科技科", On: "2026-08-31", SHA256: ledger.DigestOf(nil)},
	}
	for _, g := range ledger.MaterialGroups() {
		a.Materials = append(a.Materials, ledger.Material{Group: g, SHA256: ledger.DigestOf([]byte(g)), Bytes: 1, Name: ledger.Salt([16]byte{}, "a")})
	}
	return a
}

func TestSubmitArgsValidate(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(*ledger.AppSubmitArgs)
		field string
	}{
		{"good", func(*ledger.AppSubmitArgs) {}, ""},
		{"two of a group", func(a *ledger.AppSubmitArgs) {
			more := a.Materials[0]
			more.SHA256 = ledger.DigestOf([]byte("more"))
			a.Materials = append(a.Materials, more)
		}, ""},
		{"reviewed until", func(a *ledger.AppSubmitArgs) { a.InternalReview.ValidUntil = "2026-08-31" }, ""},
		{"application", func(a *ledger.AppSubmitArgs) { a.Application = "" }, "application"},
		{"body", func(a *ledger.AppSubmitArgs) { a.Body = "" }, "body"},
		{"resource", func(a *ledger.AppSubmitArgs) { a.Resource.Title = "" }, "resource.title"},
		{"deposit", func(a *ledger.AppSubmitArgs) { a.Deposit = "" }, "deposit_hash"},
		{"no materials", func(a *ledger.AppSubmitArgs) { a.Materials = nil }, "materials"},
		{"501 materials", func(a *ledger.AppSubmitArgs) {
			for i := range 501 {
				m := a.Materials[0]
				m.Bytes = int64(i + 2)
				a.Materials = append(a.Materials, m)
			}
		}, "materials"},
		{"material twice", func(a *ledger.AppSubmitArgs) { a.Materials = append(a.Materials, a.Materials[0]) }, "materials[6]"},
		{"group", func(a *ledger.AppSubmitArgs) { a.Materials[1].Group = "scenario" }, "materials[1].group"},
		{"empty material", func(a *ledger.AppSubmitArgs) { a.Materials[1].Bytes = 0 }, "materials[1].bytes"},
		{"material without hash", func(a *ledger.AppSubmitArgs) { a.Materials[1].SHA256 = "" }, "materials[1].sha256"},
		{"material without name", func(a *ledger.AppSubmitArgs) { a.Materials[1].Name.Salt = "" }, "materials[1].name.salt"},
		{"reviewed by nobody", func(a *ledger.AppSubmitArgs) { a.InternalReview.By = "" }, "internal_review.by"},
		{"reviewed never", func(a *ledger.AppSubmitArgs) { a.InternalReview.On = "" }, "internal_review.on"},
		{"reviewed without hash", func(a *ledger.AppSubmitArgs) { a.InternalReview.SHA256 = "" }, "internal_review.sha256"},
		{"review ended before it began", func(a *ledger.AppSubmitArgs) { a.InternalReview.ValidUntil = "2026-08-30" }, "internal_review.valid_until"},
	} {
		a := goodSubmit()
		c.edit(&a)
		if got := field(a.Validate()); got != c.field {
			t.Errorf("%s: got field %q, want %q", c.name, got, c.field)
		}
		if got := field(ledger.AppResubmitArgs{Answers: ledger.DigestOf(nil), AppSubmitArgs: a}.Validate()); got != c.field {
			t.Errorf("%s, again: got field %q, want %q", c.name, got, c.field)
		}
	}
	if got := field(ledger.AppResubmitArgs{AppSubmitArgs: goodSubmit()}.Validate()); got != "answers" {
		t.Errorf("resubmitted to nothing: got field %q", got)
	}
	for i, g := range ledger.MaterialGroups() {
		a := goodSubmit()
		a.Materials = append(a.Materials[:i:i], a.Materials[i+1:]...)
		e := ledger.AsError(a.Validate())
		if e == nil || e.Reason != ledger.ReasonIncomplete || e.Param("group") != string(g) {
			t.Errorf("without %s: got %v", g, e)
		}
	}
}

func TestStepsValidate(t *testing.T) {
	step := ledger.AppStepArgs{Application: ledger.DeriveID("a"), Answers: ledger.DigestOf(nil)}
	salted := ledger.Salt([16]byte{}, "a")
	bad := ledger.Salted{SHA256: ledger.DigestOf(nil)}
	returned := func(d ...ledger.Defect) error { return ledger.AppReturnArgs{AppStepArgs: step, Defects: d}.Validate() }
	pass := func(c ...string) error { return ledger.AppPassArgs{AppStepArgs: step, Checklist: c}.Validate() }
	refuse := func(r ledger.Reason, n *ledger.Salted) error {
		return ledger.AppRefuseArgs{AppStepArgs: step, Reason: r, Note: n}.Validate()
	}
	object := func(edit func(*ledger.AppObjectArgs)) error {
		a := ledger.AppObjectArgs{
			Application: step.Application, Objection: step.Application, Answers: step.Answers, Ground: "ownership",
			Evidence: []ledger.Digest{ledger.DigestOf(nil)}, Person: &salted,
		}
		edit(&a)
		return a.Validate()
	}
	code := func(c string) error { return ledger.AppCodeArgs{AppStepArgs: step, RegistryCode: c}.Validate() }
	var defects []ledger.Defect
	for i := range 501 {
		defects = append(defects, ledger.Defect{Field: strings.Repeat("a", i%60+1), Rule: strings.Repeat("b", i/60+1)})
	}
	for _, c := range []struct {
		name  string
		err   error
		field string
	}{
		{"deposit", ledger.DepositArgs{SHA256: ledger.DigestOf(nil)}.Validate(), ""},
		{"deposit of negative bytes", ledger.DepositArgs{SHA256: ledger.DigestOf(nil), Bytes: -1}.Validate(), "bytes"},
		{"deposit of nothing", ledger.DepositArgs{}.Validate(), "sha256"},
		{"step", step.Validate(), ""},
		{"step of nothing", ledger.AppStepArgs{Answers: step.Answers}.Validate(), "application"},
		{"step that answers nothing", ledger.AppStepArgs{Application: step.Application}.Validate(), "answers"},
		{"return", returned(ledger.Defect{Field: "resource.items[3].level", Rule: "R9(1)", Note: &salted}, ledger.Defect{Field: "a", Rule: "R9"}), ""},
		{"500 defects", returned(defects[:500]...), ""},
		{"no defect", returned(), "defects"},
		{"501 defects", returned(defects...), "defects"},
		{"defect twice", returned(ledger.Defect{Field: "a", Rule: "b"}, ledger.Defect{Field: "a", Rule: "b", Note: &salted}), "defects[1]"},
		{"defect nowhere", returned(ledger.Defect{Rule: "b"}), "defects[0].field"},
		{"defect of no rule", returned(ledger.Defect{Field: "a"}), "defects[0].rule"},
		{"defect in free text", returned(ledger.Defect{Field: "a", Rule: "材料不齐"}), "defects[0].rule"},
		{"defect with a bad note", returned(ledger.Defect{Field: "a", Rule: "b", Note: &bad}), "defects[0].note.salt"},
		{"refuse", refuse(ledger.ReasonStateSecret, &salted), ""},
		{"refuse for no reason", refuse("", nil), "reason"},
		{"refuse for a reason of ours", refuse(ledger.ReasonStale, nil), "reason"},
		{"refuse with a bad note", refuse(ledger.ReasonDuplicate, &bad), "note.salt"},
		{"pass", pass("admissible", "complete", "consistent"), ""},
		{"pass unseen", pass(), "checklist"},
		{"pass after two checks", pass("complete", "consistent"), "checklist"},
		{"pass after one check twice", pass("complete", "consistent", "complete"), "checklist[2]"},
		{"pass as true", pass("complete", "consistent", "true"), "checklist[2]"},
		{"pass with a bad reason", ledger.AppPassArgs{AppStepArgs: step, Checklist: ledger.Checks(), Late: &bad}.Validate(), "late.salt"},
		{"object", object(func(*ledger.AppObjectArgs) {}), ""},
		{"object by no id", object(func(a *ledger.AppObjectArgs) { a.Objection = "" }), "objection"},
		{"object on no ground", object(func(a *ledger.AppObjectArgs) { a.Ground = "" }), "ground"},
		{"object in free text", object(func(a *ledger.AppObjectArgs) { a.Ground = "数据是我们的" }), "ground"},
		{"object without evidence", object(func(a *ledger.AppObjectArgs) { a.Evidence = nil }), "evidence"},
		{"object by no hash", object(func(a *ledger.AppObjectArgs) { a.Evidence[0] = "x" }), "evidence[0]"},
		{"object by a bad name", object(func(a *ledger.AppObjectArgs) { a.Person = &bad }), "person.salt"},
		{"decide", ledger.AppDecideArgs{AppStepArgs: step, Objection: step.Application, Reason: salted}.Validate(), ""},
		{"decide nothing", ledger.AppDecideArgs{AppStepArgs: step, Reason: salted}.Validate(), "objection"},
		{"decide without reason", ledger.AppDecideArgs{AppStepArgs: step, Objection: step.Application}.Validate(), "reason"},
		{"code", code(""), ""},
		{"official code", code("4303001202610150000001"), ""},
		{"official code of 8", code("a.-45678"), ""},
		{"official code of 7", code("1234567"), "registry_code"},
		{"official code of 65", code(strings.Repeat("1", 65)), "registry_code"},
		{"official code with a slash", code("12345/78"), "registry_code"},
		{"official code and a line", code("12345678\n"), "registry_code"},
		{"official code like ours", code("430300-1-20261015-5QZX48TR-S"), "registry_code"},
	} {
		if got := field(c.err); got != c.field {
			t.Errorf("%s: got field %q (%v), want %q", c.name, got, c.err, c.field)
		}
	}
}
