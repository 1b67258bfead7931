package words

import (
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// EnumWord returns what people read for a word of the closed list of that name, and
// the word itself if the list does not have it.
func EnumWord[T ~string](lang, list string, word T) string {
	e, _ := ledger.EnumOf(list)
	if s := Of(lang, e.Words(string(word))); s != "" {
		return s
	}
	return Printable(string(word))
}

// Printable replaces the control characters of a text, so that it can't steer a
// terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// Short returns the last eight digits of an id, for texts that also show its name.
func Short(id string) string {
	if len(id) <= 8 {
		return id
	}
	return "…" + id[len(id)-8:]
}

// stateLists names the closed lists in which the state of a kind of record is found.
var stateLists = map[string][]string{
	ledger.KindApplication: {"application_states"},
	ledger.KindResource:    {"entry_statuses", "application_states"},
	ledger.KindEntry:       {"entry_statuses"},
	ledger.KindLicense:     {"license_states"},
	ledger.KindProduct:     {"product_states"},
	ledger.KindContent:     {"content_states"},
	ledger.KindOrder:       {"order_states"},
	ledger.KindReceipt:     {"delivery_outcomes"},
}

// states are states that no closed list has: they follow from other members of a
// record, or from several receipts.
var states = map[string]ledger.Words{
	"admitted":  {ZH: "已准入", EN: "Admitted"},
	"suspended": {ZH: "已暂停", EN: "Suspended"},
	"running":   {ZH: "进行中", EN: "Running"},
	"mixed":     {ZH: "结果不一", EN: "Different outcomes"},
	"decided":   {ZH: "已处理", EN: "Decided"},
}

// StateOf returns what people read for a state of a kind of record, and the state
// itself in both languages if it is not known.
func StateOf(kind, state string) ledger.Words {
	for _, list := range stateLists[kind] {
		e, _ := ledger.EnumOf(list)
		if w := e.Words(state); w != (ledger.Words{}) {
			return w
		}
	}
	if w, ok := states[state]; ok {
		return w
	}
	return ledger.Words{ZH: Printable(state), EN: Printable(state)}
}

// State returns StateOf in one language.
func State(lang, kind, state string) string { return Of(lang, StateOf(kind, state)) }

// RefOf returns what people read for a record: its kind with its short id.
func RefOf(ref ledger.Ref) ledger.Words {
	id := Short(ref.ID())
	return ledger.Words{ZH: Kind("zh", ref.Kind()) + "（" + id + "）", EN: Kind("en", ref.Kind()) + " (" + id + ")"}
}

// Record returns what people read for a record that they may want to name in a command:
// its kind with its whole id.
func Record(lang string, ref ledger.Ref) string {
	if ref.ID() == "" {
		return Printable(string(ref))
	}
	return Kind(lang, ref.Kind()) + " " + Printable(ref.ID())
}

// answers are the words of answers of the API that no closed list has, by the name of
// the member and the value.
var answers = map[string]map[string]ledger.Words{
	"statement": {
		"certificate.formal_examination": {ZH: "登记机构仅作形式审核；不证明数据产权归属", EN: "the examination was formal; it proves no ownership of data"},
	},
	"act": {
		"read": {ZH: "查看记录", EN: "read the record"}, "prove": {ZH: "取得证据包", EN: "get the bundle of evidence"}, "any": {ZH: "查看记录与取得证据包", EN: "read the record and get the bundle of evidence"},
	},
	"place": {"own": {ZH: "限本区划内的记录", EN: "records of the reader's region"}, "any": {ZH: "不限", EN: "all regions"}},
	"role":  {"any": {ZH: "任何人", EN: "everyone"}, "supervisor": {ZH: "监管人员或数据管理部门", EN: "regulator or data authority"}},
	"standing": {
		"named": {ZH: "记录所指单位", EN: "named by the record"}, "holder": {ZH: "所涉资源的持有单位", EN: "holder of the resource"},
		"licensed": {ZH: "获授权使用该资源", EN: "licensed to use the resource"}, "bearer": {ZH: "知悉文件的 SHA-256", EN: "knows the SHA-256 of the file"},
		"any": {ZH: "不限", EN: "anyone"},
	},
	"what": {
		ledger.ReadCertificate: {ZH: "登记结果凭证", EN: "certificate"}, ledger.ReadNotice: {ZH: "公示", EN: "notice"},
		ledger.ReadEntryRecord: {ZH: "登记结果全文", EN: "entry with all that was submitted"}, ledger.ReadSupply: {ZH: "资源的内容", EN: "content of a resource"},
		ledger.ReadCall: {ZH: "请求", EN: "call"}, ledger.ReadAlarm: {ZH: "逾期提醒", EN: "alarm"},
		ledger.ReadExplanation: {ZH: "授权判定说明", EN: "explanation of a decision"}, ledger.ReadLogEntries: {ZH: "日志条目", EN: "entries of a log"},
	},
}

// Answer returns what people read for a value of a member that has no closed list, and
// whether there are words for it.
func Answer(lang, member, value string) (string, bool) {
	switch member {
	case "reason":
		if _, ok := sayings[ledger.Reason(value)]; ok {
			return Of(lang, ReasonOf(ledger.Reason(value))), true
		}
	case "ref", "subject", "basis":
		if isKind(ledger.Ref(value).Kind()) && ledger.Ref(value).ID() != "" {
			return Record(lang, ledger.Ref(value)), true
		}
	case "role":
		if s := EnumWord(lang, "roles", value); s != value {
			return s, true
		}
	case "standings":
		member = "standing"
	}
	if w, ok := answers[member][value]; ok {
		return Of(lang, w), true
	}
	if member == "what" && isKind(value) {
		return Kind(lang, value), true
	}
	return "", false
}

// ReasonOf returns what happened for a reason, without a member or a value.
func ReasonOf(r ledger.Reason) ledger.Words {
	zh, _ := Sentence("zh", &ledger.Error{Reason: r})
	en, _ := Sentence("en", &ledger.Error{Reason: r})
	if zh == "" || en == "" {
		return ledger.Words{ZH: Printable(string(r)), EN: Printable(string(r))}
	}
	return ledger.Words{ZH: zh, EN: en}
}
