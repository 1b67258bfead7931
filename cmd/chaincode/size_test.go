package main

import (
	"strings"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// TestWhatARegistrationCarries: peers store write sets, events and state for good.
// Of the five calls of a registration, only one writes the submission, and no other
// repeats it. The test logs the bytes per registered resource.
func TestWhatARegistrationCarries(t *testing.T) {
	w := ledgertest.NewWorld(t, time.Now)
	w.Args.Limits = ledger.Limits{}
	w.Genesis = w.Call(t, w.Authority, ledger.FnGenesis, w.Args)
	c := newChannel(t, w.Genesis, time.Now)
	n := &node{channel: c, now: time.Now}
	w.Begin(t, n)
	holder, body := w.Admitted(t, n, ledger.RoleHolder), w.Admitted(t, n, ledger.RoleRegistryBody)
	before := len(c.blocks)
	known := len(c.text())
	if err := w.Register(t, n, holder, body, 1); err != nil {
		t.Fatal(err)
	}
	application := w.Application(holder, body, 1)
	// How often each part of it is written: the summary is in the public notice too.
	want := map[string]int{application.Resource.Description: 2, string(application.InternalReview.SHA256): 1}
	var writes, events int
	written, announced := map[string]int{}, map[string]int{}
	for _, b := range c.blocks[before:] {
		for _, tx := range b.txs {
			for _, v := range tx.endorsed.Writes {
				writes += len(v)
				for said := range want {
					written[said] += strings.Count(string(v), said)
				}
			}
			events += len(tx.endorsed.Event)
			for said := range want {
				announced[said] += strings.Count(string(tx.endorsed.Event), said)
			}
		}
	}
	for said, n := range want {
		if written[said] != n || announced[said] != n || strings.Count(c.text(), said) != n {
			t.Errorf("%q is written %d times, in events %d times, in the state %d times: want %d each",
				said, written[said], announced[said], strings.Count(c.text(), said), n)
		}
	}
	t.Logf("write sets %d bytes, events %d, state %d", writes, events, len(c.text())-known)
}

// text is all keys and values of the state.
func (c *channel) text() string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var b strings.Builder
	for key, e := range c.state {
		b.WriteString(key)
		b.Write(e.value)
	}
	return b.String()
}
