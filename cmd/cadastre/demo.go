package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/demo"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/internal/words"
)

type demoCmd struct {
	fabricFlags
	Ledger    string `zh:"账本所在：节点之中，或 --network 所指的 Fabric 网络" en:"Where the register is stored: in the node, or on the Fabric network of --network." enum:"embedded,fabric" default:"embedded"`
	Dir       string `zh:"节点与各单位身份文件存于此处；默认为临时文件夹" en:"Store the node and the profiles of the parties here; by default in a temporary folder." placeholder:"DIR"`
	Catalogue string `zh:"登记该文件的每条记录（JSON Lines，数据源格式）" en:"Register every record of this file (JSON Lines in the shape of data sources)." type:"existingfile" placeholder:"FILE"`
	Product   string `zh:"出售并交付该文件；默认为生成的遥测数据" en:"Sell and deliver this file; by default generated telemetry." type:"existingfile" placeholder:"FILE"`
	Objects   string `zh:"内容存于该文件所述之处，同 init" en:"Store content in the place that this file describes, as for init." type:"existingfile" placeholder:"FILE"`
	Serve     bool   `zh:"演示结束后继续提供服务" en:"Serve the node after the demonstration."`
	Listen    string `zh:"节点的地址；默认演示时任一空闲端口，--serve 时 127.0.0.1:8480" en:"Address of the node; by default a free port for the demonstration, and 127.0.0.1:8480 with --serve." placeholder:"HOST:PORT"`
}

// Page describes the demonstration.
func (demoCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre demo --lang en\ncadastre demo --dir D --serve\ncadastre demo --catalogue sources.jsonl --product streets.csv --dir D --json\ncadastre demo --ledger fabric --network network.json --profile authority.json"},
		{
			ZH: "演示账本的期限为 0 天，处处注明，不具有法律效力。加 --dir 则保留节点，之后可用 cadastre serve --dir DIR 再次运行。",
			EN: "A demonstration ledger has time limits of 0 days, is marked as one everywhere, and has no legal effect. With --dir the node remains: run it again with cadastre serve --dir DIR.",
		},
	}
}

// Run plays the demonstration. With Serve, a folder with a complete one is served again.
func (c *demoCmd) Run(p *program) error {
	if c.Dir != "" && c.Serve {
		if r, ok := demo.Complete(c.Dir); ok {
			return c.serve(p, r)
		}
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
		Shared: shared, Dir: dir, Objects: store, Store: storeCredentials(), Catalogue: c.Catalogue, Product: c.Product, Listen: cmp.Or(c.Listen, "127.0.0.1:0"),
		English: p.Lang == "en", Version: version(), Out: out, Log: warnings(p.err), Now: now, Checkers: verdict.Checkers(), Verify: checkBundle,
	})
	if err != nil {
		return err
	}
	if p.JSON {
		if err := p.json(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.out, p.say("\n用时 %.1f 秒。\n", "\nThe demonstration took %.1f s.\n"), r.Seconds)
	}
	if c.Serve {
		c.Dir = dir
		return c.serve(p, r)
	}
	if c.Dir != "" && !p.JSON {
		fmt.Fprintf(p.out, "%s\n  %s serve --dir %s\n", p.say("启动节点：", "Serve the node:"), os.Args[0], c.Dir)
		p.tryOut(p.out, r, nil)
	}
	return nil
}

// shared opens the ledger that the demonstration joins. It returns nil if the node has
// its own ledger.
func (c *demoCmd) shared(p *program) (*demo.Shared, error) {
	if c.Ledger == "embedded" {
		return nil, nil //nolint:nilnil // nil means no shared ledger
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

// tryOut prints commands that use what the demonstration left in its folder, with flags
// for those that ask the node.
func (p *program) tryOut(w io.Writer, r demo.Result, flags []string) {
	self := os.Args[0]
	more := strings.Join(append([]string{""}, flags...), " ")
	fmt.Fprintln(w, p.say("节点运行时，可在另一终端中：", "While the node is served, in another terminal:"))
	fmt.Fprintf(w, "  %s fetch %s --output file.csv --profile %s%s\n", self, r.Order, r.Profiles["buyer"], more)
	fmt.Fprintf(w, "  %s trace --sha256 %s --profile %s%s\n", self, r.SHA256, r.Profiles["regulator"], more)
	fmt.Fprintf(w, "%s\n  %s verify %s --trust %s\n", p.say("无需节点即可核验：", "Check offline:"), self, r.Bundle, r.Trust)
}

// serve serves the node of the demonstration until the context ends.
func (c *demoCmd) serve(p *program, r demo.Result) error {
	n, err := node.Open(p.ctx, node.Options{
		Dir: c.Dir, Store: storeCredentials(), Log: warnings(p.err), Now: now, Version: version(), Checkers: verdict.Checkers(),
	})
	if err != nil {
		return err
	}
	err = web.New(n.Services()).Serve(p.ctx, web.Listen{Address: cmp.Or(c.Listen, defaultListen)}, func(url string) {
		p.moveProfiles(c.Dir, url)
		fmt.Fprintf(p.err, p.say("\n数籍正在提供服务，按 Ctrl-C 结束：\n  %s/  检索与登记结果凭证\n  %s/openapi.json  接口说明\n各单位的身份文件在 %s/profiles\n",
			"\nCadastre is serving; press Ctrl-C to stop:\n  %s/  search and certificates\n  %s/openapi.json  description of the API\nThe profiles of the parties are in %s/profiles\n"), url, url, c.Dir)
		p.tryOut(p.err, r, []string{"--url", url})
	})
	return errors.Join(err, n.Close(context.WithoutCancel(p.ctx)))
}
