//go:build unix

package node

import (
	"fmt"
	"syscall"
)

// diskSpace returns how much of the file system of a folder is free for this process.
func diskSpace(folder string) (space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return space{}, fmt.Errorf("ask for free disk space: %w", err)
	}
	block := int64(s.Bsize) //nolint:unconvert // systems differ in its type
	return space{
		free: int64(s.Bavail) * block, size: int64(s.Blocks) * block,
		freeFiles: int64(s.Ffree), files: int64(s.Files),
	}, nil
}
