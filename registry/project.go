package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"golang.org/x/text/unicode/norm"

	"github.com/datacadastre/cadastre/internal/bigram"
	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

// Project stores what e says of the beginning, parties, keys, calendar, submissions,
// applications and entries; other records are not this package's.
func (r *Registry) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := r.Prepare(e)
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare decodes what an event says and returns what writes it.
func (*Registry) Prepare(e ledger.Event) (func(context.Context, *sql.Tx) error, error) {
	return readmodel.PrepareRecords(e, func(r ledger.Record) (readmodel.Step, error) { return prepare(e, r) })
}

func prepare(e ledger.Event, r ledger.Record) (readmodel.Step, error) {
	switch r.Ref.Kind() {
	case ledger.KindGenesis:
		return readmodel.Write(genesisRow, 1, string(r.Value)), nil
	case ledger.KindCalendar:
		return prepareYear(r)
	case ledger.KindParty:
		return prepareParty(r)
	case ledger.KindKey:
		return prepareKey(r)
	case ledger.KindSubmission:
		return readmodel.Write(submissionRow, r.Ref.ID(), readmodel.Pack(r.Value)), nil
	case ledger.KindApplication:
		return prepareApplication(r)
	case ledger.KindEntry:
		return prepareEntry(e, r)
	}
	return nil, nil
}

var (
	genesisRow     = readmodel.Row{Table: "registry_genesis", Key: "one", Columns: []string{"value"}}.Upsert()
	yearRow        = readmodel.Row{Table: "registry_calendar", Key: "year", Columns: []string{"value"}}.Upsert()
	partyRow       = readmodel.Row{Table: "registry_party", Key: "id", Columns: []string{"name", "region", "lies", "value"}}.Upsert() + " RETURNING n"
	keyRow         = readmodel.Row{Table: "registry_key", Key: "kid", Once: []string{"party"}, Columns: []string{"value"}}.Upsert()
	submissionRow  = readmodel.Row{Table: "registry_submission", Key: "payload", Once: []string{"value"}}.Upsert()
	applicationRow = readmodel.Row{
		Table: "registry_application", Key: "id", Once: []string{"applicant", "region"}, Columns: []string{"body", "state", "value", "submission"},
	}.Upsert()
	entryRow = readmodel.Row{
		Table: "registry_entry", Key: "id", Once: []string{"subject", "cad_code"},
		Columns: []string{"holder", "body", "domain", "region", "state", "suspended", "valid_until", "registry_code"},
	}.Upsert() + " RETURNING n"
	// The call that coded an entry is that of its first event: later ones only
	// change its state.
	textRow = readmodel.Row{Table: "registry_entry_text", Key: "n", Once: []string{"coding"}, Columns: []string{"submission", "value"}}.Upsert()
)

const foundRow = "INSERT OR REPLACE INTO registry_found (rowid, title, rest) VALUES (?, ?, ?)"

func prepareYear(r ledger.Record) (readmodel.Step, error) {
	y, err := readmodel.Decode[ledger.CalendarYear](r)
	if err != nil {
		return nil, err
	}
	return readmodel.Write(yearRow, y.Year, string(r.Value)), nil
}

func prepareParty(r ledger.Record) (readmodel.Step, error) {
	p, err := readmodel.Decode[ledger.Party](r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		lies, err := liesIn(ctx, tx, p)
		if err != nil {
			return err
		}
		var n int64
		if err := tx.QueryRowContext(ctx, partyRow, p.ID, p.Name, p.Region, lies, string(r.Value)).Scan(&n); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if err := readmodel.Exec(ctx, tx, "DELETE FROM registry_party_role WHERE n = ?", n); err != nil {
			return err
		}
		for _, role := range p.Roles {
			if err := readmodel.Exec(ctx, tx, "INSERT INTO registry_party_role (role, n) VALUES (?, ?) ON CONFLICT DO NOTHING", role, n); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// liesIn is the region of a party's records (ledger.Readers): its own, if that is
// inside the region of the authority that admitted it, and else that one.
func liesIn(ctx context.Context, tx *sql.Tx, p ledger.Party) (ledger.Region, error) {
	above, err := textOf(ctx, tx, "region", p.AdmittedBy)
	if authority := ledger.Region(above); err != nil || authority != "" && !authority.Covers(p.Region) {
		return authority, err
	}
	return p.Region, nil
}

// prepareKey writes a key of a party; the recovery key is no key to act or to log in
// with.
func prepareKey(r ledger.Record) (readmodel.Step, error) {
	k, err := readmodel.Decode[ledger.KeyRecord](r)
	if err != nil || k.Recovery {
		return nil, err
	}
	return readmodel.Write(keyRow, k.Kid, k.Party, string(r.Value)), nil
}

// prepareApplication writes an application, which refers to its submission by number.
func prepareApplication(r ledger.Record) (readmodel.Step, error) {
	a, err := readmodel.Decode[ledger.Application](r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		n, err := readmodel.One[int64](ctx, tx, missing("submit_payload"), "SELECT n FROM registry_submission WHERE payload = ?", a.SubmitPayload)
		if err != nil {
			return err
		}
		region, err := textOf(ctx, tx, "lies", a.Applicant)
		if err != nil {
			return err
		}
		return readmodel.Exec(ctx, tx, applicationRow, a.ID, a.Applicant, region, a.Body, a.State, string(r.Value), n)
	}, nil
}

// prepareEntry writes the narrow row, the record and the terms to find. What
// was submitted is there already.
func prepareEntry(ev ledger.Event, r ledger.Record) (readmodel.Step, error) {
	e, err := readmodel.Decode[ledger.Entry](r)
	if err != nil {
		return nil, err
	}
	coding, err := json.Marshal(ledger.Cite{Party: ev.Party, Call: ev.Call, Payload: ev.Payload})
	if err != nil {
		return nil, fmt.Errorf("encode citation: %w", err)
	}
	official := sql.NullString{String: e.RegistryCode, Valid: e.RegistryCode != ""}
	return func(ctx context.Context, tx *sql.Tx) error {
		d, submission, err := submitted(ctx, tx, e)
		if err != nil {
			return err
		}
		var n int64
		if err := tx.QueryRowContext(ctx, entryRow, e.ID, e.Subject, e.CadCode, e.Holder, e.Body, d.Resource.Domain, d.Resource.Spatial,
			e.State, len(e.Suspensions) > 0, e.ValidUntil, official).Scan(&n); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if err := readmodel.Exec(ctx, tx, textRow, n, string(coding), submission, string(r.Value)); err != nil {
			return err
		}
		holder, err := nameOf(ctx, tx, e.Holder)
		if err != nil {
			return err
		}
		return readmodel.Exec(ctx, tx, foundRow, n, bigram.Index(norm.NFKC.String(d.Resource.Title)), rest(d, holder))
	}, nil
}

// submitted joins an entry with the resource that was submitted for it, and returns
// the number of the submission too.
func submitted(ctx context.Context, q readmodel.Querier, e ledger.Entry) (ledger.EntryDetail, int64, error) {
	d := ledger.EntryDetail{Entry: e}
	var n int64
	var value []byte
	if err := q.QueryRowContext(ctx, "SELECT n, unpack(value) FROM registry_submission WHERE payload = ?", e.SubjectHash).Scan(&n, &value); err != nil {
		return d, n, fmt.Errorf("read submission %s: %w", e.SubjectHash, err)
	}
	return d, n, describe(&d, value)
}

// rest is the terms of all that may be searched of an entry but its title.
func rest(e ledger.EntryDetail, holder string) string {
	fields := append([]string{e.Resource.Description, holder}, e.Resource.Keywords...)
	for i, s := range fields {
		fields[i] = norm.NFKC.String(s)
	}
	return bigram.Index(fields...)
}

// nameOf is the name of a party, empty if it is unknown.
func nameOf(ctx context.Context, q readmodel.Querier, id ledger.ID) (string, error) {
	return textOf(ctx, q, "name", id)
}

// textOf is a column of a party, empty if it is unknown.
func textOf(ctx context.Context, q readmodel.Querier, column string, id ledger.ID) (string, error) {
	var text string
	if err := q.QueryRowContext(ctx, "SELECT coalesce(max("+column+"), '') FROM registry_party WHERE id = ?", id).Scan(&text); err != nil {
		return "", fmt.Errorf("read %s of %s: %w", column, id, err)
	}
	return text, nil
}
