package main

import (
	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger"
)

type storedKeysCmd struct {
	List   storedKeysListCmd  `cmd:"" zh:"列出节点为本单位保管的密钥" en:"List the keys that the node stores for the party." example:"cadastre party stored-keys list --profile holder.json"`
	Delete storedKeyDeleteCmd `cmd:"" zh:"删除在账本上无效的保管密钥" en:"Delete a stored key that is not valid on the ledger."`
}

type storedKeysListCmd struct{}

// Run lists the keys.
func (storedKeysListCmd) Run(p *program) error {
	return p.list("/v1/custody/keys", wire.StoredKey{}, "kid", "use", "created", "valid")
}

type storedKeyDeleteCmd struct {
	Kid ledger.KeyID `arg:"" zh:"公钥指纹" en:"Key id."`
}

// Page shows an example.
func (storedKeyDeleteCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre party stored-keys delete KID --profile holder.json"},
		{
			ZH: "如生成密钥后答复丢失：该密钥未登记，却仍占名额。有效的密钥须先更换或停用。",
			EN: "For example a key whose answer was lost: it is not recorded, but counts. A valid key must be replaced or revoked first.",
		},
	}
}

// Run deletes the key.
func (c *storedKeyDeleteCmd) Run(p *program) error {
	a, err := p.actor()
	if err != nil {
		return err
	}
	if err := a.DeleteStoredKey(p.ctx, c.Kid); err != nil {
		return err
	}
	if p.JSON {
		return p.json(map[string]ledger.KeyID{"deleted": c.Kid})
	}
	return p.line(p.say("保管的密钥 %s 已删除。", "The stored key %s is deleted."), c.Kid)
}
