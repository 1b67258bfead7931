package demo

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Shared is a ledger that several organizations share. The demonstration joins it with
// a new node and new parties, so that it can be played many times on one ledger.
type Shared struct {
	Backend   node.Backend
	Genesis   string          // a demonstration's genesis; submitted if the ledger is empty
	Trust     json.RawMessage // the organizations' CAs: fabric of the trust file
	Authority client.Profile  // data authority and implementer, which admits parties
}

// serial returns nine random digits, so that parties and nodes of two demonstrations
// differ.
func serial() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		return "", words.Errorf("生成随机数：%v", "draw number: %v", err)
	}
	return fmt.Sprintf("%09d", n), nil
}

// openShared joins the ledger with a node, has it admitted, and serves it.
func (s *story) openShared() error {
	number, err := serial()
	if err != nil {
		return err
	}
	s.origin = "demo-" + number + ".cadastre.example"
	genesis, err := ledger.ParseCall(s.Shared.Genesis)
	if err != nil {
		return words.Errorf("创世请求：%v", "genesis: %v", err)
	}
	code, err := s.uscc("12430300000000009")
	if err != nil {
		return err
	}
	trust := evidence.Trust{
		Ledger: genesis.Call.Ledger, Genesis: ledger.DigestOf([]byte(s.Shared.Genesis)), Logs: []string{}, Fabric: s.Shared.Trust,
	}
	settings := node.Settings{
		Name: "演示市公共数据登记与运营平台 " + number, Region: region, Origin: s.origin, URL: s.address(), Backend: s.Shared.Backend, Objects: s.Objects, Limits: limits(),
	}
	application, err := node.Join(s.Dir, settings, code, trust)
	if err != nil {
		return err
	}
	key, err := s.Shared.Authority.Signer()
	if err != nil {
		return err
	}
	now := s.now()
	admission, err := ledger.SignCall(key, ledger.Call{
		Ledger: trust.Ledger, ID: node.NewID(), Party: s.Shared.Authority.Party, Function: ledger.FnPartyAdmit, Time: now, Expires: now + 60_000,
	}, ledger.PartyAdmitArgs{Application: application})
	if err != nil {
		return err
	}
	if err := node.Record(s.ctx, s.Dir, s.Log, s.Now, s.Shared.Genesis, admission); err != nil {
		return err
	}
	if err := s.start(); err != nil {
		return err
	}
	s.say("== 加入共享账本：%s（演示账本，期限为 0 天，不具有法律效力），本节点 %s",
		"== A shared ledger: %s (a demonstration: limits of 0 days, no legal effect), joined by the node %s", trust.Ledger, s.origin)
	s.say("   创世请求摘要 %s", "   genesis %s", trust.Genesis)
	a := &actor{name: "bureau", id: s.Shared.Authority.Party, key: key, party: ledger.PartyProfile{Name: s.Shared.Authority.Name}}
	s.cast[a.name] = a
	return s.join(a, trust.Ledger)
}

// address is the URL to which other nodes send clients of this one: where it is served
// after the story.
func (s *story) address() string {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil || port == "0" {
		return "http://127.0.0.1:8480"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// uscc completes a unified social credit code. On a shared ledger its body after the
// region's code is random.
func (s *story) uscc(body string) (ledger.USCC, error) {
	if s.Shared != nil {
		number, err := serial()
		if err != nil {
			return "", err
		}
		body = body[:8] + number
	}
	return ledger.USCC(body + string(ledger.USCCCheck(body))), nil
}

// start opens the node of the folder and serves it.
func (s *story) start() (err error) {
	s.result.Trust = filepath.Join(s.Dir, "trust.json")
	if s.node, err = node.Open(s.ctx, node.Options{Dir: s.Dir, Store: s.Store, Log: s.Log, Now: s.Now, Version: s.Version, Checkers: s.Checkers}); err != nil {
		return err
	}
	return s.serve()
}

// blocks returns the number of blocks of a shared ledger.
func (s *story) blocks() (int64, error) {
	var h wire.Health
	if err := s.cast["regulator"].Get(s.ctx, "/readyz", &h); err != nil {
		return 0, words.Errorf("节点就绪情况：%v", "readiness: %v", err)
	}
	if h.Ledger.Head == 0 {
		return 0, words.Errorf("节点没有账本的任何区块", "the node knows no block of the ledger")
	}
	return int64(h.Ledger.Head) + 1, nil
}
