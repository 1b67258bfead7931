package node

import (
	"context"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/provenance"
)

// linkCache asks all sources once about a record, and turns the links between
// entry and resource so that the resource rests on its entry.
type linkCache struct {
	sources []provenance.Source
	known   map[ledger.Ref][]ledger.Link
}

// Links implements provenance.Source.
func (c linkCache) Links(ctx context.Context, ref ledger.Ref) ([]ledger.Link, error) {
	if links, ok := c.known[ref]; ok {
		return links, nil
	}
	var all []ledger.Link
	for _, s := range c.sources {
		links, err := s.Links(ctx, ref)
		if err != nil {
			return nil, err
		}
		all = append(all, links...)
	}
	for i, l := range all {
		if l.Rel == relRegisters {
			all[i] = ledger.Link{From: l.To, Rel: relRegisteredBy, To: l.From}
		}
	}
	c.known[ref] = all
	return all, nil
}
