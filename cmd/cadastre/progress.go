package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// queryOf returns a query of names and values, without empty values.
func queryOf(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// meter shows progress, on a terminal only.
type meter struct {
	w     io.Writer
	on    bool
	shown int64
}

func (p *program) meter() *meter { return &meter{w: p.err, on: isTerminal(p.err), shown: -1} }

// bytes shows the bytes done of a total. A total below 1 is unknown. It writes only after
// a further tenth of a percent, or a further MiB.
func (m *meter) bytes(done, total int64) {
	if !m.on {
		return
	}
	step := done >> 20
	if total > 0 {
		step = done * 1000 / total
	}
	if step == m.shown {
		return
	}
	m.shown = step
	if total > 0 {
		fmt.Fprintf(m.w, "\r%5.1f %%  %.1f / %.1f MiB ", float64(step)/10, mib(done), mib(total))
		return
	}
	fmt.Fprintf(m.w, "\r%.1f MiB ", mib(done))
}

// done ends the line that bytes overwrites.
func (m *meter) done() {
	if m.on && m.shown >= 0 {
		fmt.Fprintln(m.w)
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// hashFile returns the SHA-256 and the size of a file, which it reads as a stream.
func hashFile(file string) (ledger.Digest, int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, words.Errorf("读取：%v", "read: %v", err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", 0, words.Errorf("读取 %s：%v", "read %s: %v", file, err)
	}
	return ledger.Digest(hex.EncodeToString(h.Sum(nil))), n, nil
}
