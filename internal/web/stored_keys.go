package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/ledger"
)

// storedKeyRoutes registers the list of the keys that the node stores for the caller, and
// their deletion. A key whose answer was lost is of no use, but counts.
func (s *Server) storedKeyRoutes() {
	const path = "/v1/custody/keys"
	get(s, "", path, "stored-keys", says("节点为我保管的密钥", "The keys that the node stores for me"),
		says("本节点为该单位保管的密钥，不含私钥，以及各自在账本上是否有效。", "The keys that this node stores for the party, without the keys themselves, and whether each is valid on the ledger."), s.storedKeys)
	add(s, huma.Operation{
		OperationID: "delete-stored-key", Method: http.MethodDelete, Path: path + "/{kid}",
		Summary: about(says("删除保管的密钥", "Delete a stored key")), DefaultStatus: http.StatusNoContent,
		Description: about(says("永久删除在账本上无效的密钥：未登记的，或已停用的。有效的密钥须先以 key.rotate、key.replace 或 key.revoke 停用。令牌用后即失效。",
			"Deletes for ever a key that is not valid on the ledger: it was never recorded, or has ended. A valid key must end first, by key.rotate, key.replace or key.revoke. The token is used up.")),
	}, s.deleteStoredKey)
}

// storedKeys lists the caller's stored keys.
func (s *Server) storedKeys(ctx context.Context, in *AuthHeader) (*answer[pageOf[wire.StoredKey]], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	list, err := s.storedKeysOf(ctx, p.ID)
	return say(page(list, ""), err)
}

// storedKeysOf returns the stored keys of a party, with whether each is valid on the ledger.
func (s *Server) storedKeysOf(ctx context.Context, party ledger.ID) ([]wire.StoredKey, error) {
	list, err := s.Custody.Stored(ctx, party)
	if err != nil {
		return nil, err
	}
	recorded, err := s.Registry.Keys(ctx, party)
	for i, k := range list {
		list[i].Valid = slices.ContainsFunc(recorded, func(r ledger.KeyRecord) bool {
			return r.Kid == k.Kid && r.Valid(ledger.Millis(s.Now().UnixMilli()))
		})
	}
	return list, err
}

type storedKeyInput struct {
	AuthHeader
	Kid ledger.KeyID `path:"kid" zh:"公钥指纹" en:"Key id"`
}

// deleteStoredKey deletes a stored key of the caller that is not valid on the ledger.
func (s *Server) deleteStoredKey(ctx context.Context, in *storedKeyInput) (*struct{}, error) {
	b, err := s.token(ctx, in.Authorization)
	if err == nil {
		err = ofParty(b)
	}
	if err != nil {
		return nil, err
	}
	list, err := s.storedKeysOf(ctx, b.Party)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(k wire.StoredKey) bool { return k.Kid == in.Kid })
	switch {
	case i < 0:
		return nil, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At("kid")
	case list[i].Valid:
		return nil, ledger.Refuse(ledger.Conflict, ledger.ReasonState).At("kid").By("key_in_use")
	}
	if err := s.Auth.Spend(ctx, b); err != nil {
		return nil, err
	}
	return nil, s.Custody.Delete(ctx, b.Party, []ledger.KeyID{in.Kid})
}
