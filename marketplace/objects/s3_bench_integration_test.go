//go:build integration

package objects_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/sio"

	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/miniotest"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

// race compares a delivery through the store with the least that any program
// would do: get the object by the library, decrypt and copy.
type race struct {
	store  rawS3
	id     string
	bare   minio.Core
	plain  sio.Config
	size   int
	buffer []byte
}

const plainName = "plain"

func newRace(t testing.TB, size int) *race {
	t.Helper()
	server := miniotest.Start(t)
	r := &race{
		store: openS3(t, server, config(server, server.Bucket(t)), newKey(t)), bare: minio.Core{Client: server.Client(t)},
		plain: sio.Config{MinVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM}, Key: make([]byte, 32)},
		size:  size, buffer: make([]byte, 256<<10),
	}
	data := objectstest.Content(1, size)
	r.id = put(t, r.store, data).ID
	sealed, err := sio.EncryptReader(bytes.NewReader(data), r.plain)
	if err != nil {
		t.Fatal(err)
	}
	length, err := sio.EncryptedSize(uint64(size))
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.bare.Client.PutObject(t.Context(), r.store.config.Bucket, plainName, sealed, int64(length), minio.PutObjectOptions{PartSize: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *race) ours(t testing.TB) time.Duration {
	t.Helper()
	start := time.Now()
	from, err := objects.Objects(r.store).Open(t.Context(), r.id, 0, -1)
	deliver(t, from, err, r.buffer, r.size)
	return time.Since(start)
}

func (r *race) theirs(t testing.TB) time.Duration {
	t.Helper()
	start := time.Now()
	body, _, _, err := r.bare.GetObject(t.Context(), r.store.config.Bucket, plainName, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	from, err := sio.DecryptReader(body, r.plain)
	deliver(t, struct {
		io.Reader
		io.Closer
	}{from, body}, err, r.buffer, r.size)
	return time.Since(start)
}

// BenchmarkS3Read has both take turns, for large and small objects, whose
// deliveries ask the store three times: for the data key, the end and the rest.
func BenchmarkS3Read(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"64MiB", 64 << 20}, {"256MiB", 256 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			r := newRace(b, c.size)
			var store, bare time.Duration
			for n := 0; b.Loop(); n++ {
				if n%2 == 0 {
					store += r.ours(b)
				}
				bare += r.theirs(b)
				if n%2 == 1 {
					store += r.ours(b)
				}
			}
			total := float64(c.size) * float64(b.N) / 1e6
			b.ReportMetric(total/store.Seconds(), "store-MB/s")
			b.ReportMetric(total/bare.Seconds(), "bare-MB/s")
			b.ReportMetric(bare.Seconds()/store.Seconds(), "of-bare")
		})
	}
}
