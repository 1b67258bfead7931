package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/demo"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/internal/words"
)

type demoCmd struct {
	fabricFlags
	Ledger    string `zh:"账本所在：节点之中，或 --network 所指的 Fabric 网络" en:"Where the register is kept: in the node, or on the Fabric network of --network." enum:"embedded,fabric" default:"embedded"`
	Dir       string `zh:"节点与各单位身份文件存于此处；默认为临时文件夹" en:"Keep the node and the parties' profiles here; by default in a temporary folder." placeholder:"DIR"`
	Catalogue string `zh:"登记该文件的每条记录（JSON Lines，数据源格式）" en:"Register every record of this file (JSON Lines in the shape of data sources)." type:"existingfile" placeholder:"FILE"`
	Product   string `zh:"出售并交付该文件；默认为生成的遥测数据" en:"Sell and deliver this file; by default generated telemetry." type:"existingfile" placeholder:"FILE"`
	Objects   string `zh:"内容存于该文件所述之处，同 init" en:"Keep content where this file says, as init does." type:"existingfile" placeholder:"FILE"`
	Serve     bool   `zh:"演示结束后继续提供服务" en:"Go on serving when the demonstration is over."`
	Listen    string `zh:"节点的地址" en:"Address of the node." default:"127.0.0.1:0"`
}

// Page tells what it is.
func (demoCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre demo --lang en\ncadastre demo --dir D --serve\ncadastre demo --catalogue sources.jsonl --product streets.csv --dir D --json\ncadastre demo --ledger fabric --network network.json --profile authority.json"},
		{
			ZH: "演示账本的期限为 0 天，处处注明，不具有法律效力。加 --dir 则保留节点，之后可用 cadastre serve --dir DIR 再次运行。",
			EN: "A demonstration ledger has limits of 0 days, says so everywhere, and has no legal effect. With --dir the node stays; run it again with cadastre serve --dir DIR.",
		},
	}
}

// Run tells the story; a folder that holds a finished one is served again.
func (c *demoCmd) Run(p *program) error {
	if c.Dir != "" && c.Serve && demo.Complete(c.Dir) {
		return c.serve(p)
	}
	dir := c.Dir
	if dir == "" {
		tmp, err := os.MkdirTemp("", "cadastre-demo-")
		if err != nil {
			return words.Errorf("临时文件夹：%v", "temporary folder: %v", err)
		}
		defer os.RemoveAll(tmp)
		dir = filepath.Join(tmp, "node")
	}
	out := p.out
	if p.JSON {
		out = p.err
	}
	var store *node.ContentStore
	if c.Objects != "" {
		var err error
		if store, err = node.ReadContentStore(c.Objects); err != nil {
			return err
		}
	}
	shared, err := c.shared(p)
	if err != nil {
		return err
	}
	r, err := demo.Run(p.ctx, demo.Options{
		Shared: shared, Dir: dir, Objects: store, Store: storeCredentials(), Catalogue: c.Catalogue, Product: c.Product, Listen: c.Listen,
		English: p.Lang == "en", Version: version(), Out: out, Log: logger(p.err, false), Now: now, Checkers: verdict.Checkers(), Verify: checkBundle,
	})
	if err != nil {
		return err
	}
	if p.JSON {
		if err := p.json(r); err != nil {
			return err
		}
	} else {
		c.tell(p, r)
	}
	if !c.Serve {
		return nil
	}
	c.Dir = dir
	return c.serve(p)
}

// shared is the ledger that the demonstration joins; nil: it keeps its own.
func (c *demoCmd) shared(p *program) (*demo.Shared, error) {
	if c.Ledger == "embedded" {
		return nil, nil //nolint:nilnil // none is meant
	}
	n, err := c.open(p)
	if err != nil {
		return nil, err
	}
	return &demo.Shared{
		Backend: node.Backend{
			Kind: node.KindFabric, Profile: n.own.Profile, Channel: n.Channel, Chaincode: n.Chaincode, Organization: n.own.Name, User: n.own.User,
		},
		Genesis: n.genesis, Trust: n.trust, Authority: n.profile,
	}, nil
}

func (c *demoCmd) tell(p *program, r demo.Result) {
	fmt.Fprintf(p.out, p.say("\n用时 %.1f 秒。\n", "\nTold in %.1f s.\n"), r.Seconds)
	if c.Dir == "" {
		return
	}
	self := os.Args[0]
	fmt.Fprintf(p.out, "%s\n  %s verify %s --trust %s\n", p.say("离线核验：", "Offline:"), self, r.Bundle, r.Trust)
	if c.Serve {
		fmt.Fprintln(p.out, p.say("节点运行时，在另一终端中：", "While the node is served, in another terminal:"))
	} else {
		fmt.Fprintf(p.out, "%s\n  %s serve --dir %s\n", p.say("先启动节点，再在另一终端中：", "Serve the node, then in another terminal:"), self, c.Dir)
	}
	fmt.Fprintf(p.out, "  %s fetch %s --output file.csv --profile %s\n", self, r.Order, r.Profiles["buyer"])
	fmt.Fprintf(p.out, "  %s trace --sha256 %s --profile %s\n", self, r.SHA256, r.Profiles["regulator"])
}

func (c *demoCmd) serve(p *program) error {
	n, err := node.Open(p.ctx, node.Options{
		Dir: c.Dir, Store: storeCredentials(), Log: logger(p.err, false), Now: now, Version: version(), Checkers: verdict.Checkers(),
	})
	if err != nil {
		return err
	}
	listen := c.Listen
	if listen == "127.0.0.1:0" {
		listen = defaultListen
	}
	err = web.New(n.Services()).Serve(p.ctx, web.Listen{Address: listen}, func(url string) {
		p.moveProfiles(c.Dir, url)
		fmt.Fprintf(p.err, p.say("\n数籍正在提供服务，按 Ctrl-C 结束：\n  %s/            检索与登记凭证\n  %s/openapi.json  接口说明\n  各单位的身份文件在 %s/profiles\n",
			"\nCadastre is serving; Ctrl-C ends it:\n  %s/            search and certificates\n  %s/openapi.json  the API\n  the parties' profiles are in %s/profiles\n"), url, url, c.Dir)
	})
	return errors.Join(err, n.Close(context.WithoutCancel(p.ctx)))
}
