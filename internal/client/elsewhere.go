package client

import (
	"net"
	"net/url"
	"strings"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// At returns a client of the same party for another node of the ledger. It refuses an
// address that is not known to be that node's: anyone who receives a token for a node
// could read there in the party's name. An address is accepted if the profile lists it, if it is
// an https address whose host is the node's origin, or if both nodes are on this machine.
func (c *Client) At(p trace.Place) (*Client, error) {
	for _, known := range c.profile.Nodes {
		if known.Origin == p.Origin {
			return c.at(known)
		}
	}
	if p.URL == "" {
		return nil, words.Errorf("内容在节点 %s，该节点未公布地址：请向其运营方询问，再加 --node %s=URL", "the content is at node %s, which has not published its address: ask its operator, then add --node %s=URL", p.Origin, p.Origin)
	}
	u, err := url.Parse(p.URL)
	if err != nil || !c.proves(u, p.Origin) {
		return nil, words.Errorf("内容在节点 %s，所称地址为 %s，但无从证实：确知无误时请加 --node %s=%s", "the content is at node %s; its address is given as %s, but nothing proves that: if you know that it is right, add --node %s=%s",
			p.Origin, p.URL, p.Origin, p.URL)
	}
	return c.at(p)
}

// proves reports whether an address can be trusted to be that of a node.
func (c *Client) proves(u *url.URL, origin string) bool {
	if u.Scheme == "https" && (u.Hostname() == origin || u.Host == origin) {
		return true
	}
	home, err := url.Parse(c.profile.URL)
	return err == nil && loopback(home) && loopback(u)
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Client) at(p trace.Place) (*Client, error) {
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, words.Errorf("%q 不是节点的地址，应如 https://data.example.gov.cn", "%q is not the address of a node: give one such as https://data.example.gov.cn", p.URL)
	}
	other := *c
	other.profile.URL, other.profile.Origin = strings.TrimRight(p.URL, "/"), p.Origin
	return &other, nil
}

// places returns the nodes named in a refusal of the reason elsewhere, else nil.
func places(err error) []trace.Place {
	e := ledger.AsError(err)
	if e == nil || e.Reason != ledger.ReasonElsewhere {
		return nil
	}
	var list []trace.Place
	for _, p := range e.Params {
		switch {
		case p.Name == "origin":
			list = append(list, trace.Place{Origin: p.Value})
		case p.Name == "url" && len(list) > 0:
			list[len(list)-1].URL = p.Value
		}
	}
	return list
}
