package main

import (
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
)

type policyCmd struct {
	Explain policyExplainCmd `cmd:"" zh:"说明某单位是否可查看某记录，由可见性表的哪一行决定" en:"Print whether a party may read a record, and which row of the table of readers decides it."`
}

type policyExplainCmd struct {
	Ref   ledger.Ref `arg:"" zh:"记录：种类/编号" en:"The record: its kind, a slash, its id." placeholder:"KIND/ID"`
	Party ledger.ID  `zh:"查看的单位；默认为身份文件的单位" en:"Party that would read it; by default that of the profile." placeholder:"ID"`
	Prove bool       `zh:"询问证据包而非记录" en:"Ask about the bundle of evidence instead of the record."`
}

// Page shows examples.
func (policyExplainCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre policy explain order/ID --profile buyer.json\ncadastre policy explain application/ID --party OTHER --profile regulator.json"},
		{
			ZH: "自己无权查看该记录的，答复与记录不存在时相同。",
			EN: "A party that may not read the record gets the same answer as if it did not exist.",
		},
	}
}

// Run asks the node.
func (c *policyExplainCmd) Run(p *program) error {
	act := "read"
	if c.Prove {
		act = "prove"
	}
	return p.show("/v1/policy/explain?"+queryOf("ref", string(c.Ref), "party", string(c.Party), "act", act).Encode(), sight.Explanation{})
}
