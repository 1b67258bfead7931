package main

import (
	"strings"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
)

// step is a command that takes an application one step, based on its current version.
type step struct {
	ID ledger.ID `arg:"" zh:"登记申请的编号" en:"Id of the application."`
	answering
	writing
}

// take sends the call whose arguments with makes from those of the step.
func (s step) take(p *program, fn ledger.Function, with func(ledger.AppStepArgs) any) error {
	c, err := p.actor()
	if err != nil {
		return err
	}
	cited, err := s.cited(p.ctx, c, at("applications", s.ID))
	if err != nil {
		return err
	}
	return p.callBy(c, fn, with(ledger.AppStepArgs{Application: s.ID, Answers: cited}))
}

type returnCmd struct {
	step
	Defect []string `required:"" zh:"应补正事项，写作 成员=规则，可重复" en:"What to correct, as member=rule; repeat for each." sep:"none" placeholder:"FIELD=RULE"`
}

// Page shows a return.
func (returnCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre registry return ID --defect materials=risk_assessment --defect resource.description=Q02 --profile body.json"},
		{ZH: "须一次性告知全部问题：再次退回只能针对新的事项（办法第十条）。", EN: "Name all defects at once: a second return needs new defects (article 10 of the measures)."},
	}
}

// Run returns.
func (c *returnCmd) Run(p *program) error {
	var defects []ledger.Defect
	for _, d := range c.Defect {
		field, rule, ok := strings.Cut(d, "=")
		if !ok || field == "" || rule == "" {
			return ledger.Invalid("defect", "field=rule")
		}
		defects = append(defects, ledger.Defect{Field: field, Rule: rule})
	}
	return c.take(p, ledger.FnAppReturn, func(a ledger.AppStepArgs) any { return ledger.AppReturnArgs{AppStepArgs: a, Defects: defects} })
}

// refusal is a command that ends an application with a reason.
type refusal struct {
	step
	Reason ledger.Reason `required:"" zh:"原因" en:"Reason" values:"refusal_reasons" placeholder:"REASON"`
	Note   string        `zh:"文字说明；账本只记录加盐哈希" en:"Explanation; the ledger records only a salted hash." placeholder:"TEXT"`
}

func (c refusal) refuse(p *program, fn ledger.Function) error {
	note, err := salted(c.Note)
	if err != nil {
		return err
	}
	err = c.take(p, fn, func(a ledger.AppStepArgs) any {
		return ledger.AppRefuseArgs{AppStepArgs: a, Reason: c.Reason, Note: note}
	})
	if err == nil {
		p.showSalted(c.Note, note)
	}
	return err
}

type refuseCmd struct{ refusal }

// Run refuses.
func (c *refuseCmd) Run(p *program) error { return c.refuse(p, ledger.FnAppRefuse) }

type failCmd struct{ refusal }

// Run fails.
func (c *failCmd) Run(p *program) error { return c.refuse(p, ledger.FnAppFail) }

type passCmd struct {
	step
	Checklist []string `zh:"已审核的事项" en:"What was examined." default:"complete,consistent,admissible"`
	Late      string   `zh:"逾期办理的理由；账本只记录加盐哈希" en:"Why it is late, after the limit; the ledger records only a salted hash." placeholder:"TEXT"`
}

// Run passes.
func (c *passCmd) Run(p *program) error {
	late, err := salted(c.Late)
	if err != nil {
		return err
	}
	err = c.take(p, ledger.FnAppPass, func(a ledger.AppStepArgs) any {
		return ledger.AppPassArgs{AppStepArgs: a, Checklist: c.Checklist, Late: late}
	})
	if err == nil {
		p.showSalted(c.Late, late)
	}
	return err
}

type objectCmd struct {
	step
	Ground   string   `required:"" zh:"理由，用一个短词，如 ownership_dispute" en:"Why, as a short word such as ownership_dispute." placeholder:"WORD"`
	Evidence []string `zh:"证据：文件，或其 SHA-256" en:"Evidence: files, or their SHA-256." placeholder:"FILE"`
	Person   string   `zh:"异议人姓名（登记机构代自然人提出时）；账本只记录加盐哈希" en:"Name of the natural person for whom the registry body objects; the ledger records only a salted hash." placeholder:"NAME"`
}

// Run objects.
func (c *objectCmd) Run(p *program) error {
	a := ledger.AppObjectArgs{Application: c.ID, Objection: client.NewID(), Ground: c.Ground, Evidence: []ledger.Digest{}}
	for _, e := range c.Evidence {
		d, err := digest(e)
		if err != nil {
			return err
		}
		a.Evidence = append(a.Evidence, d)
	}
	cl, err := p.actor()
	if err != nil {
		return err
	}
	if a.Person, err = salted(c.Person); err != nil {
		return err
	}
	if a.Answers, err = c.noticed(p, cl); err != nil {
		return err
	}
	if err := p.callBy(cl, ledger.FnAppObject, a); err != nil {
		return err
	}
	p.showSalted(c.Person, a.Person)
	return nil
}

// noticed returns the payload hash that an objection cites: that of the call that
// published the notice.
func (c *objectCmd) noticed(p *program, cl *client.Client) (ledger.Digest, error) {
	if c.Answers != "" {
		return c.Answers, c.Answers.Validate("answers")
	}
	var notice struct {
		Answers ledger.Digest `json:"answers"`
	}
	if err := cl.Get(p.ctx, at("notices", c.ID), &notice); err != nil {
		return "", err
	}
	return notice.Answers, notice.Answers.Validate("answers")
}

type decideCmd struct {
	step
	Objection ledger.ID `required:"" zh:"异议的编号" en:"Id of the objection." placeholder:"ID"`
	Upheld    bool      `zh:"异议成立，终止登记" en:"Uphold the objection, which ends the application."`
	Reason    string    `required:"" zh:"文字说明；账本只记录加盐哈希" en:"Explanation; the ledger records only a salted hash." placeholder:"TEXT"`
}

// Run decides.
func (c *decideCmd) Run(p *program) error {
	reason, err := salted(c.Reason)
	if err != nil {
		return err
	}
	if reason == nil {
		return ledger.Invalid("reason", "required")
	}
	err = c.take(p, ledger.FnAppDecide, func(a ledger.AppStepArgs) any {
		return ledger.AppDecideArgs{AppStepArgs: a, Objection: c.Objection, Upheld: c.Upheld, Reason: *reason}
	})
	if err == nil {
		p.showSalted(c.Reason, reason)
	}
	return err
}

type codeCmd struct {
	step
	RegistryCode string `zh:"国家平台已赋的登记结果编码" en:"The official code, if the national platform has assigned one." placeholder:"CODE"`
}

// Run codes, and prints the code that the entry now has.
func (c *codeCmd) Run(p *program) error {
	cl, err := p.actor()
	if err != nil {
		return err
	}
	cited, err := c.cited(p.ctx, cl, at("applications", c.ID))
	if err != nil {
		return err
	}
	a := ledger.AppCodeArgs{AppStepArgs: ledger.AppStepArgs{Application: c.ID, Answers: cited}, RegistryCode: c.RegistryCode}
	return p.callWith(cl, ledger.FnAppCode, a, func() []named {
		var e ledger.Entry
		// The call is recorded: it is no failure if its code can't be read back.
		if err := cl.Get(p.ctx, at("entries", c.ID), &e); err != nil || e.CadCode == "" {
			return nil
		}
		return []named{{"cad_code", string(e.CadCode)}}
	})
}
