package torture_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/datacadastre/cadastre/internal/backup"
	"github.com/datacadastre/cadastre/internal/node"
)

// copies are the backups of a victim that is loaded and killed meanwhile.
type copies struct {
	target string
	opens  backup.Opens

	mu     sync.Mutex
	done   int
	before []ack // what had been acknowledged before the last complete backup began
}

// backUp makes a backup beside the running node. acknowledged returns what the node has
// acknowledged so far. That the node is killed meanwhile does not disturb the backup.
func (c *copies) backUp(ctx context.Context, dir string, acknowledged func() []ack) error {
	to, err := backup.Create(ctx, c.target, backup.Options{Now: time.Now})
	if err != nil {
		return fmt.Errorf("open the target: %w", err)
	}
	before := acknowledged()
	r, err := node.Backup(ctx, node.BackupOptions{Dir: dir, Version: "torture", Now: time.Now, Done: func(int64) {}}, to)
	if err == nil && len(r.Damaged) > 0 {
		err = fmt.Errorf("damaged: %v", r.Damaged)
	}
	if err == nil {
		_, err = to.Prune(ctx, r.ID, 2)
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.before = c.done+1, before
	return nil
}

// inspect restores the last complete backup: it has everything that was acknowledged before
// it began.
func (c *copies) inspect(ctx context.Context, dir, profiles string, deep bool) error {
	if err := c.opens.AddMaster(filepath.Dir(profiles)); err != nil {
		return err
	}
	from, err := backup.Open(ctx, c.target)
	if err != nil {
		return err
	}
	_, err = node.Restore(ctx, node.RestoreOptions{Dir: dir, Opens: c.opens, Now: time.Now, Done: func(int64) {}}, from)
	if err = errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	// The operator states that nobody holds more, which is not so: this copy is inspected
	// only.
	if err := errors.Join(os.Remove(filepath.Join(dir, "restored")), os.CopyFS(filepath.Join(dir, "profiles"), os.DirFS(profiles))); err != nil {
		return err
	}
	if err := ownerOnly(filepath.Join(dir, "profiles")); err != nil {
		return err
	}
	h := held{dir: dir}
	if err := h.inspect(ctx, c.before, deep); err != nil {
		return fmt.Errorf("a restored backup: %w", err)
	}
	return nil
}

func ownerOnly(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		err = errors.Join(err, os.Chmod(f, 0o600))
	}
	return err
}
