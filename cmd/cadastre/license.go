package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
)

type licenseCmd struct {
	Offer offerCmd `cmd:"" zh:"向运营机构发出授权要约（实施机构）" en:"Offer a license to an operator (implementer)."`

	kong.Plugins // the plain acts (fill)

	Show        licenseShowCmd `cmd:"" zh:"查看授权" en:"Show a license." example:"cadastre license show ID"`
	List        licenseListCmd `cmd:"" zh:"列出授权" en:"List licenses." example:"cadastre license list --operator ID --state accepted"`
	Explain     explainCmd     `cmd:"" zh:"询问某单位可否为某用途使用某资源，及其理由" en:"Ask whether a party may use a resource for a purpose, and why."`
	Supply      supplyCmd      `cmd:"" zh:"将资源内容取入受控环境，断线可续传" en:"Fetch a resource's content into a controlled environment; it resumes after an interruption."`
	Environment environmentCmd `cmd:"" zh:"受控环境" en:"Controlled environments."`
}

type offerCmd struct {
	File string `arg:"" zh:"授权条款（JSON），编号与授权方可省略；- 为标准输入" en:"Terms as JSON; id and assigner are optional; - is standard input."`
	writing
}

// Page describes the file.
func (offerCmd) Page() terminal.Page {
	members := membersOf(ledger.LicenseOfferArgs{})
	return terminal.Page{
		{Lines: "cadastre license offer terms.json --profile implementer.json"},
		{ZH: "文件的成员：" + members, EN: "Members of the file: " + members},
	}
}

// Run offers the license.
func (c *offerCmd) Run(p *program) error {
	var a ledger.LicenseOfferArgs
	if err := readArgs(c.File, &a, "id", "assigner"); err != nil {
		return err
	}
	prof, err := p.profile()
	if err != nil {
		return err
	}
	own(&a.ID, client.NewID)
	own(&a.Assigner, func() ledger.ID { return prof.Party })
	return p.call(ledger.FnLicenseOffer, a)
}

type licenseShowCmd struct {
	ID ledger.ID `arg:"" zh:"授权的编号" en:"Id of the license."`
}

// Run shows a license.
func (c *licenseShowCmd) Run(p *program) error { return p.show(at("licenses", c.ID), ledger.License{}) }

type licenseListCmd struct {
	Operator    ledger.ID           `zh:"只列该运营机构的" en:"Only licenses of this operator." placeholder:"ID"`
	Implementer ledger.ID           `zh:"只列该实施机构发出的" en:"Only licenses that this implementer offered." placeholder:"ID"`
	Resource    ledger.ID           `zh:"只列覆盖该资源的" en:"Only licenses that cover this resource." placeholder:"ID"`
	State       ledger.LicenseState `zh:"只列此状态" en:"Only in this state" values:"license_states" placeholder:"STATE"`
	paging
}

// Run lists licenses.
func (c *licenseListCmd) Run(p *program) error {
	return p.list(c.query("/v1/licenses", "assignee", string(c.Operator), "assigner", string(c.Implementer),
		"resource", string(c.Resource), "state", string(c.State)), ledger.License{}, "id", "state", "mode", "region", "assignee", "start_on", "end_on")
}

type explainCmd struct {
	Party    ledger.ID `required:"" zh:"使用单位" en:"The party that would use it." placeholder:"ID"`
	Resource ledger.ID `required:"" zh:"所要使用的资源" en:"The resource that would be used." placeholder:"ID"`
	Purpose  string    `required:"" zh:"用途：类别/代码，如 industry/logistics" en:"Purpose: class/code, such as industry/logistics." placeholder:"CLASS/CODE"`

	Action string      `zh:"使用方式；默认任一" en:"Action; by default any" values:"actions" placeholder:"ACTION"`
	Day    ledger.Date `zh:"询问的日期；默认为今天" en:"Day to ask about; by default today." placeholder:"DATE"`
}

// Page shows an example.
func (explainCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre license explain --party OPERATOR --resource ID --purpose industry/logistics --profile operator.json"},
		{ZH: "只询问，不办理：不产生回执，不计使用次数。", EN: "It only asks: there is no receipt, and no use is counted."},
	}
}

// Run asks the node.
func (c *explainCmd) Run(p *program) error {
	want, err := purpose(c.Purpose)
	if err != nil {
		return err
	}
	return p.show("/v1/licenses/explain?"+queryOf("party", string(c.Party), "resource", string(c.Resource),
		"class", string(want.Class), "code", want.Code, "action", c.Action, "day", string(c.Day)).Encode(), licensing.Explanation{})
}

type environmentCmd struct {
	Prove environmentProveCmd `cmd:"" zh:"生成受控环境密钥的占有证明（运营机构）" en:"Print the proof of possession of an environment's key (operator)."`
	Set   environmentSetCmd   `cmd:"" zh:"登记受控环境或其新密钥（实施机构）" en:"Record a controlled environment, or its new key (implementer)." example:"cadastre license environment set proof.json --region 430300 --attestation report.pdf --profile implementer.json"`

	kong.Plugins // the plain acts (fill)

	Show environmentShowCmd `cmd:"" zh:"查看受控环境" en:"Show an environment." example:"cadastre license environment show ID --profile operator.json"`
}

// proven is the proof that the operator gives to the implementer. It has no secret.
type proven struct {
	ID       ledger.ID  `json:"id"`
	Operator ledger.ID  `json:"operator"`
	Key      ledger.JWK `json:"key"`
	Proof    string     `json:"proof"`
}

type environmentProveCmd struct{}

// Page shows all steps.
func (environmentProveCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre keygen --out sandbox.json --party OPERATOR --environment new --url URL\ncadastre license environment prove --profile sandbox.json > proof.json"},
		{
			ZH: "再由实施机构：", EN: "Then the implementer:",
			Lines: "cadastre license environment set proof.json --region 430300 --attestation report.pdf --profile implementer.json",
		},
	}
}

// Run signs with the environment's key.
func (environmentProveCmd) Run(p *program) error {
	prof, err := p.profile()
	if err != nil {
		return err
	}
	if prof.Environment == "" {
		return fmt.Errorf(p.say("%s 不是环境的身份文件：请用 keygen --environment 生成", "%s is not the profile of an environment: make one with keygen --environment"), p.Profile)
	}
	key, err := prof.Signer()
	if err != nil {
		return err
	}
	proof, err := ledger.SignEnvironment(key, ledger.EnvironmentProof{Ledger: prof.Ledger, ID: prof.Environment, Operator: prof.Party})
	if err != nil {
		return err
	}
	return p.json(proven{ID: prof.Environment, Operator: prof.Party, Key: key.Public(), Proof: proof})
}

type environmentSetCmd struct {
	Proof       string        `arg:"" zh:"prove 的输出；- 为标准输入" en:"Output of prove; - is standard input."`
	Region      ledger.Region `required:"" zh:"受控环境所在区划（GB/T 2260）" en:"Region of the environment, GB/T 2260." placeholder:"CODE"`
	Attestation string        `required:"" zh:"受控环境的评估报告：文件，或其 SHA-256" en:"Assessment report on the environment: a file, or its SHA-256." placeholder:"FILE"`
	writing
}

// Run records the environment.
func (c *environmentSetCmd) Run(p *program) error {
	var a proven
	if err := readArgs(c.Proof, &a); err != nil {
		return err
	}
	report, err := digest(c.Attestation)
	if err != nil {
		return err
	}
	return p.call(ledger.FnEnvironmentSet, ledger.EnvironmentArgs{
		ID: a.ID, Operator: a.Operator, Region: c.Region,
		Attestation: report, Key: a.Key, Proof: a.Proof,
	})
}

type environmentShowCmd struct {
	ID ledger.ID `arg:"" zh:"受控环境的编号" en:"Id of the environment."`
}

// Run shows an environment.
func (c *environmentShowCmd) Run(p *program) error {
	return p.show(at("environments", c.ID), ledger.Environment{})
}
