package ledger_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// TestRegexpsTakeWhatIsValid: what a form takes its regular expression takes, for
// clients check by it; and it refuses what the form refuses, but for what no
// regular expression says: check digits, days that a month lacks, devices.
func TestRegexpsTakeWhatIsValid(t *testing.T) {
	looser := map[string]bool{ledger.FieldDate: true, ledger.FieldUSCC: true, ledger.FieldCode: true, "file_name": true, "catalogue_code": true, "object": true}
	checks := map[string]ledger.FormCheck{}
	for name, c := range ledger.FormChecks() {
		checks[name] = c
	}
	if len(checks) < 15 {
		t.Fatalf("only %d forms have a regular expression", len(checks))
	}
	for name, c := range checks {
		re := regexp.MustCompile(c.Regexp)
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			s := rapid.OneOf(
				rapid.StringMatching(c.Regexp),
				rapid.StringMatching(`[0-9a-zA-Z./:?@ <*-]{0,6}`),
				rapid.Custom(func(t *rapid.T) string { // one character off
					s := []rune(rapid.StringMatching(c.Regexp).Draw(t, "s"))
					if len(s) == 0 {
						return ""
					}
					s[rapid.IntRange(0, len(s)-1).Draw(t, "at")] = rapid.Rune().Draw(t, "r")
					return string(s)
				}),
			).Draw(t, "value")
			valid, takes := c.Takes(s), re.MatchString(s)
			if valid && !takes {
				t.Fatalf("%q is valid, and %s does not take it", s, c.Regexp)
			}
			if takes && !valid && !looser[name] {
				t.Fatalf("%q is not valid, and %s takes it", s, c.Regexp)
			}
		}))
	}
}

// TestListsThatMayNotRepeat say so.
func TestListsThatMayNotRepeat(t *testing.T) {
	for _, v := range ledger.FormTypes {
		typ := reflect.TypeOf(v)
		fields := map[string]ledger.Field{}
		for _, f := range ledger.FieldsOf(v) {
			fields[f.Name] = f
		}
		for f := range typ.Fields() {
			form := f.Tag.Get("form")
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !strings.HasPrefix(form, "list=") || f.Type.Elem().Kind() != reflect.String {
				continue
			}
			if got, want := fields[name].Unique, !strings.Contains(form, "repeats"); got != want {
				t.Errorf("%s.%s, %s: unique is %v", typ.Name(), f.Name, form, got)
			}
		}
	}
}
