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
	partBytes = 16 << 20 // of a part, held in memory; more only where maxParts of it are too few
	maxParts  = 10_000   // S3's own limit
	maxBlob   = 5 << 40  // S3's own limit
	tidyTime  = 30 * time.Second
)

// partSize is the size of the parts of a blob that may have most bytes, or any
// number if most is negative: all parts but the last must be equally long on
// some stores, so the size can't grow on the way.
func partSize(most int64) int64 {
	if most < 0 {
		return partBytes
	}
	const mib = 1 << 20
	need := (min(most, maxBlob) + maxParts - 1) / maxParts
	return max(partBytes, (need+mib-1)/mib*mib)
}

// parts are buffers of partBytes.
var parts = sync.Pool{New: func() any { b := make([]byte, partBytes); return &b }}

// buffer is where a small blob, or the beginning of a large one, is gathered;
// back returns it. A blob that has at most most bytes never fills it.
func buffer(most int64) (b []byte, back func()) {
	if most >= 0 && most < partBytes {
		return make([]byte, most+1), func() {}
	}
	if p, ok := parts.Get().(*[]byte); ok {
		return *p, func() { parts.Put(p) }
	}
	return make([]byte, partBytes), func() {}
}

// fill reads until p is full or r ends. io.ReadFull won't do: it takes an
// io.ErrUnexpectedEOF, the error of a cut upload, for an end.
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

// write marks content in tmp/ while it is under way, as the disk does by its
// temporary file: what is interrupted is found by the mark at the next start.
func (s *s3) write(ctx context.Context, name string, r io.Reader, most int64) error {
	id := path.Base(name)
	if !isID(id) {
		return s.upload(ctx, name, r, most)
	}
	mark := folderTmp + "/" + id
	if err := s.put(ctx, mark, nil); err != nil {
		return err
	}
	err := s.upload(ctx, name, r, most)
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	if errors.Is(err, errLeft) {
		return err // the mark stays: the next start aborts the upload
	}
	return errors.Join(err, s.remove(tidy, mark))
}

// errLeft says that an upload's parts may still lie in the store.
var errLeft = errors.New("the unfinished upload was not aborted")

// upload sends what fits into one part at once, and all else in parts.
func (s *s3) upload(ctx context.Context, name string, r io.Reader, most int64) error {
	part, back := buffer(most)
	defer back()
	n, ended, err := fill(r, part)
	if whole := partSize(most); err == nil && !ended && whole > int64(n) {
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

// sendParts sends the full part, and what r still gives, one after another.
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

// complete makes the name of the parts, unless it is there.
func (s *s3) complete(ctx context.Context, name, id string, sent []minio.CompletePart) error {
	if there, err := s.has(ctx, name); err != nil || there {
		return errors.Join(err, errThere(there))
	}
	return s.finish(ctx, name, id, sent)
}

func (s *s3) finish(ctx context.Context, name, id string, sent []minio.CompletePart) error {
	_, err := s.api.CompleteMultipartUpload(ctx, s.bucket, s.prefix+name, id, sent, s.once())
	if s.onceOnly && code(err) == "NotImplemented" { // offered for single puts only
		_, err = s.api.CompleteMultipartUpload(ctx, s.bucket, s.prefix+name, id, sent, noOptions)
	}
	return err
}

// noOptions sign the hash that we give, over HTTP too, where the library would
// otherwise send signed chunks, which not every store takes.
var noOptions = minio.PutObjectOptions{DisableContentSha256: true}

// once asks the store to refuse a name that is there, if it can.
func (s *s3) once() minio.PutObjectOptions {
	o := noOptions
	if s.onceOnly {
		o.SetMatchETagExcept("*")
	}
	return o
}

func errThere(there bool) error {
	if there {
		return errors.New("the name is there already")
	}
	return nil
}
