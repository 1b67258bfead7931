package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/datacadastre/cadastre/internal/seal"
)

// startTime limits all of OpenS3's checks together, without the sweep.
const startTime = 30 * time.Second

// ownerName is the name of the mark of the node that uses the prefix.
const ownerName = "owner"

// OpenS3 opens the store in an existing bucket, with data keys sealed by key. It first
// tries every operation that the store will need. A wrong setting, a missing permission
// and a bucket that retains deleted versions are refused, and the error names the
// setting. Then it removes what interrupted Puts left. So only one process may open the
// prefix at a time; the caller must ensure that, at least by Owner.
func OpenS3(ctx context.Context, c S3Config, key seal.Key) (*Store, error) {
	b, err := c.connect()
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	s := &Store{blobs: b, key: key}
	err = b.start(ctx, c)
	if err == nil {
		err = s.sweepRemote(ctx, b)
	}
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", errors.Join(err, b.close()))
	}
	return s, nil
}

func (s *s3) start(ctx context.Context, c S3Config) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for _, step := range []struct {
		right string // completes "the access_key may not ... in bucket"
		try   func(context.Context) error
	}{
		{"list", s.tryList},
		{"list", s.tryVersions},
		{"read", s.removeProbe},
		{"write", func(ctx context.Context) error { return s.put(ctx, probe, []byte(probe)) }},
		{"read", s.tryRead},
		{"overwrite", s.tryOverwrite},
		{"upload parts", s.tryParts},
		{"delete", func(ctx context.Context) error { return s.remove(ctx, probe) }},
		{"write", func(ctx context.Context) error { return s.claim(ctx, c) }},
	} {
		if err := step.try(ctx); err != nil {
			return c.explain(step.right, err)
		}
	}
	return nil
}

// tryList comes first: it is a GET, whose answer explains a failure; the answer to a
// HEAD has no body.
func (s *s3) tryList(ctx context.Context) error {
	stop := errors.New("one is enough")
	if err := s.list(ctx, "", func(found) error { return stop }); !errors.Is(err, stop) {
		return err
	}
	return nil
}

// errVersions refuses a bucket in which deleting does not erase.
var errVersions = errors.New("objects.bucket: the bucket retains old versions, so deleted objects are not erased: " +
	"suspend its versioning, or use another bucket")

// tryVersions refuses a bucket only if it is known to be versioned: some stores have no
// versions, and some keys may not ask.
func (s *s3) tryVersions(ctx context.Context) error {
	v, err := s.api.GetBucketVersioning(ctx, s.bucket)
	if err == nil && v.Enabled() {
		return errVersions
	}
	return ctx.Err()
}

// probe is a name that is not an id.
const probe = folderTmp + "/probe"

// removeProbe removes the probe of a start that was killed.
func (s *s3) removeProbe(ctx context.Context) error {
	there, err := s.has(ctx, probe)
	if there {
		return s.remove(ctx, probe)
	}
	return err
}

func (s *s3) tryRead(ctx context.Context) error {
	got, err := s.load(ctx, probe)
	if err == nil && string(got) != probe {
		err = errors.New("objects.endpoint: the store returns other bytes than were written")
	}
	return err
}

// tryOverwrite finds out whether the store can refuse to overwrite a name.
func (s *s3) tryOverwrite(ctx context.Context) error {
	s.createOnly = true
	err := s.put(ctx, probe, []byte(probe))
	s.createOnly = code(err) == string(minio.PreconditionFailed)
	if s.createOnly || code(err) == "NotImplemented" {
		return nil
	}
	return err
}

// tryParts begins a multipart upload, finds it as the next start would, and aborts it.
func (s *s3) tryParts(ctx context.Context) error {
	if _, err := s.api.NewMultipartUpload(ctx, s.bucket, s.prefix+probe, noOptions); err != nil {
		return fmt.Errorf("begin an upload: %w", err)
	}
	n, err := s.abortAll(ctx, probe)
	if err == nil && n == 0 {
		err = errors.New("objects.endpoint: the store does not list unfinished uploads by name, so they could not be aborted")
	}
	return err
}

// claim writes the owner's mark into the prefix, or refuses another owner's mark.
func (s *s3) claim(ctx context.Context, c S3Config) error {
	if c.Owner == "" {
		return nil
	}
	mark, err := s.load(ctx, ownerName)
	if errors.Is(err, ErrNotExist) {
		return s.put(ctx, ownerName, []byte(c.Owner))
	}
	if err == nil && string(mark) != c.Owner {
		err = fmt.Errorf("objects.prefix: %q in bucket %s belongs to node %.60q, this is %q: choose another prefix", s.prefix, s.bucket, mark, c.Owner)
	}
	return err
}

// load reads a small blob.
func (s *s3) load(ctx context.Context, name string) ([]byte, error) {
	b, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := b.section(0, min(b.stat().size, maxKeySize))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// sweepRemote aborts the uploads that were running when a process ended, found by their
// marks. It also removes the keys of objects whose content was never completed. It
// lists the uploads of each name separately, because not every store lists them by
// prefix.
func (s *Store) sweepRemote(ctx context.Context, b *s3) error {
	return b.list(ctx, folderTmp+"/", func(f found) error {
		base := path.Base(f.name)
		if len(base) < idDigits || f.name != folderTmp+"/"+base {
			return nil // not an object: another prefix may be nested in this one
		}
		name := path.Dir(place(base[:idDigits])) + "/" + base
		p, ok := splitPlace(name)
		if !ok || p.master != "" {
			return nil
		}
		if _, err := b.abortAll(ctx, name); err != nil {
			return err
		}
		if p.part == "" {
			whole, err := b.has(ctx, name)
			if err == nil && !whole {
				err = s.sweepKeys(ctx, p.id)
			}
			if err != nil {
				return err
			}
		}
		return b.remove(ctx, f.name)
	})
}

// abortAll aborts the unfinished uploads of a name and returns how many.
func (s *s3) abortAll(ctx context.Context, name string) (int, error) {
	to := s.prefix + name
	open, err := s.api.ListMultipartUploads(ctx, s.bucket, to, "", "", "", 1000)
	if err != nil {
		return 0, fmt.Errorf("find unfinished uploads of %s: %w", name, err)
	}
	n := 0
	for _, u := range open.Uploads {
		if u.Key != to {
			continue
		}
		if err := s.api.AbortMultipartUpload(ctx, s.bucket, to, u.UploadID); err != nil && code(err) != "NoSuchUpload" {
			return n, fmt.Errorf("abort unfinished upload of %s: %w", name, err)
		}
		n++
	}
	return n, nil
}
