package main

import (
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
)

type callCmd struct {
	Function ledger.Function `arg:"" zh:"功能，如 license.offer；全部功能见 cadastre acts" en:"Function, such as license.offer; cadastre acts lists them."`
	File     string          `arg:"" zh:"参数（JSON）；- 为标准输入" en:"Arguments as JSON; - is standard input."`
	ID       ledger.ID       `zh:"请求的编号；默认新生成。已以该编号记录的请求不会再次记录" en:"Id of the call; by default a new one. A call that is recorded under this id is not recorded again." placeholder:"ID"`
	Sign     bool            `zh:"只输出已签署的请求，不提交" en:"Print the signed call and send nothing." xor:"sending"`
	writing
}

// Page shows examples.
func (callCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre call entry.suspend args.json --profile regulator.json\necho '{\"sha256\":\"…\",\"bytes\":12}' | cadastre call deposit - --profile holder.json\ncadastre call license.offer offer.json --sign --profile implementer.json > call.jws"},
	}
}

// Run signs the call and sends it, unless --sign is given.
func (c *callCmd) Run(p *program) error {
	act, known := ledger.ActOf(c.Function)
	if !known {
		return ledger.Invalid("function", "known_function")
	}
	b, err := readFile(c.File, maxArgs)
	if err != nil {
		return err
	}
	// Only what can't be decoded is refused here. The node reports all other faults in one
	// answer, with those that depend on its records.
	if err := ledger.DecodeStrict(b, act.Args()); err != nil {
		return fmt.Errorf("%s: %w", c.File, terminal.OfForm(err, act.Args()))
	}
	args := json.RawMessage(b)
	if c.ID == "" {
		c.ID = client.NewID()
	}
	a, err := p.actor()
	if err != nil {
		return err
	}
	if c.Sign {
		jws, err := a.Sign(c.ID, c.Function, args)
		if err != nil {
			return err
		}
		return p.line("%s", jws)
	}
	out, err := p.send(a, c.ID, c.Function, args)
	if err != nil {
		return err
	}
	return p.recorded(c.Function, made(c.Function, args), out)
}
