// Package receipts is the receipt log of a node: what was brought, delivered,
// refused and looked at, kept for ever in receipts.db with the index that finds
// it and the counters of limits.
//
// It promises that a receipt which was acknowledged is on the disk and keeps its
// place; that a receipt, its index, and what it changes of the counters are
// committed or lost together; that no two deliveries, however they meet, go past
// a limit; and that every start has an end: a delivery that the node did not
// outlive is ended as interrupted when the store is opened again.
//
// It decides nothing but limits: who may have what is asked elsewhere. It does
// not stream, cut a delivery, or anchor the log: it hands out what an anchor
// says, and holds the log against the last one.
//
// Standard: protocol §7; the log is one of internal/tlog (RFC 9162, C2SP
// tlog-tiles), each entry the JSON of one ledger.Receipt.
package receipts
