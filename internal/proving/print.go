package proving

import (
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// bundle prints what a bundle proves.
func (s *Session) bundle(r evidence.Report) {
	fmt.Fprintf(s.Out, "%s%s  %s\n", s.say("核验通过：", "Proven: "), words.Record(s.Lang, r.About), r.Name)
	if r.Demo {
		fmt.Fprintln(s.Out, s.say("演示账本：不具有法律效力", "A demonstration ledger: no legal effect"))
	}
	for _, x := range r.Steps {
		fmt.Fprintf(s.Out, s.say("  %8d  %s  %s %s，密钥%s\n", "  %8d  %s  %s %s, key %s\n"), x.Position.Block, terminal.Moment(s.Lang, x.Time), words.Act(s.Lang, x.Function), x.Name,
			s.say(words.EnumWord("zh", "custodies", x.Custody), strings.ToLower(words.EnumWord("en", "custodies", x.Custody))))
	}
	for _, x := range r.Rights {
		fmt.Fprintf(s.Out, "  %s  %s  %s  %s – %s  %s\n", s.say("权利", "right"), words.EnumWord(s.Lang, "rights", x.Right), x.Name, x.From, x.Until, words.Record(s.Lang, x.Scope))
	}
	for _, x := range r.Files {
		fmt.Fprintf(s.Out, "  %s %s  %d  SHA-256 %s\n", s.say("文件", "file"), x.Name, x.Bytes, x.SHA256)
	}
	for _, x := range r.Receipts {
		fmt.Fprintf(s.Out, "  %s %s  %s  %d+%d  %s\n", s.say("回执", "receipt"), x.Start, terminal.Moment(s.Lang, x.Began),
			x.Offset, x.Bytes, words.EnumWord(s.Lang, "delivery_outcomes", x.Outcome))
	}
	s.restored(r.Restored)
	for _, x := range r.Audits {
		fmt.Fprintf(s.Out, s.say("  %s 已重放整个账本至第 %d 条，未发现不符（%s）\n", "  the whole ledger was replayed by %s up to entry %d, without findings (%s)\n"),
			x.Name, x.Size, terminal.Moment(s.Lang, x.Time))
	}
	if r.Unrelated > 0 {
		fmt.Fprintf(s.Out, s.say("  授权所列记录中有 %d 条与本案无关，未予查验\n", "  not relevant here and not checked: %d records that a license names\n"), r.Unrelated)
	}
	fmt.Fprintln(s.Out, s.say("以下各项本证据包不能证明：", "Not proven here:"))
	for _, x := range r.NotProven {
		fmt.Fprintln(s.Out, "  -", s.limitation(x))
		if x == evidence.OnlyAudit {
			for _, reason := range r.Unproved {
				title, _ := words.Sentence(s.Lang, &ledger.Error{Reason: reason})
				fmt.Fprintf(s.Out, "      %s (%s)\n", title, reason)
			}
		}
	}
}

// restored prints from where logs go on after a restore.
func (s *Session) restored(list []ledger.Restored) {
	for _, x := range list {
		fmt.Fprintf(s.Out, s.say("  日志自第 %d 条起恢复：%s 以 %s 接续，已知失去 %d 条（%s）\n", "  log restored at %d: %s goes on as %s, %d entries are known to be lost (%s)\n"),
			x.Size, x.Old, x.Log, x.Lost, terminal.Moment(s.Lang, x.Time))
	}
}

// limitation returns the sentence for something that a bundle can't prove.
func (s *Session) limitation(l evidence.Limitation) string {
	switch l {
	case evidence.LaterCalls:
		return s.say("所示请求之间及之后，没有被节点伪造的记录所忽略的请求（合并另一方的证据包或审计全部账本可查）",
			"that there are no other calls between or after those shown, which the node hid by forging an entry (joining the other side's bundle, or an audit, would show that)")
	case evidence.Latest:
		return s.say("所示为有关记录的最新状态：此后的请求可能未列入", "that the shown state is the latest: a bundle can leave out later calls")
	case evidence.OtherReceipts:
		return s.say("没有其他回执", "that there are no other receipts")
	case evidence.ReceiptByBuyer:
		return s.say("接收方确已收到", "that the receiver has received it")
	case evidence.Suspensions:
		return s.say("所示请求与交付之间，没有被略去的暂停、撤销或终止", "that there was no suspension, revocation or termination between the shown calls and a delivery")
	case evidence.ReceiptWord:
		return s.say("回执所载时间、字节数、范围、结果和策略版本：均为节点单方陈述，仅彼此核对",
			"the time, bytes, range, outcome and revision of a receipt: these are statements of the node, checked only against each other")
	case evidence.AnchorBefore:
		return s.say("回执日志的锚定与其前一次锚定前后一致", "that an anchor of the receipt log continues the one before it")
	case evidence.UnrelatedRecords:
		return s.say("授权所列、与本案无关而未查验的记录", "records that a license names and that are not relevant here: they were not checked")
	case evidence.Clock:
		return s.say("时间准确：取自节点时钟，在 Fabric 上为请求方所述", "that times are right: they are from the node's clock; on Fabric they are claimed by clients")
	case evidence.OnlyAudit:
		return s.say("下列情形在请求与交付当时均不存在：其依据是多方共同写入的记录，证据包不含，唯有审计可查",
			"that nothing of the following was so at a call or a delivery: it rests on records that many parties write, which a bundle does not contain, so only an audit shows it")
	case evidence.CustodySigned:
		return s.say("由节点托管密钥所作的签名属于单位本身的单独控制", "that a signature was under its party's sole control, if the node stores the key")
	case evidence.BrowserSigned:
		return s.say("浏览器保管密钥所作的签名属于单位本身的单独控制：生成密钥的页面由节点提供", "that a signature was under its party's sole control, if a browser stores the key: the node served the page that made it")
	case evidence.DemoLedger:
		return s.say("法定期限（演示账本可为零天）", "the law's limits (a demonstration may leave them out)")
	}
	return string(l)
}

// ledger prints the findings of an audit.
func (s *Session) ledger(r audit.Report) {
	if r.Whole() {
		fmt.Fprintf(s.Out, "%s%s\n", s.say("审计通过：", "Whole: "), r.Name)
	} else {
		fmt.Fprintf(s.Out, "%s%s\n", s.say("审计发现不符：", "Faults found: "), r.Name)
	}
	if r.Demo {
		fmt.Fprintln(s.Out, s.say("演示账本：不具有法律效力", "A demonstration ledger: no legal effect"))
	}
	s.extent(r)
	s.restored(r.Restored)
	if r.Lost > 0 {
		fmt.Fprintf(s.Out, s.say("  此密钥先前联署的检查点中有 %d 条已在恢复时失去\n", "  of what this key had cosigned, %d entries were lost in a restore\n"), r.Lost)
	}
	s.receiptLogs(r)
	if r.Records > 0 {
		fmt.Fprintf(s.Out, s.say("  已比对账本状态 %d 行\n", "  %d rows of the state compared\n"), r.Records)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(s.Out, s.say("  ✗ %s：%s（%s）\n", "  ✗ %s: %s (%s)\n"), words.Translate(s.Lang, f.At), words.Check(s.Lang, string(f.Check)), words.CauseIn(s.Lang, f.Err))
	}
	if r.Cosigner != "" {
		fmt.Fprintf(s.Out, s.say("  已由 %s 联署该检查点\n", "  %s has cosigned the checkpoint\n"), r.Cosigner)
	}
	if r.More > 0 {
		fmt.Fprintf(s.Out, s.say("  另有 %d 处\n", "  and %d more\n"), r.More)
	}
}

// extent prints what was replayed.
func (s *Session) extent(r audit.Report) {
	last := terminal.Moment(s.Lang, r.Last)
	if r.Blocks == 0 {
		fmt.Fprintf(s.Out, s.say("  检查点 %d 条，根 %s；重放 %d 条，最后一条 %s\n", "  checkpoint of %d entries, root %s; %d replayed, the last one of %s\n"),
			r.Size, r.Root, r.Replayed, last)
		return
	}
	fmt.Fprintf(s.Out, s.say("  本单位 peer 的区块 %d 个，末块 %s；重放请求 %d 条，最后一条 %s\n", "  %d blocks of our peer, the last one %s; %d calls replayed, the last one of %s\n"),
		r.Blocks, r.Head, r.Replayed, last)
	fmt.Fprintf(s.Out, s.say("  不计入的交易：因所读已变 %d 笔（已核对），因其他原因 %d 笔（以 peer 所述为准）\n",
		"  invalid transactions: %d because what they had read changed (checked), %d for other reasons (as the peer states)\n"), r.Conflicts, r.Refused)
}

// receiptLogs prints which receipt logs were read, and why others were not.
func (s *Session) receiptLogs(r audit.Report) {
	for _, l := range r.Logs {
		if !l.Read {
			fmt.Fprintf(s.Out, s.say("  回执日志 %s：账本已锚定 %d 条，未能读取：%s\n", "  receipt log %s: %d receipts anchored, not read: %s\n"), l.Origin, l.Anchored, words.Printable(words.CauseIn(s.Lang, l.Err)))
			continue
		}
		fmt.Fprintf(s.Out, s.say("  回执日志 %s：%d 条，已锚定 %d 条，按交付规则核对交付 %d 次，另有 %d 次晚于检查点\n",
			"  receipt log %s: %d receipts, %d anchored, %d deliveries checked, %d newer than the checkpoint\n"),
			l.Origin, l.Size, l.Anchored, l.Judged, l.Newer)
	}
}
