//go:build unix

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	if err := d.restrict(); err != nil {
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

// restrict takes from all others what they may do with the folder, its folders and its own
// files, whatever the umask was and whatever was there before. Nobody else gets into the
// folders; a file of credentials in one that others may read is refused where it is read.
func (d folder) restrict() error {
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
