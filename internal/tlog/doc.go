// Package tlog stores a transparency log in the tables of its owner, so that an entry
// and the state that it describes are committed, or lost, together.
//
// The position of an entry never changes. Only entries that the owner's transaction has
// written can be proved. A checkpoint is signed only if it is consistent with the last
// signed one and not smaller, and nothing beyond the published checkpoint is served. Open
// refuses a log whose newest rows were changed, removed or replaced by older ones; Check
// finds such changes anywhere in the log.
//
// The package does not order its callers, does not begin or commit the transactions of
// appends, and does not protect the extra bytes of an entry, which are not part of the
// leaf. It does not detect that the whole file was replaced by an older one; for that,
// anchors must be stored elsewhere.
//
// Standard: RFC 9162 section 2 (the tree), C2SP tlog-tiles, tlog-checkpoint and
// signed-note with Ed25519 keys.
package tlog
