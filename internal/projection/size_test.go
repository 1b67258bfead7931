//go:build unix

package projection_test

import (
	"fmt"
	"testing"
)

// BenchmarkReadStored is what a registered resource takes in read.db, by table with
// its indexes.
func BenchmarkReadStored(b *testing.B) {
	for _, resources := range []int{2000, 5000} {
		b.Run(fmt.Sprint(resources), func(b *testing.B) {
			w := newTown(b)
			w.grow(b, resources)
			head, err := w.ledger.Head(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			for range b.N {
				db := openRead(b)
				defer db.Close()
				fillRead(b, db, w.ledger, head.Block)
				rows, err := db.R.QueryContext(b.Context(),
					"SELECT coalesce(s.tbl_name, 'schema'), sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name GROUP BY 1")
				if err != nil {
					b.Fatal(err)
				}
				defer rows.Close()
				all := 0.0
				for rows.Next() {
					var table string
					var bytes float64
					if err := rows.Scan(&table, &bytes); err != nil {
						b.Fatal(err)
					}
					all += bytes
					if part := bytes / float64(resources); part >= 50 {
						b.ReportMetric(part, table+"-B/resource")
					}
				}
				if err := rows.Err(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(all/float64(resources), "all-B/resource")
			}
		})
	}
}
