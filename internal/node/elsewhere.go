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

// maxNodes is the largest number of nodes of one ledger that are read.
const maxNodes = 500

// others returns the other nodes that are admitted to the ledger, by origin.
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

// where returns the address of the node with that origin, or "" if it is not known.
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
