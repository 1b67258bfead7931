package node

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// maxNodes bounds the nodes of one ledger.
const maxNodes = 500

// others are the other nodes of the ledger, as the data authority admitted them.
func (n *Node) others(ctx context.Context) ([]trace.Place, error) {
	list, _, err := n.registry.Parties(ctx, registry.PartyFilter{Role: ledger.RolePlatform, Limit: maxNodes})
	if err != nil {
		return nil, err
	}
	var places []trace.Place
	for _, p := range list {
		if p.Origin != n.settings.Origin {
			places = append(places, trace.Place{Origin: p.Origin, URL: p.URL})
		}
	}
	slices.SortFunc(places, func(a, b trace.Place) int { return strings.Compare(a.Origin, b.Origin) })
	return places, nil
}

// where is the address of the node of an origin; empty when it has told none.
func (n *Node) where(ctx context.Context, origin string) string {
	places, err := n.others(ctx)
	if err != nil {
		n.opts.Log.WarnContext(ctx, "other nodes not read", slog.String("error", err.Error()))
	}
	for _, p := range places {
		if p.Origin == origin {
			return p.URL
		}
	}
	return ""
}
