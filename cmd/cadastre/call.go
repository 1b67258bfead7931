package main

import (
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

type callCmd struct {
	Function ledger.Function `arg:"" help:"Function, such as license.offer; cadastre acts lists them."`
	File     string          `arg:"" help:"Arguments as JSON; - is standard input."`
	ID       ledger.ID       `help:"Id of the call; fresh unless told. A call that was recorded under it is not recorded again." placeholder:"ID"`
	Sign     bool            `help:"Print the signed call and send nothing." xor:"sending"`
	writing
}

// Help shows both ways.
func (callCmd) Help() string {
	return `cadastre call entry.suspend args.json --profile regulator.json
echo '{"sha256":"…","bytes":12}' | cadastre call deposit - --profile holder.json
cadastre call license.offer offer.json --sign --profile implementer.json > call.jws`
}

// Run signs, and sends unless told not to.
func (c *callCmd) Run(p *program) error {
	act, known := ledger.ActOf(c.Function)
	if !known {
		return ledger.Invalid("function", "known_function")
	}
	b, err := readFile(c.File, maxArgs)
	if err != nil {
		return err
	}
	// Only what can't be read is refused here: the node says the rest, and in one
	// answer what depends on its records.
	if err := ledger.DecodeStrict(b, act.Args()); err != nil {
		return fmt.Errorf("%s: %w", c.File, ofForm(err, act.Args()))
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
