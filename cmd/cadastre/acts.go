package main

import (
	"strings"

	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

type actsCmd struct {
	On ledger.Ref `zh:"只列身份文件的单位此刻可对该记录办理的，如 order/ID" en:"Only what the profile's party may do on this record now, such as order/ID." placeholder:"KIND/ID"`
}

// Page says what the table is for.
func (actsCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre acts\ncadastre acts --json"},
		{
			ZH: "账本的全部功能：谁可办理、对何种记录、结果如何、可能因何被拒绝。“可合并”指其请求可与其他请求同在一个交易中；“可托管”指其请求可由节点代为签署。加 --json 则另含参数与封闭取值表，与节点的 /v1/acts.json 相同。",
			EN: "Every function of the ledger: who may call it, on which record, where it leads, and why it may be refused. With --json also its arguments and the closed lists, as a node serves them at /v1/acts.json.",
		},
		{Lines: "cadastre acts --on order/ID --profile buyer.json"},
		{
			ZH: "本单位此刻可对某记录办理的事项，依其角色、记录所属、状态与期限而定。是否会因其他原因被拒绝，可用相应命令加 --check 询问。",
			EN: "What the party may do on a record now, by its roles, the record's parties, its state and its time limits. To ask whether a call would be refused for another reason, add --check to its command.",
		},
	}
}

// Run prints the table of acts, or what is open on a record.
func (c actsCmd) Run(p *program) error {
	if c.On != "" {
		return p.open(c.On)
	}
	doc := ledger.PublishedActs()
	if p.JSON {
		return p.json(doc)
	}
	for _, a := range doc.Acts {
		lines := []string{p.say(a.Title.ZH, a.Title.EN), join(p.say("；", "; "), who(a, p), steps(a, p), clocks(a, p), makes(a, p)), marks(a, p)}
		if len(a.Refusals) > 0 {
			lines = append(append(lines, p.say("可能因下列原因被拒绝：", "It may be refused because:")), refused(a.Refusals, p)...)
		}
		name := string(a.Function)
		for _, line := range lines {
			if line == "" {
				continue
			}
			if err := p.line("%-28s %s", name, line); err != nil {
				return err
			}
			name = ""
		}
	}
	if err := p.line("%s", p.say("任何请求还可能因下列原因被拒绝：", "Any call may also be refused because:")); err != nil {
		return err
	}
	for _, line := range refused(doc.CommonRefusals, p) {
		if err := p.line("%s", line); err != nil {
			return err
		}
	}
	return nil
}

// open prints the acts that are open to the party on a record.
func (p *program) open(on ledger.Ref) error {
	a, err := p.actor()
	if err != nil {
		return err
	}
	list, err := a.Possible(p.ctx, on)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(list)
	}
	if len(list) == 0 {
		return p.line("%s", p.say("目前没有可办理的操作。", "You may do nothing on it now."))
	}
	for _, o := range list {
		limit := ""
		if o.Until != "" {
			limit = p.say("截至 ", "until ") + string(o.Until)
		}
		if o.Unless != "" {
			limit += p.say("，逾期须填", ", later with: ") + p.argument(o.Function, o.Unless)
		}
		if err := p.line("%-28s %s", o.Function, join(p.say("；", "; "), p.say(o.Title.ZH, o.Title.EN), limit)); err != nil {
			return err
		}
	}
	return nil
}

// join joins the texts that are not empty.
func join[T ~string](separator string, texts ...T) string {
	var list []string
	for _, t := range texts {
		if t != "" {
			list = append(list, string(t))
		}
	}
	return strings.Join(list, separator)
}

// who lists the roles of an act. In brackets is the member of the record that must name
// the party.
func who(a ledger.ActRow, p *program) string {
	anyone := p.say("任何已准入单位", "any admitted party")
	if len(a.Who) == 0 {
		return anyone
	}
	roles, _ := ledger.EnumOf("roles")
	var list []string
	for _, w := range a.Who {
		words := roles.Words(string(w.Role))
		s := p.say(words.ZH, words.EN)
		if w.Role == "" {
			s = anyone
		}
		if w.As != "" {
			if as := p.member(ledger.Kinds()[a.On], w.As); as != s {
				s += p.say("（"+as+"）", " ("+as+")")
			}
		}
		list = append(list, s)
	}
	return strings.Join(list, p.say("、", ", "))
}

// steps lists where an act leads; for a record without states, its kind.
func steps(a ledger.ActRow, p *program) string {
	var list []string
	for _, m := range a.Moves {
		if m.To != "" {
			list = append(list, strings.TrimSpace(words.State(p.Lang, a.On, m.From)+" → "+words.State(p.Lang, a.On, m.To)))
		}
	}
	kind := words.Kind(p.Lang, a.On)
	if len(list) == 0 {
		return kind
	}
	return kind + p.say("：", ": ") + strings.Join(list, p.say("，", ", "))
}

// clocks names the periods that must be over before an act, and the limits after
// whose last day it may not be done.
func clocks(a ledger.ActRow, p *program) string {
	var list []string
	for _, c := range a.After {
		list = append(list, p.say("须在其后：", "after: ")+p.member(ledger.Kinds()[a.On], c.Member))
	}
	for _, c := range a.Until {
		s := p.say("截至：", "until: ") + p.member(ledger.Kinds()[a.On], c.Member)
		if c.Unless != "" {
			s += p.say("，逾期须填", ", later with: ") + p.argument(a.Function, c.Unless)
		}
		list = append(list, s)
	}
	return join(p.say("；", "; "), list...)
}

// makes names the second record that an act begins.
func makes(a ledger.ActRow, p *program) string {
	if a.Makes == "" {
		return ""
	}
	return p.say("同时建立", "makes ") + words.Kind(p.Lang, a.Makes)
}

// marks says what the node may do with a call of the act.
func marks(a ledger.ActRow, p *program) string {
	var shared, signed string
	if a.Batched {
		shared = p.say("可合并", "may share a transaction")
	}
	if a.Custody {
		signed = p.say("可托管", "the node may sign it")
	}
	return join(p.say("；", "; "), shared, signed)
}

// refused returns a line for each reason: its sentence, and its code in brackets.
func refused(reasons []ledger.Reason, p *program) []string {
	lines := make([]string, len(reasons))
	for i, r := range reasons {
		w := words.ReasonOf(r)
		lines[i] = "  " + p.say(w.ZH+"（"+string(r)+"）", w.EN+" ("+string(r)+")")
	}
	return lines
}

// member returns what people read for a member of a record or of arguments.
func (p *program) member(form any, name string) string {
	return terminal.Label(p.Lang, ledger.LabelOf(form, name), name)
}

// argument returns what people read for an argument of an act.
func (p *program) argument(fn ledger.Function, name string) string {
	a, ok := ledger.ActOf(fn)
	if !ok {
		return name
	}
	return p.member(a.Args(), name)
}
