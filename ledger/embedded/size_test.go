package embedded_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

// plainText is a row without any compression, for comparison: the entry as hashed,
// event and write set in JSON, values in base64.
type plainText struct{}

type plainStored struct {
	Event  json.RawMessage `json:"event"`
	Writes []ledger.Write  `json:"writes"`
}

// Encode returns the row of an entry.
func (plainText) Encode(e tlog.Entry) ([]byte, error) {
	event, writes, err := embedded.DecodeStored(e.Extra)
	if err != nil {
		return nil, err
	}
	extra, err := json.Marshal(plainStored{event, writes})
	return append(append(binary.BigEndian.AppendUint16(nil, uint16(len(e.Data))), e.Data...), extra...), err
}

// Decode returns the entry of a row.
func (plainText) Decode(row []byte) (tlog.Entry, error) {
	if len(row) < 2 || len(row) < 2+int(binary.BigEndian.Uint16(row)) {
		return tlog.Entry{}, errors.New("too short")
	}
	n := 2 + int(binary.BigEndian.Uint16(row))
	var s plainStored
	err := json.Unmarshal(row[n:], &s)
	return tlog.Entry{Data: row[2:n], Extra: embedded.EncodeStored(s.Event, s.Writes)}, err
}

// BenchmarkStored is what a registered resource, with all its calls, takes in
// ledger.db by table, and in pages written on the way; then both as part of what
// rows without any saving take in the same run.
func BenchmarkStored(b *testing.B) {
	for _, resources := range []int{2000, 5000} {
		b.Run(fmt.Sprint(resources), func(b *testing.B) {
			for range b.N {
				got := measureStored(b, resources, nil)
				plain := measureStored(b, resources, plainText{})
				for name, bytes := range got {
					b.ReportMetric(bytes, name+"-B/resource")
				}
				b.ReportMetric(plain["all"], "plain-B/resource")
				for _, name := range []string{"all", "entry", "written"} {
					b.ReportMetric(got[name]/plain[name], name+"-of-plain")
				}
			}
		})
	}
}

// measureStored registers resources on a fresh ledger, and returns the bytes of a
// resource in each table and in all of the file; "written" is what went to the
// write-ahead log.
func measureStored(b *testing.B, resources int, codec tlog.Codec) map[string]float64 {
	b.Helper()
	r := newRegister(b, codec)
	if _, err := r.Writer().ExecContext(b.Context(), "PRAGMA wal_autocheckpoint = 0"); err != nil {
		b.Fatal(err)
	}
	fold(b, r)
	size := map[string]float64{}
	const step = 100
	for n := 0; n < resources; n += step {
		r.fillFrom(b, n, n+step)
		size["written"] += fold(b, r)
	}
	rows, err := r.Writer().QueryContext(b.Context(), "SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var bytes float64
		if err := rows.Scan(&name, &bytes); err != nil {
			b.Fatal(err)
		}
		size["all"] += bytes
		switch {
		case strings.HasPrefix(name, "sqlite_autoindex_"):
			size["index"] += bytes
		case name == "entry" || name == "record" || name == "tile":
			size[name] += bytes
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	for name := range size {
		size[name] /= float64(resources)
	}
	return size
}

// fold folds the write-ahead log into the file and returns how much was in it.
func fold(b *testing.B, r *register) float64 {
	b.Helper()
	var page int
	if err := r.Writer().QueryRowContext(b.Context(), "PRAGMA page_size").Scan(&page); err != nil {
		b.Fatal(err)
	}
	for {
		var busy, frames, folded int
		err := r.Writer().QueryRowContext(b.Context(), "PRAGMA wal_checkpoint(RESTART)").Scan(&busy, &frames, &folded)
		if err != nil {
			b.Fatal(err)
		}
		if busy == 0 { // nobody reads
			return float64(frames * (page + 24)) // a frame has a header
		}
	}
}
