// Package tlog keeps one transparency log in the tables of its owner, so that
// an entry and the state it speaks of are committed, or lost, together.
//
// It promises that the position of an entry never changes, that whatever can be
// proved was first written by the owner's transaction, that no checkpoint is
// signed which is smaller than or inconsistent with the last one signed, and
// that nothing past the published checkpoint is served. A log whose newest rows
// were changed, removed or replaced by an older copy is refused when it is
// opened; Check finds the same anywhere in it.
//
// It does not order callers, begin or commit transactions of appends, protect
// the extra bytes of an entry (they are no part of the leaf), or notice that
// the whole file was replaced by an older one: that is for anchors kept
// elsewhere.
//
// Standard: RFC 9162 section 2 (the tree), C2SP tlog-tiles, tlog-checkpoint and
// signed-note with Ed25519 keys.
package tlog
