package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
)

// relay passes bytes between clients and a node, counts what clients send, and cuts every
// connection once that reaches most.
type relay struct {
	listener net.Listener
	node     string
	most     int64
	sent     atomic.Int64
}

// relayTo begins to pass bytes to the node at url.
func relayTo(ctx context.Context, url string, most int64) (*relay, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener: l, node: strings.TrimPrefix(url, "http://"), most: most}
	go r.accept(ctx)
	return r, nil
}

func (r *relay) url() string { return "http://" + r.listener.Addr().String() }

func (r *relay) accept(ctx context.Context) {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.pass(ctx, c)
	}
}

func (r *relay) pass(ctx context.Context, client net.Conn) {
	defer client.Close()
	node, err := new(net.Dialer).DialContext(ctx, "tcp", r.node)
	if err != nil {
		return
	}
	defer node.Close()
	go func() { _, _ = io.Copy(client, node) }()
	buffer := make([]byte, 64<<10)
	for r.sent.Load() < r.most {
		k, err := client.Read(buffer)
		r.sent.Add(int64(k))
		if _, bad := node.Write(buffer[:k]); err != nil || bad != nil {
			return
		}
	}
}

// resumed uploads a file, is cut after two thirds, and runs the same command again. It
// returns which part of the file was sent again.
func resumed(ctx context.Context, n *node) (float64, error) {
	product, err := n.product(ctx)
	if err != nil {
		return 0, err
	}
	file, err := n.file("upload.bin", n.size)
	if err != nil {
		return 0, err
	}
	home := n.url
	defer func() { n.url = home }()
	add := func(most int64) (int64, error) {
		r, err := relayTo(ctx, home, most)
		if err != nil {
			return 0, err
		}
		n.url = r.url()
		_, failed := n.as(ctx, "operator", "product", "content", "add", file, "--subject", "product/"+product)
		return r.sent.Load(), errors.Join(failed, r.listener.Close())
	}
	first, err := add(2 * n.size / 3)
	if err == nil {
		return 0, errors.New("the upload was not cut")
	}
	second, err := add(1 << 62)
	return float64(first+second-n.size) / float64(n.size), err
}
