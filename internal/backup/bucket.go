package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// bucket is a place in an S3 store.
type bucket struct {
	*objects.Bucket
	name string
}

func openBucket(ctx context.Context, c objects.S3Config, readOnly bool) (*bucket, error) {
	b, err := objects.OpenBucket(ctx, c, readOnly)
	if err != nil {
		return nil, words.Errorf("备份目标：%v", "the target of the backup: %v", err)
	}
	return &bucket{b, strings.TrimSuffix("s3://"+c.Bucket+"/"+c.Prefix, "/")}, nil
}

func (b *bucket) String() string { return b.name }

func (b *bucket) close() error { return b.Close() }

func (b *bucket) write(ctx context.Context, name string, r io.Reader, max int64) error {
	return b.Write(ctx, name, r, max)
}

// sync has nothing to do: a store answers when a file is durable.
func (b *bucket) sync() error { return nil }

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.Open(ctx, name)
	return r, missing(name, err)
}

func (b *bucket) remove(ctx context.Context, name string) error {
	return missing(name, b.Remove(ctx, name))
}

func (b *bucket) list(ctx context.Context, prefix string, each func(string, int64) error) error {
	return b.List(ctx, prefix, each)
}

func missing(name string, err error) error {
	if errors.Is(err, objects.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, errMissing)
	}
	return err
}

// writer says who has locked a bucket.
type writer struct {
	Host    string `json:"host"`
	Process int    `json:"process"`
}

const lockName = "lock"

// lock creates a file. The lock of a process that ended on this machine is removed; of a
// process on another machine it can't be known whether it runs.
func (b *bucket) lock(ctx context.Context, force bool) (unlock func() error, err error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, words.Errorf("锁定目标：%v", "lock target: %v", err)
	}
	me := writer{host, os.Getpid()}
	text, err := json.Marshal(me)
	if err != nil {
		return nil, words.Errorf("锁定目标：%v", "lock target: %v", err)
	}
	err = b.Create(ctx, lockName, text)
	if errors.Is(err, objects.ErrExist) {
		if err = b.release(ctx, me, force); err == nil {
			err = b.Create(ctx, lockName, text)
		}
	}
	if errors.Is(err, objects.ErrExist) {
		return nil, busy(b.name)
	}
	if err != nil {
		return nil, words.Errorf("锁定目标：%v", "lock target: %v", err)
	}
	unlock = func() error { return b.Remove(context.WithoutCancel(ctx), lockName) }
	if err := b.Sweep(ctx); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return unlock, nil
}

// release removes a lock whose process does not run.
func (b *bucket) release(ctx context.Context, me writer, force bool) error {
	r, err := b.Open(ctx, lockName)
	if errors.Is(err, objects.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	var who writer
	known := json.Unmarshal(text, &who) == nil
	ended := known && who.Host == me.Host && errors.Is(syscall.Kill(who.Process, 0), syscall.ESRCH)
	if !force && !ended {
		return words.Errorf("%s 已被 %s 上的进程 %d 锁定：请等待其完成；若该进程已不存在，请加 --unlock", "%s is locked by process %[3]d on %[2]s: wait until it has finished; if it no longer runs, add --unlock", b.name, who.Host, who.Process)
	}
	if err := b.Remove(ctx, lockName); err != nil && !errors.Is(err, objects.ErrNotExist) {
		return err
	}
	return nil
}
