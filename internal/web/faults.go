package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/datacadastre/cadastre/ledger"
)

// labelOf returns the label of a member of a form, or of a parameter of a page.
func labelOf(form any, field string) ledger.Words {
	if label := ledger.LabelOf(form, strings.TrimPrefix(field, "args.")); label.ZH != "" {
		return label
	}
	return pageLabels[field]
}

// pageLabels are the labels of the parameters of pages.
var pageLabels = map[string]ledger.Words{
	"code": {ZH: "登记代码", EN: "Code of the entry"}, "cursor": {ZH: "下一页的位置", EN: "Place of the next page"}, "q": {ZH: "检索词", EN: "Words to search for"},
}

// useRuleNames replaces the English sentences of huma by the names of our rules.
func useRuleNames() {
	for message, rule := range humaRules {
		*message = rule
	}
}

// humaRules maps huma's sentences to our rules. The text after the name of a rule is what
// is allowed; for "required" it is the missing member.
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

// unreadBody is what huma says of a body that breaks off, or whose chunks have no right form.
const unreadBody = "cannot read request body"

// otherRules maps those sentences of huma that have no variable to our rules.
var otherRules = map[string]string{
	"unknown query parameter":              "known_member",
	"required query parameter is missing":  "required",
	"required header parameter is missing": "required",
	"required path parameter is missing":   "required",
	"invalid integer":                      "type_integer 整数/integer",
	"invalid boolean":                      "type_boolean true, false",
	"request body is required":             "required",
	"request body read timeout":            "body_in_time",
	unreadBody:                             "body_whole",
}

// detailOf turns a fault reported by huma into a typed error.
func detailOf(d *huma.ErrorDetail) *ledger.Error {
	if e, err := ledger.ParseError(d.Message); err == nil { // made by strict
		return e.Rename(func(field string) string { return cmp.Or(field, "body") })
	}
	message := d.Message
	if media, ok := strings.CutPrefix(message, huma.ErrUnknownContentType.Error()+": "); ok {
		return ledger.Invalid("content-type", "media_type").With("value", ledger.Quotable(media)).With("allowed", "application/json")
	}
	if m, ok := otherRules[message]; ok {
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
		if v != "" && field != "call" && field != "body" { // the value may be a credential
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

// fromHuma makes a problem of what huma refuses.
func fromHuma(status int, message string, errs ...error) huma.StatusError {
	var all []error
	var limit int64 // of a body: huma refuses it from here on
	if _, err := fmt.Sscanf(message, "request body is too large limit=%d bytes", &limit); err == nil {
		limit--
	}
	for _, err := range errs {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			all = append(all, detailOf(d))
		}
		if larger, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status, limit = http.StatusRequestEntityTooLarge, larger.Limit
		}
	}
	if message == unreadBody && status == http.StatusInternalServerError {
		status = http.StatusBadRequest // its sender's fault, not the node's
	}
	switch e := ledger.AsError(ledger.Join(all...)); {
	case status == http.StatusRequestEntityTooLarge:
		e := ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge).At("body").By("body_bytes")
		if limit > 0 {
			e = e.With("limit", strconv.FormatInt(limit, 10))
		}
		return problem(status, e)
	case status == http.StatusNotFound:
		return problem(status, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).By(message))
	case status >= http.StatusInternalServerError:
		return problem(status, ledger.Refuse(ledger.Unavailable, ledger.ReasonInternal))
	case e != nil:
		return problem(http.StatusUnprocessableEntity, e)
	}
	rule, _, _ := strings.Cut(otherRules[message], " ")
	return problem(status, ledger.Invalid("body", cmp.Or(rule, message)))
}
