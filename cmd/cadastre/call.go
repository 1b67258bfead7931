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
	Sign     bool            `help:"Print the signed call and send nothing."`
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
	if _, known := ledger.ActOf(c.Function); !known {
		return ledger.Invalid("function", "known_function")
	}
	b, err := readFile(c.File, maxArgs)
	if err != nil {
		return err
	}
	// The form alone: the contract holds the members against the function.
	var form struct {
		Args json.RawMessage `json:"args"`
	}
	if err := ledger.DecodeStrict([]byte(`{"args":`+string(b)+`}`), &form); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.ID == "" {
		c.ID = client.NewID()
	}
	a, err := p.actor()
	if err != nil {
		return err
	}
	if c.Sign && p.checking {
		return ledger.Invalid("check", "not_with_sign")
	}
	if c.Sign {
		jws, err := a.Sign(c.ID, c.Function, form.Args)
		if err != nil {
			return err
		}
		return p.line("%s", jws)
	}
	out, err := p.send(a, c.ID, c.Function, form.Args)
	if err != nil {
		return err
	}
	return p.recorded(c.Function, made(c.Function, form.Args), out)
}
