package registry

import (
	"context"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// Application is the record of an application; NotFound if there is none. It is
// for its applicant, its registry body and who supervises them.
func (r *Registry) Application(ctx context.Context, id ledger.ID) (ledger.Application, error) {
	return one[ledger.Application](ctx, r.read, "application", "SELECT value FROM registry_application WHERE id = ?", id)
}

// Filter narrows a listing of applications; empty members don't.
type Filter struct {
	Body      ledger.ID
	Applicant ledger.ID
	State     ledger.ApplicationState
	Cursor    string
	Limit     int
}

// Applications lists applications, the last submitted first, with the cursor of
// the next page.
func (r *Registry) Applications(ctx context.Context, f Filter) ([]ledger.Application, string, error) {
	at, err := parsePlace(f.Cursor, 0, 0)
	if err != nil {
		return nil, "", err
	}
	limit, err := size(f.Limit)
	if err != nil {
		return nil, "", err
	}
	if f.State != "" {
		if err := ledger.OneOf("state", f.State, ledger.ApplicationStates()); err != nil {
			return nil, "", err
		}
	}
	return page[ledger.Application](ctx, r.read, limit, "SELECT n, value FROM registry_application WHERE n < ?1 "+
		"AND (?2 = '' OR body = ?2) AND (?3 = '' OR applicant = ?3) AND (?4 = '' OR state = ?4) ORDER BY n DESC LIMIT ?5",
		at.n, f.Body, f.Applicant, f.State)
}

// Notice is what is public of an application in its notice period (R12): who,
// which kind, name and summary, and nothing more of the matter. Application and
// Answers are what an objection must cite.
type Notice struct {
	Application ledger.ID     `json:"application"`
	Answers     ledger.Digest `json:"answers"`
	Registrant  string        `json:"registrant"`
	Kind        string        `json:"kind"`
	Name        string        `json:"name"`
	Summary     string        `json:"summary"`
	From        ledger.Date   `json:"from"`  // the day of passing: the period begins on the next
	Until       ledger.Date   `json:"until"` // its last day, to 24:00
	Provisional bool          `json:"provisional,omitempty"`
}

// Notices lists the applications whose notice period runs, the last submitted
// first, DefaultPage at once, with the cursor of the next page. A period of 0 days
// (demo ledgers) runs until the next step.
func (r *Registry) Notices(ctx context.Context, cursor string) ([]Notice, string, error) {
	at, err := parsePlace(cursor, 0, 0)
	if err != nil {
		return nil, "", err
	}
	lists, err := r.Years(ctx)
	if err != nil {
		return nil, "", err
	}
	notices, next, last, day := []Notice{}, "", int64(0), r.today()
	var registrants []ledger.ID
	err = numbered(ctx, r.read, func(n int64, a ledger.Application) bool {
		if a.Notice == nil {
			return true
		}
		due := lastDay(lists, *a.Notice)
		if a.Notice.Days > 0 && ledger.Date(due.Due) < day {
			return true
		}
		if len(notices) == DefaultPage {
			next = place{n: last}.cursor()
			return false
		}
		notices, registrants, last = append(notices, notice(a, due)), append(registrants, a.Applicant), n
		return true
	}, "SELECT n, value FROM registry_application WHERE state = 'noticed' AND n < ? ORDER BY n DESC", at.n)
	if err != nil {
		return nil, "", err
	}
	for i, id := range registrants {
		if notices[i].Registrant, err = nameOf(ctx, r.read, id); err != nil {
			return nil, "", err
		}
	}
	return notices, next, nil
}

func notice(a ledger.Application, due calendar.Due) Notice {
	return Notice{
		Application: a.ID, Answers: a.Cite.Payload, Kind: a.Kind, Name: a.Resource.Title, Summary: a.Resource.Description,
		From: a.Notice.From, Until: ledger.Date(due.Due), Provisional: due.Provisional,
	}
}
