package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/internal/bigram"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Project stores genesis, parties, keys, calendar, submissions, applications, notices
// and entries from e. Records of other kinds belong to other packages.
func (r *Registry) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := r.Prepare([]ledger.Event{e})
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare decodes the events and returns the step that writes them.
func (r *Registry) Prepare(events []ledger.Event) (readmodel.Step, error) {
	b := batch{applications: map[ledger.Ref]int{}}
	for _, e := range events {
		for _, rec := range e.Records {
			if err := r.prepare(&b, e, rec); err != nil {
				return nil, readmodel.EventError(e, fmt.Errorf("project %s: %w", rec.Ref, err))
			}
		}
	}
	return b.write, nil
}

func (r *Registry) prepare(b *batch, e ledger.Event, rec ledger.Record) error {
	switch rec.Ref.Kind() {
	case ledger.KindGenesis:
		b.add(rec.Ref, row(genesisRow, 1, string(rec.Value)))
	case ledger.KindCalendar:
		return b.addYear(rec)
	case ledger.KindParty:
		return b.addParty(rec)
	case ledger.KindKey:
		return b.addKey(rec)
	case ledger.KindSubmission:
		r.recent.add(ledger.Digest(rec.Ref.ID()), rec.Value)
		b.submissions = append(b.submissions, rec.Ref.ID(), readmodel.Pack(rec.Value))
	case ledger.KindApplication:
		return b.addApplication(rec)
	case ledger.KindNotice:
		b.add(rec.Ref, row(noticeRow, rec.Ref.ID(), string(rec.Value)))
	case ledger.KindEntry:
		return r.addEntry(b, e, rec)
	}
	return nil
}

// batch is what a group of events writes. Submissions are written first, because
// applications and entries refer to them. Search terms are written last: other writes
// between them would make SQLite merge them one by one.
type batch struct {
	submissions  []any
	steps        []step
	applications map[ledger.Ref]int // indexes in steps; of two states of one application the last is written, in place of the first
}

// step writes one record.
type step struct {
	ref   ledger.Ref
	write func(*writer) error
}

func (b *batch) add(ref ledger.Ref, write func(*writer) error) {
	b.steps = append(b.steps, step{ref, write})
}

// writer is the transaction that writes a batch.
type writer struct {
	ctx   context.Context //nolint:containedctx // one batch, one context
	tx    *sql.Tx
	names map[ledger.ID]string // terms of parties' names, until they change
	found map[int64][2]string  // terms of the title and of the rest, by entry
}

func (b *batch) write(ctx context.Context, tx *sql.Tx) error {
	w := writer{ctx, tx, map[ledger.ID]string{}, map[int64][2]string{}}
	if err := submissionRows.Write(b.submissions)(ctx, tx); err != nil {
		return err
	}
	for _, s := range b.steps {
		if err := s.write(&w); err != nil {
			return fmt.Errorf("project %s: %w", s.ref, err)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(w.found)) {
		if err := w.exec(foundRow, n, w.found[n][0], w.found[n][1]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) exec(query string, args ...any) error {
	return readmodel.Exec(w.ctx, w.tx, query, args...)
}

func row(query string, args ...any) func(*writer) error {
	return func(w *writer) error { return w.exec(query, args...) }
}

// number returns the number of an existing row.
func (w *writer) number(query string, id ledger.ID) (n int64, err error) {
	if err := w.tx.QueryRowContext(w.ctx, query, string(id)).Scan(&n); err != nil {
		return 0, fmt.Errorf("read number: %w", err)
	}
	return n, nil
}

var (
	genesisRow     = readmodel.Row{Table: "registry_genesis", Key: "one", Columns: []string{"value"}}.Upsert()
	yearRow        = readmodel.Row{Table: "registry_calendar", Key: "year", Columns: []string{"value"}}.Upsert()
	partyRow       = readmodel.Row{Table: "registry_party", Key: "id", Columns: []string{"name", "region", "lies", "value"}}.Upsert()
	keyRow         = readmodel.Row{Table: "registry_key", Key: "kid", Once: []string{"party"}, Columns: []string{"value"}}.Upsert()
	submissionRows = readmodel.NewRows("registry_submission", "payload", "value")
	applicationRow = readmodel.Row{
		Table: "registry_application", Key: "id", Once: []string{"applicant", "region"}, Columns: []string{"body", "state", "value", "submission"},
	}.Upsert(map[string]string{
		"submission": numberOf, "region": "(SELECT coalesce(max(lies), '') FROM registry_party WHERE id = ?)", // region of the applicant
	})
	noticeRow = readmodel.Row{Table: "registry_notice", Key: "application", Columns: []string{"value"}}.Upsert()
	entryRow  = readmodel.Row{
		Table: "registry_entry", Key: "id", Once: []string{"subject", "cad_code"},
		Columns: []string{"holder", "body", "domain", "region", "state", "suspended", "valid_until", "registry_code"},
	}.Upsert()
	// The first event of an entry has the call that coded it; later events only change
	// the state.
	textRow = readmodel.Row{Table: "registry_entry_text", Key: "n", Once: []string{"coding"}, Columns: []string{"submission", "value"}}.
		Upsert(map[string]string{"submission": numberOf})
)

// numberOf is the number of a submission, by its payload. For an unknown payload it is
// NULL, which the tables refuse.
const numberOf = "(SELECT n FROM registry_submission WHERE payload = ?)"

const foundRow = "INSERT OR REPLACE INTO registry_found (rowid, title, rest) VALUES (?, ?, ?)"

func (b *batch) addYear(r ledger.Record) error {
	y, err := readmodel.Decode[ledger.CalendarYear](r)
	if err != nil {
		return err
	}
	b.add(r.Ref, row(yearRow, y.Year, string(r.Value)))
	return nil
}

func (b *batch) addParty(r ledger.Record) error {
	p, err := readmodel.Decode[ledger.Party](r)
	if err != nil {
		return err
	}
	b.add(r.Ref, func(w *writer) error {
		delete(w.names, p.ID)
		lies, err := liesIn(w.ctx, w.tx, p)
		if err != nil {
			return err
		}
		if err := w.exec(partyRow, p.ID, p.Name, p.Region, lies, string(r.Value)); err != nil {
			return err
		}
		// A RETURNING clause would make SQLite write a statement journal.
		n, err := w.number("SELECT n FROM registry_party WHERE id = ?", p.ID)
		if err != nil {
			return err
		}
		if err := w.exec("DELETE FROM registry_party_role WHERE n = ?", n); err != nil {
			return err
		}
		for _, role := range p.Roles {
			if err := w.exec("INSERT INTO registry_party_role (role, n) VALUES (?, ?) ON CONFLICT DO NOTHING", role, n); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// liesIn returns the region of a party's records (ledger.Readers): the party's own
// region if it is inside that of the authority that admitted it, else the authority's.
func liesIn(ctx context.Context, tx *sql.Tx, p ledger.Party) (ledger.Region, error) {
	above, err := textOf(ctx, tx, "region", p.AdmittedBy)
	if authority := ledger.Region(above); err != nil || authority != "" && !authority.Covers(p.Region) {
		return authority, err
	}
	return p.Region, nil
}

// addKey stores a key of a party, except the recovery key: it can neither sign calls
// nor log in.
func (b *batch) addKey(r ledger.Record) error {
	k, err := readmodel.Decode[ledger.KeyRecord](r)
	if err == nil && !k.Recovery {
		b.add(r.Ref, row(keyRow, k.Kid, k.Party, string(r.Value)))
	}
	return err
}

// addApplication stores an application, which refers to its submission by number.
func (b *batch) addApplication(r ledger.Record) error {
	a, err := readmodel.Decode[struct {
		ID            ledger.ID     `json:"id"`
		Applicant     ledger.ID     `json:"applicant"`
		Body          ledger.ID     `json:"body"`
		State         string        `json:"state"`
		SubmitPayload ledger.Digest `json:"submit_payload"`
	}](r)
	if err != nil {
		return err
	}
	write := row(applicationRow, string(a.ID), string(a.Applicant), string(a.Applicant), string(a.Body), a.State, string(r.Value), string(a.SubmitPayload))
	if at, ok := b.applications[r.Ref]; ok {
		b.steps[at].write = write
		return nil
	}
	b.applications[r.Ref] = len(b.steps)
	b.add(r.Ref, write)
	return nil
}

// addEntry stores the narrow row, the record and the search terms of an entry. Its
// submission is stored already.
func (r *Registry) addEntry(b *batch, ev ledger.Event, rec ledger.Record) error {
	e, err := readmodel.Decode[struct {
		ID           ledger.ID     `json:"id"`
		Subject      ledger.ID     `json:"subject_id"`
		SubjectHash  ledger.Digest `json:"subject_hash"`
		Holder       ledger.ID     `json:"holder"`
		Body         ledger.ID     `json:"registry_body"`
		CadCode      string        `json:"cad_code"`
		RegistryCode string        `json:"registry_code"`
		State        string        `json:"state"`
		Suspensions  []struct{}    `json:"suspensions"`
		ValidUntil   string        `json:"valid_until"`
	}](rec)
	if err != nil {
		return err
	}
	coding, err := json.Marshal(ledger.Cite{Party: ev.Party, Call: ev.Call, Payload: ev.Payload})
	if err != nil {
		return fmt.Errorf("encode citation: %w", err)
	}
	official := sql.NullString{String: e.RegistryCode, Valid: e.RegistryCode != ""}
	text, err := r.recent.get(e.SubjectHash)
	if err != nil {
		return err
	}
	b.add(rec.Ref, func(w *writer) error {
		s := text
		if s == nil {
			if s, err = w.submittedText(e.SubjectHash); err != nil {
				return err
			}
		}
		if err := w.exec(entryRow, string(e.ID), string(e.Subject), e.CadCode, string(e.Holder), string(e.Body), s.domain, string(s.region),
			e.State, len(e.Suspensions) > 0, e.ValidUntil, official); err != nil {
			return err
		}
		n, err := w.number("SELECT n FROM registry_entry WHERE id = ?", e.ID)
		if err != nil {
			return err
		}
		if err := w.exec(textRow, n, string(coding), string(e.SubjectHash), string(rec.Value)); err != nil {
			return err
		}
		holder, err := w.name(e.Holder)
		if err != nil {
			return err
		}
		w.found[n] = [2]string{s.title, s.rest + holder}
		return nil
	})
	return nil
}

// name returns the search terms of a party's name.
func (w *writer) name(id ledger.ID) (string, error) {
	if terms, ok := w.names[id]; ok {
		return terms, nil
	}
	name, err := nameOf(w.ctx, w.tx, id)
	if err != nil {
		return "", err
	}
	w.names[id] = bigram.Index("", norm.NFKC.String(name))
	return w.names[id], nil
}

// nameOf returns the name of a party, or "" if it is unknown.
func nameOf(ctx context.Context, q readmodel.Querier, id ledger.ID) (string, error) {
	return textOf(ctx, q, "name", id)
}

// textOf returns a column of a party, or "" if it is unknown.
func textOf(ctx context.Context, q readmodel.Querier, column string, id ledger.ID) (string, error) {
	var text string
	if err := q.QueryRowContext(ctx, "SELECT coalesce(max("+column+"), '') FROM registry_party WHERE id = ?", id).Scan(&text); err != nil {
		return "", fmt.Errorf("read %s of %s: %w", column, id, err)
	}
	return text, nil
}
