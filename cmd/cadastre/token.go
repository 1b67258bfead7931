package main

import "time"

type tokenCmd struct {
	Age time.Duration `help:"How long it is good, at most 10m." default:"5m"`
}

// Help shows how it is used.
func (tokenCmd) Help() string {
	return `curl -H "Authorization: Bearer $(cadastre token --profile buyer.json)" http://127.0.0.1:8480/v1/orders
A token may be repeated for reading until it ends; for anything else it is good once.`
}

// Run prints a token and nothing else, so that a shell can use it.
func (c *tokenCmd) Run(p *program) error {
	a, err := p.actor()
	if err != nil {
		return err
	}
	t, err := a.Token(c.Age)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(map[string]any{"token": t, "expires": now().Add(c.Age).UnixMilli()})
	}
	return p.line("%s", t)
}
