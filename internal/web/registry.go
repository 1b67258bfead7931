package web

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/internal/records"
	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

func (s *Server) registryRoutes() {
	open(s, ledger.KindEntry, "/v1/resources", "resources", says("检索数据资源", "Search registered resources"),
		says("按词语、持有单位、领域、区划与状态检索已登记的资源，并给出各项计数。", "Finds registered resources by words, holder, domain, region and status, and counts them by each."), s.resources)
	open(s, ledger.KindEntry, "/v1/resources/{id}", "resource", says("数据资源", "A registered resource"),
		says("任何人可查的登记内容。", "What everyone may read about it."), func(ctx context.Context, in *ByID) (registry.Summary, error) {
			return s.Registry.Resource(ctx, in.ID)
		})
	one(s, ledger.KindEntry, ledger.ReadEntryRecord, "/v1/entries/{id}", "entry", says("登记结果", "An entry as it is recorded"),
		says("登记凭证背后的记录。限持有单位、登记机构、运营机构、实施机构与监管人员。", "The record behind a certificate. For its holder, its registry body, operators, implementers and regulators."), s.Registry.Entry)
	open(s, ledger.ReadCertificate, "/v1/certificates/{code}", "certificate", says("登记凭证", "The certificate of a code"),
		says("以平台编号或登记结果查询码查询凭证及其当日状态。", "Finds a certificate by its platform number or the official code, with its status today."), func(ctx context.Context, in *codeInput) (registry.Certificate, error) {
			return s.certificate(ctx, in.Code)
		})
	open(s, ledger.ReadNotice, "/v1/notices", "notices", says("公示", "Public notices"),
		says("登记申请的公示，含已结束的，任何人可查；可按当日状态筛选。", "Public notices of applications, also those of the past, for everyone; they can be filtered by their status today."), s.notices)
	open(s, ledger.ReadNotice, "/v1/notices/{id}", "notice", says("一件申请的公示", "The notice of an application"),
		says("公示编号、起止日期、当日状态与四项公示内容，任何人可查。", "Its number, first and last day, its status today and what is published of the application, for everyone."), func(ctx context.Context, in *ByID) (registry.Notice, error) {
			return s.Registry.Notice(ctx, in.ID)
		})
	open(s, ledger.KindParty, "/v1/parties", "parties", says("单位", "Parties"),
		says("已准入的单位及其公钥，任何人可查：核验者需要。", "Admitted parties with their public keys, for everyone: they are needed to verify signatures."), s.parties)
	open(s, ledger.KindParty, "/v1/parties/{id}", "party", says("单位", "A party"),
		says("一个单位及其公钥，任何人可查。", "One party with its public keys, for anyone."), s.party)
	get(s, ledger.KindApplication, "/v1/applications", "applications", says("登记申请", "Applications"),
		says("申请单位看到自己的，登记机构看到交由其办理的和本区划的，监管人员看到本区划的。", "Applicants see their applications, registry bodies those sent to them and those of their region, regulators those of their region."), s.applications)
	one(s, ledger.KindApplication, ledger.KindApplication, "/v1/applications/{id}", "application", says("登记申请", "An application"),
		says("一件登记申请。限其当事单位、本区划的登记机构与监管人员；其他人得到的回答与不存在相同。", "One application. For the parties to it and for registry bodies and regulators of its region; others get the same answer as for an application that does not exist."), s.Registry.Application)
	get(s, ledger.KindDeposit, "/v1/deposits/{sha256}", "deposit", says("存证", "A deposit"),
		says("一个哈希的存证：何时、由谁存入。限存证单位与本区划的监管人员；提出申请之后，限可查看该申请者。", "The deposit of a hash: when and by whom. For the depositor and for regulators of its region; once it is used in an application, for the readers of that."), s.deposit)
	list[ledger.LogRecord](s, ledger.KindLog, "/v1/logs", "logs", says("回执日志", "Receipt logs"),
		says("各节点回执日志的名称、所属单位与验证公钥，任何人可查。", "The name, the owner and the verifier key of each node's receipt log, for anyone."))
	get(s, ledger.ReadAlarm, "/v1/alarms", "alarms", says("超期提醒", "Overdue steps"),
		says("已超过期限的登记环节。登记机构看到自己的，监管人员看到本区划的。", "Steps of registration that are overdue. Registry bodies see their own, regulators those of their region."), s.alarms)
	open(s, ledger.KindCalendar, "/v1/calendar", "calendar", says("工作日历", "Recorded lists of working days"),
		says("数据管理部门按国务院办公厅放假安排登记的各年工作日。", "The State Council's lists of holidays and working weekends, by year, as the data authority recorded them."), func(ctx context.Context, _ *struct{}) (pageOf[ledger.CalendarYear], error) {
			years, err := s.Registry.CalendarYears(ctx)
			return pageOf[ledger.CalendarYear]{Items: years}, err
		})
}

type resourcesInput struct {
	Paging
	Text   string          `query:"q" form:"text=1..200" zh:"检索词，中文或英文，须全部出现" en:"words, Chinese or English; each must occur"`
	Holder ledger.ID       `query:"holder" zh:"持有单位" en:"Holder"`
	Domain string          `query:"domain" form:"enum=domains" zh:"领域" en:"Domain"`
	Region ledger.Region   `query:"region" zh:"区划及其所辖" en:"Region, including all regions in it"`
	State  registry.Status `query:"state" form:"enum=entry_statuses" zh:"当日状态" en:"Status today"`
}

func (s *Server) resources(ctx context.Context, in *resourcesInput) (registry.Page, error) {
	found, err := s.Registry.Search(ctx, registry.Query{
		Text: in.Text, Holder: in.Holder, Domain: in.Domain, Region: in.Region,
		State: in.State, Cursor: in.Cursor, Limit: in.Limit,
	})
	if err == nil && found.Total == 0 {
		err = unknown(ctx, filterBy("holder", in.Holder, s.Registry.Party))
	}
	return found, err
}

type codeInput struct {
	Code string `path:"code" form:"bytes=1..64" zh:"平台编号或登记结果查询码" en:"platform number or official code"`
}

// certificate adds the lines of use and operate to a certificate: the license that covers
// the resource now, or that there are several, or no license.
func (s *Server) certificate(ctx context.Context, code string) (registry.Certificate, error) {
	c, err := s.Registry.Certificate(ctx, code)
	if err != nil {
		return c, err
	}
	covering, err := s.Licensing.InForce(ctx, c.Subject)
	if err != nil {
		return c, err
	}
	line := registry.RightLine{Kind: registry.LineNobody}
	switch {
	case len(covering) == 1:
		l := covering[0]
		p, err := s.Registry.Party(ctx, l.Assignee)
		if err != nil {
			return c, err
		}
		line = registry.RightLine{Kind: registry.LineLicense, Party: &registry.Named{ID: p.ID, Name: p.Name}, License: l.ID, From: l.StartOn, Until: l.EndOn}
	case len(covering) > 1:
		line.Kind = registry.LineList
	}
	c.Rights.Use, c.Rights.Operate = line, line
	return c, nil
}

type noticesInput struct {
	Paging
	Status registry.NoticeStatus `query:"status" form:"enum=notice_statuses" zh:"当日状态" en:"Status today"`
}

func (s *Server) notices(ctx context.Context, in *noticesInput) (pageOf[registry.Notice], error) {
	found, next, err := s.Registry.Notices(ctx, in.Status, readmodel.Page{Cursor: in.Cursor, Limit: in.Limit})
	return page(found, next), err
}

// public returns what everyone may read about a party; it passes err on.
func (s *Server) public(ctx context.Context, p ledger.Party, err error) (wire.PublicParty, error) {
	if err != nil {
		return wire.PublicParty{}, err
	}
	keys, err := s.Registry.Keys(ctx, p.ID)
	return wire.PublicParty{
		ID: p.ID, Name: p.Name, USCC: p.USCC, Kind: p.Kind, Roles: p.Roles, Region: p.Region,
		Active: p.Active(), Keys: keys, Cite: p.Cite,
	}, err
}

type partiesInput struct {
	Paging
	Role ledger.Role `query:"role" form:"enum=roles" zh:"角色" en:"Role"`
	Name string      `query:"name" form:"text=1..100" zh:"完整名称" en:"complete name"`
	ByIDs
}

// ByIDs narrows a list to the records of some ids.
type ByIDs struct {
	IDs []ledger.ID `query:"ids" form:"list=1..100" zh:"只列这些编号的记录，以逗号分隔；没有的略去；不与其他条件并用" en:"only the records with these ids, separated by commas; ids without a record are left out; not together with other conditions"`
}

// each returns the records with the ids, in their order, without those that are not
// found.
func each[T any](ids []ledger.ID, find func(ledger.ID) (T, error)) (pageOf[T], error) {
	out := pageOf[T]{Items: []T{}}
	for _, id := range ids {
		v, err := find(id)
		if errors.Is(err, ledger.NotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

func (s *Server) parties(ctx context.Context, in *partiesInput) (pageOf[wire.PublicParty], error) {
	if len(in.IDs) > 0 {
		return each(in.IDs, func(id ledger.ID) (wire.PublicParty, error) { return s.party(ctx, &ByID{ID: id}) })
	}
	out := pageOf[wire.PublicParty]{Items: []wire.PublicParty{}}
	if in.Name != "" {
		found, err := s.Registry.PartyByName(ctx, in.Name)
		if errors.Is(err, ledger.NotFound) {
			return out, nil
		}
		p, err := s.public(ctx, found, err)
		out.Items = append(out.Items, p)
		return out, err
	}
	found, next, err := s.Registry.Parties(ctx, registry.PartyFilter{Role: in.Role, Cursor: in.Cursor, Limit: in.Limit})
	for _, f := range found {
		p, err := s.public(ctx, f, nil)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, p)
	}
	out.Next = next
	return out, err
}

func (s *Server) party(ctx context.Context, in *ByID) (wire.PublicParty, error) {
	p, err := s.Registry.Party(ctx, in.ID)
	return s.public(ctx, p, err)
}

type depositInput struct {
	AuthHeader
	SHA256 ledger.Digest `path:"sha256" zh:"所存证的哈希" en:"the hash that was deposited"`
}

// deposit answers with the deposit of a hash.
func (s *Server) deposit(ctx context.Context, in *depositInput) (*answer[ledger.Deposit], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	ref := ledger.RefTo(ledger.KindDeposit, in.SHA256)
	if err := s.Sight.Look(ctx, &p, sight.Item{Ref: ref}, "sha256"); err != nil {
		return nil, err
	}
	return say(records.Get[ledger.Deposit](ctx, s.Records, ref))
}

type applicationsInput struct {
	AuthHeader
	Paging
	State ledger.ApplicationState `query:"state" form:"enum=application_states" zh:"状态" en:"State"`
}

// applications lists the applications that the caller may read.
func (s *Server) applications(ctx context.Context, in *applicationsInput) (*answer[pageOf[ledger.ApplicationDetail]], error) {
	scope, err := s.scope(ctx, in.Authorization, ledger.KindApplication)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Registry.Applications(ctx, registry.Filter{Readers: scope, State: in.State, Cursor: in.Cursor, Limit: in.Limit})
	return say(page(found, next), err)
}

// alarms lists the overdue steps that the caller may read.
func (s *Server) alarms(ctx context.Context, in *AuthHeader) (*answer[pageOf[registry.Alarm]], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	found, err := s.Registry.Overdue(ctx)
	if err != nil {
		return nil, err
	}
	found, err = sight.Visible(ctx, s.Sight, &p, ledger.ReadAlarm, found, ledger.RefTo(ledger.KindApplication, "overdue"))
	return say(page(found, ""), err)
}
