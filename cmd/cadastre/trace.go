package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

type traceCmd struct {
	File        string        `arg:"" optional:"" zh:"要追溯的文件（按其 SHA-256）" en:"File to trace, by its SHA-256." type:"existingfile"`
	SHA256      ledger.Digest `name:"sha256" zh:"文件的 SHA-256" en:"SHA-256 of a file." placeholder:"HEX"`
	Receipt     string        `zh:"回执的编号或其叶哈希" en:"Leaf hash or id of a receipt." placeholder:"ID"`
	Order       ledger.ID     `zh:"订单的编号" en:"Id of an order." placeholder:"ID"`
	Product     ledger.ID     `zh:"产品的编号" en:"Id of a product." placeholder:"ID"`
	Resource    ledger.ID     `zh:"资源的编号" en:"Id of a resource." placeholder:"ID"`
	License     ledger.ID     `zh:"授权的编号" en:"Id of a license." placeholder:"ID"`
	Certificate string        `zh:"登记结果凭证的编码" en:"Code of a certificate." placeholder:"CODE"`
	Forward     bool          `zh:"向后追溯其全部去向，而非向前追溯其依据" en:"Trace forward to every use, instead of back to the rights."`
	Bundle      string        `zh:"将证据包写入该文件，供 cadastre verify 核验" en:"Write the evidence bundle to this file, for cadastre verify." placeholder:"FILE"`
	Deliveries  int           `zh:"证据包至多含多少次最近的交付；默认 200" en:"Maximum number of deliveries in the bundle, the newest first; by default 200." placeholder:"N"`
	Trust       string        `zh:"信任文件，用以合并多个节点的证据包" en:"Trust file, to join the bundles of several nodes." type:"existingfile" placeholder:"FILE"`
}

// Page shows examples.
func (traceCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre trace streets.csv --url http://127.0.0.1:8480\ncadastre trace --order ID --bundle evidence.json --profile buyer.json\ncadastre trace --resource ID --forward --profile regulator.json\ncadastre trace --order ID --bundle evidence.json --trust trust.json --profile buyer.json"},
		{
			ZH: "在其他节点的部分，以各节点的令牌向其询问。只有主机名即节点标识的 https 地址会自动访问；其他地址须在确知无误时用 --node ORIGIN=URL 指明。",
			EN: "Other nodes are asked for their part, with a token for each. Only an https address whose host is the node's origin is used automatically; name any other address with --node ORIGIN=URL if you know that it is correct.",
		},
	}
}

// Validate checks for kong that exactly one thing is to be traced.
func (c *traceCmd) Validate() error {
	given := 0
	for _, v := range []string{c.File, string(c.SHA256), c.Receipt, string(c.Order), string(c.Product), string(c.Resource), string(c.License), c.Certificate} {
		if v != "" {
			given++
		}
	}
	if given != 1 {
		return words.Errorf("请指明一项追溯对象：文件，或 --sha256、--receipt、--order、--product、--resource、--license、--certificate 之一", "name one thing to trace: a file, or one of --sha256 --receipt --order --product --resource --license --certificate")
	}
	return nil
}

func (c *traceCmd) question() (url.Values, error) {
	q := url.Values{}
	if c.File != "" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, words.Errorf("文件：%v", "file: %v", err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, words.Errorf("读取文件：%v", "read file: %v", err)
		}
		c.SHA256 = ledger.Digest(hex.EncodeToString(h.Sum(nil)))
	}
	for name, v := range map[string]string{
		"sha256": string(c.SHA256), "receipt": c.Receipt, "order": string(c.Order), "product": string(c.Product),
		"resource": string(c.Resource), "license": string(c.License), "certificate": c.Certificate,
	} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q, nil
}

// Run asks the node, and other nodes for their part. It prints the trace, and writes the
// bundle if --bundle is given.
func (c *traceCmd) Run(p *program) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	cl, err := p.client()
	if err != nil {
		return err
	}
	if c.Bundle != "" {
		if err := c.save(p, cl, q); err != nil {
			return err
		}
	}
	if c.Forward {
		q.Set("forward", "true")
	}
	traces, missing, err := cl.Trace(p.ctx, q)
	if err != nil {
		return err
	}
	p.warn(missing)
	if p.JSON {
		return p.json(traces)
	}
	for _, t := range traces {
		c.print(p, cl, t)
	}
	return nil
}

// save writes the bundle with the receipts of all nodes.
func (c *traceCmd) save(p *program, cl *client.Client, q url.Values) error {
	b, missing, err := cl.Evidence(p.ctx, q, c.Deliveries, c.join(p))
	if err != nil {
		return err
	}
	p.warn(missing)
	if err := durable.WriteFile(c.Bundle, b); err != nil {
		return words.Errorf("保存证据包：%v", "save bundle: %v", err)
	}
	return nil
}

// join returns a function that verifies several bundles and joins them into one.
func (c *traceCmd) join(p *program) client.Joiner {
	return func(parts [][]byte) ([]byte, error) {
		if c.Trust == "" {
			return nil, errors.New(p.say("回执分存于多个节点：请用 --trust 指定信任文件，以便核验后合并",
				"several nodes have receipts: add --trust FILE, so that their bundles can be verified and joined"))
		}
		raw, err := os.ReadFile(c.Trust)
		if err != nil {
			return nil, words.Errorf("信任文件：%v", "trust: %v", err)
		}
		t, err := evidence.ParseTrust(raw)
		if err != nil {
			return nil, err
		}
		b, _, err := evidence.Join(parts, t, ledger.Standard(), verdict.Checkers())
		if err != nil {
			return nil, err
		}
		return b.Encode()
	}
}

// warn prints which nodes did not answer, so that their part is missing.
func (p *program) warn(missing []error) {
	for _, err := range missing {
		if errors.Is(err, client.ErrOlder) {
			fmt.Fprintln(p.err, p.say("证据包只含最近的交付，另有更早的：用 --deliveries 增大（至多 2000）。",
				"The bundle has the newest deliveries only, and there are older ones: get more with --deliveries (at most 2000)."))
			continue
		}
		fmt.Fprintf(p.err, "%s%s\n", p.say("缺少部分内容：", "A part is missing: "), terminal.Explain(err, p.Lang))
	}
}

// partiesOf returns the names of the parties in a trace, by their ids. Those that no step
// names are asked for.
func (p *program) partiesOf(cl *client.Client, t trace.Trace) map[string]string {
	known := map[string]string{}
	var missing []string
	for _, s := range t.Steps {
		known[string(s.Party)] = s.Who
	}
	for _, s := range t.Steps {
		for _, a := range s.Acts {
			if _, ok := known[string(a.Party)]; !ok && !slices.Contains(missing, string(a.Party)) {
				missing = append(missing, string(a.Party))
			}
		}
	}
	if len(missing) > 0 {
		maps.Copy(known, p.names(cl, "parties", missing))
	}
	return known
}

// print prints the sentence of the trace, then its steps.
func (c *traceCmd) print(p *program, cl *client.Client, t trace.Trace) {
	names := p.partiesOf(cl, t)
	fmt.Fprintln(p.out, words.Printable(p.say(t.Says.ZH, t.Says.EN)))
	fmt.Fprintln(p.out, words.Record(p.Lang, t.From))
	for _, s := range t.Steps {
		fmt.Fprintln(p.out, "  "+join("  ", words.Kind(p.Lang, s.Ref.Kind()), terminal.Named(p.Lang, s.Name, s.Ref.ID()), words.Printable(s.Who),
			words.EnumWord(p.Lang, "rights", s.Right), words.State(p.Lang, s.Ref.Kind(), s.State), words.EnumWord(p.Lang, "step_proofs", s.Proof)))
		if d := s.Delivered; d != nil {
			fmt.Fprintf(p.out, p.say("      %d 次，%d 字节，%s 至 %s\n", "      %d times, %d bytes, from %s to %s\n"), d.Count, d.Bytes,
				terminal.Moment(p.Lang, d.First), terminal.Moment(p.Lang, d.Last))
		}
		for _, a := range s.Acts {
			fmt.Fprintf(p.out, "      %s  %s  %s\n", terminal.Moment(p.Lang, a.Time), words.Act(p.Lang, a.Name), terminal.Named(p.Lang, names[string(a.Party)], string(a.Party)))
		}
	}
	for _, x := range t.Elsewhere {
		fmt.Fprintf(p.out, p.say("  节点 %s 未答复，其保存的回执不在其中\n", "  the node %s did not answer, so its receipts are missing\n"), x.Origin)
	}
	if t.OwnOnly {
		fmt.Fprintln(p.out, p.say("  订单与交付只列出与您有关的", "  only orders and deliveries that concern you are shown"))
	}
	if t.LeftOut > 0 {
		fmt.Fprintf(p.out, p.say("  另有 %d 条记录您无权查看\n", "  you may not read %d further records\n"), t.LeftOut)
	}
}

type verifyCmd struct{ proving.Verify }

// Run checks a bundle with the trust file only.
func (c *verifyCmd) Run(p *program) error { return c.Verify.Run(p.ctx, p.proving()) }

// proving returns the session in which the commands of package proving run.
func (p *program) proving() *proving.Session {
	return &proving.Session{Out: p.out, Err: p.err, JSON: p.JSON, Lang: p.Lang, Now: now, Client: func(url string) (*client.Client, error) {
		if url != "" {
			p.URL = url
		}
		return p.client()
	}}
}

func checkBundle(bundle, trust []byte) error {
	t, err := evidence.ParseTrust(trust)
	if err != nil {
		return err
	}
	_, err = evidence.Verify(bundle, t, ledger.Standard(), verdict.Checkers())
	return err
}
