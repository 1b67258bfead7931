package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
)

// folder is a place in the file system. Only its owner may access it, whatever was there
// before.
type folder struct {
	dir  string
	root *os.Root

	mu      sync.Mutex
	changed map[string]struct{} // folders with new names that are not durable yet
}

// openFolder opens the folder dir. With write it is created if it is missing, and others
// lose access to it; a folder whose access can't be restricted is refused.
func openFolder(dir string, write bool) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, words.Errorf("打开目标：%v", "open target: %v", err)
	}
	if write {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, words.Errorf("建立 %s：%v", "make %s: %v", dir, err)
		}
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, words.Errorf("没有 %s", "there is no %s", dir)
	}
	if err != nil {
		return nil, words.Errorf("打开 %s：%v", "open %s: %v", dir, err)
	}
	return &folder{dir: dir, root: root, changed: map[string]struct{}{}}, nil
}

func (f *folder) String() string { return f.dir }

func (f *folder) close() error { return f.root.Close() }

// restrict takes from others what they may do with a folder or file, or refuses it.
func (f *folder) restrict(name string, mode fs.FileMode) error {
	info, err := f.root.Lstat(name)
	if err != nil || info.Mode().Perm() == mode {
		return err
	}
	if err := f.root.Chmod(name, mode); err != nil {
		return words.Errorf("限制他人访问 %s：%v", "restrict access to %s: %v", filepath.Join(f.dir, name), err)
	}
	if info, err = f.root.Lstat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
		return words.Errorf("%s 的权限为 %04o，该文件系统不能限制他人访问：请另选位置", "%s has mode %04o, and this file system can't restrict access: choose another place",
			filepath.Join(f.dir, name), info.Mode().Perm())
	}
	return err
}

// lock locks the folder for this process until it ends.
func (f *folder) lock(ctx context.Context, _ bool) (unlock func() error, err error) {
	if err := f.restrict(".", 0o700); err != nil {
		return nil, err
	}
	l, err := f.root.OpenFile("lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, words.Errorf("锁定目标：%v", "lock target: %v", err)
	}
	if err := syscall.Flock(int(l.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = l.Close()
		return nil, busy(f.dir)
	}
	err = f.restrictAll(ctx)
	if err == nil {
		err = f.root.RemoveAll("tmp")
	}
	if err == nil {
		err = f.root.Mkdir("tmp", 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l.Close, nil
}

// restrictAll restricts everything in the folder.
func (f *folder) restrictAll(ctx context.Context) error {
	return fs.WalkDir(f.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return errors.Join(ctx.Err(), f.restrict(name, 0o700))
		case !e.Type().IsRegular():
			return words.Errorf("%s 不是普通文件：请移走，或另选文件夹", "%s is not a regular file: move it away, or choose another folder", filepath.Join(f.dir, name))
		}
		return f.restrict(name, 0o600)
	})
}

func (f *folder) write(ctx context.Context, name string, r io.Reader, _ int64) (err error) {
	tmp := path.Join("tmp", rand.Text())
	file, err := f.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return words.Errorf("写入 %s：%v", "write %s: %v", name, err)
	}
	// Hiding ReadFrom makes io.CopyBuffer use this buffer.
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, r, make([]byte, 1<<20))
	if err = errors.Join(err, durable.Close(file)); err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.rename(tmp, name)
	}
	if err != nil {
		return words.Errorf("写入 %s：%v", "write %s: %v", name, errors.Join(err, ignoreMissing(f.root.Remove(tmp))))
	}
	return nil
}

func (f *folder) rename(tmp, name string) error {
	if err := f.makeFolders(path.Dir(name)); err != nil {
		return err
	}
	if err := f.root.Rename(tmp, name); err != nil {
		return err
	}
	f.change(path.Dir(name))
	return nil
}

// change notes a folder whose names sync makes durable.
func (f *folder) change(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed[name] = struct{}{}
}

// makeFolders creates a folder and those above it.
func (f *folder) makeFolders(name string) error {
	if name == "." {
		return nil
	}
	if info, err := f.root.Lstat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := f.makeFolders(path.Dir(name)); err != nil {
		return err
	}
	if err := f.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f.change(path.Dir(name))
	return nil
}

// sync makes the new names durable. Their content is, since write has returned.
func (f *folder) sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name := range f.changed {
		d, err := f.root.Open(name)
		if err == nil {
			err = durable.Close(d)
		}
		if ignoreMissing(err) != nil {
			return words.Errorf("写入 %s：%v", "sync %s: %v", filepath.Join(f.dir, name), err)
		}
		delete(f.changed, name)
	}
	return nil
}

func (f *folder) open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, errMissing)
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *folder) remove(_ context.Context, name string) error {
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, errMissing)
	}
	// Folders of a copy that are empty now go too. Those of content stay: another goroutine
	// may be writing to them.
	for dir := path.Dir(name); err == nil && strings.HasPrefix(dir, "backups/"); dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil {
			break
		}
	}
	return err
}

func (f *folder) list(ctx context.Context, prefix string, each func(string, int64) error) error {
	return fs.WalkDir(f.root.FS(), path.Dir(prefix+"x"), func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // no such folder, or removed meanwhile
		}
		if err = errors.Join(err, ctx.Err()); err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return each(name, info.Size())
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func busy(target string) error {
	return words.Errorf("另一进程正在写入 %s：请等待其完成", "another process writes to %s: wait until it has finished", target)
}
