package main

import (
	"errors"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

type auditCmd struct {
	proving.Audit

	Fabric       string `help:"Fabric: connection profile of an organization; its own peer's blocks are replayed." type:"existingfile" placeholder:"PROFILE"`
	Channel      string `help:"Fabric: the channel." default:"cadastre"`
	Chaincode    string `help:"Fabric: the chaincode." default:"register"`
	Organization string `help:"Fabric: organization of the profile whose peer is asked." placeholder:"ORG"`
	User         string `help:"Fabric: client identity of that organization." default:"User1"`
}

// Help shows examples, and what an audit of a register on Fabric looks at.
func (auditCmd) Help() string {
	return `cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json
cadastre audit /var/lib/cadastre --trust trust.json
cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json --sign auditor.key
cadastre audit --fabric profile.yaml --organization regulator --trust trust.json --profile regulator.json --node ORIGIN=URL
A node gives the entries of its log to regulators. Of a folder, running or not, the rows of the state are
compared too. Exit code 5 says that something was found, 4 that a receipt log could not be read.
Of a register on Fabric (--fabric, or the folder of a node on it) the blocks of the organization's own peer are
read: each follows the one before it and holds what its header says; each transaction that counts was endorsed by
a quorum of the trust file's organizations, on what stood then, and writes what its calls write and nothing else;
each that does not count for what it had read, had read what changed; each call is replayed. Not looked at: the
orderers' signatures, transactions that the peer refuses for other reasons (counted), and the peer's state database.`
}

// Run replays the ledger and prints what was found.
func (c *auditCmd) Run(p *program) error {
	b, err := c.backend(p)
	if err != nil {
		return err
	}
	if b.Shared() {
		if c.Sign != "" {
			return errors.New(p.say("Fabric 上的登记簿没有可联署的检查点：请去掉 --sign", "a register on Fabric has no checkpoint to cosign: take --sign out"))
		}
		c.Chain = func(t evidence.Trust) (proving.Chain, error) {
			return node.OpenHistory(b, t, logger(p.err, false), now)
		}
	}
	return c.Audit.Run(p.ctx, p.proving())
}

// backend is where the register is kept, if on Fabric; a folder says so itself.
func (c *auditCmd) backend(p *program) (node.Backend, error) {
	if c.Fabric != "" {
		if c.Organization == "" {
			return node.Backend{}, errors.New(p.say("请用 --organization 指明连接配置中本单位所属的组织", "name your organization of the profile with --organization"))
		}
		return node.Backend{
			Kind: node.KindFabric, Profile: c.Fabric, Channel: c.Channel, Chaincode: c.Chaincode, Organization: c.Organization, User: c.User,
		}, nil
	}
	if !c.OfFolder() {
		return node.Backend{}, nil
	}
	b, err := node.BackendOf(c.Where)
	if err != nil { // the audit itself says what is missing
		return node.Backend{}, nil //nolint:nilerr // as above
	}
	return b, nil
}
