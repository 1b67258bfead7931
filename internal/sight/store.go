package sight

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the table of readers and labels; the set is named "sight".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Fact has the readers and the label of a record.
type Fact struct {
	Readers ledger.Readers `json:"r,omitzero"`
	Label   ledger.Label   `json:"l,omitzero"`
}

// Facts are facts by record.
type Facts map[ledger.Ref]Fact

// Label returns the label of a record, completed with the label of the record it refers
// to.
func (f Facts) Label(ref ledger.Ref) ledger.Label {
	l := f[ref].Label
	for range 3 { // a resource has the label of its entry, and an entry that of its submission
		if l.Of == "" {
			break
		}
		l = l.With(f[l.Of].Label)
	}
	return l
}

// region returns the region of a record.
func (f Facts) region(r ledger.Readers) ledger.Region {
	if r.Under == "" {
		return r.Region
	}
	above := f[r.Under].Readers
	switch {
	case r.Region == "":
		return f.region(above)
	case above.Region.Covers(r.Region):
		return r.Region
	}
	return above.Region
}

var row = readmodel.Row{Table: "sight", Key: "ref", Columns: []string{"value"}}.Upsert()

// Project stores the readers and labels of an event's records.
func (s *Sight) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := s.Prepare([]ledger.Event{e})
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare decodes the events and returns the step that writes them; of several versions
// of a record it writes the last.
func (*Sight) Prepare(events []ledger.Event) (readmodel.Step, error) {
	rows, at := [][]any{}, map[ledger.Ref]int{}
	for _, e := range events {
		for _, r := range e.Records {
			values, err := rowOf(r)
			if err != nil {
				return nil, readmodel.EventError(e, fmt.Errorf("project %s: %w", r.Ref, err))
			}
			if i, ok := at[r.Ref]; ok {
				rows[i] = values
				continue
			}
			at[r.Ref] = len(rows)
			rows = append(rows, values)
		}
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		for _, values := range rows {
			if err := readmodel.Exec(ctx, tx, row, values...); err != nil {
				return fmt.Errorf("project %s: %w", values[0], err)
			}
		}
		return nil
	}, nil
}

// rowOf returns the row of a record.
func rowOf(r ledger.Record) ([]any, error) {
	value := r.Value
	if r.Ref.Kind() == ledger.KindSubmission { // the largest kind; its label needs only the title
		value = readmodel.Submitted(value, "title")
	}
	v, err := ledger.DecodeRecord(r.Ref.Kind(), value)
	if err != nil {
		return nil, err
	}
	f := Fact{v.Readers(), v.Label()}
	fact, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode readers of %s: %w", r.Ref, err)
	}
	return []any{string(r.Ref), string(fact)}, nil
}

// loaded selects records, and the records that they refer to for readers and labels.
const loaded = "WITH RECURSIVE need (ref) AS (SELECT value FROM json_each(?1) UNION " +
	"SELECT o.value FROM need CROSS JOIN sight s ON s.ref = need.ref " +
	"CROSS JOIN json_each(json_array(s.value ->> '$.r.like', s.value ->> '$.r.under', s.value ->> '$.l.of', 'party/' || (s.value ->> '$.l.party'))) o WHERE o.value IS NOT NULL) " +
	"SELECT s.ref, s.value FROM need CROSS JOIN sight s ON s.ref = need.ref"

// Load returns the facts about records, with one query. Missing records are left out.
func (s *Sight) Load(ctx context.Context, refs ...ledger.Ref) (Facts, error) {
	asked, err := json.Marshal(refs)
	if err != nil {
		return nil, fmt.Errorf("encode references: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, loaded, string(asked))
	if err != nil {
		return nil, fmt.Errorf("read whose records are: %w", err)
	}
	defer rows.Close()
	found := Facts{}
	for rows.Next() {
		var ref ledger.Ref
		var value []byte
		if err := rows.Scan(&ref, &value); err != nil {
			return nil, fmt.Errorf("read whose records are: %w", err)
		}
		var f Fact
		if err := json.Unmarshal(value, &f); err != nil {
			return nil, fmt.Errorf("decode whose %s is: %w", ref, err)
		}
		found[ref] = f
	}
	return found, rows.Err()
}
