package client

import (
	"net"
	"net/url"
	"strings"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// At is a client of the same party for another node of the ledger. A token goes
// only where it is known to be that node's: a token for a node, given to someone
// who only says to be it, would let him read there in the party's name. So the
// address is one that the profile names, or an https address whose host is the
// node's origin; and on one machine, one of its own.
func (c *Client) At(p trace.Place) (*Client, error) {
	for _, known := range c.profile.Nodes {
		if known.Origin == p.Origin {
			return c.at(known)
		}
	}
	if p.URL == "" {
		return nil, words.Errorf("内容在节点 %s，该节点未公布地址：请向其运营方询问，再加 --node %s=URL", "it lies at the node %s, which has not said where it is reached: ask whoever runs it, then add --node %s=URL", p.Origin, p.Origin)
	}
	u, err := url.Parse(p.URL)
	if err != nil || !c.proves(u, p.Origin) {
		return nil, words.Errorf("内容在节点 %s，所称地址为 %s，但无从证实：确知无误时请加 --node %s=%s", "it lies at the node %s; %s is told as its address, but nothing shows that it is: when you know that it is right, add --node %s=%s",
			p.Origin, p.URL, p.Origin, p.URL)
	}
	return c.at(p)
}

// proves reports whether an address can be taken for that of a node.
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

// places are the nodes that a refusal names; none when it is another refusal.
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
