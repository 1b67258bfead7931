package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

// sale is a large object of the demonstration's product, ordered and accepted.
type sale struct {
	n       *node
	buyer   string
	order   string
	path    string // of the content
	bearer  string
	product string
}

// product returns the id of the product of the party "operator".
func (n *node) product(ctx context.Context) (string, error) {
	operator, err := n.identity("operator")
	if err != nil {
		return "", err
	}
	var page struct {
		Items []struct{ ID, Operator string }
	}
	if err := n.read(ctx, "/v1/products", &page); err != nil {
		return "", err
	}
	for _, p := range page.Items {
		if p.Operator == operator.Party {
			return p.ID, nil
		}
	}
	return "", errors.New("the operator of the demonstration has no product")
}

// file writes random bytes and returns the path of their file.
func (n *node) file(name string, size int64) (string, error) {
	path := n.path(name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	_, err = io.CopyN(f, rand.Reader, size)
	return path, errors.Join(err, f.Close())
}

// sell adds a new object of n.size bytes to the product and sells it, with limits, to
// the party "emergency", whose purpose is free.
func (n *node) sell(ctx context.Context, limits ...string) (sale, error) {
	s := sale{n: n, buyer: "emergency"}
	var err error
	if s.product, err = n.product(ctx); err != nil {
		return s, err
	}
	file, err := n.file("large.bin", n.size)
	if err != nil {
		return s, err
	}
	added, err := n.as(ctx, "operator", "product", "content", "add", file, "--subject", "product/"+s.product)
	if err != nil {
		return s, err
	}
	placed, err := n.as(ctx, s.buyer, append([]string{"order", "place", "--product", s.product, "--purpose", "governance/emergency", "--text", "drill"}, limits...)...)
	if err != nil {
		return s, err
	}
	s.order = fmt.Sprint(placed["order"])
	if _, err := n.as(ctx, "operator", "order", "accept", s.order); err != nil {
		return s, err
	}
	s.path = "/v1/orders/" + s.order + "/content/" + fmt.Sprint(added["object"])
	s.bearer, err = n.token(ctx, s.buyer)
	return s, err
}

// begin begins to fetch bytes from an offset on a separate connection, and returns the
// answer and a function that resets the connection.
func (s sale) begin(ctx context.Context, from, to int64) (*http.Response, func() error, error) {
	c, conn := slow()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.n.url+s.path, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", s.bearer)
	if from > 0 || to > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(to, 10))
	}
	resp, err := c.Do(req)
	reset := func() error {
		return errors.Join(conn().SetLinger(0), conn().Close())
	}
	return resp, reset, err
}
