package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// unreachable returns the error of a request that was not answered.
func unreachable(where string, err error) error {
	busy := ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy)
	if NotSent(err) {
		return errors.Join(busy, words.Errorf("无法连接 %s，请求未发出：节点是否在该地址运行？%v", "can't connect to %s, so nothing was sent: is the node running there? %v", where, err))
	}
	return errors.Join(busy, words.Errorf("%s 没有答复：节点是否在该地址运行？%v", "no answer from %s: is the node running there? %v", where, err))
}

// NotSent reports that a request failed before anything was sent: no connection could be
// made. A call of which this is true is not recorded.
func NotSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// refused returns the refusal in an answer. It says so if this machine's clock, or a
// profile for another node or ledger, explains the refusal.
func (c *Client) refused(resp *http.Response, body []byte) error {
	err := problem(resp, body)
	e := ledger.AsError(err)
	if e == nil {
		return err
	}
	switch e.Reason {
	case ledger.ReasonTime, ledger.ReasonExpired:
		return c.withSkew(resp, err)
	case ledger.ReasonToken, ledger.ReasonKey, ledger.ReasonLedger, ledger.ReasonPartyUnknown:
		if e.Rule == "expired" {
			return c.withSkew(resp, err)
		}
		return c.withPlace(resp.Request.Context(), err)
	case ledger.ReasonUnknown:
		if e.Field == "party" { // the signer's
			return c.withPlace(resp.Request.Context(), err)
		}
	}
	return err
}

// withSkew adds by how much this machine's clock differs from the node's, if that is more
// than a node tolerates (auth.Skew).
func (c *Client) withSkew(resp *http.Response, err error) error {
	theirs, bad := http.ParseTime(resp.Header.Get("Date"))
	if bad != nil {
		return err
	}
	switch ahead := c.now().Sub(theirs).Round(time.Second); {
	case ahead > auth.Skew:
		return hint(err, "本机时钟比节点快 %s：请校准本机时钟（如 NTP）", "This machine's clock is %s ahead of the node's: set it right, for example by NTP", ahead)
	case ahead < -auth.Skew:
		return hint(err, "本机时钟比节点慢 %s：请校准本机时钟（如 NTP）", "This machine's clock is %s behind the node's: set it right, for example by NTP", -ahead)
	}
	return err
}

// withPlace adds which ledger and node the profile is for, if they are not those at its
// address.
func (c *Client) withPlace(ctx context.Context, err error) error {
	var about wire.About
	req, bad := c.request(ctx, http.MethodGet, "/v1/about", false, nil)
	if bad != nil {
		return err
	}
	resp, bad := c.http.Do(req)
	if bad != nil {
		return err
	}
	defer resp.Body.Close()
	if json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxAbout)).Decode(&about) != nil {
		return err
	}
	switch p := c.profile; {
	case p.Ledger != "" && about.Ledger != "" && p.Ledger != about.Ledger:
		return hint(err, "身份文件属于账本 %s，而 %s 的节点是账本 %s 的：请用该账本的身份文件，或用 --url 给出正确的节点",
			"The profile is for ledger %s, but the node at %s serves ledger %s: give a profile of that ledger, or the right node with --url", p.Ledger, p.URL, about.Ledger)
	case p.Origin != "" && about.Origin != "" && p.Origin != about.Origin:
		return hint(err, "身份文件属于节点 %s，而 %s 是节点 %s：请用该节点的身份文件，或用 --url 给出正确的节点",
			"The profile is for node %s, but at %s is node %s: give a profile for that node, or the right node with --url", p.Origin, p.URL, about.Origin)
	}
	return err
}

// HintedError is a refusal with what this program knows and the node does not, which
// explains it.
type HintedError struct {
	refusal error
	Hint    error // its text in both languages
}

// hint adds a hint to a refusal; zh and en are formats for the same arguments.
func hint(refusal error, zh, en string, args ...any) error {
	return &HintedError{refusal, words.Errorf(zh, en, args...)}
}

// Error returns the refusal, then the hint on a separate line.
func (e *HintedError) Error() string { return e.In("en", error.Error) }

// In returns the same in a language.
func (e *HintedError) In(_ string, render func(error) string) string {
	return render(e.refusal) + "\n" + render(e.Hint)
}

// Unwrap returns the refusal.
func (e *HintedError) Unwrap() error { return e.refusal }

// maxAbout is the largest description of a node that is read, in bytes.
const maxAbout = 64 << 10

// Problem is a refusal by a node, with the sentences of the node.
type Problem struct {
	Status int
	Title  string
	Detail string
	Faults []string // a sentence for each fault of the input
	Raw    []byte   // the answer as JSON on one line
	cause  *ledger.Error
}

// Error returns what happened and what to do next, then each fault on a line.
func (p *Problem) Error() string {
	return p.In("en", nil)
}

// In returns the same with the punctuation of a language. The sentences are in the
// language that the client asked for.
func (p *Problem) In(lang string, _ func(error) string) string {
	s := p.Title
	if p.Detail != "" {
		s += words.Of(lang, ledger.Words{ZH: "：", EN: ": "}) + p.Detail
	}
	if len(p.Faults) > 0 {
		s += "\n  " + strings.Join(p.Faults, "\n  ")
	}
	return s
}

// Unwrap returns the typed error.
func (p *Problem) Unwrap() error { return p.cause }

// problem makes an error of an answer of RFC 9457.
func problem(resp *http.Response, body []byte) error {
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode < http.StatusBadRequest {
		return words.Errorf("节点转向 %q，本程序不会向该处发送：若其为节点的正确地址，请用 --url 给出", "the node redirects to %q, and this program does not follow: if that is the node's right address, give it with --url", to)
	}
	var p wire.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		answered := words.Errorf("节点答复 %s", "the node answered %s", resp.Status)
		switch resp.StatusCode {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // of a proxy, whose node is away
			return errors.Join(ledger.Refuse(ledger.Unavailable, ledger.ReasonBusy), answered)
		}
		return answered
	}
	cause := &ledger.Error{Code: p.Code, Reason: p.Reason, Field: p.Field, Rule: p.Rule, Params: p.Params}
	refused := &Problem{Status: resp.StatusCode, Title: p.Title, Detail: p.Detail, cause: cause}
	var raw bytes.Buffer
	if err := json.Compact(&raw, body); err == nil {
		refused.Raw = raw.Bytes()
	}
	for i, f := range p.Errors {
		refused.Faults = append(refused.Faults, f.Message)
		if i > 0 {
			cause.More = append(cause.More, &ledger.Error{
				Code: ledger.InvalidCode, Reason: cmp.Or(f.Reason, ledger.ReasonField), Field: f.Field, Rule: f.Rule,
				Params: append(f.Params, ledger.Param{Name: "value", Value: f.Value}, ledger.Param{Name: "allowed", Value: f.Allowed}),
			})
		}
	}
	return refused
}
