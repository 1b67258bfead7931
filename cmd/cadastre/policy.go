package main

import "github.com/datacadastre/cadastre/ledger"

type policyCmd struct {
	Explain policyExplainCmd `cmd:"" help:"Say whether a party may read a record, and which row of the table of readers decides it."`
}

type policyExplainCmd struct {
	Ref   ledger.Ref `arg:"" help:"The record: its kind, a slash, its id." placeholder:"KIND/ID"`
	Party ledger.ID  `help:"Who would read it; the profile's own party unless told." placeholder:"ID"`
	Prove bool       `help:"Ask about the bundle of evidence instead of the record."`
}

// Help shows questions.
func (policyExplainCmd) Help() string {
	return `cadastre policy explain order/ID --profile buyer.json
cadastre policy explain application/ID --party OTHER --profile regulator.json
Whoever may not read the record himself is answered as if it were not there.`
}

// Run asks.
func (c *policyExplainCmd) Run(p *program) error {
	act := "read"
	if c.Prove {
		act = "prove"
	}
	return p.show("/v1/policy/explain?" + queryOf("ref", string(c.Ref), "party", string(c.Party), "act", act).Encode())
}
