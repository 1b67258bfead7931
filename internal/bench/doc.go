// Package bench measures a ledger through its port, in one run with what it is
// held against: a lone call and calls a second by the number of writers beside a
// bare client of the same network, records a second of an import, and receipts
// that are durable and anchored beside one transaction a receipt.
//
// It promises ratios of one run, taken in turn, so that they hold when the
// machine's speed drifts; its absolute figures are those of the machine that it
// names. Signing is done before the clock starts. Calls a second are of as many
// parties as writers, so that no ledger may put two of them into one batch. It
// writes to the ledger that it is given: a demonstration ledger.
package bench
