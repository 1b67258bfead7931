package ledger_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
)

func TestErrorRoundTrip(t *testing.T) {
	for _, e := range []*ledger.Error{
		ledger.Invalid("args.title", "max_runes").With("limit", "100"),
		ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("application").With("state", "coded").With("b", `"<>&\`),
		ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal),
		ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown),
		ledger.Refuse(ledger.Forbidden, ledger.ReasonRole),
	} {
		got, err := ledger.ParseError(e.Text())
		if err != nil {
			t.Errorf("%s: %v", e.Text(), err)
			continue
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", e, diff)
		}
	}
}

func TestErrorIsItsCode(t *testing.T) {
	wrapped := fmt.Errorf("submit: %w", ledger.Refuse(ledger.Conflict, ledger.ReasonStale).At("answers"))
	if !errors.Is(wrapped, ledger.Conflict) || errors.Is(wrapped, ledger.NotFound) {
		t.Error("the code of a wrapped error is not found")
	}
	if e := ledger.AsError(wrapped); e == nil || e.Reason != ledger.ReasonStale {
		t.Errorf("got %v", e)
	}
	if e := ledger.AsError(errors.New("other")); e != nil {
		t.Errorf("an error of others is taken for ours: %v", e)
	}
	if got, want := ledger.AsError(wrapped).Error(), "conflict: stale (field answers)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ledger.Refuse(ledger.Forbidden, ledger.ReasonGate).By("B4").Error(), "forbidden: gate (rule B4)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorParam(t *testing.T) {
	e := ledger.Invalid("f", "r").With("a", "1").With("b", "2")
	if e.Param("b") != "2" || e.Param("c") != "" {
		t.Errorf("got %q and %q", e.Param("b"), e.Param("c"))
	}
}

func TestParseErrorRefuses(t *testing.T) {
	for _, text := range []string{
		"", "null", "not json", `{}`, `{"code":"teapot","reason":"state"}`, `{"code":"conflict","reason":"state","prose":"no"}`,
		`{"code":"conflict","code":"invalid","reason":"state"}`, `{"Code":"conflict","reason":"state"}`, `[{"code":"conflict"}]`,
	} {
		if e, err := ledger.ParseError(text); err == nil {
			t.Errorf("%s is taken as %v", text, e)
		}
	}
}

// FuzzParseError: what is taken says one of the codes and survives its own text.
func FuzzParseError(f *testing.F) {
	f.Add(ledger.Invalid("a", "b").With("c", "d").Text())
	f.Add(`{"code":"conflict","reason":"state"}`)
	f.Add(`{"code":"conflict","reason":"state","params":[]}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ledger.ParseError(text)
		if err != nil {
			if ledger.AsError(err) == nil {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		again, err := ledger.ParseError(e.Text())
		if err != nil {
			t.Fatalf("its own text is refused: %v\n%s", err, e.Text())
		}
		if again.Error() != e.Error() || len(again.Params) != len(e.Params) {
			t.Fatalf("%v came back as %v", e, again)
		}
	})
}
