package marketplace

import (
	"fmt"

	"github.com/datacadastre/cadastre/marketplace/receipts"
)

// saveEvery is how many bytes of a running delivery are written between two saves of
// its progress: half a step, so that bytes go out while the save is running.
const saveEvery = receipts.Step / 2

// progressWriter saves how many bytes a transfer has written, in the background. At
// most one save is in flight, and the next waits for it. So a transfer never writes
// more than receipts.Step past the last saved number.
type progressWriter struct {
	t        *Transfer
	last     int64
	inFlight chan error // the result of the running save; nil if no save runs
}

// save saves the number of bytes written, if the last save is far enough behind.
func (p *progressWriter) save(written int64) error {
	if written-p.last < saveEvery {
		return nil
	}
	if err := p.wait(); err != nil {
		return err
	}
	p.last, p.inFlight = written, make(chan error, 1)
	go func(done chan<- error) { done <- p.t.m.Receipts.Progress(p.t.ctx, p.t.handle, written) }(p.inFlight)
	return nil
}

// wait waits for the running save and returns its error.
func (p *progressWriter) wait() error {
	if p.inFlight == nil {
		return nil
	}
	err := <-p.inFlight
	p.inFlight = nil
	if err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}
