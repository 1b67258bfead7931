package words

import (
	"cmp"
	"slices"

	"github.com/datacadastre/cadastre/ledger"
)

// Fault is one fault of an input.
type Fault struct {
	Field   string         `json:"field" zh:"有误的成员" en:"the member at fault"`
	Label   string         `json:"label,omitempty" zh:"该成员的名称，按用户语言" en:"label of the member, in the user's language"`
	Value   string         `json:"value,omitempty" zh:"所给的值（截短）；不含密钥、签名或盐值" en:"the value, shortened; never a key, a signature or a salt"`
	Reason  ledger.Reason  `json:"reason,omitempty" zh:"原因，不是 field 时才有" en:"the reason, unless it is field"`
	Rule    string         `json:"rule" zh:"违反的规则，见 docs/fields.md" en:"the rule that it breaks: docs/fields.md"`
	Allowed string         `json:"allowed,omitempty" zh:"允许的取值" en:"what is allowed"`
	Params  []ledger.Param `json:"params,omitempty" zh:"其他已知情况，如所缺材料的类别" en:"further values, such as the group of materials that is missing"`
	Message string         `json:"message" zh:"同一错误的语句，按用户语言" en:"the same fault as a sentence, in the user's language"`

	// Said and MayBe are parts of the sentence for pages: what is wrong, and what is
	// allowed in the user's language.
	Said  string `json:"-"`
	MayBe string `json:"-"`

	of *ledger.Error
}

// ownMembers are the parameters of an error for which a Fault has members.
var ownMembers = []string{"value", "allowed", "min", "max", "limit", "want"}

// Faults lists all faults of an input. The list is empty if the error is not about an
// input.
func Faults(e *ledger.Error) []Fault {
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
			if !slices.Contains(ownMembers, p.Name) {
				f.Params = append(f.Params, p)
			}
		}
		list = append(list, f)
	}
	return list
}

// Fill sets the label and the sentences.
func (f *Fault) Fill(lang string, label ledger.Words) {
	f.Label, f.Message, f.Said = Of(lang, label), OfFault(lang, f.of, label), Said(lang, f.of)
	f.MayBe = Allowed(lang, f.Allowed)
}
