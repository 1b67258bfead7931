package tlog_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/tlog"
)

// mirror is a codec whose rows are the entry backwards, before a mark.
type mirror struct{}

const mark = "mirror"

var errMirror = errors.New("no mark")

// Encode returns the row of an entry.
func (mirror) Encode(e tlog.Entry) ([]byte, error) {
	if bytes.Equal(e.Data, []byte("refused")) {
		return nil, errMirror
	}
	row := binary.BigEndian.AppendUint16(nil, uint16(len(e.Data)))
	row = append(append(row, e.Data...), e.Extra...)
	slices.Reverse(row)
	return append(row, mark...), nil
}

// Decode returns the entry of a row.
func (mirror) Decode(row []byte) (tlog.Entry, error) {
	row, ok := bytes.CutSuffix(row, []byte(mark))
	if !ok || len(row) < 2 {
		return tlog.Entry{}, errMirror
	}
	row = bytes.Clone(row)
	slices.Reverse(row)
	n := binary.BigEndian.Uint16(row)
	return tlog.Entry{Data: row[2:][:n], Extra: row[2+n:]}, nil
}

// TestCodec holds a log with a codec against one without: all is the same but the rows.
func TestCodec(t *testing.T) {
	plain, coded := newFixture(t), newFixture(t)
	coded.codec = mirror{}
	coded.reopen(t)
	for range 3 {
		entries := plain.batch(100)
		for i := range entries {
			entries[i].Extra = []byte{byte(i), 1}
		}
		plain.addEntries(t, entries)
		coded.addEntries(t, entries)
	}
	plain.publish(t)
	coded.publish(t)
	coded.reopen(t)
	for _, path := range []string{"tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44"} {
		want, got := get(plain.Handler(anyone), "GET", path), get(coded.Handler(anyone), "GET", path)
		if got.Code != want.Code || !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) {
			t.Errorf("%s is not what a log without codec serves: %d", path, got.Code)
		}
	}
	want, err := plain.Entries(t.Context(), 0, 300)
	if err != nil {
		t.Fatal(err)
	}
	got, err := coded.Entries(t.Context(), 0, 300)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	checkProofs(t, coded, 3, 200, 300)
	if err := coded.Check(t.Context()); err != nil {
		t.Error(err)
	}
	var rows int
	if err := coded.db.R.QueryRowContext(t.Context(), "SELECT count(*) FROM entry WHERE extra IS NULL AND substr(data, -6) = CAST(? AS BLOB)", mark).Scan(&rows); err != nil || rows != 300 {
		t.Errorf("%d rows are in the form of the codec: %v", rows, err)
	}
}

func TestRowThatCannotBeDecoded(t *testing.T) {
	f := newFixture(t)
	f.codec = mirror{}
	f.reopen(t)
	f.add(t, 300)
	f.publish(t)
	f.exec(t, "UPDATE entry SET data = x'00' WHERE seq = 7")
	_, _, entry := f.Entry(t.Context(), 7)
	for what, err := range map[string]error{"entry": entry, "check": f.Check(t.Context())} {
		if !errors.Is(err, tlog.ErrDamaged) || !errors.Is(err, errMirror) || !strings.Contains(err.Error(), "entry 7 can't be read") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if w := get(f.Handler(anyone), "GET", "tile/entries/000"); w.Code != 500 {
		t.Errorf("the bundle is served: %d", w.Code)
	}
	f.exec(t, "UPDATE entry SET data = x'00' WHERE seq = 299")
	if err := f.openLog(); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("open: %v", err)
	}
}

func TestEntryThatCannotBeEncoded(t *testing.T) {
	f := newFixture(t)
	f.codec = mirror{}
	f.reopen(t)
	err := sqldb.InTx(t.Context(), f.db.W, func(tx *sql.Tx) error {
		_, err := f.Append(t.Context(), tx, []tlog.Entry{{Data: []byte("good")}, {Data: []byte("refused")}})
		return err
	})
	if !errors.Is(err, errMirror) || errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	f.add(t, 1)
}
