// Package evidence makes and checks bundles. A bundle proves one record, or what was
// delivered under it, to anyone who has the trust file, without any connection.
//
// The contract is deterministic, reads single keys and does no I/O. So a bundle is
// checked by running the contract: Verify applies the calls of the bundle to an empty
// state, in the order of the ledger, and compares what each call read and wrote, and its
// event, with the digests that the ledger recorded. Receipts are checked by the ledger's
// delivery rule on the state at their revision. Build runs the same calls backward,
// starting at the record that the bundle is about, and never returns a bundle that Verify
// refuses. Join unites several bundles about the same record.
//
// A bundle does not prove that the node left out no calls between or after those in the
// bundle, that there are no other receipts, that the buyer received anything, or that the
// times are right. Report.NotProven lists this in each case. The package opens no files
// and no connections and has no knowledge of backends: the caller passes the checkers of
// proofs, of which only that of the embedded ledger is here. Only the table of matters
// (matter.go) names kinds of record.
//
// Standard: JWS (RFC 7515), Merkle trees of RFC 9162 §2.1, C2SP
// tlog-checkpoint and signed-note.
package evidence
