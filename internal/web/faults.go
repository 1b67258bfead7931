package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/datacadastre/cadastre/ledger"
)

// Fault is one thing that is wrong with an input.
type Fault struct {
	Field   string `json:"field" zh:"有误的成员" en:"the member at fault"`
	Value   string `json:"value,omitempty" zh:"所给的值（截短）；不含密钥、签名或盐值" en:"what was given, shortened; never a key, a signature or a salt"`
	Rule    string `json:"rule" zh:"违反的规则，见 docs/fields.md" en:"the rule that it breaks: docs/fields.md"`
	Allowed string `json:"allowed,omitempty" zh:"允许的取值" en:"what would be taken"`
	Message string `json:"message" zh:"同一错误的语句，按用户语言" en:"the same as a sentence, in the user's language"`
}

// faultsOf lists all faults of an input; none where the error is not about one.
func faultsOf(e *ledger.Error) []Fault {
	var list []Fault
	for _, one := range e.All() {
		if one.Code != ledger.InvalidCode || one.Reason == ledger.ReasonTooLarge {
			continue
		}
		list = append(list, Fault{
			Field: cmp.Or(one.Field, "body"), Value: one.Param("value"), Rule: cmp.Or(one.Rule, string(one.Reason)), Allowed: one.Allowed(),
		})
	}
	return list
}

// message words a fault.
func (f Fault) message(lang string) string {
	said := func(zh, en string) string {
		if lang == "en" {
			return en
		}
		return zh
	}
	s := f.Field
	if f.Value != "" {
		s += said("：“"+f.Value+"”", fmt.Sprintf(": %q", f.Value))
	}
	s += said(" 不符合规则 ", " breaks the rule ") + f.Rule
	if f.Allowed != "" {
		s += said("；允许：", "; allowed: ") + f.Allowed
	}
	return s
}

// speakRules has huma name our rules instead of saying English sentences.
func speakRules() {
	for message, rule := range humaRules {
		*message = rule
	}
}

// humaRules are our rules for huma's sentences. What follows the name is what is
// allowed; of "required", the member that is missing.
var humaRules = map[*string]string{
	&validation.MsgUnexpectedProperty:       "known_member",
	&validation.MsgExpectedRequiredProperty: "required %s",
	&validation.MsgExpectedOneOf:            "enum %s",
	&validation.MsgExpectedRFC4122UUID:      "uuid UUID",
	&validation.MsgExpectedRFC3339Date:      "date YYYY-MM-DD",
	&validation.MsgExpectedMatchPattern:     "pattern %s",
	&validation.MsgExpectedBePattern:        "%s",
	&validation.MsgExpectedMinimumNumber:    "range ≥ %v",
	&validation.MsgExpectedMaximumNumber:    "range ≤ %v",
	&validation.MsgExpectedMinLength:        "min_length ≥ %d",
	&validation.MsgExpectedMaxLength:        "max_length ≤ %d",
	&validation.MsgExpectedMinItems:         "required ≥ %d",
	&validation.MsgExpectedMaxItems:         "max_members ≤ %d",
	&validation.MsgExpectedArrayItemsUnique: "not_twice",
	&validation.MsgExpectedBoolean:          "type_boolean true, false",
	&validation.MsgExpectedNumber:           "type_number 数/number",
	&validation.MsgExpectedInteger:          "type_integer 整数/integer",
	&validation.MsgExpectedString:           "type_text 文本/text",
	&validation.MsgExpectedArray:            "type_list 列表/list",
	&validation.MsgExpectedObject:           "type_object 对象/object",
}

// spoken are the sentences that huma has no name for, with our rules.
var spoken = map[string]string{
	"unknown query parameter":              "known_member",
	"required query parameter is missing":  "required",
	"required header parameter is missing": "required",
	"required path parameter is missing":   "required",
	"invalid integer":                      "type_integer 整数/integer",
	"invalid boolean":                      "type_boolean true, false",
	"request body is required":             "required",
}

// detailOf turns what huma says about one place into a typed error.
func detailOf(d *huma.ErrorDetail) *ledger.Error {
	if e, err := ledger.ParseError(d.Message); err == nil { // of strict
		return e.Rename(func(field string) string { return cmp.Or(field, "body") })
	}
	message := d.Message
	if m, ok := spoken[message]; ok {
		message = m
	}
	rule, rest, _ := strings.Cut(message, " ")
	field := strings.TrimPrefix(d.Location, "body.")
	if rule == "required" && rest != "" && !strings.HasPrefix(rest, "≥") {
		if field == "body" {
			field = ""
		}
		return ledger.Invalid(strings.TrimPrefix(field+"."+rest, "."), rule)
	}
	e := ledger.Invalid(field, rule)
	switch v := d.Value.(type) {
	case string:
		if v != "" && field != "call" && field != "body" { // these may be credentials
			e = e.With("value", ledger.Quotable(v))
		}
	case int, int64, float64, bool:
		e = e.With("value", fmt.Sprint(v))
	}
	if rest != "" {
		e = e.With("allowed", rest)
	}
	return e
}

// fromHuma keeps the shape of problems for what huma itself refuses.
func fromHuma(status int, message string, errs ...error) huma.StatusError {
	var all []error
	for _, err := range errs {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			all = append(all, detailOf(d))
		}
	}
	switch e := ledger.AsError(ledger.Join(all...)); {
	case status == http.StatusRequestEntityTooLarge:
		return problem(status, ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body").By("body_bytes"))
	case status == http.StatusNotFound:
		return problem(status, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).By(message))
	case status >= http.StatusInternalServerError:
		return problem(status, ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal))
	case e != nil:
		return problem(http.StatusUnprocessableEntity, e)
	}
	rule, _, _ := strings.Cut(spoken[message], " ")
	return problem(status, ledger.Invalid("body", cmp.Or(rule, message)))
}
