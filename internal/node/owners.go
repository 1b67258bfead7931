package node

import (
	"context"
	"errors"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/datacadastre/cadastre/internal/auth"
	"github.com/datacadastre/cadastre/ledger"
)

// maxOwners is how many owners of keys are in memory, at most 1 KiB each.
const maxOwners = 4096

// owner is who a key belongs to at a revision of the read model, and when the key is valid.
// A reader sends its token with each request, so that its key is looked up each time.
type owner struct {
	at     ledger.Revision
	bearer auth.Bearer
	key    ledger.KeyRecord // without times for the key of an environment
}

type owners = *lru.Cache[ledger.KeyID, owner]

func newOwners() owners {
	cache, _ := lru.New[ledger.KeyID, owner](maxOwners) // fails only for a size of 0
	return cache
}

// Bearer finds the owner of a key: a party, or an operator's environment. It returns
// NotFound if there is no such owner or the key has ended.
func (n *Node) Bearer(ctx context.Context, kid ledger.KeyID, t ledger.Millis) (auth.Bearer, error) {
	before, read := n.loop.Revision()
	o, known := n.owners.Get(kid)
	if !read || !known || o.at != before {
		var err error
		if o, err = n.ownerOf(ctx, kid); err != nil {
			return auth.Bearer{}, err
		}
		if after, _ := n.loop.Revision(); read && after == before {
			o.at = before
			n.owners.Add(kid, o)
		}
	}
	if !o.key.Valid(t) {
		return auth.Bearer{}, ledger.Refuse(ledger.NotFound, ledger.ReasonKeyEnded)
	}
	return o.bearer, nil
}

func (n *Node) ownerOf(ctx context.Context, kid ledger.KeyID) (owner, error) {
	p, k, err := n.registry.PartyByKid(ctx, kid)
	if err == nil {
		return owner{bearer: auth.Bearer{Party: p.ID, Suspended: !p.Active(), Key: k.JWK, Kid: kid}, key: k}, nil
	}
	if !errors.Is(err, ledger.NotFound) {
		return owner{}, err
	}
	e, err := n.licenses.EnvironmentByKid(ctx, kid)
	if err != nil {
		return owner{}, err
	}
	operator, err := n.registry.Party(ctx, e.Operator)
	if err != nil {
		return owner{}, err
	}
	return owner{bearer: auth.Bearer{Party: e.Operator, Environment: e.ID, Suspended: !operator.Active(), Key: e.Key, Kid: kid}}, nil
}
