package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Target is where copies are.
type Target struct {
	at     place
	unlock func() error // nil if it is only read
	now    func() time.Time
}

// Options configure a target.
type Options struct {
	Unlock bool // remove the lock of a writer in a bucket that may still run
	Now    func() time.Time
}

// Create opens the folder dir for writing, and makes it a target if it is new or empty.
// What interrupted copies left is removed.
func Create(ctx context.Context, dir string, o Options) (*Target, error) {
	at, err := openFolder(dir, true)
	if err != nil {
		return nil, err
	}
	return begin(ctx, at, o)
}

// Bucket are the address and settings of a bucket.
type Bucket = objects.S3Config

// CreateS3 is Create for a bucket.
func CreateS3(ctx context.Context, c Bucket, o Options) (*Target, error) {
	at, err := openBucket(ctx, c, false)
	if err != nil {
		return nil, err
	}
	return begin(ctx, at, o)
}

// Open opens the folder dir for reading.
func Open(ctx context.Context, dir string) (*Target, error) {
	at, err := openFolder(dir, false)
	if err != nil {
		return nil, err
	}
	return read(ctx, at)
}

// OpenS3 is Open for a bucket.
func OpenS3(ctx context.Context, c Bucket) (*Target, error) {
	at, err := openBucket(ctx, c, true)
	if err != nil {
		return nil, err
	}
	return read(ctx, at)
}

// begin locks a place for writing.
func begin(ctx context.Context, at place, o Options) (*Target, error) {
	t := &Target{at: at, now: o.Now}
	isTarget, err := t.isTarget(ctx)
	if err == nil && !isTarget {
		err = t.isFree(ctx)
	}
	if err == nil {
		t.unlock, err = at.lock(ctx, o.Unlock)
	}
	if err == nil && !isTarget {
		err = at.write(ctx, "format", strings.NewReader(formatText), int64(len(formatText)))
	}
	if err == nil {
		err = t.removeUnfinished(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func read(ctx context.Context, at place) (*Target, error) {
	t := &Target{at: at}
	isTarget, err := t.isTarget(ctx)
	if err == nil && !isTarget {
		err = words.Errorf("%v 中没有备份", "%v has no backups", at)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// isTarget reports whether a place has the mark of a target, and refuses another format.
func (t *Target) isTarget(ctx context.Context) (bool, error) {
	text, err := t.readSmall(ctx, "format")
	if errors.Is(err, errMissing) {
		return false, nil
	}
	if err == nil && string(text) != formatText {
		err = words.Errorf("%v 的 format 为 %q，本程序所知为 %q：请使用制作它的程序，或另选位置", "format of %v is %q, but this program reads %q: use the program that made it, or choose another place",
			t.at, bytes.TrimSpace(text), strings.TrimSpace(formatText))
	}
	return err == nil, err
}

// isFree refuses a place that has something else.
func (t *Target) isFree(ctx context.Context) error {
	return t.at.list(ctx, "", func(name string, _ int64) error {
		if name == lockName || strings.HasPrefix(name, "tmp/") { // of a first copy that was interrupted
			return nil
		}
		return words.Errorf("%v 中有 %s，它不属于备份：请另选空的位置", "%v has %s, which belongs to no backup: choose an empty place", t.at, name)
	})
}

// Close unlocks and closes the target.
func (t *Target) Close() error {
	var err error
	if t.unlock != nil {
		err = t.unlock()
	}
	return errors.Join(err, t.at.close())
}

// String returns where the target is, without credentials.
func (t *Target) String() string { return t.at.String() }

// small is the size of the largest file that is read into memory: a manifest.
const small = 16 << 20

func (t *Target) readSmall(ctx context.Context, name string) ([]byte, error) {
	r, err := t.at.open(ctx, name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, small+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, words.Errorf("读取 %s：%v", "read %s: %v", name, err)
	}
	if len(b) > small {
		return nil, words.Errorf("读取 %s：超过 %d 字节", "read %s: more than %d bytes", name, small)
	}
	return b, nil
}

// names returns the files of all copies, finished or not, by id.
func (t *Target) names(ctx context.Context) (map[string][]string, error) {
	all := map[string][]string{}
	err := t.at.list(ctx, "backups/", func(name string, _ int64) error {
		if id, rest, ok := strings.Cut(strings.TrimPrefix(name, "backups/"), "/"); ok && idForm.MatchString(id) {
			all[id] = append(all[id], rest)
		}
		return nil
	})
	if err != nil {
		return nil, words.Errorf("列出备份：%v", "list backups: %v", err)
	}
	return all, nil
}

// complete returns the ids of the complete copies, the oldest first.
func (t *Target) complete(ctx context.Context) ([]string, error) {
	all, err := t.names(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for id, files := range all {
		if slices.Contains(files, manifestFile) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Listed is a copy in a list. Only its key proves what the head says.
type Listed struct {
	ID        string        `json:"id"`
	At        ledger.Millis `json:"at,omitempty"`
	Origin    string        `json:"origin,omitempty"`
	Ledger    ledger.ID     `json:"ledger,omitempty"`
	SealedFor string        `json:"sealed_for,omitempty"`
	Master    string        `json:"master,omitempty"`
	Err       error         `json:"-"` // why its head can't be read
}

// List returns the complete copies, the oldest first.
func (t *Target) List(ctx context.Context) ([]Listed, error) {
	ids, err := t.complete(ctx)
	list := []Listed{}
	for _, id := range ids {
		h, _, err := t.head(ctx, id)
		list = append(list, Listed{id, h.At, h.Origin, h.Ledger, h.SealedFor, h.Master, err})
	}
	return list, err
}

// head reads the head of a copy.
func (t *Target) head(ctx context.Context, id string) (Head, []byte, error) {
	var h Head
	text, err := t.readSmall(ctx, of(id, headFile))
	if errors.Is(err, errMissing) {
		return h, nil, lost(id, headFile)
	}
	if err != nil {
		return h, nil, err
	}
	if json.Unmarshal(text, &h) != nil || h.ID != id {
		return h, nil, changed(id, headFile)
	}
	if h.Format != version {
		return h, nil, words.Errorf("备份 %s 的格式为 %d，本程序所知为 %d：请使用制作它的程序", "backup %s has the format %d, but this program reads %d: use the program that made it", id, h.Format, version)
	}
	return h, text, nil
}

// removeUnfinished removes the files of copies that have no manifest.
func (t *Target) removeUnfinished(ctx context.Context) error {
	all, err := t.names(ctx)
	if err != nil {
		return err
	}
	for id, files := range all {
		if !slices.Contains(files, manifestFile) {
			if err := t.removeFiles(ctx, id, files); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeFiles removes the files of a copy, the manifest first.
func (t *Target) removeFiles(ctx context.Context, id string, files []string) error {
	slices.SortStableFunc(files, func(a, b string) int {
		switch manifestFile {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	for _, f := range files {
		if err := t.at.remove(ctx, of(id, f)); err != nil && !errors.Is(err, errMissing) {
			return words.Errorf("删除备份 %s：%v", "remove backup %s: %v", id, err)
		}
	}
	return nil
}
