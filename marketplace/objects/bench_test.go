package objects_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/sio"

	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

func hashOf(t testing.TB, o objects.Objects, id string) string {
	t.Helper()
	r, err := o.Open(t.Context(), id, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sink takes bytes as a connection does, without its ReadFrom.
type sink struct{ n int64 }

func (s *sink) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return len(p), nil
}

// BenchmarkRead reads one object from the page cache by turns through the store
// and by plain sio from a file of the same clear text, and reports both speeds
// and the time of the store as a multiple of the plain one's.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"64KiB", 64 << 10}, {"64MiB", 64 << 20}} {
		b.Run(c.name, func(b *testing.B) { benchmarkRead(b, c.size) })
	}
}

func benchmarkRead(b *testing.B, size int) {
	data := objectstest.Content(1, size)
	d := openDisk(b, b.TempDir(), newKey(b))
	id := put(b, d, data).ID
	config := sio.Config{MinVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM}, Key: make([]byte, 32)}
	plain := filepath.Join(b.TempDir(), "plain")
	var sealed bytes.Buffer
	if _, err := sio.Encrypt(&sealed, bytes.NewReader(data), config); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(plain, sealed.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 256<<10)
	var store, bare time.Duration
	for b.Loop() {
		start := time.Now()
		r, err := d.Open(b.Context(), id, 0, -1)
		deliver(b, r, err, buffer, size)
		middle := time.Now()
		f, err := os.Open(plain)
		if err != nil {
			b.Fatal(err)
		}
		p, err := sio.DecryptReader(f, config)
		deliver(b, struct {
			io.Reader
			io.Closer
		}{p, f}, err, buffer, size)
		bare += time.Since(middle)
		store += middle.Sub(start)
	}
	total := float64(size) * float64(b.N) / 1e6
	b.ReportMetric(total/store.Seconds(), "store-MB/s")
	b.ReportMetric(total/bare.Seconds(), "plain-MB/s")
	b.ReportMetric(store.Seconds()/bare.Seconds(), "store/plain")
}

func deliver(b testing.TB, r io.ReadCloser, err error, buffer []byte, size int) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	var s sink
	if _, err := io.CopyBuffer(&s, r, buffer); err != nil || s.n != int64(size) {
		b.Fatalf("%d bytes, %v", s.n, err)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPut(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"64KiB", 64 << 10}, {"16MiB", 16 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			data := objectstest.Content(2, c.size)
			d := openDisk(b, b.TempDir(), newKey(b))
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				put(b, d, data)
			}
		})
	}
}
