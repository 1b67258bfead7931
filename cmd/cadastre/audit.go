package main

import "github.com/datacadastre/cadastre/internal/proving"

type auditCmd struct{ proving.Audit }

// Help shows examples.
func (auditCmd) Help() string {
	return `cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json
cadastre audit /var/lib/cadastre --trust trust.json
cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json --sign auditor.key
A node gives the entries of its log to regulators. Of a folder, running or not, the rows of the state are
compared too. Exit code 5 says that something was found.`
}

// Run replays the ledger and prints what was found.
func (c *auditCmd) Run(p *program) error { return c.Audit.Run(p.ctx, p.proving()) }
