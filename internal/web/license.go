package web

import (
	"context"
	"errors"

	"github.com/datacadastre/cadastre/internal/sight"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
)

func (s *Server) licenseRoutes() {
	open(s, ledger.KindLicense, "/v1/licenses", "licenses", says("授权", "Licenses"),
		says("按当事单位、状态与所覆盖的资源查询授权，任何人可查。", "Finds licenses by their parties, state and the resource that they cover, for anyone."), s.licenses)
	get(s, ledger.ReadExplanation, "/v1/licenses/explain", "explain", says("授权判定说明", "May this party use this resource, and why"),
		says("只问不做：不留回执，不计次数。限该单位、实施机构与监管人员。", "Decides without doing: no receipt is made and no use is counted. For the party itself, implementers and regulators."), s.explain)
	open(s, ledger.KindLicense, "/v1/licenses/{id}", "license", says("授权", "A license"),
		says("一项授权，任何人可查。", "One license, for anyone."), func(ctx context.Context, in *ByID) (ledger.License, error) {
			return s.Licensing.License(ctx, in.ID)
		})
	one(s, ledger.KindEnvironment, ledger.KindEnvironment, "/v1/environments/{id}", "environment", says("受控环境", "A controlled environment"),
		says("一个受控环境。限其运营机构、登记该环境的实施机构与监管人员。", "One controlled environment. For its operator, the implementer who recorded it, and regulators."), s.Licensing.Environment)
}

type licensesInput struct {
	Paging
	Assignee ledger.ID           `query:"assignee" zh:"被授权的运营机构" en:"Operator that is licensed"`
	Assigner ledger.ID           `query:"assigner" zh:"授权的实施机构" en:"Implementer that licenses"`
	State    ledger.LicenseState `query:"state" form:"enum=license_states" zh:"状态" en:"State"`
	Resource ledger.ID           `query:"resource" zh:"授权所覆盖的资源" en:"Resource that the license covers"`
}

func (s *Server) licenses(ctx context.Context, in *licensesInput) (pageOf[ledger.License], error) {
	found, next, err := s.Licensing.List(ctx, licensing.Filter{
		Assignee: in.Assignee, Assigner: in.Assigner, State: in.State,
		Resource: in.Resource,
	}, in.Cursor, in.Limit)
	return unlessUnknown(ctx, page(found, next), err, filterBy("assignee", in.Assignee, s.Registry.Party),
		filterBy("assigner", in.Assigner, s.Registry.Party), filterBy("resource", in.Resource, s.Registry.Resource))
}

type explainInput struct {
	AuthHeader
	Party    ledger.ID           `query:"party" required:"true" zh:"要使用的单位" en:"Party that would use it"`
	Resource ledger.ID           `query:"resource" required:"true" zh:"要使用的资源" en:"Resource that would be used"`
	Class    ledger.PurposeClass `query:"class" form:"enum=purpose_classes" zh:"用途类别；不填则不限" en:"Class of the purpose; any by default"`
	Code     string              `query:"code" form:"word=64" zh:"用途代码" en:"Code of the purpose"`
	Action   string              `query:"action" form:"enum=actions" zh:"动作；不填则不限" en:"Action; any by default"`
	Day      ledger.Date         `query:"day" zh:"判定日，默认今日" en:"Day of the decision; today by default"`
}

// explain answers whether a party may use a resource. The region of the party decides who
// may read the explanation.
func (s *Server) explain(ctx context.Context, in *explainInput) (*answer[licensing.Explanation], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	item := sight.Item{Ref: ledger.RefTo(ledger.KindResource, in.Resource), Readers: &ledger.Readers{
		As: ledger.ReadExplanation, Parties: []ledger.ID{in.Party}, Under: ledger.RefTo(ledger.KindParty, in.Party),
	}}
	err = s.Sight.Look(ctx, &p, item, "party")
	if errors.Is(err, ledger.NotFound) {
		return nil, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("party")
	}
	if err != nil {
		return nil, err
	}
	if in.Day != "" { // its pattern does not check the days of a month
		if err := in.Day.Validate("query.day"); err != nil {
			return nil, err
		}
	}
	return say(s.Licensing.Explain(ctx, licensing.Question{
		Party: in.Party, Facts: ledger.Facts{Resource: in.Resource},
		Purpose: ledger.Purpose{Class: in.Class, Code: in.Code}, Action: in.Action, Day: in.Day,
	}))
}
