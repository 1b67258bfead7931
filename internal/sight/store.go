package sight

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/datacadastre/cadastre/internal/readmodel"
	"github.com/datacadastre/cadastre/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the table of readers and labels; the set is named "sight".
func Migrations() fs.FS { return readmodel.Migrations(migrations) }

// Fact is what is known of a record: whose it is and what it is called.
type Fact struct {
	Readers ledger.Readers `json:"r,omitzero"`
	Label   ledger.Label   `json:"l,omitzero"`
}

// Facts are facts by their record.
type Facts map[ledger.Ref]Fact

// Label is what a record is called, with what another record says of it.
func (f Facts) Label(ref ledger.Ref) ledger.Label {
	l := f[ref].Label
	for range 3 { // a resource is called as its entry is, and that as what was submitted
		if l.Of == "" {
			break
		}
		l = l.With(f[l.Of].Label)
	}
	return l
}

// region is where something lies.
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

var row = readmodel.Row{Table: "sight", Key: "ref", Columns: []string{"rest", "value"}}.Upsert()

// Project stores whose the records of an event are.
func (s *Sight) Project(ctx context.Context, tx *sql.Tx, e ledger.Event) error {
	write, err := s.Prepare(e)
	if err != nil {
		return err
	}
	return write(ctx, tx)
}

// Prepare decodes what an event says and returns what writes it.
func (*Sight) Prepare(e ledger.Event) (func(context.Context, *sql.Tx) error, error) {
	return readmodel.PrepareRecords(e, func(r ledger.Record) (readmodel.Step, error) {
		v, err := ledger.DecodeRecord(r.Ref.Kind(), r.Value)
		if err != nil {
			return nil, err
		}
		f := Fact{v.Readers(), v.Label()}
		rest := []ledger.Ref{}
		for _, other := range []ledger.Ref{f.Readers.Like, f.Readers.Under, f.Label.Of} {
			if other != "" {
				rest = append(rest, other)
			}
		}
		others, err := json.Marshal(rest)
		if err != nil {
			return nil, fmt.Errorf("encode records that %s rests on: %w", r.Ref, err)
		}
		value, err := json.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("encode readers of %s: %w", r.Ref, err)
		}
		return readmodel.Write(row, r.Ref, string(others), string(value)), nil
	})
}

// Check refuses a read model that was begun before it had this table.
func (s *Sight) Check(ctx context.Context) error {
	var begun bool
	if err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sight)").Scan(&begun); err != nil {
		return fmt.Errorf("read whose records are: %w", err)
	}
	if !begun {
		return errors.New("read.db is of an earlier version: delete it, it is made again from the ledger")
	}
	return nil
}

// loaded selects records, and those that say the rest of them.
const loaded = "WITH RECURSIVE need (ref) AS (SELECT value FROM json_each(?1) UNION " +
	"SELECT o.value FROM need CROSS JOIN sight s ON s.ref = need.ref CROSS JOIN json_each(s.rest) o) " +
	"SELECT s.ref, s.value FROM need CROSS JOIN sight s ON s.ref = need.ref"

// Load reads what is known of records, in one query. Those that are not there are not
// in the answer.
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
