package verdict

import "github.com/datacadastre/cadastre/ledger/evidence"

// sentences say in both languages what a check of a bundle found.
var sentences = map[evidence.Check][2]string{
	evidence.CheckForm:      {"不是证据包，或格式不符", "this is no bundle of evidence, or not in its one form"},
	evidence.CheckProof:     {"请求的证明不成立，或检查点不是信任文件所列密钥签署的", "the proof of a call does not hold, or its checkpoint is not by a key of the trust file"},
	evidence.CheckOrder:     {"请求次序有误，或时间倒退", "calls are out of order, or time falls"},
	evidence.CheckGenesis:   {"起始请求或账本与信任文件不同", "the ledger, or its beginning, is not that of the trust file"},
	evidence.CheckRules:     {"所依规则版本本程序未知：请使用较新的程序", "it was recorded under rules that this program does not know: use a newer one"},
	evidence.CheckKey:       {"证据包中没有签名密钥的来历", "nothing in the bundle brought the key that signed"},
	evidence.CheckSignature: {"签名不成立", "a signature does not hold"},
	evidence.CheckRefused:   {"按规则，该请求应被拒绝", "by the rules this call is refused"},
	evidence.CheckReads:     {"请求所读与账本记载不符", "the call read something else than the ledger says"},
	evidence.CheckWrites:    {"请求所写与账本记载不符", "the call writes something else than the ledger says"},
	evidence.CheckEvent:     {"请求所生事件与账本记载不符", "the call makes another event than the ledger says"},
	evidence.CheckReceipt:   {"回执未被证明，或与所述事项无关", "a receipt is not proved, or of something else"},
	evidence.CheckDelivery:  {"按交付规则不得交付", "by the rule of delivery this was not to be delivered"},
	evidence.CheckMissing:   {"证据包所述的记录不在其中", "the record that the bundle is about is not in it"},
	evidence.CheckNotNeeded: {"证据包中有与所述事项无关的内容", "the bundle holds what nothing in it needs"},
}

// Sentence says what a failed check means, in zh or en.
func Sentence(c evidence.Check, lang string) string {
	return say(lang, sentences[c][0], sentences[c][1])
}
