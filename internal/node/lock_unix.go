//go:build unix

package node

import (
	"fmt"
	"os"
	"syscall"

	"github.com/datacadastre/cadastre/internal/words"
)

// lock locks the folder for this process. The kernel unlocks it when the process ends.
func (d folder) lock() (unlock func(), err error) {
	f, err := os.OpenFile(d.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, words.Errorf("另一进程正在运行 %s 中的节点：请先停止", "another process runs the node in %s: stop it first", d)
	}
	return func() { _ = f.Close() }, nil
}
