package marketplace

import (
	"fmt"

	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// progress is how often a running delivery's bytes are noted durably: twice a
// step, so that the next bytes go out while the last are being noted.
const progress = receipts.Step / 2

// noting notes a transfer's progress beside its writing. One note is on its way at
// most, and the next waits for it: so never more than a step is written past
// what is noted.
type noting struct {
	t    *Transfer
	last int64
	done chan error // of the note on its way; nil: none
}

func (n *noting) note(written int64) error {
	if written-n.last < progress {
		return nil
	}
	if err := n.wait(); err != nil {
		return err
	}
	n.last, n.done = written, make(chan error, 1)
	go func(done chan<- error) { done <- n.t.m.Receipts.Progress(n.t.ctx, n.t.handle, written) }(n.done)
	return nil
}

// wait is the end of the note on its way.
func (n *noting) wait() error {
	if n.done == nil {
		return nil
	}
	err := <-n.done
	n.done = nil
	if err != nil {
		return fmt.Errorf("note progress: %w", err)
	}
	return nil
}
