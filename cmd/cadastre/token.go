package main

import (
	"time"

	"github.com/datacadastre/cadastre/internal/terminal"
)

type tokenCmd struct {
	Age time.Duration `zh:"有效时间，至多 10m" en:"Time for which it is valid, at most 10m." default:"5m"`
}

// Page shows how to use the token.
func (tokenCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: `curl -H "Authorization: Bearer $(cadastre token --profile buyer.json)" http://127.0.0.1:8480/v1/orders`},
		{
			ZH: "读取时，令牌在到期前可重复使用；其他请求只能使用一次。",
			EN: "Until it expires, a token may be used repeatedly for reading. For any other request it is valid once.",
		},
	}
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
