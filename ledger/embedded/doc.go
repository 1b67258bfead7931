// Package embedded is the permissioned ledger of a single node: a sequencer
// that runs ledger/contract over one SQLite file.
//
// Records, log entries (each with its event and write set in the same row) and
// Merkle tiles are committed in one transaction, so state and log can't
// disagree (protocol §1, §5). A row is compressed and holds each value once; what
// is hashed, served and handed out doesn't depend on its form. A call is answered
// when it is durable. Calls that wait together share one commit. A record is checked
// when it is read: against what it was known to be, else against its entry
// (checkRow). The log is served in the form of C2SP tlog-tiles; nothing past the
// published checkpoint is served.
package embedded
