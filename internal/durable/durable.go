// Package durable writes files that survive a crash whole: afterwards a path has its
// old content or the new content, never a part of it, and a name that was created still
// exists.
//
// Only the owner can access the files (mode 0600). The package does not lock: if two
// writers write the same path at once, one of them wins.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces or creates the file at path. If it fails, nothing is left behind.
// An existing file loses its mode and its links.
func WriteFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	err = fill(f, data)
	if err == nil {
		err = Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// Create creates a file; it returns fs.ErrExist if the path exists.
func Create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(path), err)
	}
	if err := errors.Join(fill(f, data), SyncFolder(filepath.Dir(path))); err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(path), errors.Join(err, os.Remove(path)))
	}
	return nil
}

// fill writes, syncs and closes a new file.
func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, Close(f))
}

// Close syncs a file and closes it.
func Close(f *os.File) error { return errors.Join(f.Sync(), f.Close()) }

// Rename moves a synced file to another name in the same file system, and replaces a
// file of that name.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if err := SyncFolder(filepath.Dir(to)); err != nil || filepath.Dir(from) == filepath.Dir(to) {
		return err
	}
	return SyncFolder(filepath.Dir(from))
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return Close(f)
}
