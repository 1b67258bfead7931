//go:build unix

package node

import (
	"fmt"
	"syscall"
)

// diskSpace returns how many bytes of the file system of a folder are free for this
// process, and how many it has in all.
func diskSpace(folder string) (free, size int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, 0, fmt.Errorf("ask for free disk space: %w", err)
	}
	block := int64(s.Bsize) //nolint:unconvert // systems differ in its type
	return int64(s.Bavail) * block, int64(s.Blocks) * block, nil
}
