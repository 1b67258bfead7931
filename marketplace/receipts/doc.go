// Package receipts is the receipt log of a node. It records what was ingested,
// delivered, refused and read, permanently, in receipts.db. The file also has the index
// that finds receipts and the counters of limits.
//
// It promises:
//   - an acknowledged receipt is on disk and its index never changes;
//   - a receipt, its index rows and its changes of the counters are committed together
//     or not at all;
//   - concurrent deliveries together never exceed a limit;
//   - every start has an end: a delivery that was running when the node stopped is
//     ended as interrupted when the store is opened again.
//
// Limits are the only decision it makes: other packages decide who may receive what. It
// does not stream, cut a delivery or anchor the log. It returns the state to anchor,
// and compares the log with its last anchor.
//
// Standard: the log is one of internal/tlog (RFC 9162, C2SP
// tlog-tiles), each entry the JSON of one ledger.Receipt.
package receipts
