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

// startTime bounds everything that OpenS3 asks before it sweeps.
const startTime = 30 * time.Second

// ownerName holds the mark of whoever keeps objects under the prefix.
const ownerName = "owner"

// OpenS3 opens the store in a bucket that exists, with data keys sealed by key.
// It tries everything the store will be asked for: a wrong setting, a missing
// right and a bucket that would keep what is deleted are refused here, with the
// setting's name. Then it removes what interrupted Puts left, so that only one
// process may have the prefix open: the caller sees to that, by owner at least.
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
		right string // as in "may not ... in bucket"
		try   func(context.Context) error
	}{
		{"list", s.tryList},
		{"list", s.tryVersions},
		{"write", s.tryWrite},
		{"read", s.tryRead},
		{"overwrite", s.tryOverwrite},
		{"delete", func(ctx context.Context) error { return s.remove(ctx, probe) }},
		{"write", func(ctx context.Context) error { return s.claim(ctx, c) }},
	} {
		if err := step.try(ctx); err != nil {
			return c.explain(step.right, err)
		}
	}
	return nil
}

// tryList comes first, as a GET: an answer to HEAD has no room for reasons.
func (s *s3) tryList(ctx context.Context) error {
	stop := errors.New("one is enough")
	if err := s.list(ctx, "", func(found) error { return stop }); !errors.Is(err, stop) {
		return err
	}
	return nil
}

// errVersions refuses a bucket in which deleting erases nothing.
var errVersions = errors.New("objects.bucket: the bucket keeps old versions, so that what is deleted stays: " +
	"suspend its versioning, or name another bucket")

// tryVersions refuses only what it knows: not every store has versions, and not
// every key may ask for them.
func (s *s3) tryVersions(ctx context.Context) error {
	v, err := s.api.GetBucketVersioning(ctx, s.bucket)
	if err == nil && v.Enabled() {
		return errVersions
	}
	return ctx.Err()
}

// probe is a name that is no id.
const probe = folderTmp + "/probe"

func (s *s3) tryWrite(ctx context.Context) error {
	if there, err := s.has(ctx, probe); err != nil {
		return err
	} else if there { // of a start that was killed
		if err := s.remove(ctx, probe); err != nil {
			return err
		}
	}
	return s.put(ctx, probe, []byte(probe))
}

func (s *s3) tryRead(ctx context.Context) error {
	got, err := s.load(ctx, probe)
	if err == nil && string(got) != probe {
		err = errors.New("objects.endpoint: the store gives back other bytes than it was given")
	}
	return err
}

// tryOverwrite learns whether the store refuses to write a name twice.
func (s *s3) tryOverwrite(ctx context.Context) error {
	s.onceOnly = true
	err := s.put(ctx, probe, []byte(probe))
	s.onceOnly = code(err) == string(minio.PreconditionFailed)
	if s.onceOnly || code(err) == "NotImplemented" {
		return nil
	}
	return err
}

// claim marks the prefix, or finds it marked by another.
func (s *s3) claim(ctx context.Context, c S3Config) error {
	if c.Owner == "" {
		return nil
	}
	mark, err := s.load(ctx, ownerName)
	if errors.Is(err, ErrNotExist) {
		return s.put(ctx, ownerName, []byte(c.Owner))
	}
	if err == nil && string(mark) != c.Owner {
		err = fmt.Errorf("objects.prefix: %q in bucket %s is kept by node %.60q, this is %q: choose another prefix", s.prefix, s.bucket, mark, c.Owner)
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

// sweepRemote ends the uploads that were under way when a process ended, by
// their marks, and removes the keys of the objects whose content never came to
// be. It asks for the uploads of each name by itself: not every store lists
// them by the beginning of a name.
func (s *Store) sweepRemote(ctx context.Context, b *s3) error {
	return b.list(ctx, folderTmp+"/", func(f found) error {
		id := path.Base(f.name)
		if !isID(id) || f.name != folderTmp+"/"+id {
			return nil // not ours: there may be a prefix below this one
		}
		if err := b.abortAll(ctx, place(id)); err != nil {
			return err
		}
		whole, err := b.has(ctx, place(id))
		if err == nil && !whole {
			_, err = s.removeKeys(ctx, id)
		}
		if err != nil {
			return err
		}
		return b.remove(ctx, f.name)
	})
}

// abortAll ends the unfinished uploads of a name.
func (s *s3) abortAll(ctx context.Context, name string) error {
	to := s.prefix + name
	open, err := s.api.ListMultipartUploads(ctx, s.bucket, to, "", "", "", 1000)
	if err != nil {
		return fmt.Errorf("find unfinished uploads of %s: %w", name, err)
	}
	for _, u := range open.Uploads {
		if u.Key != to {
			continue
		}
		if err := s.api.AbortMultipartUpload(ctx, s.bucket, to, u.UploadID); err != nil && code(err) != "NoSuchUpload" {
			return fmt.Errorf("abort unfinished upload of %s: %w", name, err)
		}
	}
	return nil
}
