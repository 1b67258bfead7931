package node

import (
	"errors"
	"fmt"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// applicationFile has the application with which the data authority admits a node.
const applicationFile = "application.jws"

// Join lays out a further node of a shared ledger in dir, with its keys and the trust
// file t, and returns its application for admission. The node can be opened when the data
// authority has admitted it.
func Join(dir string, s Settings, operator ledger.USCC, t evidence.Trust) (string, error) {
	if !s.Backend.Shared() {
		return "", words.Errorf("增设节点须有共用的账本：请用 --fabric PROFILE 指明网络", "a further node needs a shared ledger: name the network with --fabric PROFILE")
	}
	if s.URL == "" {
		return "", ledger.Invalid("url", "required")
	}
	if len(t.Fabric) == 0 {
		return "", words.Errorf("该信任文件属于单一节点自有的账本：请取得 Fabric 上账本的信任文件", "this trust file belongs to a ledger that one node uses alone: get the trust file of a ledger on Fabric")
	}
	d := folder(dir)
	made, err := d.make(s, operator)
	if err != nil {
		return "", err
	}
	made.settings.Ledger, made.settings.GenesisSHA256 = t.Ledger, t.Genesis
	if err := errors.Join(d.saveTrust(t), d.saveSettings(made.settings), durable.WriteFile(d.path(applicationFile), []byte(made.application+"\n"))); err != nil {
		return "", fmt.Errorf("lay out node: %w", err)
	}
	return made.application, d.finish()
}
