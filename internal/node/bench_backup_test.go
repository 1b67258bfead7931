package node_test

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// BenchmarkBackup copies a node with content: as many large objects of 16 MiB as make the
// size, and 1,000 of 4 KiB. It reports how long a first copy and a second one take as
// multiples of cp -a of the folder followed by sync.
func BenchmarkBackup(b *testing.B) {
	for _, mib := range []int{256, 1024} {
		b.Run(strconv.Itoa(mib)+"MiB", func(b *testing.B) {
			w := lay(b, limits(nil))
			stop := w.run()
			w.admit()
			stop()
			stock(b, w.dir, mib)
			in := b.TempDir()
			var cp, first, second time.Duration
			for i := 0; b.Loop(); i++ {
				target := filepath.Join(in, strconv.Itoa(i))
				cp += timed(func() {
					if out, err := exec.CommandContext(b.Context(), "sh", "-c", `cp -a "$0" "$1" && sync -f "$1"`, w.dir, target+".cp").CombinedOutput(); err != nil {
						b.Fatalf("%v: %s", err, out)
					}
				})
				first += timed(func() { w.backUp(target, backup.Seals{}) })
				second += timed(func() { w.backUp(target, backup.Seals{}) })
			}
			b.ReportMetric(cp.Seconds()/float64(b.N), "cp-s")
			b.ReportMetric(float64(first)/float64(cp), "first/cp")
			b.ReportMetric(float64(second)/float64(cp), "second/cp")
		})
	}
}

func timed(f func()) time.Duration {
	begun := time.Now()
	f()
	return time.Since(begun)
}

// stock puts objects into the store of a node that does not run.
func stock(b *testing.B, dir string, mib int) {
	b.Helper()
	master, err := seal.Load(filepath.Join(dir, "keys", "master"))
	if err != nil {
		b.Fatal(err)
	}
	s, err := objects.OpenDisk(filepath.Join(dir, "objects"), master)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	large := data(16 << 20)
	put := func(r io.Reader) {
		if _, err := s.Put(b.Context(), r, 1<<30); err != nil {
			b.Fatal(err)
		}
	}
	for range mib / 16 {
		put(bytes.NewReader(large))
	}
	for range 1000 {
		put(bytes.NewReader(large[:4096]))
	}
}
