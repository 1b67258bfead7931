package client

import (
	"context"
	"io"

	"github.com/datacadastre/cadastre/registry/catalog"
)

// Sources reads a catalog in the shape of data sources (JSON Lines) as resources
// of the profile's party, by the mapping that comes with the program.
func (c *Client) Sources(ctx context.Context, r io.Reader) (catalog.Records, error) {
	m, err := catalog.SourcesMapping()
	if err != nil {
		return nil, err
	}
	return catalog.Read(ctx, r, m, c.profile.Ledger, c.profile.Party), nil
}
