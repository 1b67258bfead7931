package main

import (
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
)

type tokenCmd struct {
	Age time.Duration `zh:"有效时间，至多 10m" en:"Time for which it is valid, at most 10m." default:"5m"`
	Dir string        `zh:"以该文件夹中节点自身的单位生成，用于读取其监测指标" en:"Make it for the party of the node in this folder itself, to read the node's metrics." placeholder:"DIR"`
}

// Page shows how to use the token.
func (tokenCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: `curl -H "Authorization: Bearer $(cadastre token --profile buyer.json)" http://127.0.0.1:8480/v1/orders`},
		{
			ZH: "读取时，令牌在到期前可重复使用；其他请求只能使用一次。",
			EN: "Until it expires, a token may be used repeatedly for reading. For any other request it is valid once.",
		},
		{
			ZH: "读取节点的监测指标（本机之外，或在代理之后）：", EN: "To read the metrics of a node from another machine, or behind a proxy:",
			Lines: `curl -H "Authorization: Bearer $(cadastre token --dir D)" https://data.example.gov.cn/metrics`,
		},
	}
}

// Run prints a token and nothing else, so that a shell can use it.
func (c *tokenCmd) Run(p *program) error {
	t, err := c.token(p)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.json(map[string]any{"token": t, "expires": now().Add(c.Age).UnixMilli()})
	}
	return p.line("%s", t)
}

func (c *tokenCmd) token(p *program) (string, error) {
	if c.Dir != "" {
		return node.Token(c.Dir, now(), c.Age)
	}
	a, err := p.actor()
	if err != nil {
		return "", err
	}
	return a.Token(c.Age)
}
