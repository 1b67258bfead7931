// Package audit replays a whole ledger: it reads every entry of the log under one
// checkpoint, runs each call again on the state that those before it led to, and
// compares what the call read, what it wrote and its event with the entry. It checks
// that the receipt logs are the ones that were anchored, and judges every delivery by
// the delivery rule on the state at its revision.
//
// A bundle of evidence proves one matter with what it holds. An audit proves what a
// bundle can't: that no call was left out, ignored or recorded against the rules.
// It is the engine of package evidence, run over everything.
package audit
