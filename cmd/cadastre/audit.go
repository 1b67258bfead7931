package main

import (
	"errors"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/internal/terminal"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

type auditCmd struct {
	proving.Audit

	Fabric       string `zh:"Fabric：某组织的连接配置；重放该组织自己对端的区块" en:"Fabric: connection profile of an organization, whose own peer's blocks are replayed." type:"existingfile" placeholder:"PROFILE"`
	Channel      string `zh:"Fabric：通道" en:"Fabric: the channel." default:"cadastre"`
	Chaincode    string `zh:"Fabric：链码" en:"Fabric: the chaincode." default:"register"`
	Organization string `zh:"Fabric：连接配置中询问其对端的组织" en:"Fabric: organization of the profile whose peer is asked." placeholder:"ORG"`
	User         string `zh:"Fabric：该组织的客户端身份" en:"Fabric: client identity of that organization." default:"User1"`
}

// Page shows examples, and what an audit of a register on Fabric checks.
func (auditCmd) Page() terminal.Page {
	return terminal.Page{
		{Lines: "cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json\ncadastre audit /var/lib/cadastre --trust trust.json\n" +
			"cadastre audit http://127.0.0.1:8480 --trust trust.json --profile regulator.json --sign auditor.key\n" +
			"cadastre audit --fabric profile.yaml --organization regulator --trust trust.json --profile regulator.json --node ORIGIN=URL"},
		{
			ZH: "节点只向监管单位提供其日志条目。按文件夹审计时（无论节点是否运行），还比对账本状态的每一行。退出码 5 表示发现不符，4 表示有回执日志未能读取。",
			EN: "A node gives the entries of its log to regulators only. For a folder, whether its node runs or not, the rows of the state are compared too. Exit code 5 means that the audit found faults, 4 that a receipt log could not be read.",
		},
		{
			ZH: "账本在 Fabric 上时（--fabric，或其节点的文件夹），读取本组织自己对端的区块：每个区块须承接前一区块，内容与其区块头一致；每笔有效交易须由信任文件所列组织中达到法定数目者在当时的状态上背书，所写须恰为其请求所写；因所读已变而无效的交易，其所读须确已改变；每个请求均重放。不核对：排序节点的签名，对端因其他原因拒绝的交易（只计数），以及对端的状态数据库。",
			EN: "For a register on Fabric (--fabric, or the folder of a node on it) the audit reads the blocks of the organization's own peer. It checks that each block follows the block before it and has the content that its header states; that each valid transaction was endorsed on the state of that time by a quorum of the trust file's organizations, and writes exactly what its calls write; and that each transaction that is invalid because of what it read had read something that changed. It replays each call. It does not check the signatures of the orderers, transactions that the peer rejects for other reasons (it counts them), and the peer's state database.",
		},
	}
}

// Run replays the ledger and prints what was found.
func (c *auditCmd) Run(p *program) error {
	b, err := c.backend(p)
	if err != nil {
		return err
	}
	if b.Shared() {
		if c.Sign != "" {
			return errors.New(p.say("Fabric 上的登记簿没有可联署的检查点：请去掉 --sign", "a register on Fabric has no checkpoint to cosign: remove --sign"))
		}
		c.Chain = func(t evidence.Trust) (proving.Chain, error) {
			return node.OpenHistory(b, t, logger(p.err), now)
		}
	}
	return c.Audit.Run(p.ctx, p.proving())
}

// backend returns the register's backend if it is Fabric. A folder names it itself.
func (c *auditCmd) backend(p *program) (node.Backend, error) {
	if c.Fabric != "" {
		if c.Organization == "" {
			return node.Backend{}, errors.New(p.say("请用 --organization 指明连接配置中本单位所属的组织", "name your organization in the connection profile with --organization"))
		}
		return node.Backend{
			Kind: node.KindFabric, Profile: c.Fabric, Channel: c.Channel, Chaincode: c.Chaincode, Organization: c.Organization, User: c.User,
		}, nil
	}
	if !c.OfFolder() {
		return node.Backend{}, nil
	}
	b, err := node.BackendOf(c.Where)
	if err != nil { // the audit itself reports what is missing
		return node.Backend{}, nil //nolint:nilerr // as above
	}
	return b, nil
}
