package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Fault is one thing that is wrong with an input.
type Fault struct {
	Field   string         `json:"field" zh:"有误的成员" en:"the member at fault"`
	Label   string         `json:"label,omitempty" zh:"该成员的名称，按用户语言" en:"what people read for the member, in the user's language"`
	Value   string         `json:"value,omitempty" zh:"所给的值（截短）；不含密钥、签名或盐值" en:"what was given, shortened; never a key, a signature or a salt"`
	Reason  ledger.Reason  `json:"reason,omitempty" zh:"原因，不是 field 时才有" en:"the reason, where it is another than field"`
	Rule    string         `json:"rule" zh:"违反的规则，见 docs/fields.md" en:"the rule that it breaks: docs/fields.md"`
	Allowed string         `json:"allowed,omitempty" zh:"允许的取值" en:"what would be taken"`
	Params  []ledger.Param `json:"params,omitempty" zh:"其他已知情况，如所缺材料的类别" en:"what else is known of it, such as the group of materials that is missing"`
	Message string         `json:"message" zh:"同一错误的语句，按用户语言" en:"the same as a sentence, in the user's language"`

	// Said is what is wrong alone: for pages, which show the other parts apart.
	Said string `json:"-"`

	of *ledger.Error
}

// told are the parameters of an error that a Fault has members for.
var told = []string{"value", "allowed", "min", "max", "limit", "want"}

// faultsOf lists all faults of an input; none where the error is not about one.
func faultsOf(e *ledger.Error) []Fault {
	var list []Fault
	for _, one := range e.All() {
		if one.Code != ledger.InvalidCode || one.Reason == ledger.ReasonTooLarge {
			continue
		}
		if one.Field == "" {
			one = one.Rename(func(string) string { return "body" })
		}
		f := Fault{Field: one.Field, Value: one.Param("value"), Rule: cmp.Or(one.Rule, string(one.Reason)), Allowed: one.Allowed(), of: one}
		if one.Reason != ledger.ReasonField {
			f.Reason = one.Reason
		}
		for _, p := range one.Params {
			if !slices.Contains(told, p.Name) {
				f.Params = append(f.Params, p)
			}
		}
		list = append(list, f)
	}
	return list
}

// fill puts the label and the sentence in; form is the struct that the input is
// read into.
func (f *Fault) fill(lang string, form any) {
	label := ledger.LabelOf(form, strings.TrimPrefix(f.Field, "args."))
	if label.ZH == "" {
		label = asked[f.Field]
	}
	f.Label, f.Message, f.Said = words.Of(lang, label), words.Fault(lang, f.of, label), words.Said(lang, f.of)
}

// asked are the labels of what a page asks for: its address is no form.
var asked = map[string]ledger.Words{
	"code": {ZH: "登记代码", EN: "Code of the entry"}, "cursor": {ZH: "下一页的位置", EN: "Place of the next page"}, "q": {ZH: "检索词", EN: "Words to search for"},
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
