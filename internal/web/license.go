package web

import (
	"context"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/licensing"
)

func (s *Server) licenseRoutes() {
	get(s, "/v1/licenses", "licenses", "Licenses 授权", s.licenses)
	get(s, "/v1/licenses/explain", "explain", "May this party use this resource, and why 授权判定说明", s.explain)
	get(s, "/v1/licenses/{id}", "license", "A license 授权", func(ctx context.Context, in *ByID) (*answer[ledger.License], error) {
		return say(s.Licensing.License(ctx, in.ID))
	})
	get(s, "/v1/environments/{id}", "environment", "A controlled environment 受控环境", s.environment)
}

type licensesInput struct {
	Paging
	Assignee ledger.ID           `query:"assignee"`
	Assigner ledger.ID           `query:"assigner"`
	State    ledger.LicenseState `query:"state" list:"license_states"`
	Resource ledger.ID           `query:"resource" doc:"covered by the license"`
}

func (s *Server) licenses(ctx context.Context, in *licensesInput) (*answer[pageOf[ledger.License]], error) {
	found, next, err := s.Licensing.List(ctx, licensing.Filter{
		Assignee: in.Assignee, Assigner: in.Assigner, State: in.State,
		Resource: in.Resource,
	}, in.Cursor, in.Limit)
	return say(page(found, next), err)
}

type explainInput struct {
	AuthHeader
	Party    ledger.ID           `query:"party" required:"true"`
	Resource ledger.ID           `query:"resource" required:"true"`
	Class    ledger.PurposeClass `query:"class" list:"purpose_classes" doc:"of the purpose; left out: any"`
	Code     string              `query:"code" doc:"of the purpose" maxLength:"64"`
	Action   string              `query:"action" list:"actions" doc:"left out: any"`
	Day      ledger.Date         `query:"day" doc:"today unless told"`
}

// explain asks without doing: for the party itself, and for whoever supervises or licenses.
func (s *Server) explain(ctx context.Context, in *explainInput) (*answer[licensing.Explanation], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	if p.ID != in.Party && !p.Has(ledger.RoleImplementer) && !s.CanRead(p.Roles, "everything") {
		return nil, ledger.Refuse(ledger.Forbidden, ledger.ReasonNotYours).At("party")
	}
	if err := ledger.First(in.Party.Validate("party"), in.Resource.Validate("resource")); err != nil {
		return nil, err
	}
	if in.Day != "" {
		if err := in.Day.Validate("day"); err != nil {
			return nil, err
		}
	}
	return say(s.Licensing.Explain(ctx, licensing.Question{
		Party: in.Party, Facts: ledger.Facts{Resource: in.Resource},
		Purpose: ledger.Purpose{Class: in.Class, Code: in.Code}, Action: in.Action, Day: in.Day,
	}))
}

// environment is for its operator, the implementer who set it, and supervisors.
func (s *Server) environment(ctx context.Context, in *privateID) (*answer[ledger.Environment], error) {
	p, err := s.reader(ctx, in.Authorization)
	if err != nil {
		return nil, err
	}
	e, err := s.Licensing.Environment(ctx, in.ID)
	if err != nil {
		return nil, sought(err)
	}
	if e.Operator != p.ID && e.SetBy != p.ID {
		err = s.watched(ctx, p, ledger.RefTo(ledger.KindEnvironment, e.ID), "id")
	}
	return say(e, err)
}
