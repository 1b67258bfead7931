// Package evidence writes and checks bundles: everything that proves one
// record, or what was delivered under it, to someone who has only the trust
// file and no connection.
//
// Verify promises that each call in a bundle was signed by a key of its party
// which counted at that time, stands in the ledger under the proof of its
// backend, and wrote what the bundle says; that each answer is to the call
// that it cites; that the records say what the parties signed; that receipts
// stand under an anchor of their own node; and that nothing is missing on the
// path and nothing is beside it. Build gives out no bundle that Verify refuses.
//
// It does not prove that no later call changed a key, license or entry, that
// there are no other receipts, that the buyer received anything, or that the
// times were right: Report.NotProven says so each time. It opens no
// files and asks no network, and it knows no backend: how a call is proved is
// handed in by kind, only that of the embedded ledger is here.
//
// Standard: protocol §10; JWS (RFC 7515), Merkle trees of RFC 9162 §2.1, C2SP
// tlog-checkpoint and signed-note.
package evidence
