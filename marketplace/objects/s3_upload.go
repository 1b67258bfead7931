package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	partBytes = 16 << 20 // buffered in memory; larger only if maxParts parts would not suffice
	maxParts  = 10_000   // S3's own limit
	maxBlob   = 5 << 40  // S3's own limit
	tidyTime  = 30 * time.Second
)

// partSize returns the part size for a blob of at most maxBytes, or of unknown size if
// maxBytes is negative. Some stores require equal parts except the last, so the size
// can't grow during the upload.
func partSize(maxBytes int64) int64 {
	if maxBytes < 0 {
		return partBytes
	}
	const mib = 1 << 20
	need := (min(maxBytes, maxBlob) + maxParts - 1) / maxParts
	return max(partBytes, (need+mib-1)/mib*mib)
}

// parts are buffers of partBytes.
var parts = sync.Pool{New: func() any { b := make([]byte, partBytes); return &b }}

// buffer returns the buffer for a small blob or the beginning of a large one, and a
// function that gives it back. A blob of at most maxBytes never fills it.
func buffer(maxBytes int64) (b []byte, giveBack func()) {
	if maxBytes >= 0 && maxBytes < partBytes {
		return make([]byte, maxBytes+1), func() {}
	}
	if p, ok := parts.Get().(*[]byte); ok {
		return *p, func() { parts.Put(p) }
	}
	return make([]byte, partBytes), func() {}
}

// fill reads until p is full or r ends. io.ReadFull can't be used: it treats
// io.ErrUnexpectedEOF, the error of an upload that was cut, as an end.
func fill(r io.Reader, p []byte) (n int, ended bool, err error) {
	for n < len(p) {
		var k int
		k, err = r.Read(p[n:])
		n += k
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// write marks running content in tmp/, as the disk does with a temporary file, so that
// the next start finds interrupted uploads.
func (s *s3) write(ctx context.Context, name string, r io.Reader, maxBytes int64) error {
	if p, ok := splitPlace(name); !ok || p.master != "" {
		return s.upload(ctx, name, r, maxBytes)
	}
	mark := folderTmp + "/" + path.Base(name)
	if err := s.put(ctx, mark, nil); err != nil {
		return err
	}
	err := s.upload(ctx, name, r, maxBytes)
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	if errors.Is(err, errLeft) {
		return err // the mark remains: the next start aborts the upload
	}
	return errors.Join(err, s.remove(tidy, mark))
}

// errLeft reports that parts of an upload may still be in the store.
var errLeft = errors.New("the unfinished upload was not aborted")

// upload sends content that fits into one part with one put, and other content in
// parts.
func (s *s3) upload(ctx context.Context, name string, r io.Reader, maxBytes int64) error {
	part, giveBack := buffer(maxBytes)
	defer giveBack()
	n, ended, err := fill(r, part)
	if whole := partSize(maxBytes); err == nil && !ended && whole > int64(n) {
		part = append(make([]byte, 0, whole), part...)[:whole]
		var k int
		k, ended, err = fill(r, part[n:])
		n += k
	}
	if err != nil {
		return err
	}
	if ended {
		return s.put(ctx, name, part[:n])
	}
	to := s.prefix + name
	id, err := s.api.NewMultipartUpload(ctx, s.bucket, to, noOptions)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sent, err := s.sendParts(ctx, to, id, part, r)
	if err == nil {
		err = s.complete(ctx, name, id, sent)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("write %s: %w", name, err)
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	if e := s.api.AbortMultipartUpload(tidy, s.bucket, to, id); e != nil && code(e) != "NoSuchUpload" {
		err = errors.Join(err, fmt.Errorf("%w: %w", errLeft, e))
	}
	return err
}

// sendParts sends the full part, then the rest of r, part by part.
func (s *s3) sendParts(ctx context.Context, to, id string, part []byte, r io.Reader) ([]minio.CompletePart, error) {
	var sent []minio.CompletePart
	for n, ended := len(part), false; n > 0; {
		if len(sent) == maxParts {
			return nil, fmt.Errorf("more than %d parts of %d bytes: %w", maxParts, len(part), ErrTooLarge)
		}
		sum := sha256.Sum256(part[:n])
		done, err := s.api.PutObjectPart(ctx, s.bucket, to, id, len(sent)+1, bytes.NewReader(part[:n]), int64(n),
			minio.PutObjectPartOptions{Sha256Hex: hex.EncodeToString(sum[:]), DisableContentSha256: true})
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", len(sent)+1, err)
		}
		sent = append(sent, minio.CompletePart{PartNumber: done.PartNumber, ETag: done.ETag})
		if ended {
			break
		}
		if n, ended, err = fill(r, part); err != nil {
			return nil, err
		}
	}
	return sent, nil
}

// complete joins the parts to the named object, unless the name exists.
func (s *s3) complete(ctx context.Context, name, id string, sent []minio.CompletePart) error {
	if there, err := s.has(ctx, name); err != nil || there {
		return errors.Join(err, errExists(there))
	}
	return s.finish(ctx, name, id, sent)
}

func (s *s3) finish(ctx context.Context, name, id string, sent []minio.CompletePart) error {
	_, err := s.api.CompleteMultipartUpload(ctx, s.bucket, s.prefix+name, id, sent, s.putOptions())
	if s.createOnly && code(err) == "NotImplemented" { // supported for single puts only
		_, err = s.api.CompleteMultipartUpload(ctx, s.bucket, s.prefix+name, id, sent, noOptions)
	}
	return err
}

// noOptions sign the hash computed here, over HTTP too. The library would otherwise
// send signed chunks, which not every store accepts.
var noOptions = minio.PutObjectOptions{DisableContentSha256: true}

// putOptions asks the store to refuse an existing name, if it can.
func (s *s3) putOptions() minio.PutObjectOptions {
	o := noOptions
	if s.createOnly {
		o.SetMatchETagExcept("*")
	}
	return o
}

func errExists(there bool) error {
	if there {
		return errors.New("the name exists already")
	}
	return nil
}
