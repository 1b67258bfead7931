package main

import (
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
)

type auditCmd struct{ proving.Audit }

// Page shows examples.
func (auditCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json\ncadastre audit /var/lib/cadastre --trust trust.json\ncadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json --sign auditor.key"},
		{
			ZH: "节点只向监管单位提供其日志条目。按文件夹审计时（无论节点是否运行），还比对账本状态的每一行。退出码 5 表示发现不符。",
			EN: "A node gives the entries of its log to regulators. Of a folder, running or not, the rows of the state are compared too. Exit code 5 says that something was found.",
		},
	}
}

// Run replays the ledger and prints what was found.
func (c *auditCmd) Run(p *program) error { return c.Audit.Run(p.ctx, p.proving()) }
