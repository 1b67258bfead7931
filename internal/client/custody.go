package client

import (
	"context"
	"net/http"

	"github.com/datacadastre/cadastre/ledger"
)

// DeleteStoredKey has the node delete a key that it stores for the party and that is not
// valid on the ledger. It returns NotFound if the node has no such key, and Conflict if the
// key is valid.
func (c *Client) DeleteStoredKey(ctx context.Context, kid ledger.KeyID) error {
	return c.do(ctx, http.MethodDelete, "/v1/custody/keys/"+string(kid), true, nil, nil)
}
