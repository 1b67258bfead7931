package demo

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/web"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

const region = ledger.Region("430300")

// role is one member of the cast: its party and its roles.
type role struct {
	key, name, uscc string
	kind            ledger.PartyKind
	roles           []ledger.Role
}

func parts() []role {
	return []role{
		{"registrar", "演示市数据登记中心", "12430300000000001", ledger.Institution, []ledger.Role{ledger.RoleRegistryBody}},
		{"holder", "演示市住房和城乡建设局", "11430300000000002", ledger.Organ, []ledger.Role{ledger.RoleHolder}},
		{"transport", "演示市交通运输局", "11430300000000003", ledger.Organ, []ledger.Role{ledger.RoleHolder}},
		{"operator", "演示数据运营有限公司", "91430300000000004", ledger.Enterprise, []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}},
		{"operator2", "演示智行科技有限公司", "91430300000000005", ledger.Enterprise, []ledger.Role{ledger.RoleOperator, ledger.RoleBuyer}},
		{"buyer", "演示工程机械租赁有限公司", "91430300000000006", ledger.Enterprise, []ledger.Role{ledger.RoleBuyer}},
		{"emergency", "演示市应急管理局", "11430300000000007", ledger.Organ, []ledger.Role{ledger.RoleBuyer}},
		{"regulator", "演示市数据监管处", "11430300000000008", ledger.Organ, []ledger.Role{ledger.RoleRegulator}},
	}
}

// open creates the node, begins its ledger and serves it.
func (s *story) open() error {
	if s.Shared != nil {
		return s.openShared()
	}
	s.origin = "demo.cadastre.example"
	code, err := s.uscc("12430300000000009")
	if err != nil {
		return err
	}
	settings := node.Settings{Name: "演示市公共数据登记与运营平台", Region: region, Origin: s.origin, Objects: s.Objects, Limits: limits()}
	request, err := node.Make(s.Dir, settings, code, s.Now())
	if err != nil {
		return err
	}
	a, err := s.actor(role{
		"bureau", "演示市数据局", "1143030000000000A", ledger.Organ,
		[]ledger.Role{ledger.RoleDataAuthority, ledger.RoleImplementer},
	})
	if err != nil {
		return err
	}
	recovery, err := ledger.NewKey()
	if err != nil {
		return err
	}
	jws, err := node.SignGenesis(request, node.Authority{Profile: a.party, Key: a.key, Recovery: recovery.Public()}, ledger.Limits{}, true, s.Now())
	if err != nil {
		return err
	}
	trust, err := node.Begin(s.ctx, s.Dir, jws, nil, s.Now)
	if err != nil {
		return err
	}
	if err := s.start(); err != nil {
		return err
	}
	s.say("== 账本创建：%s（演示账本，期限为 0 天，不具有法律效力）", "== A ledger begins: %s (a demonstration: limits of 0 days, no legal effect)", trust.Ledger)
	s.say("   创世请求摘要 %s", "   genesis %s", trust.Genesis)
	return s.join(a, trust.Ledger)
}

// limits returns the limits of the node: no rates, because one address plays all parties.
func limits() node.Limits {
	l := node.DefaultLimits()
	l.Rate = 0
	return l
}

// serve accepts requests until the story ends.
func (s *story) serve() error {
	ctx, stop := context.WithCancel(s.ctx)
	up, down := make(chan string, 1), make(chan error, 1)
	go func() {
		down <- web.New(s.node.Services()).Serve(ctx, web.Listen{Address: s.Listen}, func(url string) { up <- url })
	}()
	s.stop = func() error {
		stop()
		return <-down
	}
	select {
	case s.url = <-up:
		return nil
	case err := <-down:
		s.stop = func() error { stop(); return nil }
		return err
	}
}

func (s *story) close() error {
	var err error
	if s.stop != nil {
		err = s.stop()
	}
	return errors.Join(err, s.node.Close(context.WithoutCancel(s.ctx)))
}

func (s *story) actor(r role) (*actor, error) {
	key, err := ledger.NewKey()
	if err != nil {
		return nil, err
	}
	code, err := s.uscc(r.uscc)
	if err != nil {
		return nil, err
	}
	a := &actor{name: r.key, id: node.NewID(), key: key}
	a.party = ledger.PartyProfile{
		ID: a.id, Name: r.name, USCC: code, Kind: r.kind, Roles: r.roles, Region: region,
		Affiliates: []ledger.USCC{}, Keys: []ledger.NewKeyArg{{JWK: key.Public(), Use: ledger.UseSign, Custody: ledger.CustodySelf}},
	}
	s.cast[r.key] = a
	return a, nil
}

// join writes the actor's profile and makes its client.
func (s *story) join(a *actor, id ledger.ID) error {
	p := client.Profile{URL: s.url, Origin: s.origin, Ledger: id, Party: a.id, Name: a.party.Name}
	path := filepath.Join(s.Dir, "profiles", a.name+".json")
	if err := errors.Join(p.SetKey(a.key), p.Save(path)); err != nil {
		return err
	}
	s.result.Profiles[a.name] = path
	var err error
	a.Client, err = client.New(p, s.lang(), s.Now)
	return err
}

func (s *story) lang() string {
	if s.English {
		return "en"
	}
	return "zh"
}

// admission admits the parties: each proves that it owns its key.
func (s *story) admission() error {
	s.say("\n== 准入：各单位自持密钥，由数据管理部门核验后登记", "\n== Admission: every party has its own key; the data authority verifies and admits")
	id := s.cast["bureau"].Profile().Ledger
	for _, r := range parts() {
		a, err := s.actor(r)
		if err != nil {
			return err
		}
		jws, err := ledger.SignProfile(a.key, a.party)
		if err != nil {
			return err
		}
		if _, err := s.do("bureau", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws}); err != nil {
			return err
		}
		if err := s.join(a, id); err != nil {
			return err
		}
		s.say("   %s %s［%s］", "   %s %s [%s]", a.party.Name, a.id, s.roles(a.party.Roles))
	}
	twice := s.cast["buyer"].party
	twice.ID = node.NewID()
	jws, err := ledger.SignProfile(s.cast["buyer"].key, twice)
	if err != nil {
		return err
	}
	_, err = s.cast["bureau"].Call(s.ctx, ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})
	if err := wantRefusal(err, ledger.ReasonExists); err != nil {
		return words.Errorf("同一代码再次准入：%v", "a second admission with one code: %v", err)
	}
	return nil
}
