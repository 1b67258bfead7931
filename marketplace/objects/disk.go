package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/seal"
)

// folderTmp contains unfinished files, named by the last part of their name.
const folderTmp = "tmp"

// disk stores blobs as files in one folder; no name leads out of it. A file is written
// in tmp/, flushed and renamed to its place, and then its folder is flushed.
type disk struct {
	root *os.Root
	made sync.Mutex // while it is locked, a visible folder is durable
}

// OpenDisk opens the store in the folder dir, with data keys sealed by key. It creates
// the folder if it is missing, and removes what interrupted Puts left there. So only
// one process may open the folder at a time; the caller must ensure that.
func OpenDisk(dir string, key seal.Key) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	d := &disk{root: root}
	s := &Store{blobs: d, key: key}
	err = errors.Join(d.makeFolder(folderTmp), durable.SyncFolder(filepath.Dir(filepath.Clean(dir))))
	if err == nil {
		err = s.sweep(d)
	}
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", errors.Join(err, root.Close()))
	}
	return s, nil
}

// sweep removes temporary files, and the keys of objects whose content was never
// completed.
func (s *Store) sweep(d *disk) error {
	entries, err := fs.ReadDir(d.root.FS(), folderTmp)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for _, e := range entries {
		name := e.Name()
		if isID(name) && !d.has(place(name)) {
			if err := s.sweepKeys(ctx, name); err != nil {
				return err
			}
		}
		if err := d.root.RemoveAll(path.Join(folderTmp, name)); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) has(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

func (d *disk) close() error { return d.root.Close() }

func (d *disk) write(ctx context.Context, name string, r io.Reader, _ int64) error {
	tmp := path.Join(folderTmp, path.Base(name))
	f, err := d.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	// Hiding os.File's ReadFrom makes io.CopyBuffer use this buffer.
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, batch))
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = d.rename(tmp, name)
	}
	if err != nil && d.has(tmp) {
		err = errors.Join(err, d.root.Remove(tmp))
	}
	return err
}

// rename moves a finished file to its place.
func (d *disk) rename(tmp, name string) error {
	folder := path.Dir(name)
	for _, f := range []string{path.Dir(folder), folder} {
		if err := d.makeFolder(f); err != nil {
			return err
		}
	}
	if err := d.root.Rename(tmp, name); err != nil {
		return err
	}
	return d.sync(folder)
}

// makeFolder durably creates a folder if it is missing.
func (d *disk) makeFolder(name string) error {
	d.made.Lock()
	defer d.made.Unlock()
	if d.has(name) {
		return nil
	}
	if err := d.root.Mkdir(name, 0o700); err != nil {
		return err
	}
	if err := d.sync(path.Dir(name)); err != nil {
		return errors.Join(err, d.root.Remove(name))
	}
	return nil
}

// sync makes the names in a folder durable.
func (d *disk) sync(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	return durable.Close(f)
}

func (d *disk) open(_ context.Context, name string) (blob, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, missing(err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{f, found{name, info.Size(), info.ModTime()}}, nil
}

func (d *disk) remove(_ context.Context, name string) error {
	if err := d.root.Remove(name); err != nil {
		return missing(err)
	}
	return d.sync(path.Dir(name))
}

func (d *disk) list(ctx context.Context, prefix string, each func(found) error) error {
	from := path.Dir(prefix)
	return fs.WalkDir(d.root.FS(), from, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // no such folder, or removed meanwhile
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name != "." && !isFolder(e.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasPrefix(name, prefix) {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return each(found{name, info.Size(), info.ModTime()})
	})
}

// isFolder reports whether a folder was made for the names of place.
func isFolder(base string) bool {
	return len(base) == 2 && strings.Trim(base, "0123456789abcdef") == ""
}

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrNotExist, err)
	}
	return err
}

type file struct {
	*os.File
	at found
}

func (f *file) stat() found { return f.at }

func (f *file) section(offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(f.File, offset, length)), nil
}
