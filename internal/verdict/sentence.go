package verdict

import "github.com/datacadastre/cadastre/ledger/evidence"

// sentences say in both languages what a failed check of a bundle means.
var sentences = map[evidence.Check][2]string{
	evidence.CheckForm:      {"不是证据包，或格式不符", "this is not a bundle of evidence, or its form is invalid"},
	evidence.CheckProof:     {"请求的证明不成立，或检查点不是信任文件所列密钥签署的", "the proof of a call is invalid, or its checkpoint is not signed by a key of the trust file"},
	evidence.CheckOrder:     {"请求次序有误，或时间倒退", "calls are out of order, or their times decrease"},
	evidence.CheckGenesis:   {"起始请求或账本与信任文件不同", "the ledger or its genesis differs from the trust file"},
	evidence.CheckRules:     {"所依规则版本本程序未知：请使用较新的程序", "it was recorded under rules that this program does not know: use a newer program"},
	evidence.CheckKey:       {"证据包中没有签名密钥的来历", "the bundle does not show where the signing key comes from"},
	evidence.CheckSignature: {"签名不成立", "a signature is invalid"},
	evidence.CheckRefused:   {"按规则，该请求应被拒绝", "by the rules, this call must be refused"},
	evidence.CheckReads:     {"请求所读与账本记载不符", "what the call read differs from the ledger"},
	evidence.CheckWrites:    {"请求所写与账本记载不符", "what the call writes differs from the ledger"},
	evidence.CheckEvent:     {"请求所生事件与账本记载不符", "the event of the call differs from the ledger"},
	evidence.CheckReceipt:   {"回执未被证明，或与所述事项无关", "a receipt is not proved, or does not belong here"},
	evidence.CheckDelivery:  {"按交付规则不得交付", "by the rule of delivery, this delivery was not allowed"},
	evidence.CheckMissing:   {"证据包所述的记录不在其中", "the record that the bundle describes is missing from it"},
	evidence.CheckNotNeeded: {"证据包中有与所述事项无关的内容", "the bundle contains something that nothing in it needs"},
}

// Sentence returns the meaning of a failed check, in zh or en.
func Sentence(c evidence.Check, lang string) string {
	return say(lang, sentences[c][0], sentences[c][1])
}
