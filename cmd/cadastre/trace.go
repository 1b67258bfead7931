package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// logger logs to w: what someone must know, or with verbose each request.
func logger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

type traceCmd struct {
	File        string        `arg:"" optional:"" help:"File to trace, by its SHA-256." type:"existingfile"`
	SHA256      ledger.Digest `name:"sha256" help:"SHA-256 of a file." placeholder:"HEX"`
	Receipt     string        `help:"Leaf hash or id of a receipt." placeholder:"ID"`
	Order       ledger.ID     `help:"An order." placeholder:"ID"`
	Product     ledger.ID     `help:"A product." placeholder:"ID"`
	Resource    ledger.ID     `help:"A resource." placeholder:"ID"`
	License     ledger.ID     `help:"A license." placeholder:"ID"`
	Certificate string        `help:"Code of a certificate." placeholder:"CODE"`
	Forward     bool          `help:"To all that came of it, instead of what it rests on."`
	Bundle      string        `help:"Write the evidence bundle here, for cadastre verify." placeholder:"FILE"`
	Trust       string        `help:"Trust file, to join the bundles of several nodes." type:"existingfile" placeholder:"FILE"`
}

// Help shows examples.
func (traceCmd) Help() string {
	return `cadastre trace streets.csv --url http://127.0.0.1:8480
cadastre trace --order ID --bundle evidence.json --profile buyer.json
cadastre trace --resource ID --forward --profile regulator.json
cadastre trace --order ID --bundle evidence.json --trust trust.json --profile buyer.json
What lies at other nodes is asked for there, with a token for each. Only an https address whose host is the
node's origin is followed by itself; name any other with --node ORIGIN=URL when you know that it is right.`
}

// Validate is kong's: one thing is traced at a time.
func (c *traceCmd) Validate() error {
	told := 0
	for _, v := range []string{c.File, string(c.SHA256), c.Receipt, string(c.Order), string(c.Product), string(c.Resource), string(c.License), c.Certificate} {
		if v != "" {
			told++
		}
	}
	if told != 1 {
		return errors.New("name one thing to trace: a file, or one of --sha256 --receipt --order --product --resource --license --certificate")
	}
	return nil
}

func (c *traceCmd) question() (url.Values, error) {
	q := url.Values{}
	if c.File != "" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("file: %w", err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("read file: %w", err)
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

// Run asks the node, and others where it lies there, prints the way, and keeps
// the bundle if told.
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
		if err := c.keep(p, cl, q); err != nil {
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
		c.tell(p, t)
	}
	return nil
}

// keep writes the bundle with the receipts of every node that holds some.
func (c *traceCmd) keep(p *program, cl *client.Client, q url.Values) error {
	b, missing, err := cl.Evidence(p.ctx, q, c.join(p))
	if err != nil {
		return err
	}
	p.warn(missing)
	if err := os.WriteFile(c.Bundle, b, 0o600); err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	return nil
}

// join makes one bundle of several, by the trust file.
func (c *traceCmd) join(p *program) client.Joiner {
	return func(parts [][]byte) ([]byte, error) {
		if c.Trust == "" {
			return nil, errors.New(p.say("回执分存于多个节点：请用 --trust 指定信任文件，以便核验后合并",
				"several nodes hold receipts: add --trust FILE, so that their bundles can be verified and joined"))
		}
		raw, err := os.ReadFile(c.Trust)
		if err != nil {
			return nil, fmt.Errorf("trust: %w", err)
		}
		t, err := evidence.ParseTrust(raw)
		if err != nil {
			return nil, err
		}
		b, _, err := evidence.Join(parts, t, ledger.Standard(), checkers())
		if err != nil {
			return nil, err
		}
		return b.Encode()
	}
}

// warn tells which nodes did not answer: what they hold is missing.
func (p *program) warn(missing []error) {
	for _, err := range missing {
		fmt.Fprintf(p.err, "%s %s\n", p.say("缺少部分内容：", "Something is missing:"), explain(err, p.Lang))
	}
}

func (c *traceCmd) tell(p *program, t client.Trace) {
	fmt.Fprintln(p.out, t.From)
	for _, s := range t.Steps {
		fmt.Fprintf(p.out, "  %s  %s  %s %s %s [%s]\n", s.Ref, s.Name, s.Who, s.Right, s.State, s.Proof)
		for _, a := range s.Acts {
			fmt.Fprintf(p.out, "      %s  %s  %s\n", time.UnixMilli(int64(a.Time)).Format(time.RFC3339), a.Name, a.Party)
		}
	}
	for _, x := range t.Elsewhere {
		fmt.Fprintf(p.out, p.say("  节点 %s 未答复，其保存的回执不在其中\n", "  the node %s did not answer: its receipts are not here\n"), x.Origin)
	}
	if t.LeftOut > 0 {
		fmt.Fprintf(p.out, p.say("  另有 %d 条记录您无权查看\n", "  %d more records may not be shown to you\n"), t.LeftOut)
	}
}

type verifyCmd struct {
	Bundle string `arg:"" help:"Evidence bundle." type:"existingfile"`
	Trust  string `required:"" help:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
}

// Run checks a bundle with the trust file only.
func (c *verifyCmd) Run(p *program) error {
	bundle, err := os.ReadFile(c.Bundle)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	trust, err := os.ReadFile(c.Trust)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	r, err := verified(bundle, trust)
	if err != nil {
		return errors.Join(errUnproven, err)
	}
	if p.JSON {
		return p.json(r)
	}
	c.tell(p, r)
	return nil
}

func verified(bundle, trust []byte) (evidence.Report, error) {
	t, err := evidence.ParseTrust(trust)
	if err != nil {
		return evidence.Report{}, err
	}
	return evidence.Verify(bundle, t, ledger.Standard(), checkers())
}

// checkers check the proofs of a bundle's calls, by kind.
func checkers() map[string]evidence.Checker {
	return map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}, proof.Kind: proof.Checker{}}
}

func checkBundle(bundle, trust []byte) error {
	_, err := verified(bundle, trust)
	return err
}

func (c *verifyCmd) tell(p *program, r evidence.Report) {
	fmt.Fprintf(p.out, "%s %s  %s\n", p.say("核验通过：", "Proven:"), r.About, r.Name)
	if r.Demo {
		fmt.Fprintln(p.out, p.say("演示账本：不具有法律效力", "A demonstration ledger: no legal effect"))
	}
	for _, s := range r.Steps {
		fmt.Fprintf(p.out, "  %8d  %s  %-26s %s (%s: %s)\n", s.Position.Block, time.UnixMilli(int64(s.Time)).Format(time.RFC3339), s.Function, s.Name,
			p.say("密钥保管", "custody"), s.Custody)
	}
	for _, x := range r.Rights {
		fmt.Fprintf(p.out, "  %s %-8s %s  %s – %s  (%s)\n", p.say("权利", "right"), x.Right, x.Name, x.From, x.Until, x.Scope)
	}
	for _, x := range r.Files {
		fmt.Fprintf(p.out, "  %s %s  %d  SHA-256 %s\n", p.say("文件", "file"), x.Name, x.Bytes, x.SHA256)
	}
	for _, x := range r.Receipts {
		fmt.Fprintf(p.out, "  %s %s  %s  %d+%d  %s\n", p.say("回执", "receipt"), x.Start, time.UnixMilli(int64(x.Began)).Format(time.RFC3339),
			x.Offset, x.Bytes, x.Outcome)
	}
	if r.Beside > 0 {
		fmt.Fprintf(p.out, p.say("  授权所列记录中有 %d 条与本案无关，未予查验\n", "  %d records that a license names are beside the matter and were not looked at\n"), r.Beside)
	}
	fmt.Fprintln(p.out, p.say("以下各项本证据包不能证明：", "Not proven here:"))
	for _, x := range r.NotProven {
		fmt.Fprintln(p.out, "  -", limitation(p, x))
	}
}

// limitation is the sentence of what a bundle can't prove.
func limitation(p *program, l evidence.Limitation) string {
	switch l {
	case evidence.LaterCalls:
		return p.say("所示请求之间及之后，没有被节点伪造的记录所忽略的请求（合并另一方的证据包或审计全部账本可查）",
			"that no call lies between or after those shown that an entry forged by the node ignored (joining the other side's bundle shows it, or an audit)")
	case evidence.OtherReceipts:
		return p.say("没有其他回执", "that there are no other receipts")
	case evidence.ReceiptByBuyer:
		return p.say("接收方确已收到", "that the receiver has received it")
	case evidence.Suspensions:
		return p.say("所示请求与交付之间，没有被略去的暂停、撤销或终止", "that no suspension, revocation or end lay between what is shown and a delivery")
	case evidence.ReceiptWord:
		return p.say("回执所载时间、字节数、范围、结果和策略版本：均为节点单方陈述，仅彼此核对",
			"the time, bytes, range, outcome and revision of a receipt: they are the node's word, checked against each other")
	case evidence.AnchorBefore:
		return p.say("回执日志的锚定与其前一次锚定前后一致", "that an anchor of the receipt log continues the one before it")
	case evidence.BesideMatter:
		return p.say("授权所列、与本案无关而未查验的记录", "records that a license names and that are beside the matter: they were not looked at")
	case evidence.Clock:
		return p.say("时间准确：取自节点时钟，在 Fabric 上为请求方所述", "that times are right: they are the node's clock's, on Fabric what clients claimed")
	case evidence.CustodySigned:
		return p.say("由节点托管密钥所作的签名属于单位本身的单独控制", "sole control of signatures whose key the node keeps")
	case evidence.DemoLedger:
		return p.say("法定期限（演示账本可为零天）", "the law's limits (a demonstration may leave them out)")
	}
	return string(l)
}
