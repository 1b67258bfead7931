// Package audit replays a complete ledger. It reads every entry of the log under one
// checkpoint and runs each call again on the state after the calls before it. It
// compares with the entry what the call read and wrote, its event, and the state after
// it. It also checks that the receipt logs are those that were anchored, and checks
// every delivery by the delivery rule on the state at its revision.
//
// A bundle of evidence proves a single matter from its own contents. An audit also
// proves what a bundle cannot: that no call was left out, ignored, or recorded against
// the rules. It runs the engine of package evidence over everything.
package audit
