package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
)

// s3 stores blobs as objects of one bucket, below a prefix. It uses only what every S3
// store offers: put, multipart upload, ranged get, list by prefix, delete.
type s3 struct {
	api       *minio.Core
	transport *http.Transport
	bucket    string
	prefix    string
	// createOnly reports whether the store refuses to overwrite a name when asked to.
	// If it does not, names are unique because they are random.
	createOnly bool
}

func (s *s3) close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// tailBlob is the most bytes that reading the tail of a blob needs: the last package,
// and the package before it if the digest crosses into it.
const tailBlob = 2*packageBytes + tailBytes

// open fetches the end of the blob with one request, whose answer also has the size.
// This is enough for a whole data key, and to prove the size of content.
func (s *s3) open(ctx context.Context, name string) (blob, error) {
	var ask minio.GetObjectOptions
	if err := ask.SetRange(0, -tailBlob); err != nil {
		return nil, err
	}
	body, info, header, err := s.api.GetObject(ctx, s.bucket, s.prefix+name, ask)
	if code(err) == "InvalidRange" { // an empty blob has no last byte
		return s.empty(ctx, name)
	}
	if err != nil {
		return nil, s.readError(name, err)
	}
	defer body.Close()
	b := &remote{s: s, ctx: ctx, at: found{name, info.Size, info.LastModified}}
	if _, total, ok := strings.Cut(header.Get("Content-Range"), "/"); ok {
		if b.at.size, err = strconv.ParseInt(total, 10, 64); err != nil {
			return nil, fmt.Errorf("read %s: the store reports %q instead of a size", name, total)
		}
	}
	want := min(b.at.size, tailBlob)
	b.tail = make([]byte, want)
	if info.Size != want {
		return nil, fmt.Errorf("read %s: the store returned %d bytes for a range of %d: objects.endpoint must honor ranges", name, info.Size, want)
	}
	if _, err := io.ReadFull(storeBody{body}, b.tail); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

func (s *s3) empty(ctx context.Context, name string) (blob, error) {
	info, err := s.api.StatObject(ctx, s.bucket, s.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return nil, s.readError(name, err)
	}
	return &remote{s: s, ctx: ctx, at: found{name, info.Size, info.LastModified}}, nil
}

// remote is a blob of the store; its end is already in memory.
type remote struct {
	s    *s3
	ctx  context.Context //nolint:containedctx // the reader's: it ends its requests
	at   found
	tail []byte
}

func (r *remote) stat() found { return r.at }

func (r *remote) Close() error { return nil }

func (r *remote) section(offset, length int64) (io.ReadCloser, error) {
	if from := offset - (r.at.size - int64(len(r.tail))); from >= 0 || length == 0 {
		from = min(max(from, 0), int64(len(r.tail)))
		return io.NopCloser(bytes.NewReader(r.tail[from:min(from+length, int64(len(r.tail)))])), nil
	}
	var ask minio.GetObjectOptions
	if err := ask.SetRange(offset, offset+length-1); err != nil {
		return nil, err
	}
	body, info, _, err := r.s.api.GetObject(r.ctx, r.s.bucket, r.s.prefix+r.at.name, ask)
	if err != nil {
		return nil, r.s.readError(r.at.name, err)
	}
	if info.Size != length {
		return nil, errors.Join(fmt.Errorf("read %s: the store returned %d bytes for a range of %d", r.at.name, info.Size, length), body.Close())
	}
	return storeBody{body}, nil
}

// storeBody is the body of an answer of the store. If it breaks off, the error must not
// be io.ErrUnexpectedEOF, which would look like the end of the blob.
type storeBody struct{ io.ReadCloser }

func (l storeBody) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the store broke off its answer")
	}
	return n, err
}

// remove first checks that the name exists: a store reports success for a missing name
// too.
func (s *s3) remove(ctx context.Context, name string) error {
	if _, err := s.api.StatObject(ctx, s.bucket, s.prefix+name, minio.StatObjectOptions{}); err != nil {
		return s.readError(name, err)
	}
	if err := s.api.RemoveObject(ctx, s.bucket, s.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (s *s3) has(ctx context.Context, name string) (bool, error) {
	_, err := s.api.StatObject(ctx, s.bucket, s.prefix+name, minio.StatObjectOptions{})
	if err = s.readError(name, err); errors.Is(err, ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (s *s3) list(ctx context.Context, prefix string, each func(found) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range s.api.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return fmt.Errorf("list names below %q: %w", s.prefix+prefix, o.Err)
		}
		if err := each(found{strings.TrimPrefix(o.Key, s.prefix), o.Size, o.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// put stores data under a new name with one request.
func (s *s3) put(ctx context.Context, name string, data []byte) error {
	sum := sha256.Sum256(data)
	_, err := s.api.PutObject(ctx, s.bucket, s.prefix+name, bytes.NewReader(data), int64(len(data)), "", hex.EncodeToString(sum[:]), s.putOptions())
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// code returns the store's error code, or "" if err has no code.
func code(err error) string {
	e, _ := errors.AsType[minio.ErrorResponse](err)
	return e.Code
}

// readError returns ErrNotExist for a missing name, and wraps other failures.
func (s *s3) readError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case code(err) == "NoSuchKey":
		return fmt.Errorf("%w: %w", ErrNotExist, err)
	}
	return fmt.Errorf("read %s: %w", name, err)
}
