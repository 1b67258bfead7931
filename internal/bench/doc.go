// Package bench measures a ledger through its port and compares it, in the same run,
// with simpler ways of writing. It measures the latency of a single call, and calls per
// second for each number of writers, compared with a bare client of the same network.
// It measures records per second of an import. It measures receipts that are durable
// and anchored, compared with one transaction per receipt.
//
// It promises ratios: both ways of writing alternate within one run, so a drift of the
// machine's speed does not change them. Absolute figures are valid for the named
// machine only. Calls are signed before the clock starts. Each writer is a different
// party, so no ledger can put two calls of a round into one batch. It writes to the
// ledger that it is given: use a demonstration ledger.
package bench
