// Package durable writes files that a crash leaves whole: after it a path has its old
// content or the new one, never a part, and a name that was given stays.
//
// Files are for their owner alone (mode 0600). The package knows nothing of what it
// writes, and locks nothing: of two that write one path at once, one wins.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces what lies at path, or makes it. Nothing is left behind where it
// fails. An existing file keeps neither its mode nor its links.
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

// Create makes a file that is not there yet: fs.ErrExist where it is.
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

// fill writes a new file, syncs and closes it.
func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, Close(f))
}

// Close syncs what was written to a file, and closes it.
func Close(f *os.File) error { return errors.Join(f.Sync(), f.Close()) }

// Rename gives a file that is synced another name in the same file system, in place
// of what lies there.
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
