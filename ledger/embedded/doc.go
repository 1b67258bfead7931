// Package embedded is the permissioned ledger of a single node: a sequencer that runs
// ledger/contract over one SQLite file.
//
// Records, log entries and Merkle tiles are committed in one transaction, so that state
// and log cannot disagree. The event and the write set of an entry are
// in the same row as the entry. A row is compressed and contains each value only once;
// hashes and answers do not depend on the form of the row.
//
// A call is answered when it is durable. Calls that wait at the same time share one
// commit. A record is checked when it is read: against what is known of it from before,
// otherwise against its entry (checkRow). The log is served as C2SP tlog-tiles, up to
// the published checkpoint.
package embedded
