package registry

import (
	"context"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// Application returns an application with its last submission, or NotFound. Only its
// applicant, its registry body and their supervisors may read it.
func (r *Registry) Application(ctx context.Context, id ledger.ID) (ledger.ApplicationDetail, error) {
	return readmodel.One[ledger.ApplicationDetail](ctx, r.read, missing("application"),
		"SELECT value FROM registry_application_detail WHERE id = ?", id)
}

// Notice is the public part of an application in its notice period (R12): applicant,
// kind, name and summary. An objection must cite Application and Answers.
type Notice struct {
	Application ledger.ID     `json:"application" zh:"登记申请" en:"application"`
	Answers     ledger.Digest `json:"answers" zh:"异议须以 answers 引用的请求" en:"call that an objection cites as answers"`
	Registrant  string        `json:"registrant" zh:"登记主体" en:"registrant"`
	Kind        string        `json:"kind" form:"enum=application_kinds" zh:"登记类型" en:"kind of application"`
	Name        string        `json:"name" zh:"数据名称" en:"name of the data"`
	Summary     string        `json:"summary" zh:"摘要" en:"summary"`
	From        ledger.Date   `json:"from" zh:"审核通过日：公示期自次日起" en:"day of passing: the period begins on the next day"`
	Until       ledger.Date   `json:"until" zh:"公示期最后一日，至 24 时" en:"last day of the period, until 24:00"`
	Provisional bool          `json:"provisional,omitempty" zh:"该年放假安排尚未登记，期限按周一至周五推算" en:"the year has no recorded list of working days: Monday to Friday are assumed"`
}

// Notices returns a page of the applications in their notice period, the last submitted
// first, and the cursor of the next page. A notice period of 0 days (demo ledgers)
// lasts until the next step.
func (r *Registry) Notices(ctx context.Context, p readmodel.Page) ([]Notice, string, error) {
	lists, err := r.Years(ctx)
	if err != nil {
		return nil, "", err
	}
	day := r.today()
	found, next, err := readmodel.FilterPage(ctx, r.read, applications, p, func(a ledger.ApplicationDetail) bool {
		return a.Notice != nil && (a.Notice.Days == 0 || ledger.Date(lastDay(lists, *a.Notice).Due) >= day)
	}, readmodel.Is(byState, ledger.AppNoticed))
	if err != nil {
		return nil, "", err
	}
	notices := make([]Notice, len(found))
	for i, a := range found {
		notices[i] = notice(a, lastDay(lists, *a.Notice))
		if notices[i].Registrant, err = nameOf(ctx, r.read, a.Applicant); err != nil {
			return nil, "", err
		}
	}
	return notices, next, nil
}

func notice(a ledger.ApplicationDetail, due calendar.Due) Notice {
	return Notice{
		Application: a.ID, Answers: a.Cite.Payload, Kind: a.Kind, Name: a.Resource.Title, Summary: a.Resource.Description,
		From: a.Notice.From, Until: ledger.Date(due.Due), Provisional: due.Provisional,
	}
}
