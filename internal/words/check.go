package words

import "github.com/datacadastre/cadastre/ledger"

// checks say what a failed check of a bundle or of an audit means, by its name.
var checks = map[string]ledger.Words{
	"form":       {ZH: "不是证据包，或格式不符", EN: "this is not a bundle of evidence, or its form is invalid"},
	"proof":      {ZH: "请求的证明不成立，或检查点不是信任文件所列密钥签署的", EN: "the proof of a call is invalid, or its checkpoint is not signed by a key of the trust file"},
	"order":      {ZH: "请求次序有误，或时间倒退", EN: "calls are out of order, or their times decrease"},
	"genesis":    {ZH: "起始请求或账本与信任文件不同", EN: "the ledger or its genesis differs from the trust file"},
	"rules":      {ZH: "所依规则版本本程序未知：请使用较新的程序", EN: "it was recorded under rules that this program does not know: use a newer program"},
	"key":        {ZH: "证据包中没有签名密钥的来历", EN: "the bundle does not show where the signing key comes from"},
	"signature":  {ZH: "签名不成立", EN: "a signature is invalid"},
	"refused":    {ZH: "按规则，该请求应被拒绝", EN: "by the rules, this call must be refused"},
	"reads":      {ZH: "请求所读与账本记载不符", EN: "what the call read differs from the ledger"},
	"writes":     {ZH: "请求所写与账本记载不符", EN: "what the call writes differs from the ledger"},
	"event":      {ZH: "请求所生事件与账本记载不符", EN: "the event of the call differs from the ledger"},
	"receipt":    {ZH: "回执未被证明，或与所述事项无关", EN: "a receipt is not proved, or does not belong here"},
	"delivery":   {ZH: "按交付规则不得交付", EN: "by the rule of delivery, this delivery was not allowed"},
	"missing":    {ZH: "证据包所述的记录不在其中", EN: "the record that the bundle describes is missing from it"},
	"not_needed": {ZH: "证据包中有与所述事项无关的内容", EN: "the bundle contains something that nothing in it needs"},
	"lost":       {ZH: "该请求在账本恢复时已失去", EN: "the call was lost when the ledger was restored"},
	"anchor":     {ZH: "锚定所载与回执日志不符", EN: "an anchor and the receipt log have different roots"},
	"validity":   {ZH: "对端对交易是否计入的判断有误", EN: "a peer includes a transaction that is not valid, or leaves out one that is"},
	"state":      {ZH: "账本状态与各请求所写不符", EN: "the state of the ledger is not what the calls wrote"},
}

// Check returns what a failed check means, and its name if it is not known.
func Check(lang, check string) string {
	w, ok := checks[check]
	if !ok {
		return check
	}
	return Of(lang, w)
}
