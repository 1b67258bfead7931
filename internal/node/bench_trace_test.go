package node_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// BenchmarkTrace asks for traces at a node with 1,000,000 receipts, all of them of one
// license and its two orders, by readers who may see all of them, some and none. It
// reports the median and the 99th percentile.
func BenchmarkTrace(b *testing.B) {
	s := told(b)
	crowd(b, s, 1_000_000)
	start, _ := s.receiptsOf(ledger.Delivery)
	for _, c := range []struct {
		name, who string
		q         trace.Question
		forward   bool
	}{
		{"file/stranger", "", trace.Question{SHA256: s.made.SHA256}, false},
		{"file/buyer", "buyer", trace.Question{SHA256: s.made.SHA256}, false},
		{"file/operator", "operator", trace.Question{SHA256: s.made.SHA256}, false},
		{"file/regulator", "regulator", trace.Question{SHA256: s.made.SHA256}, false},
		{"receipt/buyer", "buyer", trace.Question{Receipt: start.ID()}, false},
		{"order/buyer", "buyer", trace.Question{Order: id("order")}, false},
		{"forward-resource/stranger", "", trace.Question{Resource: id("resource bus")}, true},
		{"forward-resource/holder", "holder", trace.Question{Resource: id("resource bus")}, true},
		{"forward-resource/regulator", "regulator", trace.Question{Resource: id("resource bus")}, true},
		{"forward-license/stranger", "", trace.Question{License: id("license")}, true},
		{"forward-license/operator", "operator", trace.Question{License: id("license")}, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			reader, from := s.reader(c.who), s.start(c.q)
			if c.who == "regulator" {
				_, err := s.Trace(b.Context(), reader, from, c.forward) // its look is counted from here on
				s.ok(err)
			}
			var took []time.Duration
			steps := 0
			for b.Loop() {
				begin := time.Now()
				t, err := s.Trace(b.Context(), reader, from, c.forward)
				took = append(took, time.Since(begin))
				s.ok(err)
				steps = len(t.Steps)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
			b.ReportMetric(float64(steps), "steps")
		})
	}
}

// crowd fills the index of receipts with deliveries like those of the story. They are in
// no log: a trace reads the index and the entries alone.
func crowd(b *testing.B, s *story, n int) {
	b.Helper()
	db, err := sqldb.Open(b.Context(), filepath.Join(s.dir, "receipts.db"), sqldb.SyncFull)
	s.ok(err)
	defer db.Close()
	for _, pragma := range []string{"PRAGMA cache_size = -262144", "PRAGMA synchronous = OFF"} {
		_, err := db.W.ExecContext(b.Context(), pragma)
		s.ok(err)
	}
	page, err := s.Receipts().Find(b.Context(), receipts.Filter{Kinds: []ledger.ReceiptKind{ledger.ReceiptStart}, Order: id("order")}, 0, 1)
	s.ok(err)
	first := page.Items[0]
	ends, err := s.Receipts().EndsOf(b.Context(), first.Receipt.ID)
	s.ok(err)
	a, err := s.Receipts().Entry(b.Context(), first.Index)
	s.ok(err)
	z, err := s.Receipts().Entry(b.Context(), ends[0].Index)
	s.ok(err)
	for i, order := range []string{"order", "rival order"} {
		party := []string{"buyer", "rival"}[i]
		names := strings.NewReplacer(string(id("order")), string(id(order)), string(id("buyer")), string(id(party)))
		base := 1_000_000 + i*n/2
		series := fmt.Sprintf("WITH RECURSIVE c (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < %d) ", n/4-1)
		const uuid = "printf('%08x-0000-7000-8000-%012x', ?1 / 1000000, x * 2 + ?1 + "
		for k, text := range []string{names.Replace(string(a)), names.Replace(string(z))} {
			old, kind, begun := first.Receipt.ID, "start", "NULL"
			if k == 1 {
				old, kind, begun = ends[0].Receipt.ID, "end", uuid+"0)"
				text = strings.ReplaceAll(text, string(first.Receipt.ID), "@start")
			}
			own := uuid + fmt.Sprint(k) + ")"
			_, err := db.W.ExecContext(b.Context(), series+"INSERT INTO receipt (seq, id, leaf, kind, time, party, order_id, license, subject, content, sha256, start) "+
				"SELECT ?1 + x * 2 + ?2, "+own+", CAST("+own+" AS BLOB), ?3, ?4 + x, ?5, ?6, ?7, ?8, ?9, ?10, "+begun+" FROM c",
				base, k, kind, first.Receipt.Time, id(party), id(order), first.Receipt.License, first.Receipt.Subject, first.Receipt.Content, first.Receipt.SHA256)
			s.ok(err)
			_, err = db.W.ExecContext(b.Context(), series+"INSERT INTO entry (seq, data) SELECT ?1 + x * 2 + ?2, CAST(replace(replace(?3, ?4, "+own+"), '@start', "+uuid+"0)) AS BLOB) FROM c",
				base, k, text, old)
			s.ok(err)
		}
	}
	_, err = db.W.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	s.ok(err)
}
