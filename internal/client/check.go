package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Check asks the node whether it would refuse a call now; nothing is recorded. The error
// is the refusal that the call would get.
func (c *Client) Check(ctx context.Context, fn ledger.Function, args any) error {
	path := "/v1/acts/" + url.PathEscape(string(fn)) + "/check"
	var answer wire.Checked
	if err := c.do(ctx, http.MethodPost, path, true, args, &answer); err != nil {
		return err
	}
	if !answer.Allowed {
		return words.Errorf("%s 的答复不是本程序所知的形式：未说明该请求可以记录", "this program does not understand the answer of %s: it does not say that the call is allowed", path)
	}
	return nil
}

// Possible asks the node what the party may do on a record now.
func (c *Client) Possible(ctx context.Context, on ledger.Ref) ([]ledger.Open, error) {
	q := url.Values{"on": {on.Kind()}, "id": {on.ID()}}
	var answer struct {
		Items []ledger.Open `json:"items"`
	}
	err := c.Get(ctx, "/v1/acts?"+q.Encode(), &answer)
	return answer.Items, err
}
