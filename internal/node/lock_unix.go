//go:build unix

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/datacadastre/cadastre/internal/words"
)

// lock locks the folder for this process. The kernel unlocks it when the process ends.
func (d folder) lock() (unlock func(), err error) {
	unlock, served, err := d.tryLock(os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if served {
		return nil, words.Errorf("另一进程正在运行 %s 中的节点：请先停止", "another process runs the node in %s: stop it first", d)
	}
	if err := errors.Join(d.restrict(), d.removeUnfinished(unfinishedList)); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// tryLock locks the folder, unless another process has locked it: then served is true. It
// changes nothing in the folder, except that create, which is O_CREATE or 0, makes the file
// lock. Without the file nobody has the lock.
func (d folder) tryLock(create int) (unlock func(), served bool, err error) {
	f, err := os.OpenFile(d.path("lock"), create|os.O_RDWR, 0o600)
	if create == 0 && errors.Is(err, fs.ErrNotExist) {
		return func() {}, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, true, f.Close()
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock folder: %w", errors.Join(err, f.Close()))
	}
	return func() { _ = f.Close() }, false, nil
}

// lockFile locks a file that this process writes, so that removeUnfinished leaves it alone.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// removeUnfinished removes the temporary files of that name, with a star for what is random,
// whose process is gone.
func (d folder) removeUnfinished(pattern string) error {
	left, err := filepath.Glob(d.path(pattern))
	for _, name := range left {
		f, e := os.Open(name)
		if e != nil {
			if !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
			continue
		}
		if lockFile(f) == nil {
			err = errors.Join(err, os.Remove(name))
		}
		err = errors.Join(err, f.Close())
	}
	return err
}

// restrict takes from all others what they may do with the folder, its folders and its own
// files, whatever the umask was and whatever was there before. It refuses a folder with a
// key that others may use: they may have read it, which the operator must know.
func (d folder) restrict() error {
	exposed, err := d.exposedKeys()
	if err != nil {
		return err
	}
	if len(exposed) > 0 {
		return exposed[0].err
	}
	if err := d.restrictObjects(); err != nil {
		return words.Errorf("限制他人访问 %s：%v", "restrict access to %s: %v", d.path("objects"), err)
	}
	for _, sub := range []string{"", "keys", "objects"} {
		if err := os.Chmod(d.path(sub), 0o700); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // a folder needs x
			return words.Errorf("限制他人访问 %s：%v", "restrict access to %s: %v", d.path(sub), err)
		}
	}
	entries, err := os.ReadDir(d.path())
	if err != nil {
		return words.Errorf("限制他人访问 %s：%v", "restrict access to %s: %v", d.path(), err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := os.Chmod(d.path(e.Name()), 0o600); err != nil {
			return words.Errorf("限制他人访问 %s：%v", "restrict access to %s: %v", d.path(e.Name()), err)
		}
	}
	return nil
}

// restrictObjects restricts everything below objects/ if others may use that folder. While
// it is restricted nobody else gets to what is below, so the many files are looked at only
// then.
func (d folder) restrictObjects() error {
	info, err := os.Stat(d.path("objects"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(d.path("objects"))
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".": // the last, so that an interrupted start looks again
			return nil
		case e.IsDir():
			return root.Chmod(name, 0o700)
		case e.Type().IsRegular():
			return root.Chmod(name, 0o600)
		}
		return nil
	})
}

// exposedKey is a file in keys/ that others than its owner may use.
type exposedKey struct {
	name string // keys/…
	err  error
}

func (d folder) exposedKeys() (found []exposedKey, err error) {
	entries, err := os.ReadDir(d.path("keys"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
			found = append(found, exposedKey{"keys/" + e.Name(), words.Errorf("%s 的权限为 %04o，他人可使用此密钥：请改为 0600，并考虑是否已被他人读取",
				"%s has mode %04o, so others may use the key: set it to 0600, and consider whether someone has read it", d.path("keys", e.Name()), mode.Perm())})
		}
	}
	return found, nil
}
