package node

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// maxNodes bounds the nodes of one ledger.
const maxNodes = 500

// others are the other nodes of the ledger, as the data authority admitted them.
func (n *Node) others(ctx context.Context) ([]web.Place, error) {
	list, _, err := n.registry.Parties(ctx, registry.PartyFilter{Role: ledger.RolePlatform, Limit: maxNodes})
	if err != nil {
		return nil, err
	}
	var places []web.Place
	for _, p := range list {
		if p.Origin != n.settings.Origin {
			places = append(places, web.Place{Origin: p.Origin, URL: p.URL})
		}
	}
	slices.SortFunc(places, func(a, b web.Place) int { return strings.Compare(a.Origin, b.Origin) })
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

// astray answers for a receipt that this node does not have: another may.
func (n *Node) astray(ctx context.Context) error {
	places, err := n.others(ctx)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return unknown()
	}
	e := ledger.Refuse(ledger.NotFound, ledger.ReasonElsewhere).At("receipt")
	for _, p := range places {
		e = e.With("origin", p.Origin).With("url", p.URL)
	}
	return e
}

// elsewhere are the other nodes that hold content of what was found.
func (w *walk) elsewhere(ctx context.Context) ([]web.Place, error) {
	found := map[string]bool{}
	for _, ref := range w.refs {
		switch ref.Kind() {
		case ledger.KindProduct, ledger.KindResource:
			origins, err := w.n.market.NodesOf(ctx, ref)
			if err != nil {
				return nil, err
			}
			for _, o := range origins {
				found[o] = true
			}
		case ledger.KindContent:
			c, err := value[ledger.Content](ctx, w.n.ledger, ref)
			if err != nil {
				return nil, err
			}
			found[c.Node] = true
		}
	}
	delete(found, w.n.settings.Origin)
	if len(found) == 0 {
		return nil, nil
	}
	places, err := w.n.others(ctx)
	return slices.DeleteFunc(places, func(p web.Place) bool { return !found[p.Origin] }), err
}
