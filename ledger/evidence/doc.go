// Package evidence makes and checks bundles: everything that proves one record,
// or what was delivered under it, to someone who has only the trust file and no
// connection.
//
// The contract is deterministic, reads single keys and does no I/O. So a bundle is
// checked by running it: Verify applies the calls of the bundle, in the order of
// the ledger, to an empty state, and compares what each read and wrote, and its
// event, with the digests that the ledger recorded. Receipts are judged by the
// ledger's rule of delivery on the state at their revision. Build runs the same
// calls backwards from what the bundle is about, and gives out nothing that Verify
// refuses. Join is the union of bundles.
//
// It does not prove that no call lies between or after those shown that an entry
// forged by the node ignored, that there are no other receipts, that the buyer
// received anything, or that the times were right: Report.NotProven says so each
// time. It opens no files and asks no network, and it knows no backend: how a call
// is proved is handed in by kind, only that of the embedded ledger is here. It
// knows no kind of record but in the table of matters (matter.go).
//
// Standard: protocol §10; JWS (RFC 7515), Merkle trees of RFC 9162 §2.1, C2SP
// tlog-checkpoint and signed-note.
package evidence
