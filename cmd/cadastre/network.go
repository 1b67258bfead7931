package main

import (
	"encoding/json"
	"errors"
	"os"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// fabricFlags name a running Fabric network that a command uses.
type fabricFlags struct {
	Network      string `zh:"Fabric：网络说明文件 network.json（make fabric-up 写出）；此时 --profile 为数据管理部门的身份文件" en:"Fabric: the network's description, network.json, which make fabric-up writes; --profile is then that of the data authority." type:"existingfile" placeholder:"FILE"`
	Organization string `zh:"Fabric：本节点对端所属的组织" en:"Fabric: the organization whose peer is used." default:"bureau" placeholder:"ORG"`
}

// fabricNetwork is the part of a network's description that these commands use, with the
// key that may admit parties there.
type fabricNetwork struct {
	Channel   string `json:"channel"`
	Chaincode string `json:"chaincode"`
	Bare      string `json:"bare_package"` // empty: no chaincode to compare with
	TrustFile string `json:"trust_file"`
	Genesis   struct {
		File string `json:"file"`
	} `json:"genesis"`
	Organizations []member `json:"organizations"`

	own     member
	genesis string // JWS
	trust   []byte
	profile client.Profile
	key     *ledger.Key // the data authority's
}

type member struct {
	Name    string `json:"name"`
	Profile string `json:"profile"`
	User    string `json:"user"`
}

// open reads the description and the files that it names.
func (f fabricFlags) open(p *program) (fabricNetwork, error) {
	var n fabricNetwork
	if f.Network == "" || p.Profile == "" {
		return n, errors.New(p.say("请用 --network 指明 network.json，并用 --profile 指明数据管理部门的身份文件（make fabric-up 会写出两者）",
			"name network.json with --network and the data authority's profile with --profile (make fabric-up writes both)"))
	}
	b, err := os.ReadFile(f.Network)
	if err != nil {
		return n, words.Errorf("网络说明：%v", "network: %v", err)
	}
	if err := json.Unmarshal(b, &n); err != nil {
		return n, words.Errorf("网络说明 %s：%v", "network %s: %v", f.Network, err)
	}
	for _, m := range n.Organizations {
		if m.Name == f.Organization {
			n.own = m
		}
	}
	if n.own.Name == "" || n.Genesis.File == "" {
		return n, words.Errorf("网络说明 %s 中没有组织 %s，或没有创世文件：请用 make fabric-up 启动网络", "network %s: it has no organization %s, or no genesis file: start it with make fabric-up", f.Network, f.Organization)
	}
	genesis, err := os.ReadFile(n.Genesis.File)
	if err != nil {
		return n, words.Errorf("创世请求：%v", "genesis: %v", err)
	}
	n.genesis = string(trimmed(genesis))
	if n.trust, err = os.ReadFile(n.TrustFile); err != nil {
		return n, words.Errorf("网络的信任文件：%v", "trust of the network: %v", err)
	}
	if n.profile, err = client.LoadProfile(p.Profile); err != nil {
		return n, err
	}
	n.key, err = n.profile.Signer()
	return n, err
}
