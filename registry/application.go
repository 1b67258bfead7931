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

// NoticeStatus is the status of a public notice on a day.
type NoticeStatus string

// The closed list of statuses of a notice.
const (
	NoticePending NoticeStatus = "pending" // before its first day
	NoticeRunning NoticeStatus = "running" // objections are taken
	NoticeOver    NoticeStatus = "over"    // past its last day; the application is still open
	NoticeEnded   NoticeStatus = "ended"   // the application has ended
)

// Notice is a public notice (R12): registrant, kind, name and summary, with its number,
// its days and its status today. An objection must cite Application and Answers.
type Notice struct {
	Application ledger.ID     `json:"application" zh:"登记申请" en:"application"`
	Serial      string        `json:"serial" form:"pattern=notice_serial" zh:"公示编号" en:"number of the notice"`
	Answers     ledger.Digest `json:"answers" zh:"异议须以 answers 引用的请求" en:"call that an objection cites as answers"`
	Registrant  string        `json:"registrant" zh:"登记主体" en:"registrant"`
	Kind        string        `json:"kind" form:"enum=application_kinds" zh:"登记类型" en:"kind of application"`
	Name        string        `json:"name" zh:"数据名称" en:"name of the data"`
	Summary     string        `json:"summary" zh:"摘要" en:"summary"`
	From        ledger.Date   `json:"from" zh:"公示首日" en:"first day"`
	Until       ledger.Date   `json:"until" zh:"公示期最后一日，至 24 时" en:"last day of the period, until 24:00"`
	Provisional bool          `json:"provisional,omitempty" zh:"该年放假安排尚未登记，期限按周一至周五推算" en:"the year has no recorded list of working days: Monday to Friday are assumed"`
	Status      NoticeStatus  `json:"status" form:"enum=notice_statuses" zh:"当日状态；公示中可提出异议" en:"status today; while it runs, objections are taken"`
}

// noticed is a notice with the state of its application.
type noticed struct {
	ledger.Notice
	State ledger.ApplicationState `json:"state"`
}

// Notices returns a page of the public notices, the last published first, and the
// cursor of the next page. Given a status, it returns those that have it today. A
// notice period of 0 days (demo ledgers) lasts until the next step.
func (r *Registry) Notices(ctx context.Context, status NoticeStatus, p readmodel.Page) ([]Notice, string, error) {
	lists, err := r.Years(ctx)
	if err != nil {
		return nil, "", err
	}
	day := r.today()
	found, next, err := readmodel.FilterPage(ctx, r.read, notices, p, func(n noticed) bool {
		return status == "" || n.status(lastDay(lists, n.Until), day) == status
	})
	if err != nil {
		return nil, "", err
	}
	list := make([]Notice, len(found))
	for i, n := range found {
		if list[i], err = r.notice(ctx, n, lastDay(lists, n.Until), day); err != nil {
			return nil, "", err
		}
	}
	return list, next, nil
}

// Notice returns the notice of an application, or NotFound.
func (r *Registry) Notice(ctx context.Context, application ledger.ID) (Notice, error) {
	n, err := readmodel.One[noticed](ctx, r.read, missing("notice"), "SELECT value FROM registry_notice_detail WHERE application = ?", application)
	if err != nil {
		return Notice{}, err
	}
	lists, err := r.Years(ctx)
	if err != nil {
		return Notice{}, err
	}
	return r.notice(ctx, n, lastDay(lists, n.Until), r.today())
}

func (r *Registry) notice(ctx context.Context, n noticed, due calendar.Due, day ledger.Date) (Notice, error) {
	registrant, err := nameOf(ctx, r.read, n.Registrant)
	return Notice{
		Application: n.Application, Serial: n.Serial, Answers: n.Cite.Payload, Registrant: registrant, Kind: n.Kind, Name: n.Title,
		Summary: n.Summary, From: n.From, Until: ledger.Date(due.Due), Provisional: due.Provisional, Status: n.status(due, day),
	}, err
}

// status returns the status of a notice that lasts until due. Until can be later than
// the recorded day, because a new list of working days lengthens a period.
func (n noticed) status(due calendar.Due, day ledger.Date) NoticeStatus {
	switch {
	case n.State != ledger.AppNoticed:
		return NoticeEnded
	case day < n.From:
		return NoticePending
	case n.Until.Days == 0 || day <= ledger.Date(due.Due):
		return NoticeRunning
	}
	return NoticeOver
}
