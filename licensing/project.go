package licensing

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Project applies one event inside tx. From then until Refresh, decisions about the
// parties that it touches read their licenses again, so no decision uses the licenses
// from before the commit.
func (l *Licensing) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := l.Prepare([]ledger.Event{e})
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare decodes the events and returns the step that writes them.
func (l *Licensing) Prepare(events []ledger.Event) (readmodel.Step, error) {
	var touched []ledger.ID
	for _, e := range events {
		touched = append(touched, l.Touched(e)...)
	}
	write, err := readmodel.PrepareRecords(events, func(_ ledger.Event, r ledger.Record) (readmodel.Step, error) { return prepare(r) })
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		l.mu.Lock()
		for _, p := range touched {
			l.moving[p] = true
		}
		l.mu.Unlock()
		return write(ctx, tx)
	}, nil
}

// Touched returns the parties whose licenses an event changes.
func (l *Licensing) Touched(e ledger.Event) []ledger.ID {
	var parties []ledger.ID
	for _, r := range e.Records {
		if r.Ref.Kind() != ledger.KindLicense {
			continue
		}
		var v struct {
			Assignee ledger.ID `json:"assignee"`
		}
		if err := json.Unmarshal(r.Value, &v); err == nil && v.Assignee != "" && !slices.Contains(parties, v.Assignee) {
			parties = append(parties, v.Assignee)
		}
	}
	return parties
}

// Refresh replaces the compiled policies of parties. The node calls it after the commit
// of a block that touched them, before it answers the block's calls.
func (l *Licensing) Refresh(parties ...ledger.ID) {
	l.engine.Invalidate(parties...)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parties {
		delete(l.moving, p)
	}
}

// RefreshAll replaces the policies of all parties, as Refresh does, after the read model
// was replaced.
func (l *Licensing) RefreshAll() { l.engine.InvalidateAll() }

func prepare(r ledger.Record) (readmodel.Step, error) {
	switch r.Ref.Kind() {
	case ledger.KindLicense:
		return prepareLicense(r)
	case ledger.KindEnvironment:
		return prepareEnvironment(r)
	case ledger.KindSubmission:
		return prepareSubmission(r)
	case ledger.KindEntry:
		return prepareEntry(r)
	case ledger.KindParty:
		return prepareParty(r)
	}
	return nil, nil
}

var (
	licenseRow = readmodel.Row{
		Table: "licensing_license", Key: "id", Once: []string{"assignee", "assigner"}, Columns: []string{"state", "value"},
	}.Upsert()
	environmentRow = readmodel.Row{Table: "licensing_environment", Key: "id", Columns: []string{"kid", "value"}}.Upsert()
	submissionRow  = readmodel.Row{Table: "licensing_submission", Key: "payload", Once: []string{"value"}}.Upsert()
	entryRow       = readmodel.Row{Table: "licensing_entry", Key: "id", Columns: []string{"resource", "submission", "value"}}.Upsert()
	partyRow       = readmodel.Row{Table: "licensing_party", Key: "id", Columns: []string{"active"}}.Upsert()
)

const (
	addScope    = "INSERT INTO licensing_scope (region, target, license) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
	addExcluded = "INSERT INTO licensing_excluded (license, resource) VALUES (?, ?) ON CONFLICT DO NOTHING"
)

func prepareLicense(r ledger.Record) (readmodel.Step, error) {
	v, err := readmodel.Decode[ledger.License](r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		if err := readmodel.Exec(ctx, tx, licenseRow, v.ID, v.Assignee, v.Assigner, v.State, string(r.Value)); err != nil {
			return err
		}
		for _, t := range targets(v.LicenseTerms) {
			if err := readmodel.Exec(ctx, tx, addScope, v.Region, t, v.ID); err != nil {
				return err
			}
		}
		for _, x := range v.Excluded {
			if err := readmodel.Exec(ctx, tx, addExcluded, v.ID, x); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// everything is the target of a license of mode whole.
const everything = "*"

// targets returns the targets of a license, by its mode.
func targets(t ledger.LicenseTerms) []string {
	var list []string
	switch t.Mode {
	case ledger.Whole:
		list = append(list, everything)
	case ledger.Domain:
		for _, d := range t.Domains {
			list = append(list, domainTarget(d))
		}
	case ledger.Scenario:
		for _, id := range t.Resources {
			list = append(list, resourceTarget(id))
		}
	}
	return list
}

func domainTarget(name string) string       { return "domain/" + name }
func resourceTarget(id ledger.ID) string    { return "resource/" + string(id) }
func wider(r ledger.Region) []ledger.Region { return []ledger.Region{r, r[:4] + "00", r[:2] + "0000"} }

func prepareEnvironment(r ledger.Record) (readmodel.Step, error) {
	v, err := readmodel.Decode[ledger.Environment](r)
	if err != nil {
		return nil, err
	}
	return readmodel.Write(environmentRow, v.ID, v.Kid, string(r.Value)), nil
}

// submitted and entered are the two parts of an Entry: one from the submission of the
// resource, one from the registry's entry. Their JSON is merged when it is read.
type (
	submitted struct {
		Title string         `json:"title"`
		Facts submittedFacts `json:"facts"`
	}
	submittedFacts struct {
		Region ledger.Region `json:"region"`
		Domain string        `json:"domain"`
		Level  ledger.Level  `json:"level"`
	}
	entered struct {
		ID          ledger.ID           `json:"id"`
		Facts       enteredFacts        `json:"facts"`
		State       ledger.EntryState   `json:"state"`
		Suspensions []ledger.Suspension `json:"suspensions"`
		ValidFrom   ledger.Date         `json:"valid_from"`
		ValidUntil  ledger.Date         `json:"valid_until"`
	}
	enteredFacts struct {
		Resource ledger.ID `json:"resource"`
		Holder   ledger.ID `json:"holder"`
	}
)

func prepareSubmission(r ledger.Record) (readmodel.Step, error) {
	narrow := ledger.Record{Ref: r.Ref, Value: readmodel.Submitted(r.Value, "title", "spatial", "domain", "level")}
	v, err := readmodel.Decode[struct {
		Resource struct {
			Title   string        `json:"title"`
			Spatial ledger.Region `json:"spatial"`
			Domain  string        `json:"domain"`
			Level   ledger.Level  `json:"level"`
		} `json:"resource"`
	}](narrow)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(submitted{v.Resource.Title, submittedFacts{v.Resource.Spatial, v.Resource.Domain, v.Resource.Level}})
	if err != nil {
		return nil, err
	}
	return readmodel.Write(submissionRow, r.Ref.ID(), string(b)), nil
}

func prepareEntry(r ledger.Record) (readmodel.Step, error) {
	v, err := readmodel.Decode[struct {
		ID          ledger.ID           `json:"id"`
		Subject     ledger.ID           `json:"subject_id"`
		SubjectHash ledger.Digest       `json:"subject_hash"`
		Holder      ledger.ID           `json:"holder"`
		State       ledger.EntryState   `json:"state"`
		Suspensions []ledger.Suspension `json:"suspensions"`
		ValidFrom   ledger.Date         `json:"valid_from"`
		ValidUntil  ledger.Date         `json:"valid_until"`
	}](r)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(entered{v.ID, enteredFacts{v.Subject, v.Holder}, v.State, v.Suspensions, v.ValidFrom, v.ValidUntil})
	if err != nil {
		return nil, err
	}
	return readmodel.Write(entryRow, v.ID, v.Subject, v.SubjectHash, string(b)), nil
}

func prepareParty(r ledger.Record) (readmodel.Step, error) {
	v, err := readmodel.Decode[ledger.Party](r)
	if err != nil {
		return nil, err
	}
	return readmodel.Write(partyRow, v.ID, v.Active()), nil
}
