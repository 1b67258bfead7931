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

// labelOf is what people read for a member of the form that an input is read into, or
// for what a page asks for.
func labelOf(form any, field string) ledger.Words {
	if label := ledger.LabelOf(form, strings.TrimPrefix(field, "args.")); label.ZH != "" {
		return label
	}
	return asked[field]
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
