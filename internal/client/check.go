package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/datacadastre/cadastre/ledger"
)

// Check asks whether a call would be refused now, and records nothing. The error is
// the refusal that the call would get.
func (c *Client) Check(ctx context.Context, fn ledger.Function, args any) error {
	return c.do(ctx, http.MethodPost, "/v1/acts/"+url.PathEscape(string(fn))+"/check", true, args, nil)
}
