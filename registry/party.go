package registry

import (
	"context"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Party returns an admitted party, or NotFound.
func (r *Registry) Party(ctx context.Context, id ledger.ID) (ledger.Party, error) {
	return readmodel.One[ledger.Party](ctx, r.read, missing("party"), "SELECT value FROM registry_party WHERE id = ?", id)
}

// PartyByName returns the party with exactly this name, or NotFound. Names need not be
// unique: if two parties have the name, the error is Conflict, and the caller needs the
// id.
func (r *Registry) PartyByName(ctx context.Context, name string) (ledger.Party, error) {
	found, err := readmodel.List[ledger.Party](ctx, r.read, "SELECT value FROM registry_party WHERE name = ? LIMIT 2", name)
	switch {
	case err != nil:
		return ledger.Party{}, err
	case len(found) == 0:
		return ledger.Party{}, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("name")
	case len(found) > 1:
		return ledger.Party{}, ledger.Refuse(ledger.Conflict, ledger.ReasonDuplicate).At("name")
	}
	return found[0], nil
}

// PartyByKid returns the owner of a public key and the record of the key. The key may
// have ended: the caller checks KeyRecord.Valid and Use.
func (r *Registry) PartyByKid(ctx context.Context, kid ledger.KeyID) (ledger.Party, ledger.KeyRecord, error) {
	type owned struct {
		Party ledger.Party
		Key   ledger.KeyRecord
	}
	o, err := readmodel.One[owned](ctx, r.read, missing("kid"), "SELECT json_object('Party', json(p.value), 'Key', json(k.value)) "+
		"FROM registry_key k JOIN registry_party p ON p.id = k.party WHERE k.kid = ?", kid)
	return o.Party, o.Key, err
}

// Keys returns all keys of a party, valid or ended, in the order in which they were
// added.
func (r *Registry) Keys(ctx context.Context, party ledger.ID) ([]ledger.KeyRecord, error) {
	return readmodel.List[ledger.KeyRecord](ctx, r.read, "SELECT value FROM registry_key WHERE party = ? ORDER BY n", party)
}

// regionRange returns the half-open range of the region codes inside region; all codes
// for an empty one.
func regionRange(region ledger.Region) (from, to string, err error) {
	if region == "" {
		return "", ":", nil
	}
	if err := region.Validate("region"); err != nil {
		return "", "", err
	}
	return region.Prefix(), region.Prefix() + ":", nil // the character after 9
}
