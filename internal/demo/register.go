package demo

import (
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// resource returns an invented data resource of a holder of the cast.
func (s *story) resource(holder, title, description, domain string) ledger.Resource {
	return ledger.Resource{
		ID: node.NewID(), Title: title, Description: description, Publisher: s.cast[holder].id,
		CatalogClass: "department", Domain: domain, Sector: "E48", Spatial: region, Temporal: ledger.Temporal{Start: "2024-01-01"},
		Periodicity: "daily", Modified: s.now(), Keywords: []string{"演示", domain}, Obtained: "own",
		SourceBasis: salted("依职责采集"), ShareType: "conditional", OpenType: "conditional",
		SupplyMode: []string{"share", "authorized_operation"}, Format: "csv", RowCount: 10000, ByteSize: 1 << 20,
		Level: ledger.General, LevelBasis: salted("不涉及个人信息"), PIStatus: ledger.PINone,
		Items: []ledger.Item{
			{Name: "machine_id", Label: "设备编号", DataType: "string", Length: 16, IsKey: true, Level: ledger.General, PIStatus: ledger.PINone},
			{Name: "observed_at", Label: "观测时间", DataType: "datetime", Level: ledger.General, PIStatus: ledger.PINone},
			{Name: "engine_hours", Label: "发动机小时", DataType: "decimal", Level: ledger.General, PIStatus: ledger.PINone},
		},
		Quality: ledger.Quality{
			Normative: 96, Complete: 95, Accurate: 97, Consistent: 95, Timely: 98, Accessible: 99,
			Assessor: "演示质量评价中心", AssessedOn: s.today(),
		},
	}
}

func materials(id ledger.ID) []ledger.Material {
	var m []ledger.Material
	for _, g := range ledger.MaterialGroups() {
		text := string(g) + " of " + string(id)
		m = append(m, ledger.Material{Group: g, SHA256: digest(text), Bytes: int64(len(text)), Name: salted(string(g) + ".pdf")})
	}
	return m
}

// apply deposits a source record and submits the application.
func (s *story) apply(holder string, r ledger.Resource) (app ledger.ID, payload ledger.Digest, err error) {
	hash := digest("source of " + string(r.ID))
	if _, err = s.do(holder, ledger.FnDeposit, ledger.DepositArgs{SHA256: hash, Bytes: r.ByteSize}); err != nil {
		return "", "", err
	}
	app = node.NewID()
	out, err := s.do(holder, ledger.FnAppSubmit, s.submission(app, r, hash))
	return app, out.Payload, err
}

func (s *story) submission(app ledger.ID, r ledger.Resource, hash ledger.Digest) ledger.AppSubmitArgs {
	return ledger.AppSubmitArgs{
		Application: app, Body: s.cast["registrar"].id, Resource: r, Deposit: hash, Materials: materials(r.ID),
		InternalReview: ledger.Review{By: "局长办公会", On: s.today(), SHA256: digest("review of " + string(r.ID))},
	}
}

// examine accepts an application and passes it: the notice period begins.
func (s *story) examine(app ledger.ID, last ledger.Digest) (ledger.Digest, error) {
	out, err := s.do("registrar", ledger.FnAppAccept, ledger.AppStepArgs{Application: app, Answers: last})
	if err != nil {
		return "", err
	}
	out, err = s.do("registrar", ledger.FnAppPass, ledger.AppPassArgs{
		AppStepArgs: ledger.AppStepArgs{Application: app, Answers: out.Payload},
		Checklist:   []string{"complete", "consistent", "admissible"},
	})
	return out.Payload, err
}

func (s *story) code(app ledger.ID, last ledger.Digest) (string, error) {
	if _, err := s.do("registrar", ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: ledger.AppStepArgs{Application: app, Answers: last}}); err != nil {
		return "", err
	}
	var e ledger.EntryDetail
	if err := s.cast["registrar"].Get(s.ctx, "/v1/entries/"+string(app), &e); err != nil {
		return "", err
	}
	s.say("   《%s》赋码 %s，有效期至 %s", "   “%s” is coded %s, valid until %s", e.Resource.Title, e.CadCode, e.ValidUntil)
	return string(e.CadCode), nil
}

// registration registers three resources: one without incident, one that is returned
// and objected to, and one that is refused.
func (s *story) registration() error {
	s.say("\n== 登记：存证、申请、受理、形式审核、公示、赋码", "\n== Registration: deposit, application, acceptance, examination, notice, code")
	for _, f := range []func() error{s.straight, s.returned, s.refused} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) straight() error {
	r := s.resource("holder", "工程机械运行遥测数据", "本市在建工地工程机械的逐小时运行遥测，含设备编号、观测时间与发动机小时。", "industry")
	app, last, err := s.apply("holder", r)
	if err != nil {
		return err
	}
	if last, err = s.examine(app, last); err != nil {
		return err
	}
	s.telemetry = r.ID
	s.code0, err = s.code(app, last)
	s.result.Code = s.code0
	return err
}

// returned registers a resource whose application is returned once for a missing page,
// resubmitted, and objected to in the notice period.
func (s *story) returned() error {
	r := s.resource("transport", "公交车辆到离站信息", "本市公交车辆在各站点的到站与离站时刻，由车载终端实时采集。", "transport")
	app, last, err := s.apply("transport", r)
	if err != nil {
		return err
	}
	out, err := s.do("registrar", ledger.FnAppReturn, ledger.AppReturnArgs{
		AppStepArgs: ledger.AppStepArgs{Application: app, Answers: last},
		Defects:     []ledger.Defect{{Field: "materials.risk_assessment", Rule: "R9.1"}},
	})
	if err != nil {
		return err
	}
	s.result.Returned++
	s.say("   《%s》退回一次：安全风险评估不完整，已补正", "   “%s” was returned once: its risk assessment was incomplete; corrected", r.Title)
	out, err = s.do("transport", ledger.FnAppResubmit, ledger.AppResubmitArgs{Answers: out.Payload, AppSubmitArgs: s.submission(app, r, digest("source of "+string(r.ID)))})
	if err != nil {
		return err
	}
	if last, err = s.examine(app, out.Payload); err != nil {
		return err
	}
	objection := node.NewID()
	out, err = s.do("operator2", ledger.FnAppObject, ledger.AppObjectArgs{
		Application: app, Objection: objection, Answers: last,
		Ground: "source_of_part", Evidence: []ledger.Digest{digest("contract of 2023")},
	})
	if err != nil {
		return err
	}
	s.result.Objected++
	_, err = s.cast["registrar"].Call(s.ctx, ledger.FnAppCode, ledger.AppCodeArgs{AppStepArgs: ledger.AppStepArgs{Application: app, Answers: out.Payload}})
	if err := wantRefusal(err, ledger.ReasonOpen); err != nil {
		return words.Errorf("异议未决时赋码：%v", "a code while an objection is open: %v", err)
	}
	s.say("   公示期内有异议：未处理前不得赋码；经审核不成立", "   An objection in the notice period: no code while it is open; examined and rejected")
	out, err = s.do("registrar", ledger.FnAppDecide, ledger.AppDecideArgs{
		AppStepArgs: ledger.AppStepArgs{Application: app, Answers: out.Payload},
		Objection:   objection, Reason: salted("来源清楚，异议不成立"),
	})
	if err != nil {
		return err
	}
	s.traffic = r.ID
	_, err = s.code(app, out.Payload)
	return err
}

func (s *story) refused() error {
	r := s.resource("holder", "涉密工程位置数据", "含有不得公开的工程位置，经审核属于国家秘密，登记机构不予受理。", "other")
	app, last, err := s.apply("holder", r)
	if err != nil {
		return err
	}
	if _, err := s.do("registrar", ledger.FnAppRefuse, ledger.AppRefuseArgs{AppStepArgs: ledger.AppStepArgs{Application: app, Answers: last}, Reason: ledger.ReasonStateSecret}); err != nil {
		return err
	}
	s.result.Refused++
	s.say("   《%s》不予受理：国家秘密", "   “%s” is refused: a state secret", r.Title)
	return nil
}

// catalogue registers every record of a file for one holder.
func (s *story) catalogue() error {
	if s.Catalogue == "" {
		return nil
	}
	return s.importCatalogue()
}
