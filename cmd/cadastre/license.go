package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type licenseCmd struct {
	Offer offerCmd `cmd:"" help:"Offer a license to an operator (implementer)."`

	kong.Plugins // the plain acts (fill)

	Show        licenseShowCmd `cmd:"" help:"Show a license."`
	List        licenseListCmd `cmd:"" help:"List licenses."`
	Explain     explainCmd     `cmd:"" help:"Ask whether a party may use a resource for a purpose, and why."`
	Supply      supplyCmd      `cmd:"" help:"Fetch a resource's content into a controlled environment, resumably."`
	Environment environmentCmd `cmd:"" help:"Controlled environments."`
}

type offerCmd struct {
	File string `arg:"" help:"Terms as JSON; id and assigner may be left out; - is standard input."`
	writing
}

// Help says what a file holds.
func (offerCmd) Help() string {
	return `cadastre license offer terms.json --profile implementer.json
The file has mode (whole, domain or scenario), region, domains, resource_ids, excluded, purpose, actions,
assignee, basis, selection, decision, start_on, end_on, limits, environments and affiliates.`
}

// Run offers.
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
	ID ledger.ID `arg:"" help:"Id of the license."`
}

// Run shows a license.
func (c *licenseShowCmd) Run(p *program) error { return p.show(at("licenses", c.ID)) }

type licenseListCmd struct {
	Operator    ledger.ID           `help:"Only this operator's." placeholder:"ID"`
	Implementer ledger.ID           `help:"Only those this implementer offered." placeholder:"ID"`
	Resource    ledger.ID           `help:"Only those that cover this resource." placeholder:"ID"`
	State       ledger.LicenseState `help:"offered, accepted or terminated." placeholder:"STATE"`
	paging
}

// Run lists licenses.
func (c *licenseListCmd) Run(p *program) error {
	return p.list(c.query("/v1/licenses", "assignee", string(c.Operator), "assigner", string(c.Implementer),
		"resource", string(c.Resource), "state", string(c.State)), "id", "state", "mode", "region", "assignee", "start_on", "end_on")
}

type explainCmd struct {
	Party    ledger.ID `required:"" help:"Who would use it." placeholder:"ID"`
	Resource ledger.ID `required:"" help:"What would be used." placeholder:"ID"`
	Purpose  string    `required:"" help:"For what: class/code, such as industry/logistics." placeholder:"CLASS/CODE"`

	Action string      `help:"use, derive, aggregate or distribute; any unless told." placeholder:"ACTION"`
	Day    ledger.Date `help:"Day to ask about; today unless told." placeholder:"DATE"`
}

// Help shows a question.
func (explainCmd) Help() string {
	return `cadastre license explain --party OPERATOR --resource ID --purpose industry/logistics --profile operator.json
It asks without doing: no receipt, no use counted.`
}

// Run asks.
func (c *explainCmd) Run(p *program) error {
	want, err := purpose(c.Purpose)
	if err != nil {
		return err
	}
	return p.show("/v1/licenses/explain?" + queryOf("party", string(c.Party), "resource", string(c.Resource),
		"class", string(want.Class), "code", want.Code, "action", c.Action, "day", string(c.Day)).Encode())
}

type environmentCmd struct {
	Prove environmentProveCmd `cmd:"" help:"Print the proof that the profile holds an environment's key (operator)."`
	Set   environmentSetCmd   `cmd:"" help:"Put a controlled environment, or its new key, on record (implementer)."`

	kong.Plugins // the plain acts (fill)

	Show environmentShowCmd `cmd:"" help:"Show an environment."`
}

// proven is what the operator hands to the implementer: no secret in it.
type proven struct {
	ID       ledger.ID  `json:"id"`
	Operator ledger.ID  `json:"operator"`
	Key      ledger.JWK `json:"key"`
	Proof    string     `json:"proof"`
}

type environmentProveCmd struct{}

// Help shows the whole way.
func (environmentProveCmd) Help() string {
	return `cadastre keygen --out sandbox.json --party OPERATOR --environment new --url URL
cadastre license environment prove --profile sandbox.json > proof.json
and the implementer: cadastre license environment set proof.json --region 430300 --attestation report.pdf --profile implementer.json`
}

// Run signs with the environment's key.
func (environmentProveCmd) Run(p *program) error {
	prof, err := p.profile()
	if err != nil {
		return err
	}
	if prof.Environment == "" {
		return fmt.Errorf(p.say("%s 不是环境的身份文件：请用 keygen --environment 生成", "%s is no environment's profile: make one with keygen --environment"), p.Profile)
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
	Proof       string        `arg:"" help:"What prove printed; - is standard input."`
	Region      ledger.Region `required:"" help:"Where the environment is, GB/T 2260." placeholder:"CODE"`
	Attestation string        `required:"" help:"The report on the environment: a file, or its SHA-256." placeholder:"FILE"`
	writing
}

// Run sets.
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
	ID ledger.ID `arg:"" help:"Id of the environment."`
}

// Run shows an environment.
func (c *environmentShowCmd) Run(p *program) error { return p.show(at("environments", c.ID)) }
